"""What PagerDuty does with an event: it opens an incident, folds into one, moves it on, or silently drops the event."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from vcci_platform.sandbox.pagerduty.forms import ChangeForm, EventForm

__all__ = ["Change", "Dropped", "Entry", "Incident", "PagerDuty", "Receipt"]

KEPT_RESOLVED: Final = 500  # resolved incidents that are still shown; open ones always are
KEPT_EVENTS: Final = 200  # dropped events, changes, and log entries of one incident

Outcome = Literal["opened", "folded-in", "acknowledged", "resolved", "dropped"]
Status = Literal["triggered", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the log of an incident, with what became of it."""

    at: datetime
    action: str
    outcome: Outcome
    summary: str | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident with its one alert. `notifications` counts how often a human was told: once, when it was opened."""

    id: str
    number: int
    dedup_key: str
    status: Status
    severity: str
    summary: str
    source: str
    opened_at: datetime
    component: str | None = None
    group: str | None = None
    class_: str | None = None
    custom_details: dict[str, Any] = field(default_factory=dict[str, Any])
    client: str | None = None
    client_url: str | None = None
    links: tuple[dict[str, str], ...] = ()
    images: tuple[dict[str, str], ...] = ()
    notifications: int = 1
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    log: tuple[Entry, ...] = ()

    @property
    def open(self) -> bool:
        """Whether events with its key still go to this incident."""
        return self.status != "resolved"

    @property
    def urgency(self) -> Literal["high", "low"]:
        """How loudly a service that derives urgency from severity tells: critical and error ring, the rest waits."""
        return "high" if self.severity in {"critical", "error"} else "low"


@dataclass(frozen=True, slots=True)
class Dropped:
    """An acknowledge or resolve of a key with no open alert: answered 202 and forgotten, as PagerDuty does."""

    at: datetime
    action: str
    dedup_key: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was announced."""

    at: datetime
    summary: str
    source: str | None
    links: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event. The vendor's answer holds only the key; the rest is shown on our page."""

    dedup_key: str
    outcome: Outcome
    incident_id: str | None


class PagerDuty:
    """One service in an account, reached through its routing keys; alerts are deduplicated per key pair."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._sequence = 0
        self._numbered = 0
        self.notifications = 0
        self.woken = 0
        self.dropped: deque[Dropped] = deque(maxlen=KEPT_EVENTS)
        self.changes: deque[Change] = deque(maxlen=KEPT_EVENTS)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Every incident that is kept, the newest first."""
        return tuple(reversed(self._incidents.values()))

    def take(self, event: EventForm, now: datetime) -> Receipt:
        """Carry out an event that has been accepted, and return what became of it."""
        self._sequence += 1
        dedup_key = event.dedup_key or self._made_up(now)
        incident_id = self._open.get((event.routing_key, dedup_key))
        if incident_id is None:
            if event.event_action != "trigger":
                self.dropped.append(Dropped(at=now, action=event.event_action, dedup_key=dedup_key))
                return Receipt(dedup_key=dedup_key, outcome="dropped", incident_id=None)
            return self._open_incident(event, dedup_key, now)
        outcome = self._move(self._incidents[incident_id], event, now)
        if outcome == "resolved":
            del self._open[event.routing_key, dedup_key]
            self._forget_oldest()
        return Receipt(dedup_key=dedup_key, outcome=outcome, incident_id=incident_id)

    def note_change(self, change: ChangeForm, now: datetime) -> None:
        """Keep a change event; it wakes nobody."""
        links = tuple(link.model_dump(exclude_none=True) for link in change.links)
        self.changes.append(Change(at=now, summary=change.payload.summary, source=change.payload.source, links=links))

    def _open_incident(self, event: EventForm, dedup_key: str, now: datetime) -> Receipt:
        payload = event.payload
        if payload is None:  # the form refuses a trigger without one
            raise ValueError("expected a payload with the trigger")
        self._numbered += 1
        incident = Incident(
            id="Q" + self._made_up(now)[:13].upper(),
            number=self._numbered,
            dedup_key=dedup_key,
            status="triggered",
            severity=payload.severity,
            summary=payload.summary,
            source=payload.source,
            component=payload.component,
            group=payload.group,
            class_=payload.class_,
            custom_details=dict(payload.custom_details or {}),
            client=event.client,
            client_url=event.client_url,
            links=tuple(link.model_dump(exclude_none=True) for link in event.links),
            images=tuple(image.model_dump(exclude_none=True) for image in event.images),
            opened_at=now,
            log=(Entry(now, "trigger", "opened", payload.summary, payload.severity),),
        )
        self._incidents[incident.id] = incident
        self._open[event.routing_key, dedup_key] = incident.id
        self.notifications += incident.notifications
        self.woken += incident.notifications if incident.urgency == "high" else 0
        return Receipt(dedup_key=dedup_key, outcome="opened", incident_id=incident.id)

    def _move(self, incident: Incident, event: EventForm, now: datetime) -> Outcome:
        """Move an open incident on. A trigger folds in and tells nobody again, acknowledged or not."""
        outcome: Outcome
        if event.event_action == "trigger":
            outcome = "folded-in"
        elif event.event_action == "acknowledge":
            outcome = "acknowledged"
            incident = replace(incident, status="acknowledged", acknowledged_at=incident.acknowledged_at or now)
        else:
            outcome = "resolved"
            incident = replace(incident, status="resolved", resolved_at=now)
        summary = event.payload.summary if event.payload else None
        severity = event.payload.severity if event.payload else None
        entry = Entry(now, event.event_action, outcome, summary, severity)
        self._incidents[incident.id] = replace(incident, log=(*incident.log[-KEPT_EVENTS:], entry))
        return outcome

    def _forget_oldest(self) -> None:
        resolved = [incident.id for incident in self._incidents.values() if not incident.open]
        for incident_id in resolved[:-KEPT_RESOLVED]:
            del self._incidents[incident_id]

    def _made_up(self, now: datetime) -> str:
        """Return an identifier that replaying the same events gives again."""
        return hashlib.sha256(f"{now.isoformat()}#{self._sequence}".encode()).hexdigest()[:32]
