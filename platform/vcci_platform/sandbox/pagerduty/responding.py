"""What people and programs do to incidents through REST: open, change, note, tell, call for hands, snooze."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from vcci_platform.sandbox.pagerduty.account import PRIORITIES, Kept, Missing
from vcci_platform.sandbox.pagerduty.account_forms import UserForm
from vcci_platform.sandbox.pagerduty.forms import SEVERITIES
from vcci_platform.sandbox.pagerduty.incident import (
    Agent,
    Entry,
    Happening,
    Incident,
    Note,
    ResponderRequest,
    Status,
    StatusUpdate,
)
from vcci_platform.sandbox.pagerduty.model import PagerDuty
from vcci_platform.sandbox.pagerduty.refusals import (
    ALREADY_ACKNOWLEDGED,
    ALREADY_RESOLVED,
    NOBODY_ON_CALL,
    RestRefusal,
    invalid,
)
from vcci_platform.sandbox.pagerduty.rest_forms import (
    Conference,
    PatchedIncident,
    PostedIncident,
    ResponderForm,
    StatusUpdateForm,
)

__all__ = ["annotate", "ask_responders", "change", "create", "publish", "refuse_what_cannot_be", "snooze"]

NOTES: Final = 2000  # the most that an incident takes


def agent_of(user: Kept[UserForm]) -> Agent:
    """Return the user as the one who acts."""
    return Agent("user", user.id, user.form.name)


def create(pagerduty: PagerDuty, form: PostedIncident, user: Kept[UserForm], now: datetime) -> Incident:
    """Open an incident, or refuse it with 400 because an open one of the service has its key."""
    account = pagerduty.account
    named = (form.service, form.escalation_policy, *(each.assignee for each in form.assignments))
    account.check(*(each for each in named if each is not None))
    service = account.services[form.service.id].form
    if form.incident_key and pagerduty.open_with(form.service.id, form.incident_key):
        raise invalid("Open incident already exists on this service with matching incident_key")
    priority = account.priority(form.priority.id) if form.priority else None
    if form.priority and priority is None:
        raise invalid(f"Priority {form.priority.id} does not exist")
    policy_id = form.escalation_policy.id if form.escalation_policy else service.escalation_policy.id
    assignees = tuple(dict.fromkeys(each.assignee.id for each in form.assignments))
    levels = range(1, len(account.policies[policy_id].form.escalation_rules) + 1)
    if not assignees and not any(account.on_call(policy_id, level, now) for level in levels):
        raise RestRefusal(400, NOBODY_ON_CALL, "No one is on call for the escalation policy")
    urgency = form.urgency or ("low" if service.incident_urgency_rule.urgency == "low" else "high")
    by = agent_of(user)
    mine = user.id in assignees
    incident = Incident(
        id=pagerduty.new_id(now),
        number=0,
        dedup_key=form.incident_key or pagerduty.made_up(now),
        status="acknowledged" if mine else "triggered",
        severity=SEVERITIES[PRIORITIES.index(priority)] if priority else ("error" if urgency == "high" else "warning"),
        summary=form.title,
        source=by.name,
        opened_at=now,
        service_id=form.service.id,
        policy_id=policy_id,
        urgency=urgency,
        body=form.body.details if form.body else None,
        priority_id=priority.id if priority else None,
        conference=_bridge(form.conference_bridge),
        assignees=assignees,
        assigned_at=now if assignees else None,
        assigned_via="direct_assignment" if assignees else "escalation_policy",
        acknowledged_at=now if mine else None,
        acknowledgements=((now, by),) if mine else (),
    )
    return pagerduty.open(incident, Entry(now, "create", "opened", form.title, incident.severity, by))


def change(
    pagerduty: PagerDuty, incident: Incident, form: PatchedIncident, user: Kept[UserForm], now: datetime
) -> Incident:
    """Carry out every change of the form, or none."""
    refuse_what_cannot_be(pagerduty, incident, form, user)
    by = agent_of(user)
    incident = _describe(pagerduty, incident, form, by, now)
    incident = _hand_over(pagerduty, incident, form, by, now)
    return _move(pagerduty, incident, form.status, form.resolution, by, now)


def annotate(pagerduty: PagerDuty, incident: Incident, content: str, user: Kept[UserForm], now: datetime) -> Note:
    """Write a note on an incident."""
    if len(incident.notes) >= NOTES:
        raise invalid(f"An incident takes at most {NOTES} notes")
    note = Note("N" + pagerduty.made_up(now)[:13].upper(), now, user.id, content)
    entry = Entry(now, "note", "annotated", content, by=agent_of(user))
    noted = pagerduty.log(replace(incident, notes=(*incident.notes, note)), entry)
    pagerduty.happenings.append(Happening("incident.annotated", now, noted, entry.by, note))
    return note


def publish(
    pagerduty: PagerDuty, incident: Incident, form: StatusUpdateForm, user: Kept[UserForm], now: datetime
) -> StatusUpdate:
    """Tell the stakeholders of an incident."""
    identifier = "U" + pagerduty.made_up(now)[:13].upper()
    update = StatusUpdate(identifier, now, user.id, form.message, form.subject, form.html_message)
    entry = Entry(now, "status update", "published", form.message, by=agent_of(user))
    told = pagerduty.log(replace(incident, status_updates=(*incident.status_updates, update)), entry)
    pagerduty.happenings.append(Happening("incident.status_update_published", now, told, entry.by, update))
    return update


def ask_responders(pagerduty: PagerDuty, incident: Incident, form: ResponderForm, now: datetime) -> ResponderRequest:
    """Call for more hands: users, or the first level of a policy that somebody fills."""
    account = pagerduty.account
    targets = [each.responder_request_target for each in form.responder_request_targets]
    try:
        requester = account.users[form.requester_id]
        account.check(*targets)
    except Missing as error:
        raise invalid(str(error)) from error
    user_ids: list[str] = []
    for target in targets:
        if target.type.startswith("user"):
            user_ids.append(target.id)
        else:
            levels = range(1, len(account.policies[target.id].form.escalation_rules) + 1)
            user_ids += next(filter(None, (account.on_call(target.id, level, now) for level in levels)), ())
    request = ResponderRequest(
        "R" + pagerduty.made_up(now)[:13].upper(),
        now,
        requester.id,
        form.message,
        tuple((target.type, target.id) for target in targets),
        tuple(dict.fromkeys(user_ids)),
    )
    entry = Entry(now, "responder request", "responder-asked", form.message, by=agent_of(requester))
    asked = replace(incident, responder_requests=(*incident.responder_requests, request))
    asked = pagerduty.ring(pagerduty.log(asked, entry), request.user_ids, None, "asked to help", now)
    pagerduty.happenings.append(Happening("incident.responder.added", now, asked, entry.by, request))
    return request


def snooze(pagerduty: PagerDuty, incident: Incident, seconds: int, user: Kept[UserForm], now: datetime) -> Incident:
    """Acknowledge an incident until later."""
    if not incident.open:
        raise RestRefusal(400, ALREADY_RESOLVED, "Incident Already Resolved")
    entry = Entry(now, f"snooze {seconds} s", "snoozed", by=agent_of(user))
    quiet = pagerduty.acknowledge(incident, entry)
    return pagerduty.keep(replace(quiet, unacknowledge_at=now + timedelta(seconds=seconds)))


def refuse_what_cannot_be(
    pagerduty: PagerDuty, incident: Incident, form: PatchedIncident, user: Kept[UserForm]
) -> None:
    """Raise `RestRefusal` for a change that the incident cannot take; nothing has changed then."""
    account = pagerduty.account
    named = (form.escalation_policy, *(each.assignee for each in form.assignments))
    try:
        account.check(*(each for each in named if each is not None))
    except Missing as error:
        raise invalid(str(error)) from error
    if form.priority and account.priority(form.priority.id) is None:
        raise invalid(f"Priority {form.priority.id} does not exist")
    policy_id = form.escalation_policy.id if form.escalation_policy else incident.policy_id
    levels = len(account.policies[policy_id].form.escalation_rules)
    if form.escalation_level and form.escalation_level > levels:
        raise invalid(f"escalation_level {form.escalation_level} does not exist: the policy has {levels}")
    if form.status == "resolved" and not incident.open:
        raise RestRefusal(400, ALREADY_RESOLVED, "Incident Already Resolved")
    moves = form.assignments or form.escalation_policy or form.escalation_level
    if moves and not incident.open and form.status is None:
        raise RestRefusal(400, ALREADY_RESOLVED, "Incident Already Resolved")
    if form.status == "acknowledged" and any(each == agent_of(user) for _, each in incident.acknowledgements):
        raise RestRefusal(400, ALREADY_ACKNOWLEDGED, "Incident Already Acknowledged")


def _describe(pagerduty: PagerDuty, incident: Incident, form: PatchedIncident, by: Agent, now: datetime) -> Incident:
    """Change what is said about the incident, and nothing that tells anybody."""
    if form.title and form.title != incident.summary:
        entry = Entry(now, "title", "renamed", form.title, by=by)
        incident = pagerduty.log(replace(incident, summary=form.title), entry)
    priority = pagerduty.account.priority(form.priority.id) if form.priority else None
    if priority and priority.id != incident.priority_id:
        entry = Entry(now, f"priority {priority.name}", "prioritized", by=by)
        incident = pagerduty.log(replace(incident, priority_id=priority.id), entry)
        pagerduty.happen("incident.priority_updated", incident, entry)
    if form.urgency and form.urgency != incident.urgency:
        entry = Entry(now, f"urgency {form.urgency}", "urgency-changed", by=by)
        since = now if incident.status == "triggered" else incident.level_since
        incident = pagerduty.log(replace(incident, urgency=form.urgency, level_since=since), entry)
    if form.conference_bridge:
        bridge = _bridge(form.conference_bridge)
        entry = Entry(now, "conference bridge", "bridged", bridge.get("conference_url"), by=by)
        incident = pagerduty.log(replace(incident, conference={**incident.conference, **bridge}), entry)
        pagerduty.happenings.append(Happening("incident.conference_bridge.updated", now, incident, by, bridge))
    return incident


def _hand_over(pagerduty: PagerDuty, incident: Incident, form: PatchedIncident, by: Agent, now: datetime) -> Incident:
    """Give the incident to other people; whoever gets it is told, and has not acknowledged it."""
    if not (form.assignments or form.escalation_policy or form.escalation_level):
        return incident
    incident = replace(incident, acknowledgements=(), unacknowledge_at=None, loops=0, exhausted=False)
    if incident.open:
        incident = replace(incident, status="triggered")
    if form.assignments:
        entry = Entry(now, "assign", "reassigned", by=by)
        user_ids = tuple(dict.fromkeys(each.assignee.id for each in form.assignments))
        incident = replace(incident, assigned_via="direct_assignment", level_since=None)
        incident = pagerduty.tell(pagerduty.log(incident, entry), user_ids, None, "assigned", now)
        pagerduty.happen("incident.reassigned", incident, entry)
    if form.escalation_policy and form.escalation_policy.id != incident.policy_id:
        name = pagerduty.account.policies[form.escalation_policy.id].form.name
        entry = Entry(now, f"to the policy {name}", "delegated", by=by)
        incident = pagerduty.log(replace(incident, policy_id=form.escalation_policy.id), entry)
        incident = pagerduty.climb(incident, form.escalation_level or 1, now)
        pagerduty.happen("incident.delegated", incident, entry)
    elif form.escalation_level:
        entry = Entry(now, f"to level {form.escalation_level}", "escalated", by=by)
        incident = pagerduty.climb(pagerduty.log(incident, entry), form.escalation_level, now)
        pagerduty.happen("incident.escalated", incident, entry)
    return incident


def _move(
    pagerduty: PagerDuty, incident: Incident, status: Status | None, resolution: str | None, by: Agent, now: datetime
) -> Incident:
    if status is None:
        return incident
    if status == "resolved":
        return pagerduty.resolve(
            replace(incident, resolution=resolution), Entry(now, "resolve", "resolved", resolution, by=by)
        )
    if not incident.open:
        incident = _reopen(pagerduty, incident, by, now)
    if status == "acknowledged":
        return pagerduty.acknowledge(incident, Entry(now, "acknowledge", "acknowledged", by=by))
    if incident.status == "acknowledged":
        entry = Entry(now, "trigger", "unacknowledged", by=by)
        back = replace(
            incident, status="triggered", acknowledgements=(), unacknowledge_at=None, changed_at=now, changed_by=by
        )
        back = pagerduty.climb(pagerduty.log(back, entry), back.level, now)
        pagerduty.happen("incident.unacknowledged", back, entry)
        return back
    return incident


def _reopen(pagerduty: PagerDuty, incident: Incident, by: Agent, now: datetime) -> Incident:
    """Open a resolved incident again: it starts from the first level, and its timeout starts anew."""
    seconds = pagerduty.account.services[incident.service_id].form.auto_resolve_timeout
    entry = Entry(now, "reopen", "reopened", by=by)
    again = replace(
        incident,
        status="triggered",
        resolved_at=None,
        resolution=None,
        loops=0,
        exhausted=False,
        resolve_at=now + timedelta(seconds=seconds) if seconds else None,
        changed_at=now,
        changed_by=by,
    )
    again = pagerduty.climb(pagerduty.log(again, entry), 1, now)
    pagerduty.happen("incident.reopened", again, entry)
    return again


def _bridge(form: Conference | None) -> dict[str, str]:
    return form.model_dump(exclude_none=True) if form else {}
