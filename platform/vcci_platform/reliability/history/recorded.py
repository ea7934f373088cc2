"""What a reader hands over: the history, the lines it could not use, and what a person must know about it.

PlatformError
└── HistoryUnreadable    there is no history where one was looked for
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from vcci_platform.errors import PlatformError
from vcci_slo.backtest import History

__all__ = ["LISTED", "BadLine", "HistoryUnreadable", "Problems", "Recorded", "printable"]

LISTED = 20
SHOWN = 80


class HistoryUnreadable(PlatformError):
    """There is no history where one was looked for: what was expected, what was found."""

    exit_code = 2


class BadLine(NamedTuple):
    """A line that was not used, and why."""

    number: int
    reason: str


def printable(text: str) -> str:
    """Return what a file holds so that a terminal can show it: a line at the most, without what moves its cursor."""
    shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return "".join(letter if letter.isprintable() else "?" for letter in shown)


@dataclass
class Problems:
    """The lines that were not used: the first of them, and how many there are."""

    lines: list[BadLine] = field(default_factory=list[BadLine])
    count: int = 0

    def add(self, number: int, expected: str, found: str) -> None:
        """Note a line."""
        self.count += 1
        if len(self.lines) < LISTED:
            self.lines.append(BadLine(number, f"expected {expected}, found {printable(found) or 'nothing'}"))


@dataclass(frozen=True)
class Recorded:
    """A history and where it comes from. `bad_lines` are the first of `skipped` lines that were not used."""

    history: History
    source: str
    notes: tuple[str, ...] = ()
    bad_lines: tuple[BadLine, ...] = ()
    skipped: int = 0
