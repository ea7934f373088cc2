"""What follows when a person said that it is over, and an alert fires on: the incident is opened again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from vcci_platform.incidents.actions import clocks
from vcci_platform.incidents.decisions import (
    SYSTEM,
    Arm,
    Cancel,
    Decision,
    HoldKey,
    Move,
    Publish,
    Record,
    Ring,
    Tell,
    TimerKind,
)
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import Incident, State, Tracked
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy

__all__ = ["reopened"]

LOOKS_PER_WATCH = 5
"""While the SLI is good, an alert that fires on is looked at again after a fifth of the length of a watch."""


def reopened(
    incident: Incident,
    alerts: Iterable[Tracked],
    policy: IncidentPolicy,
    now: datetime,
    other_open: str,
    *,
    waits: bool,
) -> tuple[Decision, ...]:
    """Return what follows when a reasoned resolve has stood long enough against alerts that still fire.

    What ended meanwhile, or began anew, is not asked about again. While another incident of the system is open,
    people are at work on it; and while only the memory of an alert keeps it firing (`waits`), nobody is woken.
    """
    fires = policy.holding(incident, alerts)
    if incident.is_open or not fires:
        return ()
    if waits:
        return (Arm(TimerKind.STILL_FIRES, now + policy.monitor_for / LOOKS_PER_WATCH),)
    if other_open:
        return (Arm(TimerKind.STILL_FIRES, policy.stands_until(incident, now)),)
    names = ", ".join(sorted({tracked.alert.name for tracked in fires}))
    why = f"{names} still fires, although this was said to be over"
    begins = Move(State.DETECTED, SYSTEM, why)
    again = evolve(incident, (begins,), now) or incident
    rules = policy[incident.priority]
    decisions: list[Decision] = [
        begins,
        Cancel((TimerKind.REVIEW,)),
        Record("reopened", f"reopened: {why}", by=SYSTEM),
        Tell(f"reopened: {why}", attention="here" if rules.page else ""),
        *clocks(again, policy, now, since=now),
    ]
    if rules.page:
        keys = sorted({tracked.alert.pager_key for tracked in fires if tracked.alert.pager_key is not None})
        decisions += [Ring(incident.priority, again=False, why=why), Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER)]
        decisions += [HoldKey(key) for key in keys]
    if incident.is_public:
        decisions.append(Publish(SYSTEM, why))
    return tuple(decisions)
