"""The incident: its states and who may change them, its alerts, its timeline. Pure values, no clock and no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = [
    "Action",
    "Alert",
    "Entry",
    "Incident",
    "Nature",
    "Priority",
    "Publication",
    "Recovery",
    "Refused",
    "Role",
    "State",
    "Tracked",
    "allowed_actions",
    "firing",
    "next_state",
    "systems_of",
    "worst",
]


class Priority(StrEnum):
    """How bad it is; P0 is the worst, and sorts first."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class State(StrEnum):
    """Where an incident is on its way from detection to review."""

    DETECTED = "detected"
    ACKNOWLEDGED = "acknowledged"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    REVIEWED = "reviewed"

    @property
    def is_open(self) -> bool:
        """Whether the fault may still be there."""
        return self not in {State.RESOLVED, State.REVIEWED}


class Action(StrEnum):
    """What a person does to an incident."""

    ACKNOWLEDGE = "acknowledge"
    INVESTIGATE = "investigate"
    IDENTIFY = "identify"
    MITIGATE = "mitigate"
    MONITOR = "monitor"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    REVIEW = "review"


class Nature(StrEnum):
    """What kind of trouble it is; a security incident is seen by few."""

    FAULT = "fault"
    SECURITY = "security"


class Role(StrEnum):
    """What one person does for an incident, so that nobody else has to think of it."""

    COMMANDER = "commander"
    SCRIBE = "scribe"
    COMMUNICATIONS = "communications"


class Publication(StrEnum):
    """What the status page has of an incident."""

    NONE = "none"
    PROPOSED = "proposed"
    PUBLISHED = "published"


class Recovery(StrEnum):
    """What the SLIs of a system say about the last minutes."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    UNMEASURED = "unmeasured"


_AFTER = {
    Action.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Action.INVESTIGATE: State.INVESTIGATING,
    Action.IDENTIFY: State.IDENTIFIED,
    Action.MITIGATE: State.MITIGATING,
    Action.MONITOR: State.MONITORING,
    Action.RESOLVE: State.RESOLVED,
    Action.REOPEN: State.INVESTIGATING,
    Action.REVIEW: State.REVIEWED,
}

_WORK = (Action.INVESTIGATE, Action.IDENTIFY, Action.MITIGATE, Action.MONITOR, Action.RESOLVE)
_ALLOWED: Mapping[State, tuple[Action, ...]] = {
    State.DETECTED: (Action.ACKNOWLEDGE, *_WORK),
    State.ACKNOWLEDGED: _WORK,
    State.INVESTIGATING: (Action.IDENTIFY, Action.MITIGATE, Action.MONITOR, Action.RESOLVE),
    State.IDENTIFIED: (Action.INVESTIGATE, Action.MITIGATE, Action.MONITOR, Action.RESOLVE),
    State.MITIGATING: (Action.INVESTIGATE, Action.IDENTIFY, Action.MONITOR, Action.RESOLVE),
    State.MONITORING: (Action.INVESTIGATE, Action.IDENTIFY, Action.MITIGATE, Action.RESOLVE),
    State.RESOLVED: (Action.REOPEN, Action.REVIEW),
    State.REVIEWED: (),
}


class Refused(Exception):
    """An action that the incident's state does not allow; `allowed` lists those that it does."""

    def __init__(self, code: str, sentence: str, allowed: tuple[Action, ...]) -> None:
        super().__init__(sentence)
        self.code = code
        self.allowed = allowed


def allowed_actions(state: State) -> tuple[Action, ...]:
    """Return what a person may do to an incident in this state.

    >>> [action.value for action in allowed_actions(State.RESOLVED)]
    ['reopen', 'review']
    """
    return _ALLOWED[state]


def next_state(state: State, action: Action) -> State:
    """Return the state that `action` leads to, or raise `Refused`."""
    if action not in _ALLOWED[state]:
        allowed = ", ".join(_ALLOWED[state]) or "nothing"
        raise Refused(
            "action-not-allowed",
            f"an incident that is {state} cannot {action}; it can: {allowed}",
            _ALLOWED[state],
        )
    return _AFTER[action]


