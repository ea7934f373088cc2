"""What follows when a person acts on an incident, and everything that ends with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from vcci_platform.incidents.decisions import (
    AcknowledgePages,
    Arm,
    Cancel,
    Decision,
    Move,
    Publish,
    ResolvePages,
    Tell,
    TimerKind,
    evolve,
)
from vcci_platform.incidents.model import (
    Action,
    Incident,
    Publication,
    Refused,
    State,
    Tracked,
    allowed_actions,
    next_state,
)
from vcci_platform.incidents.rules import IncidentPolicy

__all__ = ["clocks", "on_action", "on_approval", "resolve"]


def on_action(
    incident: Incident,
    alerts: tuple[Tracked, ...],
    action: Action,
    policy: IncidentPolicy,
    now: datetime,
    *,
    by: str,
    why: str = "",
) -> tuple[Decision, ...]:
    """Return what a person's action means, or raise `Refused`.

    To resolve before the SLI was watched for long enough, or while an alert fires, takes a reason.
    """
    to = next_state(incident.state, action)
    if action is Action.RESOLVE:
        _check_resolve(incident, alerts, policy, now, why)
        return resolve(incident, policy, now, by=by, why=why)
    if action is Action.REVIEW:
        return Move(to, by, why), Cancel((TimerKind.REVIEW,))
    decisions: list[Decision] = [Move(to, by, why), Tell(f"{by}: {to}{f' ({why})' if why else ''}")]
    if incident.acknowledged_at is None:
        reached = (TimerKind.ACKNOWLEDGE, TimerKind.FALLBACK, TimerKind.PAGE)
        decisions += [Cancel(reached), AcknowledgePages()]
    if incident.state is State.MONITORING:
        decisions.append(Cancel((TimerKind.MONITOR,)))
    if to is State.MONITORING:
        decisions.append(Arm(TimerKind.MONITOR, now + policy.monitor_for))
    if action is Action.REOPEN:
        reopened = evolve(incident, decisions, now) or incident
        decisions += [Cancel((TimerKind.REVIEW,)), *clocks(reopened, policy, now, since=now)]
    if incident.publication is Publication.PUBLISHED and action is not Action.ACKNOWLEDGE:
        decisions.append(Publish(by, why))
    return tuple(decisions)


def on_approval(incident: Incident, policy: IncidentPolicy, *, by: str, why: str = "") -> tuple[Decision, ...]:
    """Return what follows when the commander lets the public know, nothing if it knows already, or raise `Refused`."""
    if not incident.is_open:
        sentence = f"an incident that is {incident.state} is not published any more"
        raise Refused("not-open", sentence, allowed_actions(incident.state))
    if policy[incident.priority].status_page == "never":
        sentence = f"a {incident.priority} is never shown on the status page"
        raise Refused("never-published", sentence, allowed_actions(incident.state))
    if incident.publication is Publication.PUBLISHED:
        return ()
    return (Publish(by, why),)


def resolve(
    incident: Incident, policy: IncidentPolicy, now: datetime, *, by: str, why: str = ""
) -> tuple[Decision, ...]:
    """Return everything that ends with an incident: pages, timers, the status page; and its review begins."""
    decisions: list[Decision] = [
        Move(State.RESOLVED, by, why),
        Cancel(tuple(TimerKind)),
        ResolvePages(),
        Tell(f"resolved by {by}{f': {why}' if why else ''}"),
    ]
    if incident.publication is Publication.PUBLISHED:
        decisions.append(Publish(by, why))
    if (review := policy[incident.priority].review) is not None:
        decisions.append(Arm(TimerKind.REVIEW, now + review))
    return tuple(decisions)


def _check_resolve(
    incident: Incident, alerts: Iterable[Tracked], policy: IncidentPolicy, now: datetime, why: str
) -> None:
    if why.strip():
        return
    fires = ", ".join(sorted({tracked.alert.name for tracked in policy.holding(incident, alerts)}))
    since = incident.monitoring_since
    if fires:
        sentence = f"{fires} still fires: to resolve anyway, say why"
    elif since is None or now < since + policy.monitor_for:
        minutes = policy.monitor_for.total_seconds() / 60
        sentence = f"it was not yet watched for {minutes:g} minutes of good SLI: to resolve anyway, say why"
    else:
        return
    raise Refused("reason-needed", sentence, allowed_actions(incident.state))


def clocks(incident: Incident, policy: IncidentPolicy, now: datetime, *, since: datetime) -> list[Decision]:
    """Return the deadlines of the incident's severity; escalation counts from detection, the others from `since`."""
    rules = policy[incident.priority]
    clocks: list[Decision] = []
    if rules.acknowledge is not None and incident.acknowledged_at is None:
        clocks.append(Arm(TimerKind.ACKNOWLEDGE, since + rules.acknowledge))
    if rules.assess is not None and incident.state in {State.DETECTED, State.ACKNOWLEDGED}:
        clocks.append(Arm(TimerKind.ASSESS, since + rules.assess))
    if rules.update is not None:
        clocks.append(Arm(TimerKind.UPDATE, now + rules.update))
    clocks += [
        Arm(TimerKind.ESCALATE, max(now, incident.clock_from + after), level)
        for after, level in policy.escalation.get(incident.priority, ())
        if level > incident.level
    ]
    return clocks
