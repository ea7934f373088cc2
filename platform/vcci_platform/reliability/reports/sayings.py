"""Words and signs that several parts of a document use. A sign tells verdicts apart without colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vcci_platform.reliability.reports import figures
from vcci_platform.reliability.reports.document import Tone
from vcci_platform.reliability.reports.model import Verdict
from vcci_slo.budget import Budget

__all__ = ["MARKS", "TONES", "left_of", "sli_of", "spent_of"]

MARKS: Final[Mapping[Verdict, str]] = {
    "kept": "\N{CHECK MARK}",
    "missed": "\N{BALLOT X}",
    "unknown": "?",
    "no traffic": "\N{MIDDLE DOT}",
    "taken out": "\N{WHITE CIRCLE}",
}

TONES: Final[Mapping[Verdict, Tone]] = {
    "kept": "good",
    "missed": "bad",
    "unknown": "doubt",
    "no traffic": "quiet",
    "taken out": "quiet",
}


def sli_of(account: Budget) -> str:
    """Return an SLI, or why there is none."""
    if not account.window:
        return "taken out"
    return figures.percent(account.sli, account.budget) if account.known > 0 else "unknown"


def spent_of(account: Budget) -> str:
    """Return which share of its own budget is spent."""
    return figures.share(1 - account.remaining) if account.known > 0 else "unknown"


def left_of(account: Budget) -> str:
    """Return which share of its own budget is left."""
    return figures.share(account.remaining) if account.known > 0 else "unknown"
