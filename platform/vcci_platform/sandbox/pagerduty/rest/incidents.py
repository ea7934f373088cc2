"""`/incidents…`: opening, finding and changing them, notes, status updates, responders, snoozing, alerts, the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vcci_platform.sandbox.pagerduty import responding
from vcci_platform.sandbox.pagerduty.account import Missing
from vcci_platform.sandbox.pagerduty.account_forms import moment
from vcci_platform.sandbox.pagerduty.incident import Incident
from vcci_platform.sandbox.pagerduty.refusals import INVALID_INPUT, RestRefusal, invalid, not_found
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Call, Desk, page, read, requester, wrapped
from vcci_platform.sandbox.pagerduty.rest_forms import (
    BULK_ROWS,
    BulkForm,
    Noted,
    PatchedIncident,
    PostedIncident,
    ResponderForm,
    SnoozeForm,
    StatusUpdateForm,
)
from vcci_platform.sandbox.pagerduty.shapes import (
    alert_shape,
    incident_shape,
    log_entries,
    note_shape,
    responder_request_shape,
    status_update_shape,
)

__all__ = [
    "annotate",
    "ask_responders",
    "create",
    "get",
    "get_alert",
    "list_alerts",
    "list_incidents",
    "list_log",
    "list_notes",
    "publish",
    "snooze",
    "update",
    "update_many",
]


def create(call: Call, desk: Desk) -> Answer:
    """Open an incident."""
    user = requester(call, desk)
    form = wrapped(PostedIncident, "incident", call.body)
    try:
        incident = responding.create(desk.pagerduty, form, user, call.now)
    except Missing as error:
        raise invalid(str(error)) from error
    return Answer(201, {"incident": _show(incident, desk)}, f"incident {incident.id} opened: {incident.summary}")


def list_incidents(call: Call, desk: Desk) -> Answer:
    """Find incidents by key, status, service, urgency, assignee and time."""
    found = [incident for incident in desk.pagerduty.incidents if _matches(call, incident)]
    order, _, direction = call.one("sort_by", "incident_number:asc").partition(":")
    if order not in {"incident_number", "created_at", "resolved_at", "urgency"} or direction not in {"asc", "desc", ""}:
        raise invalid(f"sort_by is invalid: {call.one('sort_by')!r}")
    found.sort(key=lambda incident: incident.number, reverse=direction == "desc")
    return page(call, "incidents", [_show(incident, desk) for incident in found])


def get(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return one incident, by its id or its number."""
    return Answer(200, {"incident": _show(_find(desk, identifier), desk)})


def update(call: Call, desk: Desk, identifier: str) -> Answer:
    """Change one incident."""
    user = requester(call, desk)
    incident = _find(desk, identifier)
    form = wrapped(PatchedIncident, "incident", call.body)
    changed = responding.change(desk.pagerduty, incident, form, user, call.now)
    return Answer(200, {"incident": _show(changed, desk)}, f"incident {changed.id}: {changed.log[-1].outcome}")


def update_many(call: Call, desk: Desk) -> Answer:
    """Change several incidents, or none when one of them refuses."""
    user = requester(call, desk)
    rows = (call.body or {}).get("incidents")
    if isinstance(rows, list) and len(rows) > BULK_ROWS:
        sentence = f"at most {BULK_ROWS} incidents can be changed at once, found {len(rows)}"
        raise RestRefusal(413, INVALID_INPUT, "Request Entity Too Large", [sentence])
    form = read(BulkForm, call.body)
    known = {_find(desk, each.id or "").id: each for each in form.incidents}
    if len(known) < len(form.incidents):
        raise invalid("expected every incident once")
    for identifier, each in known.items():
        responding.refuse_what_cannot_be(desk.pagerduty, _find(desk, identifier), each, user)
    changed = [
        responding.change(desk.pagerduty, _find(desk, identifier), each, user, call.now)
        for identifier, each in known.items()
    ]
    shown = {"incidents": [_show(incident, desk) for incident in changed], "limit": BULK_ROWS, "offset": 0}
    return Answer(200, shown | {"more": False, "total": None}, f"{len(changed)} incidents changed")


