"""What the page of one incident shows: clocks, ladder, drafts, and what this person may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fastapi.responses import HTMLResponse

from vcci_platform.console.chrome import Place
from vcci_platform.console.pages import Pages
from vcci_platform.incidents import queries, store
from vcci_platform.incidents.access import Actor, Rank
from vcci_platform.incidents.context import store as contexts
from vcci_platform.incidents.drafts import Ready, draft_of, ready_of
from vcci_platform.incidents.model import Action, Incident, Priority, Role, State, next_state
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.views import TaskView

__all__ = ["SECTION", "Said", "show_incident"]

SECTION = "incidents"

TIMERS = {
    "page": "Page goes out",
    "fallback": "Page goes through the chat instead",
    "acknowledge": "Acknowledge",
    "assess": "Assess",
    "update": "Next update",
    "escalate": "Escalates",
    "monitor": "Good for long enough",
    "review": "Review",
    "respond": "Begin to investigate",
    "forgotten": "Rings again unless somebody shows that they are at work",
    "late_update": "The next level hears that there was no update",
    "task": "A task of a checklist",
    "still_fires": "Opens again if its alerts still fire",
}
"""What a deadline is about. Those of the desk itself happen; the others wait for a person."""

EFFECTS = {
    "trigger": "page",
    "acknowledge": "acknowledge the page",
    "resolve": "resolve the page",
    "show": "show on the status page",
    "say": "write to the channel",
    "prompt": "remind in the channel",
    "fallback": "page through the channel",
    "mail": "write a mail",
    "escalate": "ask for help",
    "reword": "hide what it said",
    "postmortem": "show the review",
}
OUTCOMES = {
    "waiting": "is waiting",
    "delivered": "delivered",
    "dead": "given up",
    "superseded": "overtaken by a newer one",
}
VERBS = {
    Action.ACKNOWLEDGE: "Acknowledge",
    Action.INVESTIGATE: "Investigate",
    Action.IDENTIFY: "Cause identified",
    Action.MITIGATE: "Mitigate",
    Action.MONITOR: "Watch recovery",
    Action.RESOLVE: "Resolve",
    Action.REOPEN: "Reopen",
    Action.REVIEW: "Reviewed",
}
LINES_SHOWN, EFFECTS_SHOWN, FACTS_SHOWN = 12, 6, 4
"""Of the timeline, of what was sent and of what is around an incident, so many stand open; the rest is folded."""

HOLDS = (15, 30, 60, 120)
"""For how many minutes the escalation can be held at once."""


@dataclass(frozen=True)
class Said:
    """What a person wrote into a form that was not taken, why not, or what it would look like.

    `ready` names a ready sentence that they want in the form for an update.
    """

    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    trouble: str = ""
    name: str = ""
    previews: bool = False
    ready: str = ""

    def value(self, form: str, name: str) -> str:
        """Return what was written into a field of a form."""
        return self.fields.get(name, "") if form == self.form else ""

    @property
    def by(self) -> str:
        """The name that stands in every form where nobody signs in."""
        return self.fields.get("by", "") or self.name


def show_incident(
    pages: Pages, office: Office, incident_id: str, actor: Actor, said: Said, *, code: int = 200
) -> HTMLResponse:
    """Return the page of an incident, or that there is none which this person may see."""
    rules, now = office.desk.rules, pages.clock.now()
    with office.desk.database.read() as connection:
        incident = store.find(connection, incident_id)
        if incident is None or not actor.sees(incident, rules.security_roles):
            return pages.missing(f"There is no incident {incident_id!r}.", section=SECTION)
        detail = queries.detail(connection, incident)
        ready = ready_of(connection, incident, rules)
        said = _with_ready(said, ready, speaks=incident.is_public and actor.rank.covers(Rank.COMMANDER))
        words = said.value("updates", "public") or said.value("status-page", "words")
        public = draft_of(connection, incident, rules, now, words)
        around = contexts.find(connection, incident.id)
    firing = [alert for alert in detail.alerts if alert.over_at is None]
    return pages.show(
        "incident.html",
        section=SECTION,
        code=code,
        incident=detail,
        firing=firing,
        first=min(firing or detail.alerts, key=lambda alert: (alert.priority, alert.starts_at), default=None),
        rules=rules[incident.priority],
        ladder=_ladder(incident, rules),
        rules_levels=len(rules.levels),
        given_up=[effect for effect in detail.effects if effect.state == "dead"],
        due_tasks=_due_tasks(detail.tasks),
        draft=public,
        ready=ready,
        actor=actor,
        around=around,
        elsewhere=() if incident.is_open else (Place("Review", f"/incidents/{incident.id}/review"),),
        may=_may(actor),
        said=said,
        last=detail.timeline[-1].id if detail.timeline else 0,
        levels=[(level, rules.levels[level]) for level in sorted(rules.levels) if level > incident.level],
        declarable=sorted(rules.declared),
        others=[
            priority for priority in Priority if priority is not incident.priority and priority in rules.severities
        ],
        roles={role.role: role.person for role in detail.roles},
        every_role=list(Role),
        holds=HOLDS,
        timers=TIMERS,
        effects=EFFECTS,
        outcomes=OUTCOMES,
        verbs=VERBS,
        sandboxed=office.sandboxed,
        actions=_onward_first(detail.allowed_actions, incident.state),
        quick=Action.ACKNOWLEDGE if _acknowledges_at_once(incident, actor) else None,
        lines_shown=LINES_SHOWN,
        effects_shown=EFFECTS_SHOWN,
        facts_shown=FACTS_SHOWN,
    )


def _with_ready(said: Said, ready: Sequence[Ready], *, speaks: bool) -> Said:
    """Return the form for an update with a ready sentence in it, and as words for the public, if this person speaks.

    A ready sentence that was there before makes way; what somebody wrote themselves stays before it.
    """
    sentences = {one.name: one.words for one in ready}
    if said.ready not in sentences:
        return said
    fields, sentence = dict(said.fields), sentences[said.ready]
    for name in ("status", "public") if speaks else ("status",):
        own = fields.get(name, "")
        for other in sentences.values():
            own = own.removesuffix(other).rstrip()
        fields[name] = f"{own} {sentence}".lstrip()
    return replace(said, form="updates", fields=fields)


def _onward_first(actions: Sequence[Action], state: State) -> tuple[Action, ...]:
    """Return what can be done, what leads on before what leads back: the first button is the one to expect."""
    order = list(State)
    return tuple(sorted(actions, key=lambda action: order.index(next_state(state, action)) < order.index(state)))


def _acknowledges_at_once(incident: Incident, actor: Actor) -> bool:
    """Return whether a button at the top acknowledges: a person who was woken has one hand and no words."""
    return incident.state is State.DETECTED and actor.signed_in and actor.rank.covers(Rank.RESPONDER)


def _may(actor: Actor) -> dict[str, bool]:
    """Return what this person's rank allows; what it does not is not offered."""
    return {rank.value: actor.rank.covers(rank) for rank in Rank}


def _due_tasks(tasks: Sequence[TaskView]) -> dict[datetime, str]:
    """Return what is to be done by each moment: the first task, and how many more."""
    found: dict[datetime, list[str]] = {}
    for task in tasks:
        if task.due_at is not None and task.done_at is None:
            found.setdefault(task.due_at, []).append(task.text)
    return {due: texts[0] + (f", and {len(texts) - 1} more" if texts[1:] else "") for due, texts in found.items()}


def _ladder(incident: Incident, rules: IncidentPolicy) -> list[tuple[int, tuple[str, ...], object, bool]]:
    """Return each level: its number, its roles, when it is asked, and whether it has been."""
    steps, severity = [(1, incident.clock_from)], rules[incident.priority]
    steps += [
        (level, severity.after(incident.clock_from, after))
        for after, level in rules.escalation.get(incident.priority, ())
    ]
    return [(level, rules.levels.get(level, ()), at, level <= incident.level) for level, at in steps]
