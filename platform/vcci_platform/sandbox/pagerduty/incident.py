"""An incident as PagerDuty keeps it, with its log, who was told, its notes, status updates and responders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = [
    "Agent",
    "Change",
    "Dropped",
    "Entry",
    "Happening",
    "Incident",
    "Note",
    "Outcome",
    "Receipt",
    "ResponderRequest",
    "Status",
    "StatusUpdate",
    "Telling",
    "Urgency",
]

Outcome = Literal[
    "opened",
    "folded-in",
    "acknowledged",
    "unacknowledged",
    "escalated",
    "repeated",
    "exhausted",
    "reassigned",
    "delegated",
    "reopened",
    "resolved",
    "snoozed",
    "prioritized",
    "urgency-changed",
    "renamed",
    "bridged",
    "moved",
    "annotated",
    "published",
    "responder-asked",
    "dropped",
    "suppressed",
]
Status = Literal["triggered", "acknowledged", "resolved"]
Urgency = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Agent:
    """Who did something. Nobody (None in its place) is PagerDuty itself: a timeout or its escalation."""

    kind: Literal["user", "service"]
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line in the log of an incident: what came, and what became of it."""

    at: datetime
    action: str
    outcome: Outcome
    summary: str | None = None
    severity: str | None = None
    by: Agent | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """A person was told about an incident; a high urgency rings. `level` is None outside the escalation."""

    at: datetime
    user_id: str
    name: str
    level: int | None
    urgency: Urgency
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """A note that somebody wrote on an incident."""

    id: str
    at: datetime
    user_id: str
    content: str


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A message to the stakeholders of an incident."""

    id: str
    at: datetime
    user_id: str
    message: str
    subject: str | None = None
    html_message: str | None = None


@dataclass(frozen=True, slots=True)
class ResponderRequest:
    """A call for more hands: who asked, with which words, and who was told."""

    id: str
    at: datetime
    requester_id: str
    message: str
    targets: tuple[tuple[str, str], ...]  # (type, id) as they were asked for
    user_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident with its one alert, if an event opened it. `notifications` counts how often a human was told."""

    id: str
    number: int
    dedup_key: str
    status: Status
    severity: str
    summary: str
    source: str
    opened_at: datetime
    service_id: str
    policy_id: str
    urgency: Urgency
    routing_key: str | None = None  # None: opened by REST or by a person
    component: str | None = None
    group: str | None = None
    class_: str | None = None
    custom_details: dict[str, Any] = field(default_factory=dict[str, Any])
    client: str | None = None
    client_url: str | None = None
    links: tuple[dict[str, str], ...] = ()
    images: tuple[dict[str, str], ...] = ()
    body: str | None = None
    priority_id: str | None = None
    conference: dict[str, str] = field(default_factory=dict[str, str])
    level: int = 1
    loops: int = 0
    level_since: datetime | None = None
    assignees: tuple[str, ...] = ()
    assigned_via: Literal["escalation_policy", "direct_assignment"] = "escalation_policy"
    assigned_at: datetime | None = None
    exhausted: bool = False
    acknowledgements: tuple[tuple[datetime, Agent], ...] = ()
    unacknowledge_at: datetime | None = None
    resolve_at: datetime | None = None
    notifications: int = 0
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    changed_at: datetime | None = None
    changed_by: Agent | None = None
    log: tuple[Entry, ...] = ()
    told: tuple[Telling, ...] = ()
    notes: tuple[Note, ...] = ()
    status_updates: tuple[StatusUpdate, ...] = ()
    responder_requests: tuple[ResponderRequest, ...] = ()

    @property
    def open(self) -> bool:
        """Whether events with its key still go to this incident."""
        return self.status != "resolved"

    @property
    def alerts(self) -> int:
        """How many alerts it holds: one, unless it was opened without an event."""
        return int(self.routing_key is not None)


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


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that webhooks tell: the incident as it was then, and what was special (a note, a responder)."""

    event_type: str
    at: datetime
    incident: Incident
    agent: Agent | None = None
    special: Note | StatusUpdate | ResponderRequest | Mapping[str, str] | None = None
