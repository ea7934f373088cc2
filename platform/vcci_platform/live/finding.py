"""One difference between the spec and what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Drift", "What"]

What = Literal["prometheus", "target", "group", "rule", "route", "receiver", "inhibition", "hours", "silence"]


@dataclass(frozen=True)
class Drift:
    """What differs, whose it is, in words; `expected` is the spec's and `found` what runs, where both are short."""

    what: What
    subject: str
    words: str
    expected: str = ""
    found: str = ""
