"""What the status page would show of an incident after the next word to the public, before anybody sends it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from vcci_platform.incidents import public, store, wording
from vcci_platform.incidents.context import store as contexts
from vcci_platform.incidents.context.reach import reach_words
from vcci_platform.incidents.decisions import TimerKind
from vcci_platform.incidents.model import Incident, Nature
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_slo.wording import fill

__all__ = ["Draft", "Ready", "draft_of", "may_be_told", "ready_of"]


class Draft(BaseModel):
    """The name and state of the public incident, the words, and what would be said of each component.

    `reach` is for the commander, not for the public: the share of tenants that is known to be affected, beside the
    share that the policy asks for. It is empty where the policy asks for none.
    """

    name: str
    status: str
    body: str
    components: dict[str, str]
    reach: str = ""


class Ready(BaseModel):
    """A sentence of the spec that a person may send, with what it says of this incident filled in."""

    name: str
    words: str


def may_be_told(incident: Incident, rules: IncidentPolicy) -> bool:
    """Return whether the public may be told: never of what is over, of security, or of a severity that says so."""
    allowed = rules[incident.priority].status_page != "never" and incident.nature is not Nature.SECURITY
    return incident.is_open and allowed


def draft_of(
    connection: Connection, incident: Incident, rules: IncidentPolicy, now: datetime, words: str = ""
) -> Draft | None:
    """Return what would be shown in these words, or in the usual ones; None where the public is never told."""
    if not may_be_told(incident, rules):
        return None
    names = public.touched(connection, incident, store.alerts_of(connection, incident.id), rules)
    due = (row["due_at"] for row in store.timers_of(connection, incident.id) if row["kind"] == TimerKind.UPDATE)
    document = public.document(connection, incident, names, rules, now, next_update=next(due, None), words=words)
    context = contexts.find(connection, incident.id, incident.episode)
    return Draft.model_validate({**document, "reach": reach_words(context, rules[incident.priority])})


def ready_of(connection: Connection, incident: Incident, rules: IncidentPolicy) -> tuple[Ready, ...]:
    """Return the sentences that are ready for an update; none of what is over or for few eyes. Nothing is sent."""
    if not rules.words.ready or not incident.is_open or incident.nature is Nature.SECURITY:
        return ()
    names = public.touched(connection, incident, store.alerts_of(connection, incident.id), rules)
    values = wording.public(incident, public.components_of(connection, incident, names, rules), rules)
    return tuple(Ready(name=name, words=_capital(fill(text, values))) for name, text in rules.words.ready)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
