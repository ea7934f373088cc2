"""Incidents and what hangs on them in the shape in which PagerDuty's REST API v2 shows them."""

from __future__ import annotations

from typing import Any, Final

from vcci_platform.sandbox.pagerduty import timers
from vcci_platform.sandbox.pagerduty.incident import (
    Agent,
    Entry,
    Incident,
    Note,
    Outcome,
    ResponderRequest,
    StatusUpdate,
    Telling,
)
from vcci_platform.sandbox.pagerduty.model import PagerDuty
from vcci_platform.sandbox.pagerduty.references import Namer, whole_seconds

__all__ = [
    "alert_shape",
    "incident_shape",
    "log_entries",
    "note_shape",
    "responder_request_shape",
    "status_update_shape",
]

_ENTRY_TYPES: Final[dict[Outcome, str]] = {
    "opened": "trigger_log_entry",
    "acknowledged": "acknowledge_log_entry",
    "unacknowledged": "unacknowledge_log_entry",
    "escalated": "escalate_log_entry",
    "repeated": "repeat_escalation_path_log_entry",
    "exhausted": "exhaust_escalation_path_log_entry",
    "reassigned": "assign_log_entry",
    "delegated": "delegate_log_entry",
    "resolved": "resolve_log_entry",
    "snoozed": "snooze_log_entry",
    "prioritized": "field_value_change_log_entry",
    "urgency-changed": "urgency_change_log_entry",
    "annotated": "annotate_log_entry",
    "reopened": "trigger_log_entry",
    "published": "status_update_log_entry",  # the vendor's document lacks this and the next, its log has them
    "responder-asked": "responder_request_log_entry",
}
"""What has no type here, such as a folded event, is in the log of our page only."""


def incident_shape(incident: Incident, pagerduty: PagerDuty, namer: Namer) -> dict[str, Any]:
    """Return the incident as the vendor's `Incident`; what does not apply is absent."""
    changed_by: Agent | None = incident.changed_by
    priority = namer.account.priority(incident.priority_id) if incident.priority_id else None
    shape = namer.incident(incident) | {
        "type": "incident",
        "incident_number": incident.number,
        "title": incident.summary,
        "created_at": whole_seconds(incident.opened_at),
        "updated_at": whole_seconds(incident.log[-1].at),
        "status": incident.status,
        "incident_key": incident.dedup_key,
        "service": namer.service(incident.service_id),
        "assignments": [
            {"at": whole_seconds(incident.assigned_at or incident.opened_at), "assignee": namer.user(user_id)}
            for user_id in incident.assignees
        ],
        "assigned_via": incident.assigned_via,
        "last_status_change_at": whole_seconds(incident.changed_at or incident.opened_at),
        "last_status_change_by": namer.agent(changed_by) or namer.service(incident.service_id),
        "first_trigger_log_entry": _entry_reference(incident, namer),
        "alert_counts": _alert_counts(incident),
        "is_mergeable": incident.open,
        "incident_type": {"name": "incident_default"},
        "escalation_policy": namer.policy(incident.policy_id),
        "teams": [],
        "pending_actions": [
            {"type": due.action, "at": whole_seconds(due.at)} for due in timers.dues(pagerduty, incident)
        ],
        "acknowledgements": [
            {"at": whole_seconds(at), "acknowledger": namer.agent(by)} for at, by in incident.acknowledgements
        ],
        "incidents_responders": [
            responder for request in incident.responder_requests for responder in _responders(incident, request, namer)
        ],
        "responder_requests": [
            responder_request_shape(incident, request, namer) for request in incident.responder_requests
        ],
        "urgency": incident.urgency,
    }
    optional = {
        "resolved_at": whole_seconds(incident.resolved_at) if incident.resolved_at else None,
        "priority": namer.priority(priority) if priority else None,
        "conference_bridge": incident.conference or None,
        "body": {"details": incident.body} if incident.body is not None else None,
    }
    return shape | {name: value for name, value in optional.items() if value is not None}


def note_shape(note: Note, namer: Namer) -> dict[str, Any]:
    """Return a note as the vendor's `IncidentNote`."""
    return {
        "id": note.id,
        "user": namer.user(note.user_id),
        "channel": {"summary": "The PagerDuty website or APIs"},
        "content": note.content,
        "created_at": whole_seconds(note.at),
        "updated_at": whole_seconds(note.at),
    }


def status_update_shape(update: StatusUpdate, namer: Namer) -> dict[str, Any]:
    """Return a message to the stakeholders as the vendor's `StatusUpdate`."""
    shape = {
        "id": update.id,
        "message": update.message,
        "created_at": whole_seconds(update.at),
        "sender": namer.user(update.user_id),
        "subject": update.subject,
        "html_message": update.html_message,
    }
    return {name: value for name, value in shape.items() if value is not None}