def worst(priorities: Iterable[Priority]) -> Priority:
    """Return the worst of at least one priority.

    >>> worst([Priority.P2, Priority.P0, Priority.P1])
    <Priority.P0: 'P0'>
    """
    return min(priorities)


@dataclass(frozen=True)
class Alert:
    """What one source says about one fault at one moment.

    `fingerprint` names the fault and `starts_at` the time that it began: together they are one episode. `pager_key` is
    the key under which somebody else has paged for it already; None when the desk is the pager.
    """

    fingerprint: str
    name: str
    resolved: bool
    priority: Priority
    system: str
    starts_at: datetime
    ends_at: datetime | None = None
    component: str = ""
    summary: str = ""
    description: str = ""
    runbook_url: str = ""
    dashboard_url: str = ""
    source: str = "evaluator"
    pager_key: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for moment in (self.starts_at, self.ends_at):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"expected a moment with its time zone, got {moment.isoformat()}")
        if not self.fingerprint or not self.system:
            raise ValueError("an alert needs a fingerprint and the system that it belongs to")

    def known_by(self, key: str) -> Alert:
        """Return it as part of the incident that this key names; the system that it came with stays a label."""
        return self if key == self.system else replace(self, system=key, labels={"system": self.system, **self.labels})

    @property
    def episode(self) -> tuple[str, datetime]:
        """What makes two messages speak of the same thing."""
        return self.fingerprint, self.starts_at


@dataclass(frozen=True)
class Tracked:
    """An alert as the desk remembers it.

    `over_at` is when it ended, by the source's own word; None while it fires. `doubted_at` is when the desk was told
    that it ended but did not believe it, because the source could not see.
    """

    alert: Alert
    over_at: datetime | None = None
    doubted_at: datetime | None = None

    @property
    def fires(self) -> bool:
        """Whether it is not over, as far as can be believed."""
        return self.over_at is None


def firing(alerts: Iterable[Tracked]) -> tuple[Tracked, ...]:
    """Return those that are not over, the worst and oldest first."""
    return tuple(
        sorted(
            (tracked for tracked in alerts if tracked.fires),
            key=lambda tracked: (tracked.alert.priority, tracked.alert.starts_at, tracked.alert.fingerprint),
        )
    )


@dataclass(frozen=True)
class Entry:
    """One line of the timeline: what happened, when it happened, when the desk learned of it, who did it, and why."""

    occurred_at: datetime
    received_at: datetime
    kind: str
    text: str
    by: str
    why: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Incident:
    """A fault of one system, from its detection to its review.

    `began_at` is when the sources say that it began, `detected_at` when the desk heard of it, `clock_from` the moment
    from which its deadlines count: detection, or the last reopening. `episode` counts those, and fences timers.
    `rung` is the worst priority that a pager has rung for in this episode. `signed_at` is when a person last showed
    that somebody is at work; until `held_until` nobody further is asked, because the commander said so. `asked` are the
    levels that were asked for help, sorted: one that was asked before its turn takes no other's turn away.
    """

    id: str
    system: str
    title: str
    priority: Priority
    state: State
    source: str
    began_at: datetime
    detected_at: datetime
    clock_from: datetime
    component: str = ""
    episode: int = 1
    rung: Priority | None = None
    asked: tuple[int, ...] = (1,)
    publication: Publication = Publication.NONE
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    monitoring_since: datetime | None = None
    resolved_at: datetime | None = None
    reviewed_at: datetime | None = None
    nature: Nature = Nature.FAULT
    signed_at: datetime | None = None
    held_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state.is_open

    @property
    def is_public(self) -> bool:
        """Whether the public is told how it goes on: somebody let it know, and it is not a security incident."""
        return self.publication is Publication.PUBLISHED and self.nature is not Nature.SECURITY

    @property
    def level(self) -> int:
        """The highest level that was asked."""
        return max(self.asked)


def systems_of(incident: Incident, alerts: Iterable[Tracked]) -> frozenset[str]:
    """Return the systems that an incident concerns: those of its alerts, and the one that it is known by.

    An incident that several labels correlate is known by those, not by a system; then its alerts alone tell.
    """
    return frozenset({incident.system, *(tracked.alert.labels.get("system", "") for tracked in alerts)} - {""})
