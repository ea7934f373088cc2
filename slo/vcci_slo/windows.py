"""Spans of time over which a promise is kept: rolling windows, and calendar months in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["AVERAGE_MONTH", "Span", "calendar_month", "month_offsets", "rolling"]

AVERAGE_MONTH = timedelta(days=365.25 / 12)
"""A twelfth of a Julian year: 30.4375 days."""


@dataclass(frozen=True)
class Span:
    """From a moment up to, and without, another. Both are aware and in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How much time passes, whatever the clocks on the wall do."""
        return self.end - self.start


def rolling(now: datetime, length: timedelta) -> Span:
    """Return the window that ends now."""
    end = now.astimezone(UTC)
    return Span(end - length, end)


def calendar_month(moment: datetime, zone: str) -> Span:
    """Return the whole month that holds `moment` where the clocks show `zone`.

    A month in which the clocks change is an hour shorter or longer, and so is its budget.

    >>> calendar_month(datetime(2026, 3, 15, tzinfo=UTC), "America/New_York").length == timedelta(days=31, hours=-1)
    True
    """
    local = moment.astimezone(ZoneInfo(zone))
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    later = start.replace(day=28) + timedelta(days=4)
    end = later.replace(day=1)
    return Span(start.astimezone(UTC), end.astimezone(UTC))


YEARS = range(2024, 2038)
"""The years for which the beginning of months is checked; rules of time zones are not known further."""


def month_offsets(zone: str) -> tuple[timedelta, ...]:
    """Return how far clocks are ahead of UTC when each month begins, from January to December.

    Rules that ask for the current month need them to be the same every year, as nearly everywhere they are.

    >>> [offset // timedelta(hours=1) for offset in month_offsets("Europe/Berlin")]
    [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 1, 1]

    Raises ValueError for a zone in which a month begins at another offset in some years.
    """
    found: list[timedelta] = []
    for month in range(1, 13):
        offsets = {_offset(year, month, zone) for year in YEARS}
        if len(offsets) > 1:
            raise ValueError(f"{zone}, where clocks at the beginning of month {month} differ from year to year")
        found.append(offsets.pop())
    return tuple(found)


def _offset(year: int, month: int, zone: str) -> timedelta:
    return datetime(year, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() or timedelta(0)
