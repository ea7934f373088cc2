"""What people are reminded of when one of the desk's timers rings: acknowledge, respond, update, review. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vcci_platform.incidents.decisions import (
    SYSTEM,
    Arm,
    Decision,
    Mail,
    Record,
    Ring,
    Tell,
    TimerKind,
)
from vcci_platform.incidents.model import Incident, State
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy
from vcci_slo.promql.durations import words

__all__ = ["REMINDERS", "Rung", "moment_words", "review", "span_words"]

SOON = timedelta(hours=12)
"""What is further away than this is told with its day, and not by the minute."""


@dataclass(frozen=True)
class Rung:
    """A timer that has rung: what it was for, and when it should have."""

    kind: TimerKind
    due_at: datetime
    detail: int = 0


Reminder = Callable[[Incident, Rung, IncidentPolicy, datetime], tuple[Decision, ...]]


def _acknowledge(incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    rules = policy[incident.priority]
    text = f"nobody has acknowledged this {incident.priority} for {span_words(now - incident.clock_from)}"
    if incident.acknowledged_at is not None:
        seen = incident.signed_at or incident.acknowledged_at
        if rules.acknowledge is None or rules.after(seen, rules.acknowledge) > rung.due_at:
            return ()
        text = f"nothing was heard of {incident.acknowledged_by or 'anybody'} since this became {incident.priority}"
    return Record("acknowledge_missed", text, by=SYSTEM), Tell(text, prompt=True, attention="channel")


def _assess(incident: Incident, _rung: Rung, _policy: IncidentPolicy, _now: datetime) -> tuple[Decision, ...]:
    if incident.state not in {State.DETECTED, State.ACKNOWLEDGED}:
        return ()
    text = "the assessment is due: who and what is affected, and is the severity right?"
    return Record("assess_due", text, by=SYSTEM), Tell(text, prompt=True)


def _respond(incident: Incident, _rung: Rung, _policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    if incident.state not in {State.DETECTED, State.ACKNOWLEDGED}:
        return ()
    text = f"nobody has begun to investigate this {incident.priority} for {span_words(now - incident.clock_from)}"
    return Record("respond_missed", text, by=SYSTEM), Tell(text, prompt=True, attention="here")


def _update(incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    rules = policy[incident.priority]
    if rules.update is None:
        return ()
    following = rules.after(rung.due_at, rules.update)
    while following <= now:
        following = rules.after(following, rules.update)
    public = ", and words for the status page, which promised them by now" if incident.is_public else ""
    text = f"an update is due: status, impact, ETA{public}; the next one by {moment_words(following, now)}"
    decisions: list[Decision] = [
        Record("update_due", text, by=SYSTEM),
        Tell(text, prompt=True),
        Arm(TimerKind.UPDATE, following),
    ]
    if (late := rules.after(now, policy.grace)) < following:
        decisions.append(Arm(TimerKind.LATE_UPDATE, late))
    return tuple(decisions)


def _late_update(incident: Incident, rung: Rung, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    """Return what follows when the update that was asked for did not come: the next level hears of the silence."""
    level = min(incident.level + 1, max(policy.levels, default=incident.level))
    late = span_words(now - rung.due_at + policy.grace)
    roles = policy.levels.get(level, ())
    asked = policy.who(level) if roles else "whoever reads this"
    public = ", to the public too" if incident.is_public else ""
    text = f"the update is {late} late; {asked}, please see to it that somebody tells how it stands{public}"
    mail = Mail("an update is overdue", text, roles)
    return Record("update_missed", text, by=SYSTEM), Tell(text, prompt=True, attention="channel"), mail


def _forgotten(incident: Incident, _rung: Rung, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    """Return the page that rings again: somebody acknowledged, and since then there was no sign of anybody."""
    rules = policy[incident.priority]
    since = incident.signed_at or incident.acknowledged_at
    if rules.forgotten is None or since is None:
        return ()
    if incident.held_until is not None and now < incident.held_until:
        return (Arm(TimerKind.FORGOTTEN, incident.held_until),)
    who = incident.acknowledged_by or "somebody"
    text = f"{who} acknowledged, and nothing was heard for {span_words(now - since)}: it rings again"
    again = Arm(TimerKind.FORGOTTEN, rules.after(now, rules.forgotten))
    if not rules.page:
        return Record("forgotten", text, by=SYSTEM), Tell(text, prompt=True), again
    return (
        Record("forgotten", text, by=SYSTEM),
        Ring(incident.priority, again=True, why=text),
        Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER),
        Tell(text, attention="channel"),
        again,
    )


def review(incident: Incident, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    """Return the reminder of a review that is overdue, again after the same time until there is one."""
    rules = policy[incident.priority]
    if incident.state is not State.RESOLVED or rules.review is None:
        return ()
    text = "the review is overdue"
    again = Arm(TimerKind.REVIEW, rules.wakes(now + rules.review))
    return Record("review_overdue", text, by=SYSTEM), Tell(text, prompt=True), again


def span_words(span: timedelta) -> str:
    """Return a length of time for people; what was long ago is told by the hour.

    >>> [span_words(timedelta(minutes=minutes)) for minutes in (0.5, 90, 3780)]
    ['30 s', '90 min', '2 days 15 hours']
    """
    seconds = span.total_seconds()
    if span >= SOON:
        return words(timedelta(hours=round(seconds / 3600)))
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def moment_words(moment: datetime, now: datetime) -> str:
    """Return a moment to come for people: its time, and its day where that is not soon.

    >>> moment_words(datetime(2026, 3, 9, 14, 30), datetime(2026, 3, 9, 13, 0))
    '14:30 UTC'
    >>> moment_words(datetime(2026, 3, 9, 14, 30), datetime(2026, 3, 6, 22, 30))
    'Mon 9 March, 14:30 UTC'
    """
    day = f"{moment:%a} {moment.day} {moment:%B}, " if moment - now >= SOON else ""
    return f"{day}{moment:%H:%M} UTC"


REMINDERS: Mapping[TimerKind, Reminder] = {
    TimerKind.ACKNOWLEDGE: _acknowledge,
    TimerKind.ASSESS: _assess,
    TimerKind.RESPOND: _respond,
    TimerKind.UPDATE: _update,
    TimerKind.LATE_UPDATE: _late_update,
    TimerKind.FORGOTTEN: _forgotten,
}
"""What rings for people while an incident is open."""
