"""Figures as a terminal shows them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from vcci_slo.promql.durations import words

__all__ = ["PRIORITIES", "STATES", "ago", "percent", "rate", "scale_note", "share", "span", "state_words"]

STATES: Final[Mapping[str, str]] = {"kept": "green", "burning": "red", "exhausted": "bold red", "unknown": "yellow"}
"""The colour of each state of a promise."""

PRIORITIES: Final[Mapping[str, str]] = {"P0": "bold white on red", "P1": "bold red", "P2": "yellow", "P3": "dim"}
"""The colour of each severity."""


def state_words(state: str, *, so_far: bool) -> str:
    """Return the state of a promise; of a young one it is told that most of its window was never observed.

    >>> state_words("kept", so_far=True), state_words("kept", so_far=False), state_words("burning", so_far=True)
    ('kept so far', 'kept', 'burning')
    """
    return f"{state} so far" if so_far and state != "burning" else state


def percent(ratio: float | None) -> str:
    """Return an SLI with the digits that objectives are made of.

    Rounded down, since 99.9999 % is not 100 %.

    >>> percent(0.99954), percent(0.9999999), percent(1.0), percent(None)
    ('99.954%', '99.999%', '100.000%', 'no traffic')
    """
    if ratio is None:
        return "no traffic"
    return f"{math.floor(round(ratio * 100_000, 6)) / 1000:.3f}%"


def share(ratio: float) -> str:
    """Return a share in whole percents, with a digit below one.

    >>> share(0.734), share(-2.5), share(0.0006)
    ('73%', '-250%', '0.06%')
    """
    return f"{ratio * 100:.0f}%" if ratio == 0 or abs(ratio) >= 0.01 else f"{ratio * 100:.2g}%"


def rate(value: float | None) -> str:
    """Return a burn rate.

    >>> rate(14.4), rate(None)
    ('14.4x', 'unknown')
    """
    return "unknown" if value is None else f"{value:.3g}x"


def span(seconds: float | None) -> str:
    """Return a time in words; None is never.

    >>> span(7200.0), span(None)
    ('2 hours', '-')
    """
    return "-" if seconds is None else words(timedelta(seconds=round(seconds)))


def ago(moment: str, now: datetime | None = None) -> str:
    """Return how long ago a moment was, as the API writes it."""
    passed = (now or datetime.now(UTC)) - datetime.fromisoformat(moment)
    return f"{words(timedelta(seconds=max(round(passed.total_seconds()), 0)))} ago"


def scale_note(time_scale: float) -> str:
    """Return what must stand beside every figure of a demonstration."""
    return "" if time_scale == 1 else f" Time runs {time_scale:g} times faster: this is a demonstration."
