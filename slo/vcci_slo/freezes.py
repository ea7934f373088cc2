"""Freezes: the days on which nothing is changed, by the names that the calendar of a spec gives them.

A freeze is exactly the day that its name names, from midnight to midnight in the calendar's zone; what a team keeps
clear around it is the team's to say.
"""

from __future__ import annotations

from calendar import FRIDAY, monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vcci_slo.windows import Span

__all__ = ["RULES", "Freeze", "freezes"]

QUARTER_ENDS: Final = (3, 6, 9, 12)
NOVEMBER, DECEMBER = 11, 12


@dataclass(frozen=True)
class Freeze:
    """One day without changes, as a span in UTC: it has 23 or 25 hours when clocks change on it."""

    name: str
    day: date
    span: Span


def _black_friday(year: int) -> Iterator[date]:
    """Yield the day after Thanksgiving, the fourth Thursday of November: a Friday from the 23rd to the 29th."""
    first = date(year, NOVEMBER, 23)
    yield first + timedelta(days=(FRIDAY - first.weekday()) % 7)


def _cyber_monday(year: int) -> Iterator[date]:
    """Yield the Monday after Black Friday."""
    yield from (day + timedelta(days=3) for day in _black_friday(year))


def _quarter_end(year: int) -> Iterator[date]:
    """Yield the last day of each quarter."""
    yield from (date(year, month, monthrange(year, month)[1]) for month in QUARTER_ENDS)


def _year_end(year: int) -> Iterator[date]:
    """Yield the last day of the year."""
    yield date(year, DECEMBER, 31)


RULES: Final[Mapping[str, Callable[[int], Iterator[date]]]] = {
    "black-friday": _black_friday,
    "cyber-monday": _cyber_monday,
    "quarter-end": _quarter_end,
    "year-end": _year_end,
}
"""The days of a year that each name of the spec means."""


def freezes(names: Iterable[str], zone: str, since: datetime, until: datetime) -> tuple[Freeze, ...]:
    """Return the freezes that have a part between two moments, in order.

    >>> [found.day.isoformat() for found in freezes(
    ...     ["black-friday", "year-end"], "UTC", datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))]
    ['2026-11-27', '2026-12-31']
    """
    clocks = ZoneInfo(zone)
    years = range(since.astimezone(clocks).year, until.astimezone(clocks).year + 1)
    found = [Freeze(name, day, _whole(day, clocks)) for name in names for year in years for day in RULES[name](year)]
    within = (each for each in found if each.span.end > since and each.span.start < until)
    return tuple(sorted(within, key=lambda each: (each.day, each.name)))


def _whole(day: date, clocks: ZoneInfo) -> Span:
    start, end = (datetime.combine(each, time(), clocks).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return Span(start, end)
