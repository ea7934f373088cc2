"""Working hours: when a span of time is over that only passes while somebody works.

A deadline of one hour that begins on a Friday at 17:30 ends on Monday at 09:30, by the clocks of the calendar's zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from vcci_slo.oncall import first_moment
from vcci_slo.plan import NamedTime, Plan, Severity

__all__ = ["Hours", "business_hours", "hours_of"]

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Hours:
    """A named time of the calendar, on the clocks of its zone; one that ends before it starts goes over midnight.

    A holiday has no working time, nor the night that begins on it. Moments are aware, and those that come back are in
    UTC. Clocks that jump make a day longer or shorter, and what is left out of it is no working time.

    >>> hours = Hours(NamedTime("business", "Mon-Fri 09:00-18:00", (0, 1, 2, 3, 4), 540, 1080), "America/New_York")
    >>> hours.after(datetime(2026, 3, 6, 22, 30, tzinfo=UTC), timedelta(hours=1)).isoformat()  # clocks jump on Sunday
    '2026-03-09T13:30:00+00:00'
    """

    time: NamedTime
    zone: str
    holidays: tuple[date, ...] = ()

    def __str__(self) -> str:
        return f"{self.time.text} {self.zone}{' but for holidays' if self.holidays else ''}"

    def after(self, since: datetime, span: timedelta) -> datetime:
        """Return when a span of working time has passed since a moment; no span ends as soon as somebody works."""
        left, now = span, since.astimezone(UTC)
        for opens, closes in self._turns(now):
            begins = max(opens, now)
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
        raise AssertionError("days do not end")

    def next(self, moment: datetime) -> datetime:
        """Return a moment in which somebody works: this one, or when the next working time begins."""
        return self.after(moment, timedelta(0))

    def end_of_next_day(self, moment: datetime) -> datetime:
        """Return when the next working day ends; the one that a moment belongs to is not the next one."""
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        days = (day for day in self._days(today + DAY))
        return next(closes for opens, closes in map(self._turn, days) if opens < closes)

    def _turns(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield each stretch of working time that has a part after a moment, in order."""
        yesterday = since.astimezone(ZoneInfo(self.zone)).date() - DAY
        for opens, closes in map(self._turn, self._days(yesterday)):
            if opens < closes and since < closes:
                yield opens, closes

    def _days(self, first: date) -> Iterator[date]:
        for number in count():
            day = first + number * DAY
            if day.weekday() in self.time.days and day not in self.holidays:
                yield day

    def _turn(self, day: date) -> tuple[datetime, datetime]:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - on the wall
        start, end = (timedelta(minutes=minute) for minute in (self.time.start_minute, self.time.end_minute))
        clocks = ZoneInfo(self.zone)
        closes = midnight + (end if start < end else end + DAY)
        return first_moment(midnight + start, clocks), first_moment(closes, clocks)


def hours_of(plan: Plan, severity: Severity) -> Hours | None:
    """Return when people may be asked for a severity; None for one that knows no hours.

    In a plan whose clocks run faster nothing waits for a morning, since the sun does not run faster with them.
    """
    return _hours(plan, severity.notify.during) if severity.notify.during else None


def business_hours(plan: Plan) -> Hours | None:
    """Return when the team works, by which business days are told; None in a plan whose clocks run faster."""
    return _hours(plan, "business")


def _hours(plan: Plan, name: str) -> Hours | None:
    calendar = plan.calendar
    return Hours(calendar.time(name), calendar.timezone, calendar.holidays) if plan.time_scale == 1 else None
