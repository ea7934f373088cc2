"""What the person who sends a file may state about it, so that nothing has to be guessed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DateOrder", "DecimalMark", "Reading"]


class DateOrder(StrEnum):
    """How `03/04/2024` is meant."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


class DecimalMark(StrEnum):
    """How `1,234` and `1.234` are meant."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True)
class Reading:
    """Statements about a file. What is not stated and not certain from the value itself is a gap."""

    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
