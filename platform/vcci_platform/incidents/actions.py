"""What follows when a person acts on an incident, and everything that ends with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from vcci_platform.incidents.decisions import (
    SYSTEM,
    AcknowledgePages,
    AddTasks,
    Arm,
    Cancel,
    Decision,
    Escalate,
    Mail,
    Move,
    Propose,
    Publish,
    Record,
    ResolvePages,
    Ring,
    Sign,
    Tell,
    Tick,
    TimerKind,
)
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import (
    Action,
    Incident,
    Nature,
    Priority,
    Publication,
    Recovery,
    Refused,
    State,
    Tracked,
    allowed_actions,
    next_state,
)
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy

__all__ = [
    "DEADLINES",
    "WITHHOLDS",
    "asked",
    "begun",
    "check_tellable",
    "checklist",
    "clocks",
    "escalations",
    "on_action",
    "on_approval",
    "paged",
    "publication",
    "resolve",
    "signs",
    "stopped",
    "told",
    "updated",
]

DEADLINES = (
    TimerKind.ACKNOWLEDGE,
    TimerKind.ASSESS,
    TimerKind.RESPOND,
    TimerKind.UPDATE,
    TimerKind.LATE_UPDATE,
    TimerKind.ESCALATE,
)
"""The clocks that a severity sets, and that begin anew with another severity."""

WITHHOLDS: Mapping[Recovery, str] = {
    Recovery.BAD: "the SLI is not good yet",
    Recovery.UNKNOWN: "the SLI has no data, and silence is not health",
}
"""What the SLIs say that keeps an incident from being over."""


def on_action(
    incident: Incident,
    alerts: tuple[Tracked, ...],
    action: Action,
    policy: IncidentPolicy,
    now: datetime,
    *,
    by: str,
    why: str = "",
    recovery: Recovery = Recovery.UNMEASURED,
) -> tuple[Decision, ...]:
    """Return what a person's action means, or raise `Refused`; `recovery` is what the SLIs say.

    To resolve before the SLI was good for long enough, or to watch or resolve while an alert fires, takes a reason.
    """
    to = next_state(incident.state, action)
    if action is Action.RESOLVE:
        _check_resolve(incident, alerts, policy, now, why, recovery)
        return *resolve(incident, policy, now, by=by, why=why), *_spared(incident, alerts, policy, now)
    if action is Action.MONITOR:
        _check_quiet(incident, alerts, policy, "watch", why)
    if action is Action.REVIEW:
        return Move(to, by, why), Sign(), Cancel((TimerKind.REVIEW,))
    decisions: list[Decision] = [Move(to, by, why), Tell(f"{by}: {to}{f' ({why})' if why else ''}")]
    if incident.acknowledged_at is None:
        decisions += [stopped(incident), AcknowledgePages(), Tick(SYSTEM, milestone="acknowledged")]
    if to in {State.INVESTIGATING, State.IDENTIFIED, State.MITIGATING}:
        decisions += [Cancel((TimerKind.ASSESS, TimerKind.RESPOND)), Tick(SYSTEM, milestone="assessed")]
    decisions += signs(evolve(incident, decisions, now) or incident, policy, now)
    if incident.state is State.MONITORING:
        decisions.append(Cancel((TimerKind.MONITOR,)))
    if to is State.MONITORING:
        decisions.append(Arm(TimerKind.MONITOR, now + policy.monitor_for))
    if action is Action.REOPEN:
        reopened = evolve(incident, decisions, now) or incident
        decisions += [Cancel((TimerKind.REVIEW, TimerKind.STILL_FIRES)), *clocks(reopened, policy, now, since=now)]
    if incident.is_public and action is not Action.ACKNOWLEDGE:
        decisions.append(Publish(by, why))
    return tuple(decisions)


def on_approval(
    incident: Incident, policy: IncidentPolicy, now: datetime, *, by: str, why: str = "", words: str = ""
) -> tuple[Decision, ...]:
    """Return what follows when the commander lets the public know, nothing if it knows already, or raise `Refused`.

    Words of their own are an update: the next one is due a whole interval later, and the words name that moment.
    """
    if not incident.is_open:
        sentence = f"an incident that is {incident.state} is not published any more"
        raise Refused("not-open", sentence, allowed_actions(incident.state))
    if policy[incident.priority].status_page == "never":
        sentence = f"a {incident.priority} is never shown on the status page"
        raise Refused("never-published", sentence, allowed_actions(incident.state))
    check_tellable(incident)
    if incident.publication is Publication.PUBLISHED and not words:
        return ()
    return (
        Publish(by, why, words=words),
        Tick(SYSTEM, milestone="published"),
        *(updated(incident, policy, now) if words else ()),
    )


def check_tellable(incident: Incident) -> None:
    """Refuse to tell the public anything of a security incident."""
    if incident.nature is Nature.SECURITY:
        sentence = "a security incident is told to the public by people, not by the desk"
        raise Refused("restricted", sentence, allowed_actions(incident.state))


def resolve(
    incident: Incident, policy: IncidentPolicy, now: datetime, *, by: str, why: str = ""
) -> tuple[Decision, ...]:
    """Return everything that ends with an incident: pages, timers, the status page; and its review begins.

    What the public was shown ends even if it became a security incident since: a component must not stay broken there.
    """
    decisions: list[Decision] = [
        Move(State.RESOLVED, by, why),
        Cancel(tuple(TimerKind)),
        ResolvePages(),
        Tell(f"resolved by {by}{f': {why}' if why else ''}"),
        Tick(SYSTEM, milestone="resolved"),
        *told(incident, policy, "resolved", f"It is over. {why}".strip()),
    ]
    if incident.publication is Publication.PUBLISHED:
        decisions.append(Publish(by, why))
    if (review := policy[incident.priority].review) is not None:
        decisions.append(Arm(TimerKind.REVIEW, policy[incident.priority].wakes(now + review)))
    return tuple(decisions)


def _spared(
    incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    """Return what becomes of a resolve while alerts fire: they are silent for a time, and then it is asked again."""
    fires = ", ".join(sorted({tracked.alert.name for tracked in policy.holding(incident, alerts)}))
    if not fires:
        return ()
    until = policy.stands_until(incident, now)
    text = f"{fires} still fires: silent until {until:%Y-%m-%d %H:%M} UTC, and reopened if it fires then"
    return Record("still_fires", text, by=SYSTEM), Tell(text), Arm(TimerKind.STILL_FIRES, until)


def _check_resolve(
    incident: Incident,
    alerts: Iterable[Tracked],
    policy: IncidentPolicy,
    now: datetime,
    why: str,
    recovery: Recovery,
) -> None:
    _check_quiet(incident, alerts, policy, "resolve", why)
    since = incident.monitoring_since
    if why.strip():
        return
    if since is None or now < since + policy.monitor_for:
        minutes = policy.monitor_for.total_seconds() / 60
        withheld = f"it was not yet watched for {minutes:g} minutes of good SLI"
    elif recovery in WITHHOLDS:
        withheld = WITHHOLDS[recovery]
    else:
        return
    raise Refused("reason-needed", f"{withheld}: to resolve anyway, say why", allowed_actions(incident.state))


def _check_quiet(incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy, action: str, why: str) -> None:
    fires = ", ".join(sorted({tracked.alert.name for tracked in policy.holding(incident, alerts)}))
    if fires and not why.strip():
        sentence = f"{fires} still fires: to {action} anyway, say why"
        raise Refused("reason-needed", sentence, allowed_actions(incident.state))


def clocks(incident: Incident, policy: IncidentPolicy, now: datetime, *, since: datetime) -> list[Decision]:
    """Return the deadlines of the incident's severity; escalation counts from detection, the others from `since`.

    Those of a severity with working hours stand still outside them.
    """
    rules = policy[incident.priority]
    idle = incident.state in {State.DETECTED, State.ACKNOWLEDGED}
    clocks: list[Decision] = []
    if rules.acknowledge is not None and incident.acknowledged_at is None:
        clocks.append(Arm(TimerKind.ACKNOWLEDGE, rules.after(since, rules.acknowledge)))
    if rules.assess is not None and idle:
        clocks.append(Arm(TimerKind.ASSESS, rules.after(since, rules.assess)))
    if idle and (respond_by := rules.respond_by(since)) is not None:
        clocks.append(Arm(TimerKind.RESPOND, respond_by))
    if rules.update is not None:
        clocks.append(Arm(TimerKind.UPDATE, rules.after(now, rules.update)))
    return clocks + escalations(incident, policy, now)


def updated(incident: Incident, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    """Return what it means for the clocks that an update was given: the next is due a whole interval from now."""
    rules = policy[incident.priority]
    due = [] if rules.update is None else [Arm(TimerKind.UPDATE, rules.after(now, rules.update))]
    return [Cancel((TimerKind.UPDATE, TimerKind.LATE_UPDATE)), *due]


def escalations(incident: Incident, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    """Return when each level that was not asked yet is asked, counted from detection; what is past is due now."""
    rules = policy[incident.priority]
    return [
        Arm(TimerKind.ESCALATE, max(now, rules.after(incident.clock_from, after)), level)
        for after, level in policy.escalation.get(incident.priority, ())
        if level not in incident.asked
    ]


def begun(incident: Incident, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    """Return what every new incident sets going: its clocks, its checklist, who is told, and what the public sees."""
    return [
        *publication(incident, policy),
        *clocks(incident, policy, now, since=now),
        *checklist(incident, policy),
        *told(incident, policy, "begins", incident.title),
    ]


def checklist(incident: Incident, policy: IncidentPolicy) -> list[Decision]:
    """Return the tasks of the incident's severity, and those of its nature."""
    return [
        AddTasks(name, tasks, SYSTEM)
        for name in (incident.priority.value, incident.nature.value)
        if (tasks := policy.checklists.get(name))
    ]


