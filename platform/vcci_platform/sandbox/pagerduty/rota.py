"""Who is on call, when: a schedule's layers and overrides, worked out for a stretch of time. Pure.

A turn whose length is whole days ends at the same hour by the clock of the schedule's zone, so a change to daylight
saving time makes it an hour shorter or longer; a turn of hours has its hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vcci_platform.sandbox.pagerduty.account_forms import Layer, OverrideForm, Restriction, ScheduleForm, moment

__all__ = ["Duty", "coverage", "final", "layer_duties", "override_duties"]

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Duty:
    """One user is on call from `start` until before `end`, both in UTC."""

    user_id: str
    start: datetime
    end: datetime


def final(
    schedule: ScheduleForm, overrides: Iterable[OverrideForm], since: datetime, until: datetime
) -> tuple[Duty, ...]:
    """Return who is on call in the stretch: an override before a later layer before an earlier one."""
    zone = ZoneInfo(schedule.time_zone)
    duties: tuple[Duty, ...] = ()
    for layer in schedule.schedule_layers:
        duties = _over(layer_duties(layer, zone, since, until), duties)
    return _over(override_duties(overrides, since, until), duties)


def override_duties(overrides: Iterable[OverrideForm], since: datetime, until: datetime) -> tuple[Duty, ...]:
    """Return the overrides in the stretch; where two overlap, the later one counts."""
    duties: tuple[Duty, ...] = ()
    for override in overrides:
        duty = _cut(Duty(override.user.id, _utc(override.start), _utc(override.end)), since, until)
        if duty is not None:
            duties = _over((duty,), duties)
    return duties


def layer_duties(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> tuple[Duty, ...]:
    """Return the turns of one layer in the stretch, cut to the hours that its restrictions allow."""
    start = max(since, _utc(layer.start))
    end = min(until, _utc(layer.end)) if layer.end else until
    duties = [duty for turn in _turns(layer, zone, start, end) for duty in _allowed(turn, layer.restrictions, zone)]
    return _joined(duties)


def coverage(duties: Sequence[Duty], since: datetime, until: datetime) -> float:
    """Return the percentage of the stretch in which somebody is on call."""
    covered = sum((duty.end - duty.start).total_seconds() for duty in duties)
    return round(100 * covered / (until - since).total_seconds(), 1) if until > since else 0.0


def _turns(layer: Layer, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[Duty]:
    length = timedelta(seconds=layer.rotation_turn_length_seconds)
    whole_days = layer.rotation_turn_length_seconds % _DAY == 0
    first = _utc(layer.rotation_virtual_start)
    origin = _wall(first, zone) if whole_days else first
    number = ((_wall(since, zone) if whole_days else since) - origin) // length - 1
    while True:
        edges = [origin + length * step for step in (number, number + 1)]
        start, end = [_from_wall(edge, zone) for edge in edges] if whole_days else edges
        if start >= until:
            return
        duty = _cut(Duty(layer.users[number % len(layer.users)].user.id, start, end), since, until)
        if duty is not None:
            yield duty
        number += 1


def _allowed(turn: Duty, restrictions: Sequence[Restriction], zone: ZoneInfo) -> Iterator[Duty]:
    if not restrictions:
        yield turn
        return
    windows: tuple[Duty, ...] = ()
    for restriction in restrictions:
        windows = _over(tuple(_windows(restriction, turn, zone)), windows)
    yield from sorted(windows, key=lambda duty: duty.start)


def _windows(restriction: Restriction, turn: Duty, zone: ZoneInfo) -> Iterator[Duty]:
    """Return the turn's part in each of the restriction's windows."""
    at = time.fromisoformat(restriction.start_time_of_day)
    day = turn.start.astimezone(zone).date() - timedelta(days=8)
    last = turn.end.astimezone(zone).date()
    while day <= last:
        if restriction.start_day_of_week in {None, day.isoweekday()}:
            wall = datetime.combine(day, at)
            start = _from_wall(wall, zone)
            end = _from_wall(wall + timedelta(seconds=restriction.duration_seconds), zone)
            duty = _cut(turn, start, end)
            if duty is not None:
                yield duty
        day += timedelta(days=1)


def _over(upper: Iterable[Duty], lower: tuple[Duty, ...]) -> tuple[Duty, ...]:
    """Return both, where the upper ones hide the lower ones."""
    upper = tuple(upper)
    left = list(lower)
    for above in upper:
        left = [
            part
            for duty in left
            for part in (
                _cut(duty, duty.start, min(duty.end, above.start)),
                _cut(duty, max(duty.start, above.end), duty.end),
            )
            if part is not None
        ]
    return _joined([*left, *upper])


def _joined(duties: Iterable[Duty]) -> tuple[Duty, ...]:
    """Return them in order, with what touches and is the same user's as one."""
    joined: list[Duty] = []
    for duty in sorted(duties, key=lambda duty: (duty.start, duty.end)):
        if joined and joined[-1].user_id == duty.user_id and joined[-1].end == duty.start:
            joined[-1] = replace(joined[-1], end=duty.end)
        else:
            joined.append(duty)
    return tuple(joined)


def _cut(duty: Duty, since: datetime, until: datetime) -> Duty | None:
    start, end = max(duty.start, since), min(duty.end, until)
    return replace(duty, start=start, end=end) if start < end else None


def _utc(text: str) -> datetime:
    return moment(text).astimezone(UTC)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _from_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)
