"""Periods of whole days where the clocks of a time zone show them: a month, a quarter, from one day to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from vcci_platform.errors import PlatformError
from vcci_slo.windows import Span

__all__ = ["LONGEST_DAYS", "Period", "PeriodError", "day_of", "parse_period"]

LONGEST_DAYS = 400
"""A year and a month. Longer ones are several reports."""

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-[Qq]([1-4])", re.ASCII)
_DAY = timedelta(days=1)
_FIRST, _LAST = 1970, 9000


class PeriodError(PlatformError):
    """What was asked for is no period of a report. `field` names what is wrong."""

    exit_code = 2

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, both included, where the clocks show `zone`."""

    kind: Literal["month", "quarter", "range"]
    first: date
    last: date
    zone: str

    @property
    def name(self) -> str:
        """How a program names it: `2026-10`, `2026-Q4`, `2026-10-03..2026-10-17`."""
        match self.kind:
            case "month":
                return f"{self.first:%Y-%m}"
            case "quarter":
                return f"{self.first.year}-Q{(self.first.month + 2) // 3}"
            case "range":
                return f"{self.first}..{self.last}"

    @property
    def title(self) -> str:
        """How a person names it."""
        first, last = self.first, self.last
        match self.kind:
            case "month":
                return f"{first:%B %Y}"
            case "quarter":
                return f"{first:%B} to {last:%B %Y}"
            case "range" if first == last:
                return _said(first)
            case "range":
                return f"{_said(first)} to {_said(last)}"

    @property
    def count(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def days(self) -> tuple[date, ...]:
        """Its days, in order."""
        return tuple(self.first + number * _DAY for number in range(self.count))

    @property
    def span(self) -> Span:
        """From its first midnight to the one after its last day."""
        return Span(self._midnight(self.first), self._midnight(self.last + _DAY))

    def of(self, day: date) -> Span:
        """Return from when to when a day lasts: 23 or 25 hours where the clocks change.

        >>> Period("month", date(2026, 10, 1), date(2026, 10, 31), "Europe/Berlin").of(date(2026, 10, 25)).length
        datetime.timedelta(days=1, seconds=3600)
        """
        return Span(self._midnight(day), self._midnight(day + _DAY))

    def before(self) -> Period:
        """Return the period of the same kind before this one; of a range, as many days."""
        last = self.first - _DAY
        match self.kind:
            case "month":
                first = last.replace(day=1)
            case "quarter":
                first = last.replace(month=last.month - 2, day=1)
            case "range":
                first = self.first - self.count * _DAY
        return Period(self.kind, first, last, self.zone)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)


def day_of(moment: datetime, zone: str) -> date:
    """Return the day that the clocks of a zone show at a moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def parse_period(
    zone: str, today: date, *, month: str | None, quarter: str | None, first: str | None, last: str | None
) -> Period:
    """Return the period that was asked for; without any wish, the month of `today`.

    `first` and `last` are days, both included; without `last` a range ends today.
    Raises PeriodError for what is no period, for several at once, and for what is longer than `LONGEST_DAYS`.
    """
    asked = [name for name, value in (("month", month), ("quarter", quarter), ("from", first or last)) if value]
    if len(asked) > 1:
        raise PeriodError(asked[1], f"expected a month, a quarter or a range, got {' and '.join(asked)}")
    if quarter:
        return _quarter(quarter, zone)
    if first or last:
        return _range(first, last, today, zone)
    return _month(month or f"{today:%Y-%m}", zone)


def _month(text: str, zone: str) -> Period:
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not _FIRST <= int(found[1]) <= _LAST:
        raise PeriodError("month", f"expected a month such as 2026-10, got {text}")
    return _months("month", int(found[1]), int(found[2]), 1, zone)


def _quarter(text: str, zone: str) -> Period:
    found = _QUARTER.fullmatch(text)
    if found is None or not _FIRST <= int(found[1]) <= _LAST:
        raise PeriodError("quarter", f"expected a quarter such as 2026-Q3, got {text}")
    return _months("quarter", int(found[1]), 3 * int(found[2]) - 2, 3, zone)


def _months(kind: Literal["month", "quarter"], year: int, month: int, count: int, zone: str) -> Period:
    ends, after = divmod(month - 1 + count, 12)
    return Period(kind, date(year, month, 1), date(year + ends, after + 1, 1) - _DAY, zone)


def _range(first: str | None, last: str | None, today: date, zone: str) -> Period:
    if not first:
        raise PeriodError("from", "expected the first day of the range too, such as 2026-10-03")
    begins = _day("from", first)
    ends = _day("to", last) if last else today
    if ends < begins:
        raise PeriodError("to", f"expected a last day on or after {begins}, got {ends}")
    period = Period("range", begins, ends, zone)
    if period.count > LONGEST_DAYS:
        raise PeriodError("from", f"expected up to {LONGEST_DAYS} days, got {period.count}")
    return period


def _day(field: str, text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None  # 2026-W40-1 is a date of ISO too
    except ValueError:
        day = None
    if day is None or not _FIRST <= day.year <= _LAST:
        raise PeriodError(field, f"expected a day such as 2026-10-03, got {text}")
    return day


def _said(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
