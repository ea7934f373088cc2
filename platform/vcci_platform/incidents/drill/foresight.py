"""What would happen in the first minutes of an incident, from the spec alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from vcci_platform.incidents.drill.script import Act, Step
from vcci_platform.incidents.drill.stage import Stage, beginning, stage
from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.views import IncidentDetail
from vcci_slo.plan import Alert as PlannedAlert
from vcci_slo.plan import Plan

__all__ = ["Foresight", "Happening", "document", "foresee"]

PAGERDUTY = "PagerDuty"
ITSELF = "PagerDuty itself"
"""What PagerDuty does by the policy that the spec compiles to, whether the desk lives or not."""

ENGINEER = "the engineer on call"
INCIDENT, REMINDER, AHEAD = "Incident", "Reminder", "Ahead"
CHANNELS: Mapping[Target, str] = {
    Target.PAGERDUTY: PAGERDUTY,
    Target.SECOND_PAGER: "Second pager",
    Target.STATUSPAGE: "Status page",
    Target.SLACK: "Slack",
    Target.MAIL: "Mail",
    Target.RESPONDERS: PAGERDUTY,
}
"""Through what each part of the outside hears; a reminder comes through the chat, under its own name."""
ORDER = (INCIDENT, PAGERDUTY, ITSELF, "Second pager", "Status page", "Slack", REMINDER, "Mail", AHEAD)
VERBS: Mapping[Kind, str] = {
    Kind.TRIGGER: "page",
    Kind.ACKNOWLEDGE: "the page is acknowledged",
    Kind.RESOLVE: "the page is resolved",
    Kind.ESCALATE: "the open page is handed on",
    Kind.REWORD: "what was said before is hidden",
}
MOVES = (
    "opened",
    "state_",
    "escalation_withheld",
    "resolve_withheld",
    "page_withheld",
    "page_fell_back",
    "acknowledge_missed",
)
AHEAD_KINDS: Mapping[str, str] = {
    "page": "the page goes out, if nothing worse comes",
    "fallback": "the page goes out another way, if PagerDuty has not taken it",
    "task": "tasks of a checklist are due",
    "acknowledge": "somebody has acknowledged",
    "assess": "the impact is assessed",
    "respond": "somebody works on it",
    "update": "the next update",
    "late_update": "the next level hears that the update is late",
    "escalate": "escalation to level {detail}",
    "forgotten": "it rings again, unless somebody gives a sign",
    "monitor": "it is resolved, if the SLI stays good",
    "review": "the review is due",
    "still_fires": "it is opened again, if the alert still fires",
}


@dataclass(frozen=True)
class Happening:
    """One thing that happens: how long after detection, through which channel, to whom, and what."""

    after: timedelta
    channel: str
    to: str
    what: str


@dataclass(frozen=True)
class Foresight:
    """The course of an incident in which people do only what was said. `hours` is when they may be asked at all."""

    priority: Priority
    begins: datetime
    hours: str
    title: str
    system: str
    length: timedelta
    acknowledged: timedelta | None
    over: timedelta | None
    state: str
    happenings: tuple[Happening, ...]


def foresee(
    plan: Plan,
    priority: Priority,
    length: timedelta,
    *,
    acknowledged: timedelta | None = None,
    over: timedelta | None = None,
    at: datetime | None = None,
    pagerduty: bool = True,
) -> Foresight:
    """Return what happens in `length` when an incident of this severity begins and no other Prometheus pages for it.

    Somebody acknowledges after `acknowledged` and then gives no further sign; the alerts end after `over`. None: never.
    It begins `at`, or on a Monday in working hours. `pagerduty` false: PagerDuty is away all the time.
    """
    policy = IncidentPolicy.from_plan(plan)
    planned = alert_of(plan, priority)
    rules = policy[priority]
    with stage(policy, at or beginning(rules), pagerduty=pagerduty) as play:
        _begin(play, plan, planned, priority)
        steps = [] if acknowledged is None else [Step(acknowledged, Act.ACKNOWLEDGE, ENGINEER)]
        until = play.begins + length
        if over is not None and over <= length:
            play.play([step for step in steps if step.after <= over], play.begins + over)
            _end(play, plan, planned, priority)
            play.play([step for step in steps if step.after > over], until)
        else:
            play.play(steps, until)
        record = play.record
        found = [
            *_told(play, policy),
            *_moved(record, play.begins),
            *_rung_by_pagerduty(plan, priority, play, record, until),
            *_ahead(record, policy, play.begins),
        ]
    return Foresight(
        priority,
        play.begins,
        str(rules.hours or ""),
        record.title,
        plan.name,
        length,
        acknowledged,
        over,
        record.state.value,
        happenings=tuple(sorted(found, key=lambda one: (one.after, ORDER.index(one.channel)))),
    )


def document(seen: Foresight) -> dict[str, Any]:
    """Return it as JSON, times in minutes after detection."""
    return {
        "severity": seen.priority.value,
        "title": seen.title,
        "system": seen.system,
        "begins_as_if_at": seen.begins.isoformat(),
        "hours": seen.hours or None,
        "minutes": _minutes(seen.length),
        "acknowledged_after_minutes": None if seen.acknowledged is None else _minutes(seen.acknowledged),
        "over_after_minutes": None if seen.over is None else _minutes(seen.over),
        "state_at_the_end": seen.state,
        "happenings": [
            {"minute": _minutes(one.after), **{key: value for key, value in asdict(one).items() if key != "after"}}
            for one in seen.happenings
        ],
    }


def alert_of(plan: Plan, priority: Priority) -> PlannedAlert | None:
    """Return the first alert of the spec that has this severity; None when only people report such faults."""
    known = (alert for alert in plan.alerts if any(limit.priority == priority for limit in alert.limits))
    return next(known, None)


def _begin(play: Stage, plan: Plan, planned: PlannedAlert | None, priority: Priority) -> None:
    if planned is None:
        play.desk.report(Report(f"A fault of {priority}", priority, plan.name, "a person"), "simulated")
    else:
        play.desk.receive([_alert(planned, priority, play.begins)])


def _end(play: Stage, plan: Plan, planned: PlannedAlert | None, priority: Priority) -> None:
    """Let the alerts end; what a person reported, a person takes back."""
    if planned is not None:
        over = replace(_alert(planned, priority, play.begins), resolved=True, ends_at=play.clock.now())
        play.desk.receive([over])
        play.settle()
    elif play.incident.is_open:
        play.play([Step(play.clock.now() - play.begins, Act.MONITOR, ENGINEER, say="it is over")], play.begins)


def _alert(planned: PlannedAlert, priority: Priority, begins: datetime) -> Alert:
    return Alert(
        fingerprint="simulated",
        name=planned.name,
        resolved=False,
        priority=priority,
        system=planned.system,
        starts_at=begins,
        component=planned.component,
        runbook_url=planned.runbook_url,
        dashboard_url=planned.dashboard_url,
    )


# --- what happened ---


def _told(play: Stage, policy: IncidentPolicy) -> Iterator[Happening]:
    """Yield everything that the outside was told, each once."""
    for one in play.heard:
        channel, to, what = CHANNELS[one.target], "; ".join(one.to), one.text
        match one.target:
            case Target.PAGERDUTY | Target.SECOND_PAGER | Target.RESPONDERS:
                calls = one.kind in {Kind.TRIGGER, Kind.ESCALATE}
                to = f"level {one.level}: {policy.who(one.level)}" if calls else ""
                what = f"{VERBS[one.kind]}: {one.text}" if one.text else VERBS[one.kind]
            case Target.SLACK:
                channel = REMINDER if one.kind is Kind.PROMPT else channel
                usual = {*policy.chat.values(), policy.security_channel}
                place = next((name for name in one.to if name not in usual), "the channel")
                to = f"{place}, @{one.attention}" if one.attention else place
            case Target.STATUSPAGE | Target.MAIL:
                pass
        yield Happening(one.at - play.begins, channel, to, what)


def _moved(record: IncidentDetail, begins: datetime) -> Iterator[Happening]:
    for entry in record.timeline:
        if entry.kind.startswith(MOVES):
            why = f" ({entry.why})" if entry.why else ""
            yield Happening(entry.received_at - begins, INCIDENT, "", f"{entry.text}{why}")


def _rung_by_pagerduty(
    plan: Plan, priority: Priority, play: Stage, record: IncidentDetail, until: datetime
) -> Iterator[Happening]:
    """Yield the steps that PagerDuty takes by itself while nobody acknowledges the page, by the spec's own figures."""
    rung = next((one.at for one in play.heard if one.target is Target.PAGERDUTY and one.kind is Kind.TRIGGER), None)
    if rung is None:
        return
    ends = [moment for moment in (record.acknowledged_at, record.resolved_at) if moment is not None]
    silent = min([*ends, until])
    for after, level in plan.escalation.steps(priority, "unacknowledged"):
        if rung + after < silent or (not ends and rung + after == until):
            who = ", ".join(plan.escalation.who(level)) or "nobody"
            what = "nobody has acknowledged the page: its escalation policy rings the next level"
            yield Happening(rung + after - play.begins, ITSELF, f"level {level}: {who}", what)


def _ahead(record: IncidentDetail, policy: IncidentPolicy, begins: datetime) -> Iterator[Happening]:
    """Yield what is set for later, beyond the minutes that were asked for."""
    for timer in record.timers:
        to = policy.who(timer.detail) if timer.kind == "escalate" else ""
        yield Happening(timer.due_at - begins, AHEAD, to, AHEAD_KINDS[timer.kind].format(detail=timer.detail))


def _minutes(span: timedelta) -> float:
    minutes = span / timedelta(minutes=1)
    return int(minutes) if minutes == int(minutes) else round(minutes, 3)
