"""What people do to an incident beside moving it on: notes, updates, severity, roles, tasks, the clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vcci_platform.incidents.actions import (
    DEADLINES,
    asked,
    check_tellable,
    checklist,
    clocks,
    escalations,
    paged,
    publication,
    signs,
    told,
    updated,
)
from vcci_platform.incidents.decisions import (
    SYSTEM,
    AddTasks,
    Assign,
    Cancel,
    Classify,
    Decision,
    Hold,
    Publish,
    Record,
    Regrade,
    StandDown,
    Tell,
    Tick,
    TimerKind,
)
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import (
    Incident,
    Nature,
    Priority,
    Refused,
    Role,
    allowed_actions,
)
from vcci_platform.incidents.reminders import moment_words, span_words
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_slo.plan import Task

__all__ = [
    "Update",
    "on_assign",
    "on_declare",
    "on_escalate",
    "on_hold",
    "on_note",
    "on_priority",
    "on_security",
    "on_task",
    "on_tick",
    "on_update",
]


LONGEST_HOLD = timedelta(hours=24)
"""A clock that is held for longer than a shift's handover is one that nobody winds up again."""


@dataclass(frozen=True)
class Update:
    """What a person tells everybody at work: how it stands, what it means, and when it may be over.

    `public` are the words for the status page; empty, the usual ones of the state are shown.
    """

    by: str
    status: str
    impact: str = ""
    eta: str = ""
    public: str = ""


def on_note(incident: Incident, policy: IncidentPolicy, now: datetime, *, by: str, text: str) -> tuple[Decision, ...]:
    """Return what a note means: a line of the timeline, and a sign of work."""
    return Record("note", text, by=by), *signs(incident, policy, now)


def on_update(
    incident: Incident, update: Update, policy: IncidentPolicy, now: datetime, *, may_publish: bool
) -> tuple[Decision, ...]:
    """Return what an update means: everybody at work reads it, the next one is due a whole interval later.

    The public sees it when it follows this incident already and the writer may speak to it. It was told by when it
    hears more: an update without words for it puts off neither that moment nor whoever asks for what is late.
    """
    _check_open(incident, "updated")
    facts = tuple((name, said) for name, said in (("Impact", update.impact), ("ETA", update.eta)) if said)
    text = "\n".join([update.status, *(f"{name}: {said}" for name, said in facts)])
    follows = incident.is_public
    untold = "\nThe status page was not told of this." if follows and not update.public else ""
    decisions: list[Decision] = [
        Record("update", text, by=update.by, facts=facts),
        Tell(f"Update by {update.by}: {text}{untold}"),
        *(() if untold else updated(incident, policy, now)),
        Tick(SYSTEM, milestone="updated"),
        *told(incident, policy, "update", text),
        *signs(incident, policy, now),
    ]
    if update.public:
        check_tellable(incident)
        if not may_publish or not follows:
            sentence = "the public does not follow this incident yet: a commander lets it know first"
            raise Refused("not-public", sentence, allowed_actions(incident.state))
        decisions.append(Publish(update.by, "an update", words=update.public))
    return tuple(decisions)


def on_priority(
    incident: Incident, priority: Priority, policy: IncidentPolicy, now: datetime, *, by: str, why: str
) -> tuple[Decision, ...]:
    """Return what another severity means, which only a person may lower, and only with a reason.

    A worse one that nobody was woken for rings; a better one rings nobody, and its clocks begin anew. One that wakes
    nobody calls off the page that has woken nobody yet.
    """
    _check_open(incident, "given another severity")
    _check_reason(incident, why)
    if priority is incident.priority:
        return ()
    regraded = _after(incident, (Regrade(priority, by, why),), now)
    words = f"{by}: {incident.priority} became {priority} ({why})"
    decisions: list[Decision] = [
        Regrade(priority, by, why),
        Tell(words, attention="here" if policy[priority].page else ""),
        Cancel((*DEADLINES, *(() if policy[priority].page else (TimerKind.PAGE,)))),
        *(() if policy[priority].page or incident.rung is None else (StandDown(),)),
        *clocks(regraded, policy, now, since=now),
        *publication(regraded, policy),
        *checklist(regraded, policy),
        *told(regraded, policy, f"now {priority}", words),
        *signs(regraded, policy, now),
    ]
    worse_than_rung = incident.rung is None or priority < incident.rung
    if priority < incident.priority and policy[priority].page and worse_than_rung:
        decisions += paged(priority, now, again=incident.rung is not None, why=f"{by}: {why}")
    return tuple(decisions)


def on_assign(
    incident: Incident, role: Role, person: str, policy: IncidentPolicy, now: datetime, *, by: str
) -> tuple[Decision, ...]:
    """Return what it means that a person takes a role, hands it over, or, with nobody named, lays it down."""
    words = f"{person} is {role}" if person else f"nobody is {role} any more"
    taken = (Tick(SYSTEM, milestone="commanded"),) if person and role is Role.COMMANDER else ()
    return Assign(role, person, by), Tell(words), *taken, *signs(incident, policy, now)


