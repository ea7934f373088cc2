"""What the desk can decide, and what each decision makes of the incident. Pure values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from vcci_platform.incidents.model import Incident, Priority, Publication, State, Tracked

__all__ = [
    "SYSTEM",
    "AcknowledgePages",
    "Adopt",
    "Arm",
    "Attention",
    "Cancel",
    "Decision",
    "Escalate",
    "FallBack",
    "Move",
    "Open",
    "Propose",
    "Publish",
    "Raise",
    "Record",
    "ResolvePages",
    "Ring",
    "Tell",
    "TimerKind",
    "Track",
    "evolve",
]

SYSTEM = "desk"
"""Who acts when no person does."""


class TimerKind(StrEnum):
    """What a timer reminds the desk of."""

    PAGE = "page"
    FALLBACK = "fallback"
    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    UPDATE = "update"
    ESCALATE = "escalate"
    MONITOR = "monitor"
    REVIEW = "review"


@dataclass(frozen=True)
class Open:
    """Begin an incident."""

    system: str
    title: str
    priority: Priority
    source: str
    began_at: datetime
    by: str
    component: str = ""


@dataclass(frozen=True)
class Track:
    """Remember an alert as it is now."""

    tracked: Tracked


@dataclass(frozen=True)
class Raise:
    """Make the incident worse than it was. Nothing makes it better by itself."""

    priority: Priority
    title: str
    by: str


@dataclass(frozen=True)
class Move:
    """Go to another state."""

    to: State
    by: str
    why: str = ""


@dataclass(frozen=True)
class Record:
    """Write a line into the timeline; `occurred_at` None means now."""

    kind: str
    text: str
    by: str
    why: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Ring:
    """Page through PagerDuty now. `again` uses a key of its own, so that an acknowledged page rings once more."""

    priority: Priority
    again: bool
    why: str


@dataclass(frozen=True)
class Adopt:
    """Take over a page that somebody else has sent under `key`, so that the desk can resolve it."""

    key: str
    priority: Priority
    pages: bool


@dataclass(frozen=True)
class AcknowledgePages:
    """Tell PagerDuty that somebody is at work."""


@dataclass(frozen=True)
class ResolvePages:
    """Resolve every page of the incident, own and adopted, and cancel those that were not sent yet."""


@dataclass(frozen=True)
class FallBack:
    """Page through another channel, because PagerDuty did not take it."""

    why: str


@dataclass(frozen=True)
class Escalate:
    """Ask the next level for help."""

    level: int


@dataclass(frozen=True)
class Publish:
    """Show the incident, as it is now, on the status page."""

    by: str
    why: str = ""


@dataclass(frozen=True)
class Propose:
    """Ask the commander whether the public should know."""


Attention = Literal["", "here", "channel"]


@dataclass(frozen=True)
class Tell:
    """Write to the incident's channel; a `prompt` that waits too long is not worth sending any more."""

    text: str
    prompt: bool = False
    attention: Attention = ""


@dataclass(frozen=True)
class Arm:
    """Set a timer, in place of one of the same kind and detail."""

    kind: TimerKind
    due_at: datetime
    detail: int = 0


@dataclass(frozen=True)
class Cancel:
    """Take timers of these kinds away."""

    kinds: tuple[TimerKind, ...]


Decision = (
    Open
    | Track
    | Raise
    | Move
    | Record
    | Ring
    | Adopt
    | AcknowledgePages
    | ResolvePages
    | FallBack
    | Escalate
    | Publish
    | Propose
    | Tell
    | Arm
    | Cancel
)


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
                began_at=decision.began_at,
                detected_at=now,
                clock_from=now,
                component=decision.component,
            )
        elif incident is not None:
            incident = _step(incident, decision, now)
    return incident


def _step(incident: Incident, decision: Decision, now: datetime) -> Incident:
    stepped = incident
    match decision:
        case Raise(priority, title):
            stepped = replace(incident, priority=min(priority, incident.priority), title=title)
        case Track(tracked):
            stepped = replace(incident, began_at=min(incident.began_at, tracked.alert.starts_at))
        case Ring(priority) | Adopt(_, priority, True):
            stepped = replace(incident, rung=priority if incident.rung is None else min(priority, incident.rung))
        case Escalate(level):
            stepped = replace(incident, level=max(level, incident.level))
        case Publish():
            stepped = replace(incident, publication=Publication.PUBLISHED)
        case Propose():
            stepped = replace(incident, publication=Publication.PROPOSED)
        case Move():
            stepped = _moved(incident, decision, now)
        case _:
            pass
    return stepped


def _moved(incident: Incident, move: Move, now: datetime) -> Incident:
    was_open = incident.is_open
    moved = replace(incident, state=move.to, monitoring_since=now if move.to is State.MONITORING else None)
    if move.to is State.RESOLVED:
        return replace(moved, resolved_at=now)
    if move.to is State.REVIEWED:
        return replace(moved, reviewed_at=now)
    if not was_open:
        return replace(
            moved, resolved_at=None, reviewed_at=None, clock_from=now, episode=incident.episode + 1, rung=None, level=1
        )
    if move.to is State.ACKNOWLEDGED or (move.by != SYSTEM and incident.acknowledged_at is None):
        return replace(
            moved,
            acknowledged_at=incident.acknowledged_at or now,
            acknowledged_by=incident.acknowledged_by or move.by,
        )
    return moved