def signs(incident: Incident, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    """Return what a sign of work means: from now on the page is forgotten only after the whole time again.

    Who has acknowledged, and was to show that they heard of something worse, has shown it.
    """
    decisions: list[Decision] = [Sign()]
    rules = policy[incident.priority]
    if incident.signed_at is not None and incident.acknowledged_at is not None:
        decisions.append(Cancel((TimerKind.ACKNOWLEDGE,)))
    if rules.forgotten is not None and incident.is_open and incident.acknowledged_at is not None:
        decisions.append(Arm(TimerKind.FORGOTTEN, rules.after(now, rules.forgotten)))
    return decisions


def publication(incident: Incident, policy: IncidentPolicy) -> list[Decision]:
    """Return what the public learns by itself, and what a person is asked to let it know."""
    shown = policy[incident.priority].status_page
    if incident.nature is Nature.SECURITY:
        return []
    if incident.publication is Publication.PUBLISHED:
        return [Publish(SYSTEM, f"now {incident.priority}")]
    if shown == "at-once" and policy.approve.get(incident.priority) == "auto":
        return [Publish(SYSTEM, f"the policy of {incident.priority}"), Tick(SYSTEM, milestone="published")]
    if shown in {"at-once", "users-above"} and incident.publication is Publication.NONE:
        above = policy[incident.priority].users_above
        when = f" if more than {above * 100:g} % of the users are affected" if above else ""
        return [Propose(), Tell(f"The status page waits for the commander's approval{when}.", prompt=True)]
    return []


def asked(level: int, now: datetime, *, by: str = SYSTEM, why: str = "unresolved") -> tuple[Decision, ...]:
    """Return how a level is asked for help: by PagerDuty, or by what else there is if that does not take it in time."""
    return Escalate(level, by=by, why=why), Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER)


def stopped(incident: Incident) -> Cancel:
    """Return the clocks that an acknowledgement stops: not that of a level which was asked and may not be reached."""
    if incident.level > 1:
        return Cancel((TimerKind.ACKNOWLEDGE, TimerKind.PAGE))
    return Cancel((TimerKind.ACKNOWLEDGE, TimerKind.FALLBACK, TimerKind.PAGE))


def paged(priority: Priority, now: datetime, *, again: bool, why: str) -> list[Decision]:
    """Return how people are woken: by PagerDuty, or by what else there is if that does not take it in time."""
    return [
        Cancel((TimerKind.PAGE,)),
        Ring(priority, again=again, why=why),
        Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER),
    ]


def told(incident: Incident, policy: IncidentPolicy, what: str, text: str) -> list[Decision]:
    """Return the mail to those whom the spec names; of a security incident only those who may see it hear."""
    roles = policy[incident.priority].tell if incident.nature is Nature.FAULT else policy.security_roles
    return [Mail(what, text, roles)] if roles else []
