"""What PagerDuty does with an event: it opens an incident, folds into one, moves it on, or silently drops the event.

What people and programs do to an incident through REST is in `responding`, what time does to it in `timers`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from vcci_platform.sandbox.pagerduty.account import Account
from vcci_platform.sandbox.pagerduty.forms import ChangeForm, EventForm, Payload
from vcci_platform.sandbox.pagerduty.incident import (
    Agent,
    Change,
    Dropped,
    Entry,
    Happening,
    Incident,
    Outcome,
    Receipt,
    Telling,
    Urgency,
)
from vcci_platform.sandbox.pagerduty.orchestration import Decision

__all__ = ["KEPT_EVENTS", "PagerDuty"]

KEPT_RESOLVED: Final = 500  # resolved incidents that are still shown; open ones always are
KEPT_EVENTS: Final = 200  # dropped events, changes, and log entries of one incident


class PagerDuty:
    """An account with its incidents, reached by events, by REST and by people; it moves by itself as time passes."""

    def __init__(self, now: datetime) -> None:
        self.account = Account(now)
        self._incidents: dict[str, Incident] = {}
        self._sequence = 0
        self._numbered = 0
        self.notifications = 0
        self.woken = 0
        self.dropped: deque[Dropped] = deque(maxlen=KEPT_EVENTS)
        self.changes: deque[Change] = deque(maxlen=KEPT_EVENTS)
        self.happenings: list[Happening] = []

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Every incident that is kept, the newest first."""
        return tuple(reversed(self._incidents.values()))

    def incident(self, identifier: str) -> Incident | None:
        """Return the incident with this id, or with this number."""
        found = self._incidents.get(identifier)
        if found is None and identifier.isdigit():
            found = next((each for each in self._incidents.values() if each.number == int(identifier)), None)
        return found

    def open_with(self, service_id: str, key: str) -> Incident | None:
        """Return the open incident of the service that has this key."""
        return next((each for each in self._open(service_id, key)), None)

    def take(self, event: EventForm, now: datetime) -> Receipt:
        """Carry out an event that has been accepted, as the rules of its service say; return what became of it."""
        key = event.dedup_key or self.made_up(now)
        door = self.account.integration_by_key(event.routing_key)
        service_id = door.service_id if door else ""
        decision = self.account.rules.decide(service_id, event)
        event = _decided(event, decision)
        incident = self._folds_into(service_id, event.routing_key, key)
        suppressed = incident is None and decision.suppress
        if incident is None and (event.event_action != "trigger" or suppressed or not self._takes(service_id)):
            self.dropped.append(Dropped(at=now, action=event.event_action, dedup_key=key))
            return Receipt(dedup_key=key, outcome="suppressed" if suppressed else "dropped", incident_id=None)
        if incident is None:
            opened = self._open_by(event, service_id, key, decision, now)
            return Receipt(dedup_key=key, outcome="opened", incident_id=opened.id)
        outcome = self._move(incident, event, now)
        return Receipt(dedup_key=key, outcome=outcome, incident_id=incident.id)

    def note_change(self, change: ChangeForm, now: datetime) -> None:
        """Keep a change event; it wakes nobody."""
        links = tuple(link.model_dump(exclude_none=True) for link in change.links)
        self.changes.append(Change(at=now, summary=change.payload.summary, source=change.payload.source, links=links))

    def open(self, incident: Incident, entry: Entry) -> Incident:
        """Open an incident and tell whoever is on call; one that is born acknowledged tells nobody."""
        service = self.account.services[incident.service_id].form
        if service.auto_resolve_timeout:
            incident = replace(incident, resolve_at=entry.at + timedelta(seconds=service.auto_resolve_timeout))
        self._numbered += 1
        incident = self.log(replace(incident, number=self._numbered, changed_at=entry.at, changed_by=entry.by), entry)
        if incident.status == "acknowledged":
            self.happen("incident.triggered", incident, entry)
            self.happen("incident.acknowledged", incident, entry)
            return incident
        if incident.assignees:
            incident = self.tell(incident, incident.assignees, None, "assigned", entry.at)
        else:
            incident = self.climb(incident, 1, entry.at)
        self.happen("incident.triggered", incident, entry)
        return incident

    def acknowledge(self, incident: Incident, entry: Entry) -> Incident:
        """Someone has it: the escalation stops, and a timeout of the service starts."""
        seconds = self.account.services[incident.service_id].form.acknowledgement_timeout
        later = entry.at + timedelta(seconds=seconds) if seconds and incident.urgency == "high" else None
        by = entry.by or Agent("service", incident.service_id, "")
        acked = replace(
            incident,
            status="acknowledged",
            acknowledged_at=incident.acknowledged_at or entry.at,
            acknowledgements=(*(each for each in incident.acknowledgements if each[1] != by), (entry.at, by)),
            unacknowledge_at=later,
            changed_at=entry.at,
            changed_by=entry.by,
        )
        acked = self.log(acked, entry)
        if incident.status != "acknowledged":
            self.happen("incident.acknowledged", acked, entry)
        return acked

    def resolve(self, incident: Incident, entry: Entry) -> Incident:
        """It is over."""
        over = replace(
            incident,
            status="resolved",
            resolved_at=entry.at,
            assignees=(),
            acknowledgements=(),
            unacknowledge_at=None,
            resolve_at=None,
            changed_at=entry.at,
            changed_by=entry.by,
        )
        over = self.log(over, entry)
        self.happen("incident.resolved", over, entry)
        self._forget_oldest()
        return over

    def climb(self, incident: Incident, level: int, at: datetime) -> Incident:
        """Tell the first level from this one on that somebody fills; past the last, nobody is told."""
        levels = len(self.account.policies[incident.policy_id].form.escalation_rules)
        for step in range(level, levels + 1):
            if user_ids := self.account.on_call(incident.policy_id, step, at):
                climbed = replace(
                    incident, level=step, level_since=at, assigned_via="escalation_policy", exhausted=False
                )
                return self.tell(climbed, user_ids, step, f"level {step}", at)
        return self.log(replace(incident, exhausted=True, level_since=at), Entry(at, "escalate", "exhausted"))

    def tell(
        self, incident: Incident, user_ids: tuple[str, ...], level: int | None, why: str, at: datetime
    ) -> Incident:
        """Assign the incident to these users and tell each of them."""
        return self.ring(replace(incident, assignees=user_ids, assigned_at=at), user_ids, level, why, at)

    def ring(
        self, incident: Incident, user_ids: tuple[str, ...], level: int | None, why: str, at: datetime
    ) -> Incident:
        """Tell these users about the incident, without assigning it to them."""
        told = tuple(
            Telling(at, each, self.account.users[each].form.name, level, incident.urgency, why) for each in user_ids
        )
        self.notifications += len(told)
        self.woken += len(told) if incident.urgency == "high" else 0
        count = incident.notifications + len(told)
        return self.keep(replace(incident, told=(*incident.told, *told)[-KEPT_EVENTS:], notifications=count))

    def log(self, incident: Incident, entry: Entry) -> Incident:
        """Keep the incident with one more line in its log."""
        return self.keep(replace(incident, log=(*incident.log[-KEPT_EVENTS:], entry)))

    def keep(self, incident: Incident) -> Incident:
        """Keep the incident as it is now."""
        self._incidents[incident.id] = incident
        return incident

    def happen(self, event_type: str, incident: Incident, entry: Entry) -> None:
        """Note what webhooks shall tell."""
        self.happenings.append(Happening(event_type, entry.at, incident, entry.by))

    def made_up(self, now: datetime) -> str:
        """Return an identifier that replaying the same calls gives again."""
        self._sequence += 1
        return hashlib.sha256(f"{now.isoformat()}#{self._sequence}".encode()).hexdigest()[:32]

    def new_id(self, now: datetime) -> str:
        """Return an identifier as long as those of the vendor's incidents."""
        return "Q" + self.made_up(now)[:13].upper()

    def _takes(self, service_id: str) -> bool:
        """Return whether there is such a service, and it opens incidents."""
        return service_id in self.account.services and not self.account.services[service_id].form.disabled

    def _open(self, service_id: str, key: str) -> list[Incident]:
        return [
            each
            for each in self._incidents.values()
            if each.open and each.dedup_key == key and each.service_id == service_id
        ]

    def _folds_into(self, service_id: str, routing_key: str, key: str) -> Incident | None:
        """Return the open incident that an event belongs to: its routing key's, or one that REST opened."""
        return next((each for each in self._open(service_id, key) if each.routing_key in {routing_key, None}), None)

    def _open_by(self, event: EventForm, service_id: str, key: str, decision: Decision, now: datetime) -> Incident:
        payload = event.payload
        if payload is None:  # the form refuses a trigger without one
            raise ValueError("expected a payload with the trigger")
        service = self.account.services[service_id]
        chosen = decision.policy_id
        incident = Incident(
            id=self.new_id(now),
            number=0,
            dedup_key=key,
            status="triggered",
            severity=payload.severity,
            summary=payload.summary,
            source=payload.source,
            opened_at=now,
            service_id=service_id,
            policy_id=chosen if chosen and chosen in self.account.policies else service.form.escalation_policy.id,
            urgency=_urgency(service.form.incident_urgency_rule.urgency, payload),
            routing_key=event.routing_key,
            component=payload.component,
            group=payload.group,
            class_=payload.class_,
            custom_details=dict(payload.custom_details or {}),
            client=event.client,
            client_url=event.client_url,
            links=tuple(link.model_dump(exclude_none=True) for link in event.links),
            images=tuple(image.model_dump(exclude_none=True) for image in event.images),
            priority_id=decision.priority_id,
        )
        by = Agent("service", service_id, service.form.name)
        return self.open(incident, Entry(now, "trigger", "opened", payload.summary, payload.severity, by))

    def _move(self, incident: Incident, event: EventForm, now: datetime) -> Outcome:
        """Move an open incident on. A trigger folds in and tells nobody again, acknowledged or not."""
        summary = event.payload.summary if event.payload else None
        severity = event.payload.severity if event.payload else None
        by = Agent("service", incident.service_id, self.account.services[incident.service_id].form.name)
        if event.event_action == "trigger":
            self.log(incident, Entry(now, "trigger", "folded-in", summary, severity, by))
            return "folded-in"
        if event.event_action == "acknowledge":
            self.acknowledge(incident, Entry(now, "acknowledge", "acknowledged", summary, severity, by))
            return "acknowledged"
        self.resolve(incident, Entry(now, "resolve", "resolved", summary, severity, by))
        return "resolved"

    def _forget_oldest(self) -> None:
        resolved = [incident.id for incident in self._incidents.values() if not incident.open]
        for incident_id in resolved[:-KEPT_RESOLVED]:
            del self._incidents[incident_id]


def _decided(event: EventForm, decision: Decision) -> EventForm:
    """Return the event with what the rules have changed of it."""
    changed: dict[str, Any] = {}
    if decision.severity and event.payload:
        changed["payload"] = event.payload.model_copy(update={"severity": decision.severity})
    if decision.event_action:
        changed["event_action"] = decision.event_action
    return event.model_copy(update=changed)


def _urgency(rule: str, payload: Payload) -> Urgency:
    """Return how loudly a new incident tells: critical and error ring, the rest waits, unless the service says so."""
    if rule == "severity_based":
        return "high" if payload.severity in {"critical", "error"} else "low"
    return "low" if rule == "low" else "high"
