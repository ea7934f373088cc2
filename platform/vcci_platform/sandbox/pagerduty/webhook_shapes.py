"""What PagerDuty's webhooks v3 carry: the event, and the data that fits its type.

The forms are those of https://developer.pagerduty.com/docs/webhooks-overview/; the vendor publishes no schema of them.
"""

from __future__ import annotations

import hashlib
from typing import Any

from vcci_platform.sandbox.pagerduty.incident import Happening, Incident, Note, ResponderRequest, StatusUpdate
from vcci_platform.sandbox.pagerduty.references import Namer

__all__ = ["event_shape", "ping_shape", "service_event"]


def event_shape(happening: Happening, sequence: int, namer: Namer) -> dict[str, Any]:
    """Return the event of a webhook about an incident."""
    return {
        "id": _event_id(f"{happening.incident.id}/{sequence}"),
        "event_type": happening.event_type,
        "resource_type": "incident",
        "occurred_at": _millis(happening),
        "agent": namer.agent(happening.agent),
        "client": None,
        "data": _data(happening, namer),
    }


def ping_shape(sequence: int, at: str) -> dict[str, Any]:
    """Return the test event."""
    return {
        "id": _event_id(f"ping/{sequence}"),
        "event_type": "pagey.ping",
        "resource_type": "pagey",
        "occurred_at": at,
        "agent": None,
        "client": None,
        "data": {"message": "Hello from your friend Pagey!", "type": "ping"},
    }


def service_event(event_type: str, service_id: str, sequence: int, at: str, namer: Namer) -> dict[str, Any]:
    """Return the event of a service that was made, changed or deleted."""
    service = namer.service(service_id)
    return {
        "id": _event_id(f"{service_id}/{sequence}"),
        "event_type": event_type,
        "resource_type": "service",
        "occurred_at": at,
        "agent": None,
        "client": None,
        "data": service | {"type": "service", "alert_creation": "create_alerts_and_incidents", "teams": []},
    }


def _data(happening: Happening, namer: Namer) -> dict[str, Any]:
    incident, special = happening.incident, happening.special
    about = {"incident": namer.incident(incident)}
    if isinstance(special, Note):
        return about | {"id": special.id, "content": special.content, "trimmed": False, "type": "incident_note"}
    if isinstance(special, StatusUpdate):
        return about | {
            "id": special.id,
            "message": special.message,
            "trimmed": False,
            "type": "incident_status_update",
        }
    if isinstance(special, ResponderRequest):
        policies = [identifier for kind, identifier in special.targets if kind.startswith("escalation_policy")]
        first = special.user_ids[0] if special.user_ids else special.requester_id
        return about | {
            "user": namer.user(first),
            "escalation_policy": namer.policy(policies[0]) if policies else None,
            "message": special.message,
            "state": "pending",
            "type": "incident_responder",
        }
    if special is not None:
        number = special.get("conference_number")
        return about | {
            "conference_numbers": [{"label": "Conference", "number": number}] if number else [],
            "conference_url": special.get("conference_url"),
            "type": "incident_conference_bridge",
        }
    return _incident(incident, namer)


def _incident(incident: Incident, namer: Namer) -> dict[str, Any]:
    priority = namer.account.priority(incident.priority_id) if incident.priority_id else None
    reference = namer.incident(incident)
    return {
        "id": incident.id,
        "type": "incident",
        "self": reference["self"],
        "html_url": reference["html_url"],
        "number": incident.number,
        "status": incident.status,
        "incident_key": incident.dedup_key,
        "created_at": incident.opened_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "title": incident.summary,
        "incident_type": {"name": "incident_default"},
        "service": namer.service(incident.service_id),
        "assignees": [namer.user(user_id) for user_id in incident.assignees],
        "escalation_policy": namer.policy(incident.policy_id),
        "teams": [],
        "priority": _without_words(namer.priority(priority)) if priority else None,
        "urgency": incident.urgency,
        "conference_bridge": _bridge(incident),
        "resolve_reason": None,
    }


def _without_words(priority: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in priority.items() if name not in {"name", "description"}}
    return kept | {"type": "priority_reference"}


def _bridge(incident: Incident) -> dict[str, Any] | None:
    if not incident.conference:
        return None
    number = incident.conference.get("conference_number")
    return {
        "conference_number": number,
        "conference_url": incident.conference.get("conference_url"),
    }


def _millis(happening: Happening) -> str:
    return happening.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _event_id(name: str) -> str:
    return "01" + hashlib.sha256(name.encode()).hexdigest()[:24].upper()
