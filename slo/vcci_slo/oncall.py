"""Rotas: when one changes hands, on clocks that people read, and whose turn it is.

A handoff on Monday at 09:00 is at 09:00 in summer and in winter, so the week in which clocks change is an hour longer
or shorter than another. Turns are counted in that wall-clock time and only then become moments: each handoff ends one
shift and begins the next at the same moment, so there is neither a gap nor an overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from vcci_slo.plan import Line, OnCall
from vcci_slo.promql.durations import words

__all__ = ["WEEK", "Shift", "first_moment", "handoff_words", "shift_at", "shift_before", "shifts", "whose_turn"]

WEEK = timedelta(weeks=1)
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_FIRST_MONDAY = date(2001, 1, 1)


@dataclass(frozen=True)
class Shift:
    """One turn, from `start` up to `end` in UTC. `number` counts from 0, the rota's first; it is negative before."""

    number: int
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it really lasts; not always what the spec says, when clocks change within it."""
        return self.end - self.start


def shift_at(rota: OnCall, zone: str, moment: datetime) -> Shift:
    """Return the turn that a moment belongs to; the moment of a handoff belongs to the turn that begins.

    >>> rota = OnCall("crew", 0, 540, WEEK, "$PRIMARY", "$SECONDARY")
    >>> shift = shift_at(rota, "America/New_York", datetime(2026, 3, 8, 6, 30, tzinfo=UTC))
    >>> shift.start.isoformat(), shift.end.isoformat(), shift.length.total_seconds() / 3600
    ('2026-03-02T14:00:00+00:00', '2026-03-09T13:00:00+00:00', 167.0)
    """
    clocks = ZoneInfo(zone)
    local = moment.astimezone(clocks).replace(tzinfo=None)
    number = (local - _anchor(rota)) // rota.shift
    while _handoff(rota, clocks, number) > moment:
        number -= 1
    while _handoff(rota, clocks, number + 1) <= moment:
        number += 1
    return Shift(number, _handoff(rota, clocks, number), _handoff(rota, clocks, number + 1))


def shift_before(rota: OnCall, zone: str, moment: datetime) -> Shift:
    """Return the turn that ended last before the one that a moment belongs to."""
    return shift_at(rota, zone, shift_at(rota, zone, moment).start - timedelta(seconds=1))


def shifts(rota: OnCall, zone: str, since: datetime, until: datetime) -> Iterator[Shift]:
    """Yield the turns that have a part between two moments, in order; one that clocks skip wholly is no turn."""
    shift = shift_at(rota, zone, since)
    while shift.start < until:
        yield shift
        shift = shift_at(rota, zone, shift.end)


def whose_turn(rota: OnCall, line: Line, shift: Shift) -> str:
    """Return whose turn it is as the spec says; nothing when PagerDuty has the roster, or before the rota started."""
    members = rota.members(line)
    if not members or (rota.starts is not None and shift.number < 0):
        return ""
    return members[shift.number % len(members)]


def handoff_words(rota: OnCall) -> str:
    """Return when a rota changes hands, as people say it.

    >>> handoff_words(OnCall("crew", 0, 540, WEEK, "$PRIMARY", "$SECONDARY"))
    'Mondays at 09:00'
    >>> handoff_words(OnCall("crew", 0, 540, timedelta(hours=12), "$PRIMARY", "$SECONDARY"))
    'every 12 hours from 09:00'
    """
    hour, minute = divmod(rota.handoff_minute, 60)
    clock = f"{hour:02}:{minute:02}"
    if rota.shift == WEEK:
        return f"{_DAYS[rota.handoff_day]} at {clock}"
    if rota.shift % timedelta(days=1):
        return f"every {words(rota.shift)} from {clock}"
    return f"every {words(rota.shift)} at {clock}"


def _anchor(rota: OnCall) -> datetime:
    """Return a handoff from which turns are counted, as clocks show it."""
    day = rota.starts or _FIRST_MONDAY + timedelta(days=rota.handoff_day)
    return datetime(day.year, day.month, day.day) + timedelta(minutes=rota.handoff_minute)  # noqa: DTZ001 - on the wall


def _handoff(rota: OnCall, clocks: ZoneInfo, number: int) -> datetime:
    return first_moment(_anchor(rota) + number * rota.shift, clocks)


def first_moment(wall: datetime, clocks: ZoneInfo) -> datetime:
    """Return the first moment at which clocks show this time or a later one.

    Of an hour that comes twice it is the first; in an hour that is left out it is the moment of the jump.
    """
    late = wall.replace(tzinfo=clocks).astimezone(UTC)
    early = wall.replace(tzinfo=clocks, fold=1).astimezone(UTC)
    if early >= late:  # the usual case, or an hour that comes twice
        return late
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(clocks).replace(tzinfo=None) >= wall:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)