def responder_request_shape(incident: Incident, request: ResponderRequest, namer: Namer) -> dict[str, Any]:
    """Return a call for more hands as the vendor's `ResponderRequest`."""
    return {
        "id": request.id,
        "incident": namer.incident(incident),
        "requester": namer.user(request.requester_id),
        "requested_at": whole_seconds(request.at),
        "message": request.message,
        "responder_request_targets": [
            {
                "responder_request_target": {
                    "type": kind.removesuffix("_reference"),
                    "id": identifier,
                    "summary": namer.target(kind, identifier)["summary"],
                    "incident_responders": _responders(incident, request, namer),
                }
            }
            for kind, identifier in request.targets
        ],
    }


def alert_shape(incident: Incident, namer: Namer) -> dict[str, Any]:
    """Return the one alert of an incident that an event opened, as the vendor's `Alert`."""
    identifier = f"A{incident.id}"
    base = namer.reference("alert", f"incidents/{incident.id}/alerts", identifier, incident.summary)
    return base | {
        "created_at": whole_seconds(incident.opened_at),
        "status": "triggered" if incident.open else "resolved",
        "alert_key": incident.dedup_key,
        "service": namer.service(incident.service_id),
        "first_trigger_log_entry": _entry_reference(incident, namer),
        "incident": namer.incident(incident),
        "suppressed": False,
        "severity": incident.severity,
        "body": {
            "type": "alert_body",
            "contexts": [{"type": "link", **link} for link in incident.links]
            + [{"type": "image", **image} for image in incident.images],
            "details": incident.custom_details,
        },
    }


def log_entries(incident: Incident, namer: Namer) -> list[dict[str, Any]]:
    """Return the incident's log as the vendor shows it, the newest first, tellings included."""
    entries = [
        (entry.at, 0, number, _entry_shape(incident, entry, number, namer))
        for number, entry in enumerate(incident.log)
        if entry.outcome in _ENTRY_TYPES
    ]
    entries += [
        (telling.at, 1, number, _telling_shape(incident, telling, number, namer))
        for number, telling in enumerate(incident.told)
    ]
    return [shape for *_, shape in sorted(entries, key=lambda each: each[:3], reverse=True)]


def _entry_shape(incident: Incident, entry: Entry, number: int, namer: Namer) -> dict[str, Any]:
    kind = _ENTRY_TYPES[entry.outcome]
    words = f"{entry.action}: {entry.outcome}" + (f" ({entry.summary})" if entry.summary else "")
    channel = {"type": "timeout"} if entry.by is None else {"type": "api", "summary": entry.action}
    base = namer.reference(kind, "log_entries", f"{incident.id}{number:04d}", words)
    shape = base | {
        "created_at": whole_seconds(entry.at),
        "channel": channel,
        "agent": namer.agent(entry.by) or namer.service(incident.service_id),
        "service": namer.service(incident.service_id),
        "incident": namer.incident(incident),
        "teams": [],
        "contexts": [],
    }
    if kind == "annotate_log_entry":
        shape["note"] = entry.summary
    if kind in {"status_update_log_entry", "responder_request_log_entry"}:
        shape["message"] = entry.summary
    return shape


def _telling_shape(incident: Incident, telling: Telling, number: int, namer: Namer) -> dict[str, Any]:
    how = "rang" if telling.urgency == "high" else "told quietly"
    words = f"{telling.name} {how}: {telling.why}"
    return namer.reference("notify_log_entry", "log_entries", f"{incident.id}N{number:03d}", words) | {
        "created_at": whole_seconds(telling.at),
        "channel": {"type": "auto", "notification": {"type": "push_notification", "status": "success"}},
        "agent": namer.service(incident.service_id),
        "user": namer.user(telling.user_id),
        "service": namer.service(incident.service_id),
        "incident": namer.incident(incident),
        "teams": [],
        "contexts": [],
    }


def _entry_reference(incident: Incident, namer: Namer) -> dict[str, Any]:
    return namer.reference("trigger_log_entry_reference", "log_entries", f"{incident.id}0000", incident.summary)


def _alert_counts(incident: Incident) -> dict[str, int]:
    triggered = incident.alerts if incident.open else 0
    return {"all": incident.alerts, "triggered": triggered, "resolved": incident.alerts - triggered}


def _responders(incident: Incident, request: ResponderRequest, namer: Namer) -> list[dict[str, Any]]:
    return [
        {
            "state": "pending",
            "user": namer.user(user_id),
            "incident": namer.incident(incident),
            "updated_at": whole_seconds(request.at),
            "message": request.message,
            "requester": namer.user(request.requester_id),
            "requested_at": whole_seconds(request.at),
        }
        for user_id in request.user_ids
    ]