def on_hold(
    incident: Incident, until: datetime | None, policy: IncidentPolicy, now: datetime, *, by: str, why: str
) -> tuple[Decision, ...]:
    """Return what it means that the commander holds the escalation until then, or lets it run again."""
    _check_open(incident, "held")
    _check_reason(incident, why)
    if until is not None and until <= now:
        raise Refused("past", f"{until:%H:%M} UTC is past: expected a moment to come", allowed_actions(incident.state))
    if until is not None and until - now > LONGEST_HOLD:
        sentence = f"the clock is held for {span_words(LONGEST_HOLD)} at most: hold it again when that is over"
        raise Refused("too-long", sentence, allowed_actions(incident.state))
    words = f"the escalation is held until {moment_words(until, now)}" if until else "the escalation runs again"
    held = _after(incident, (Hold(until, by, why),), now)
    return (
        Hold(until, by, why),
        Tell(f"{by}: {words} ({why})"),
        *escalations(held, policy, now),
        *signs(held, policy, now),
    )


def on_escalate(
    incident: Incident, level: int, policy: IncidentPolicy, now: datetime, *, by: str, why: str
) -> tuple[Decision, ...]:
    """Return what it means that a person asks a level for help before its time."""
    _check_open(incident, "escalated")
    _check_reason(incident, why)
    if level not in policy.levels:
        levels = ", ".join(str(known) for known in sorted(policy.levels)) or "none"
        raise Refused("no-such-level", f"there is no level {level}; there are: {levels}", ())
    if level in incident.asked:
        raise Refused("asked-already", f"level {level} was asked already", ())
    return (
        *asked(level, now, by=by, why=why),
        Tell(f"{by} asks level {level} ({policy.who(level)}): {why}", attention="channel"),
        Tick(SYSTEM, milestone="escalated"),
        *signs(incident, policy, now),
    )


def on_declare(
    incident: Incident, what: str, policy: IncidentPolicy, now: datetime, *, by: str, why: str
) -> tuple[Decision, ...]:
    """Return what a declaration such as a data breach means: its level is asked at once, whatever the clock says."""
    _check_open(incident, "declared anything")
    _check_reason(incident, why)
    if what not in policy.declared:
        known = ", ".join(sorted(policy.declared)) or "none is known"
        raise Refused("not-declarable", f"{what!r} is nothing that can be declared; it can be: {known}", ())
    level = policy.declared[what]
    decisions: list[Decision] = [Record("declared", f"{what} declared", by=by, why=why)]
    if level not in incident.asked:
        decisions += asked(level, now, by=by, why=f"{what}: {why}")
    words = f"{by} declares {what}: level {level} ({policy.who(level)}) is asked: {why}"
    return *decisions, Tell(words, attention="channel"), *signs(incident, policy, now)


def on_security(
    incident: Incident, policy: IncidentPolicy, now: datetime, *, by: str, why: str
) -> tuple[Decision, ...]:
    """Return what it means that this is a security incident: few see it, its own checklist, nothing for the public."""
    _check_open(incident, "called a security incident")
    _check_reason(incident, why)
    if incident.nature is Nature.SECURITY:
        return ()
    decisions: list[Decision] = [Classify(Nature.SECURITY, by, why)]
    classified = _after(incident, decisions, now)
    tasks = policy.checklists.get(Nature.SECURITY.value, ())
    if tasks:
        decisions.append(AddTasks(Nature.SECURITY.value, tasks, SYSTEM))
    decisions += told(classified, policy, "a security incident", why)
    if policy.security_declares and by:
        decisions += on_declare(
            classified, policy.security_declares, policy, now, by=by, why=why or "security incident"
        )
    return tuple(decisions)


def on_task(incident: Incident, text: str, policy: IncidentPolicy, now: datetime, *, by: str) -> tuple[Decision, ...]:
    """Return what a task of one's own means."""
    return AddTasks("", (Task(text),), by), *signs(incident, policy, now)


def on_tick(
    incident: Incident, number: int, policy: IncidentPolicy, now: datetime, *, by: str, done: bool
) -> tuple[Decision, ...]:
    """Return what it means that a task is done, or is not done after all."""
    return Tick(by, number=number, done=done), *signs(incident, policy, now)


def _check_open(incident: Incident, what: str) -> None:
    if not incident.is_open:
        sentence = f"an incident that is {incident.state} is not {what} any more"
        raise Refused("not-open", sentence, allowed_actions(incident.state))


def _check_reason(incident: Incident, why: str) -> None:
    if not why.strip():
        raise Refused("reason-needed", "this takes a reason: say why", allowed_actions(incident.state))


def _after(incident: Incident, decisions: tuple[Decision, ...] | list[Decision], now: datetime) -> Incident:
    return evolve(incident, decisions, now) or incident
