"""What the desk decides when one of its timers rings. Pure; a timer that comes late rings once, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from vcci_platform.incidents.actions import resolve
from vcci_platform.incidents.decisions import (
    SYSTEM,
    Arm,
    Decision,
    Escalate,
    FallBack,
    Record,
    Ring,
    Tell,
    TimerKind,
)
from vcci_platform.incidents.model import Incident, Priority, State, Tracked
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy

__all__ = ["Recovery", "Rung", "Sight", "on_timer"]

LOOKS_PER_WATCH = 5
"""A watch that did not see enough good SLI is looked at again after a fifth of its length."""

NOT_TAKEN = "PagerDuty did not take the page within a minute"


class Recovery(StrEnum):
    """What the SLIs of a system say about the last minutes."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True)
class Sight:
    """What the desk can see when a timer rings.

    `recovery` is the verdict of the SLIs over the length of the watch; `unmeasured` when no objective belongs to the
    system, and then its alerts alone decide. `blind` is true while a source of the incident has lost its Watchdog.
    `page_waits` is true while a page of the incident has not reached PagerDuty.
    """

    recovery: Recovery = Recovery.UNMEASURED
    blind: bool = False
    page_waits: bool = False


@dataclass(frozen=True)
class Rung:
    """A timer that has rung: what it was for, and when it should have."""

    kind: TimerKind
    due_at: datetime
    detail: int = 0


def on_timer(
    incident: Incident, alerts: tuple[Tracked, ...], rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight
) -> tuple[Decision, ...]:
    """Return what follows when a timer rings; nothing, when the incident has moved on from what it was for."""
    if rung.kind is TimerKind.REVIEW:
        return _review(incident, policy, now)
    decisions: tuple[Decision, ...] = ()
    if incident.is_open:
        match rung.kind:
            case TimerKind.PAGE:
                decisions = _page(incident, now)
            case TimerKind.FALLBACK:
                decisions = (FallBack(NOT_TAKEN),) if sight.page_waits else ()
            case TimerKind.ACKNOWLEDGE:
                decisions = _acknowledge(incident, now)
            case TimerKind.ASSESS:
                decisions = _assess(incident)
            case TimerKind.UPDATE:
                decisions = _update(incident, rung, policy, now)
            case TimerKind.ESCALATE:
                decisions = _escalate(incident, rung, policy, now, sight)
            case TimerKind.MONITOR:
                decisions = _monitor(incident, alerts, rung, policy, now, sight)
    return decisions


def _page(incident: Incident, now: datetime) -> tuple[Decision, ...]:
    if incident.rung is not None:
        return ()
    if incident.state is State.MONITORING:
        return (Record("page_withheld", "the fault was over before the wait for a worse one ended", by=SYSTEM),)
    why = "no worse alert of the same system came while it waited"
    return Ring(incident.priority, again=False, why=why), Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER)


def _acknowledge(incident: Incident, now: datetime) -> tuple[Decision, ...]:
    if incident.acknowledged_at is not None or incident.state is State.MONITORING:
        return ()
    text = f"nobody has acknowledged this {incident.priority} for {_words(now - incident.clock_from)}"
    return Record("acknowledge_missed", text, by=SYSTEM), Tell(text, prompt=True, attention="channel")


def _assess(incident: Incident) -> tuple[Decision, ...]:
    if incident.state not in {State.DETECTED, State.ACKNOWLEDGED}:
        return ()
    text = "the assessment is due: who and what is affected, and is the severity right?"
    return Record("assess_due", text, by=SYSTEM), Tell(text, prompt=True)


def _update(incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    every = policy[incident.priority].update
    if every is None:
        return ()
    following = rung.due_at + every
    while following <= now:
        following += every
    text = f"an update is due: status, impact, ETA; the next one by {following:%H:%M} UTC"
    return Record("update_due", text, by=SYSTEM), Tell(text, prompt=True), Arm(TimerKind.UPDATE, following)


def _escalate(
    incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight
) -> tuple[Decision, ...]:
    if rung.detail <= incident.level:
        return ()
    if incident.state is State.MONITORING:
        return (Arm(TimerKind.ESCALATE, now + policy.monitor_for, rung.detail),)
    if _impact_is_over(incident, sight):
        again = Arm(TimerKind.ESCALATE, now + policy.monitor_for / LOOKS_PER_WATCH, rung.detail)
        first = {level: incident.clock_from + after for after, level in policy.escalation.get(incident.priority, ())}
        if rung.due_at > first.get(rung.detail, rung.due_at):
            return (again,)
        text = f"level {rung.detail} is not woken: the SLI has been good for {_words(policy.monitor_for)}"
        return Record("escalation_withheld", text, by=SYSTEM), again
    roles = policy.levels.get(rung.detail, ())
    who = ", ".join(f"{role} {policy.mentions.get(role, '')}".strip() for role in roles)
    text = f"unresolved for {_words(now - incident.clock_from)}: escalated to level {rung.detail} ({who or 'nobody'})"
    return Escalate(rung.detail), Tell(text, attention="channel")


def _impact_is_over(incident: Incident, sight: Sight) -> bool:
    """Return whether only the memory of alerts keeps a P0 open: a P0 is called for its impact, and that is measured.

    What a person reported may be what no SLI sees.
    """
    good = sight.recovery is Recovery.GOOD and not sight.blind
    return good and incident.priority is Priority.P0 and incident.source != "person"


def _monitor(
    incident: Incident, alerts: tuple[Tracked, ...], rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight
) -> tuple[Decision, ...]:
    since = incident.monitoring_since
    if incident.state is not State.MONITORING or since is None:
        return ()
    held = ""
    if fires := policy.holding(incident, alerts):
        held = f"{fires[0].alert.name} still fires"
    elif sight.blind:
        held = "its source has lost its Watchdog"
    elif sight.recovery is Recovery.BAD:
        held = "the SLI is not good yet"
    elif sight.recovery is Recovery.UNKNOWN:
        held = "the SLI has no data, and silence is not health"
    if not held:
        measured = "of good SLI" if sight.recovery is Recovery.GOOD else "without an alert"
        return resolve(incident, policy, now, by=SYSTEM, why=f"{_words(policy.monitor_for)} {measured}")
    again = Arm(TimerKind.MONITOR, now + policy.monitor_for / LOOKS_PER_WATCH)
    if rung.due_at <= since + policy.monitor_for:
        return Record("resolve_withheld", f"not resolved yet: {held}", by=SYSTEM), again
    return (again,)


def _review(incident: Incident, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    every = policy[incident.priority].review
    if incident.state is not State.RESOLVED or every is None:
        return ()
    text = "the review is overdue"
    return Record("review_overdue", text, by=SYSTEM), Tell(text, prompt=True), Arm(TimerKind.REVIEW, now + every)


def _words(span: timedelta) -> str:
    """Return a length of time for people.

    >>> _words(timedelta(minutes=90)), _words(timedelta(seconds=30))
    ('90 min', '30 s')
    """
    seconds = span.total_seconds()
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
