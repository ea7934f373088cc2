"""Spans of time over which a promise is kept: rolling windows, and calendar months in a time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["AVERAGE_MONTH", "Span", "calendar_month", "rolling"]

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