def list_notes(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return the notes of an incident, the newest first."""
    notes = [note_shape(note, desk.namer) for note in reversed(_find(desk, identifier).notes)]
    return Answer(200, {"notes": notes})


def annotate(call: Call, desk: Desk, identifier: str) -> Answer:
    """Write a note."""
    user = requester(call, desk)
    incident = _find(desk, identifier)
    form = wrapped(Noted, "note", call.body)
    note = responding.annotate(desk.pagerduty, incident, form.content, user, call.now)
    return Answer(200, {"note": note_shape(note, desk.namer)}, f"note on {incident.id}: {note.content[:80]}")


def publish(call: Call, desk: Desk, identifier: str) -> Answer:
    """Tell the stakeholders."""
    user = requester(call, desk)
    incident = _find(desk, identifier)
    update_ = responding.publish(desk.pagerduty, incident, read(StatusUpdateForm, call.body), user, call.now)
    shown = {"status_update": status_update_shape(update_, desk.namer)}
    return Answer(200, shown, f"status update on {incident.id}: {update_.message[:80]}")


def ask_responders(call: Call, desk: Desk, identifier: str) -> Answer:
    """Call for more hands."""
    incident = _find(desk, identifier)
    request = responding.ask_responders(desk.pagerduty, incident, read(ResponderForm, call.body), call.now)
    incident = _find(desk, incident.id)
    shown = {"responder_request": responder_request_shape(incident, request, desk.namer)}
    return Answer(200, shown, f"{len(request.user_ids)} asked to help with {incident.id}")


def snooze(call: Call, desk: Desk, identifier: str) -> Answer:
    """Acknowledge until later."""
    user = requester(call, desk)
    incident = _find(desk, identifier)
    form = read(SnoozeForm, call.body)
    quiet = responding.snooze(desk.pagerduty, incident, form.duration, user, call.now)
    return Answer(201, {"incident": _show(quiet, desk)}, f"incident {quiet.id} snoozed for {form.duration} s")


def list_alerts(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return the alert of an incident, if an event opened it."""
    incident = _find(desk, identifier)
    statuses = call.many("statuses")
    alerts = [alert_shape(incident, desk.namer)] if incident.alerts else []
    return page(call, "alerts", [each for each in alerts if not statuses or each["status"] in statuses])


def get_alert(_call: Call, desk: Desk, identifier: str, alert_id: str) -> Answer:
    """Return one alert."""
    incident = _find(desk, identifier)
    shape = alert_shape(incident, desk.namer)
    if not incident.alerts or shape["id"] != alert_id:
        raise not_found(f"Alert {alert_id} does not exist")
    return Answer(200, {"alert": shape})


def list_log(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return what happened to an incident, the newest first."""
    since, until = _edge(call, "since"), _edge(call, "until")
    entries = [
        entry
        for entry in log_entries(_find(desk, identifier), desk.namer)
        if (since is None or moment(entry["created_at"]) >= since)
        and (until is None or moment(entry["created_at"]) < until)
    ]
    return page(call, "log_entries", entries)


def _find(desk: Desk, identifier: str) -> Incident:
    incident = desk.pagerduty.incident(identifier)
    if incident is None:
        raise not_found(f"Incident {identifier} does not exist")
    return incident


def _show(incident: Incident, desk: Desk) -> dict[str, Any]:
    return incident_shape(incident, desk.pagerduty, desk.namer)


def _edge(call: Call, name: str) -> datetime | None:
    try:
        return moment(call.one(name)) if call.one(name) else None
    except ValueError as error:
        raise invalid(f"expected an ISO 8601 time as {name} ({error})") from error


def _matches(call: Call, incident: Incident) -> bool:
    statuses, services, urgencies = call.many("statuses"), call.many("service_ids"), call.many("urgencies")
    users = call.many("user_ids")
    since, until = _edge(call, "since"), _edge(call, "until")
    if unknown := set(statuses) - {"triggered", "acknowledged", "resolved"}:
        raise invalid(f"statuses[] is invalid: {', '.join(sorted(unknown))}")
    in_time = call.one("date_range") == "all" or (
        (since is None or incident.opened_at >= since) and (until is None or incident.opened_at < until)
    )
    return all(
        (
            in_time,
            not call.one("incident_key") or incident.dedup_key == call.one("incident_key"),
            not statuses or incident.status in statuses,
            not services or incident.service_id in services,
            not urgencies or incident.urgency in urgencies,
            not users or bool(set(users) & set(incident.assignees)),
        )
    )
