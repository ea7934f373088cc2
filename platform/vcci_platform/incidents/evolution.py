"""What decisions make of an incident. Pure: the same decisions give the same incident."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from vcci_platform.incidents.decisions import (
    SYSTEM,
    Acknowledge,
    Adopt,
    Classify,
    Decision,
    Escalate,
    Hold,
    Move,
    Open,
    Propose,
    Publish,
    Raise,
    Regrade,
    Ring,
    Sign,
    StandDown,
    Track,
)
from vcci_platform.incidents.model import Incident, Publication, State

__all__ = ["evolve"]

SANE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier than this nothing was alerted on: some programs write the year 1 where they know nothing."""


def evolve(
    incident: Incident | None, decisions: Iterable[Decision], now: datetime, *, new_id: str = ""
) -> Incident | None:
    """Return the incident after these decisions; `new_id` names it if one of them opens it."""
    for decision in decisions:
        if isinstance(decision, Open):
            incident = Incident(
                id=new_id,
                system=decision.system,
                title=decision.title,
                priority=decision.priority,
                state=State.DETECTED,
                source=decision.source,
                began_at=_begun(decision.began_at, now),
                detected_at=now,
                clock_from=now,
                component=decision.component,
                nature=decision.nature,
            )
        elif incident is not None:
            incident = _step(incident, decision, now)
    return incident


def _step(incident: Incident, decision: Decision, now: datetime) -> Incident:  # noqa: C901, PLR0912 - one case each
    stepped = incident
    match decision:
        case Raise(priority, title):
            stepped = replace(incident, priority=min(priority, incident.priority), title=title)
        case Regrade(priority):
            stepped = replace(incident, priority=priority)
        case Classify(nature):
            stepped = replace(incident, nature=nature)
        case Sign():
            stepped = replace(incident, signed_at=now)
        case Hold(until):
            stepped = replace(incident, held_until=until)
        case Track(tracked, False):
            stepped = replace(incident, began_at=min(incident.began_at, _begun(tracked.alert.starts_at, now)))
        case Ring(priority) | Adopt(_, priority, True):
            stepped = replace(incident, rung=priority if incident.rung is None else min(priority, incident.rung))
        case Acknowledge(by):
            stepped = _acknowledged(incident, by, now)
        case StandDown():
            stepped = replace(incident, rung=None)
        case Escalate(level):
            stepped = replace(incident, asked=tuple(sorted({*incident.asked, level})))
        case Publish():
            stepped = replace(incident, publication=Publication.PUBLISHED)
        case Propose():
            stepped = replace(incident, publication=Publication.PROPOSED)
        case Move():
            stepped = _moved(incident, decision, now)
        case _:
            pass
    return stepped


def _begun(said: datetime, now: datetime) -> datetime:
    """Return when a fault began, by its source; now, where that is to come or is the word of a clock that is wrong."""
    return said if SANE_FROM < said <= now else now


def _moved(incident: Incident, move: Move, now: datetime) -> Incident:
    was_open = incident.is_open
    moved = replace(incident, state=move.to, monitoring_since=now if move.to is State.MONITORING else None)
    if move.to is State.RESOLVED:
        return replace(moved, resolved_at=now)
    if move.to is State.REVIEWED:
        return replace(moved, reviewed_at=now)
    if not was_open:
        if move.to is State.DETECTED:  # nobody has said yet that they are at work on it
            moved = replace(moved, acknowledged_at=None, acknowledged_by="", signed_at=None)
        return replace(
            moved,
            resolved_at=None,
            reviewed_at=None,
            clock_from=now,
            episode=incident.episode + 1,
            rung=None,
            asked=(1,),
            held_until=None,
        )
    if move.to is State.ACKNOWLEDGED or (move.by != SYSTEM and incident.acknowledged_at is None):
        return _acknowledged(moved, move.by, now)
    return moved


def _acknowledged(incident: Incident, by: str, now: datetime) -> Incident:
    return replace(
        incident,
        acknowledged_at=incident.acknowledged_at or now,
        acknowledged_by=incident.acknowledged_by or by,
    )
