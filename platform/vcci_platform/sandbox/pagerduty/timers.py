"""What time does to an incident: it escalates, an acknowledgement runs out, it is resolved by itself.

Each happens at the moment when it is due, however late it is looked at: looking often or seldom gives the same history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from vcci_platform.sandbox.pagerduty.incident import Entry, Incident
from vcci_platform.sandbox.pagerduty.model import PagerDuty

__all__ = ["Due", "advance", "dues"]


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something that an incident will do by itself, unless somebody does something before."""

    at: datetime
    action: Literal["escalate", "unacknowledge", "resolve"]


def advance(pagerduty: PagerDuty, now: datetime) -> None:
    """Let everything happen that was due until now, in its order."""
    while True:
        waiting = [
            (due, incident.number, incident)
            for incident in pagerduty.incidents
            if incident.open
            for due in dues(pagerduty, incident)
            if due.at <= now
        ]
        if not waiting:
            return
        due, _, incident = min(waiting, key=lambda each: each[:2])
        _carry_out(pagerduty, incident, due)


def dues(pagerduty: PagerDuty, incident: Incident) -> tuple[Due, ...]:
    """Return what an incident will do by itself, the next first. What has a low urgency does not escalate."""
    found: list[Due] = []
    if not incident.open:
        return ()
    if incident.resolve_at:
        found.append(Due(incident.resolve_at, "resolve"))
    if incident.status == "acknowledged" and incident.unacknowledge_at:
        found.append(Due(incident.unacknowledge_at, "unacknowledge"))
    climbing = incident.status == "triggered" and incident.urgency == "high" and not incident.exhausted
    if climbing and incident.assigned_via == "escalation_policy" and incident.level_since:
        rules = pagerduty.account.policies[incident.policy_id].form.escalation_rules
        rule = rules[min(incident.level, len(rules)) - 1]
        found.append(Due(incident.level_since + timedelta(minutes=rule.escalation_delay_in_minutes), "escalate"))
    return tuple(sorted(found))


def _carry_out(pagerduty: PagerDuty, incident: Incident, due: Due) -> None:
    if due.action == "resolve":
        pagerduty.resolve(incident, Entry(due.at, "auto-resolve timeout", "resolved"))
    elif due.action == "unacknowledge":
        _unacknowledge(pagerduty, incident, due.at)
    else:
        _escalate(pagerduty, incident, due.at)


def _unacknowledge(pagerduty: PagerDuty, incident: Incident, at: datetime) -> None:
    """Go back to triggered, and tell those again who have it."""
    entry = Entry(at, "acknowledgement timeout", "unacknowledged")
    level_since = at if incident.assigned_via == "escalation_policy" else None
    back = replace(
        incident,
        status="triggered",
        acknowledgements=(),
        unacknowledge_at=None,
        level_since=level_since,
        exhausted=False,
        changed_at=at,
        changed_by=None,
    )
    back = pagerduty.log(back, entry)
    if back.assignees:
        level = back.level if level_since else None
        back = pagerduty.tell(back, back.assignees, level, "acknowledgement ran out", at)
    else:
        back = pagerduty.climb(back, back.level, at)
    pagerduty.happen("incident.unacknowledged", back, entry)


def _escalate(pagerduty: PagerDuty, incident: Incident, at: datetime) -> None:
    policy = pagerduty.account.policies[incident.policy_id].form
    levels = range(incident.level + 1, len(policy.escalation_rules) + 1)
    level = next((each for each in levels if pagerduty.account.on_call(incident.policy_id, each, at)), None)
    if level is not None:
        entry = Entry(at, f"level {incident.level} did not acknowledge", "escalated")
        climbed = pagerduty.climb(pagerduty.log(incident, entry), level, at)
        pagerduty.happen("incident.escalated", climbed, entry)
    elif incident.loops < policy.num_loops:
        entry = Entry(at, "the last level did not acknowledge", "repeated")
        again = pagerduty.log(replace(incident, loops=incident.loops + 1), entry)
        again = pagerduty.climb(again, 1, at)
        pagerduty.happen("incident.escalated", again, entry)
    else:
        pagerduty.log(replace(incident, exhausted=True), Entry(at, "the last level did not acknowledge", "exhausted"))
