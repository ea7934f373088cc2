"""What is planned for the days to come: maintenance, freezes, time that is taken out of accounts, handoffs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vcci_slo.corrections import occurrences
from vcci_slo.freezes import freezes
from vcci_slo.oncall import shift_at
from vcci_slo.plan import Correction, NamedTime, Plan

__all__ = ["Coming", "coming"]

MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class Coming:
    """Something planned, from `start` to `end` in UTC."""

    text: str
    start: datetime
    end: datetime


def coming(
    plan: Plan, now: datetime, until: datetime, corrections: Iterable[Correction] | None = None
) -> tuple[Coming, ...]:
    """Return what begins or goes on between two moments, in order.

    `corrections` are those that stand: those of the desk too, where it is known; unset, those of the spec.
    """
    zone = plan.calendar.timezone
    found = [*_windows(plan.calendar.time(MAINTENANCE), zone, now, until)]
    frozen = freezes(plan.calendar.freezes, zone, now, until)
    found += [Coming(f"no changes, {freeze.name}", freeze.span.start, freeze.span.end) for freeze in frozen]
    for correction in plan.corrections if corrections is None else corrections:
        found += [
            Coming(f"correction, {correction.why} ({correction.who})", span.start, span.end)
            for span in occurrences(correction)
            if span.end > now and span.start < until
        ]
    for rota in plan.on_call:
        shift = shift_at(rota, zone, now)
        if shift.end < until:
            following = shift_at(rota, zone, shift.end)
            found.append(Coming(f"next shift of {rota.team}", following.start, following.end))
    return tuple(sorted(found, key=lambda one: (one.start, one.text)))


def _windows(window: NamedTime, zone: str, now: datetime, until: datetime) -> Iterator[Coming]:
    """Yield each time of a named window; its hours are those of the wall, whatever clocks do in between."""
    clocks = ZoneInfo(zone)
    day = now.astimezone(clocks).date() - timedelta(days=1)
    while day <= until.astimezone(clocks).date():
        if day.weekday() in window.days:
            midnight = datetime.combine(day, time())
            length = (window.end_minute - window.start_minute) % (24 * 60) or 24 * 60
            begins = midnight + timedelta(minutes=window.start_minute)
            start, end = (
                moment.replace(tzinfo=clocks).astimezone(UTC) for moment in (begins, begins + timedelta(minutes=length))
            )
            if end > now and start < until:
                yield Coming(f"{window.name} window", start, end)
        day += timedelta(days=1)
