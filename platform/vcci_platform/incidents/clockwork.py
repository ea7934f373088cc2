"""What the desk decides when one of its timers rings. Pure; a timer that comes late rings once, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vcci_platform.incidents.actions import WITHHOLDS, asked, resolve
from vcci_platform.incidents.decisions import (
    SYSTEM,
    Arm,
    Decision,
    FallBack,
    Record,
    Ring,
    Tell,
    Tick,
    TimerKind,
)
from vcci_platform.incidents.model import Incident, Priority, Recovery, State, Tracked
from vcci_platform.incidents.reminders import REMINDERS, Rung, review, span_words
from vcci_platform.incidents.reopening import reopened
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy

__all__ = ["Rung", "Sight", "on_timer"]

LOOKS_PER_WATCH = 5
"""A watch that did not see enough good SLI is looked at again after a fifth of its length."""

WAITS = frozenset({*REMINDERS, TimerKind.ESCALATE})
"""What asks people for something, and so waits for the working hours of a severity that has them."""

OUTLAST_A_WATCH = frozenset({TimerKind.ACKNOWLEDGE, TimerKind.ESCALATE, TimerKind.FORGOTTEN})
"""What a watch only makes wait: should the fault come back, people are still asked for it."""

NOT_TAKEN = "PagerDuty did not take the page within a minute"


@dataclass(frozen=True)
class Sight:
    """What the desk can see when a timer rings.

    `recovery` is the verdict of the SLIs over the length of the watch; `unmeasured` when no objective belongs to the
    system, and then its alerts alone decide. `blind` is true while a source of the incident has lost its Watchdog.
    `page_waits_since` is when the oldest call was made that PagerDuty has not taken. `tasks_due` should be done by now.
    `other_open` is another incident that is open for the same system.
    """

    recovery: Recovery = Recovery.UNMEASURED
    blind: bool = False
    page_waits_since: datetime | None = None
    tasks_due: tuple[str, ...] = ()
    other_open: str = ""


def on_timer(
    incident: Incident, alerts: tuple[Tracked, ...], rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight
) -> tuple[Decision, ...]:
    """Return what follows when a timer rings; nothing, when the incident has moved on from what it was for."""
    if not incident.is_open:
        return _after_the_end(incident, alerts, rung, policy, now, sight)
    calm = incident.state is State.MONITORING and not policy.holding(incident, alerts)
    if calm and rung.kind is TimerKind.LATE_UPDATE:
        return ()
    if (later := _not_yet(incident, rung, policy, now, sight, calm=calm)) is not None:
        return (Arm(rung.kind, later, rung.detail),)
    if rung.kind in REMINDERS:
        return REMINDERS[rung.kind](incident, rung, policy, now)
    decisions: tuple[Decision, ...] = ()
    match rung.kind:
        case TimerKind.PAGE:
            decisions = _page(incident, now)
        case TimerKind.FALLBACK:
            decisions = _fall_back(sight, now)
        case TimerKind.ESCALATE:
            decisions = _escalate(incident, rung, policy, now, sight)
        case TimerKind.MONITOR:
            decisions = _monitor(incident, alerts, rung, policy, now, sight)
        case TimerKind.TASK:
            decisions = _tasks(sight)
        case _:
            pass
    return decisions


def _after_the_end(
    incident: Incident, alerts: tuple[Tracked, ...], rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight
) -> tuple[Decision, ...]:
    """Return what follows when a timer rings for an incident that is over."""
    if rung.kind is TimerKind.REVIEW:
        return review(incident, policy, now)
    if rung.kind is TimerKind.STILL_FIRES:
        return reopened(incident, alerts, policy, now, sight.other_open, waits=_impact_is_over(incident, sight))
    return ()


def _not_yet(
    incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight, *, calm: bool
) -> datetime | None:
    """Return when to look again at a timer that must not ring now: nobody is at work, or the fault seems over.

    `calm` is a watch while no alert keeps the incident open. One that a person began in spite of an alert is none.
    """
    wakes = policy[incident.priority].wakes(now)
    if rung.kind in WAITS and wakes > now:
        return wakes
    if (calm and rung.kind in OUTLAST_A_WATCH) or (
        rung.kind is TimerKind.FORGOTTEN and _impact_is_over(incident, sight)
    ):
        return now + policy.monitor_for / LOOKS_PER_WATCH
    return None


def _fall_back(sight: Sight, now: datetime) -> tuple[Decision, ...]:
    """Return the other ways that a call takes; one that was made meanwhile gets its own minute."""
    since = sight.page_waits_since
    if since is None:
        return ()
    if since + FALLBACK_AFTER > now:
        return (Arm(TimerKind.FALLBACK, since + FALLBACK_AFTER),)
    return (FallBack(NOT_TAKEN),)


def _tasks(sight: Sight) -> tuple[Decision, ...]:
    if not sight.tasks_due:
        return ()
    text = f"to be done by now: {'; '.join(sight.tasks_due)}"
    return Record("task_due", text, by=SYSTEM), Tell(text, prompt=True)


def _page(incident: Incident, now: datetime) -> tuple[Decision, ...]:
    if incident.rung is not None:
        return ()
    if incident.state is State.MONITORING:
        return (Record("page_withheld", "the fault was over before the wait for a worse one ended", by=SYSTEM),)
    why = "no worse alert of the same system came while it waited"
    return Ring(incident.priority, again=False, why=why), Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER)


def _escalate(
    incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime, sight: Sight
) -> tuple[Decision, ...]:
    if rung.detail in incident.asked:
        return ()
    held_until = incident.held_until
    if held_until is not None and now < held_until:
        return (Arm(TimerKind.ESCALATE, held_until, rung.detail),)
    if _impact_is_over(incident, sight):
        again = Arm(TimerKind.ESCALATE, now + policy.monitor_for / LOOKS_PER_WATCH, rung.detail)
        first = {
            level: policy[incident.priority].after(incident.clock_from, after)
            for after, level in policy.escalation.get(incident.priority, ())
        }
        if rung.due_at > first.get(rung.detail, rung.due_at):
            return (again,)
        text = f"level {rung.detail} is not woken: the SLI has been good for {span_words(policy.monitor_for)}"
        return Record("escalation_withheld", text, by=SYSTEM), again
    who = policy.who(rung.detail)
    text = f"unresolved for {span_words(now - incident.clock_from)}: escalated to level {rung.detail} ({who})"
    decisions = (
        *asked(rung.detail, now),
        Tell(text, attention="channel"),
        Tick(SYSTEM, milestone="escalated"),
    )
    rules = policy[incident.priority]
    if rules.forgotten is None or incident.acknowledged_at is None:
        return decisions
    return *decisions, Arm(TimerKind.FORGOTTEN, rules.after(now, rules.forgotten))  # somebody was woken just now


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
    else:
        held = WITHHOLDS.get(sight.recovery, "")
    if not held:
        measured = "of good SLI" if sight.recovery is Recovery.GOOD else "without an alert"
        return resolve(incident, policy, now, by=SYSTEM, why=f"{span_words(policy.monitor_for)} {measured}")
    again = Arm(TimerKind.MONITOR, now + policy.monitor_for / LOOKS_PER_WATCH)
    if rung.due_at <= since + policy.monitor_for:
        return Record("resolve_withheld", f"not resolved yet: {held}", by=SYSTEM), again
    return (again,)
