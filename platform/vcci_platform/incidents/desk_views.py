"""What the desk shows to those who look after it: effects, letters, people, and what was done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Connection, RowMapping, select

from vcci_platform.incidents import people, tables
from vcci_platform.incidents.access import Rank
from vcci_platform.incidents.model import Nature
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.requests import NewName
from vcci_platform.incidents.views import EffectView, QuarantineView

__all__ = [
    "AuditPage",
    "AuditView",
    "LetterPage",
    "LetterView",
    "NewPerson",
    "OutboxPage",
    "OutboxView",
    "PeopleView",
    "PersonView",
    "PersonWithToken",
    "audit_page",
    "letters",
    "outbox_page",
    "people_view",
    "person_view",
]

EXCERPT_CHARACTERS = 2000

_outbox, _inbox, _incident = tables.outbox, tables.inbox, tables.incident


class OutboxView(EffectView):
    """An effect, and the incident that it belongs to."""

    incident_id: str
    doubtful: bool


class OutboxPage(BaseModel):
    """Effects, the newest first."""

    items: tuple[OutboxView, ...]
    next_cursor: str | None


class LetterView(QuarantineView):
    """A delivery, and what became of it."""

    state: str
    last_received_at: datetime
    understood_at: datetime | None
    error: str | None  # type: ignore[assignment]  # of one that was understood there is none


class LetterPage(BaseModel):
    """Deliveries, the newest first."""

    items: tuple[LetterView, ...]
    next_cursor: str | None


class NewPerson(BaseModel):
    """Who is added. `contact` is their role among the contacts of the spec, such as `security`."""

    model_config = ConfigDict(extra="forbid")

    name: NewName
    rank: Rank
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)] = ""


class PersonView(BaseModel):
    """Who may use the desk, or might once; `contact_known` is false for a contact that the spec does not have."""

    id: str
    name: str
    rank: Rank
    contact: str
    contact_known: bool
    created_at: datetime
    revoked_at: datetime | None


class PersonWithToken(PersonView):
    """A person just added, with the token that is shown only now."""

    token: str


class PeopleView(BaseModel):
    """Everybody, those without access too. While `is_open`, nobody has to sign in."""

    items: tuple[PersonView, ...]
    is_open: bool


class AuditView(BaseModel):
    """What somebody did: when, who with which rank, what, to what, and its particulars."""

    id: int
    at: datetime
    who: str
    rank: str
    action: str
    subject: str
    detail: dict[str, Any]


class AuditPage(BaseModel):
    """What was done, the newest first."""

    items: tuple[AuditView, ...]
    next_cursor: str | None


def outbox_page(
    connection: Connection,
    *,
    limit: int,
    cursor: int | None = None,
    state: str | None = None,
    target: Target | None = None,
    incident: str | None = None,
    restricted: bool = True,
) -> OutboxPage:
    """Return effects, the newest first; those of security incidents if `restricted`."""
    query = select(_outbox).order_by(_outbox.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(_outbox.c.id < cursor)
    if state is not None:
        query = query.where(_outbox.c.state == state)
    if target is not None:
        query = query.where(_outbox.c.target == target.value)
    if incident is not None:
        query = query.where(_outbox.c.incident_id == incident)
    if not restricted:
        hidden = select(_incident.c.id).where(_incident.c.nature == Nature.SECURITY.value)
        query = query.where(_outbox.c.incident_id.not_in(hidden))
    rows = connection.execute(query).mappings().all()
    items = tuple(OutboxView(**_known(OutboxView, row)) for row in rows[:limit])
    return OutboxPage(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


def letters(connection: Connection, *, limit: int, cursor: int | None = None, state: str | None = None) -> LetterPage:
    """Return deliveries, the newest first, with the beginning of what came."""
    query = select(_inbox).order_by(_inbox.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(_inbox.c.id < cursor)
    if state is not None:
        query = query.where(_inbox.c.state == state)
    rows = connection.execute(query).mappings().all()
    items = tuple(
        LetterView(
            **_known(LetterView, row, but=("excerpt",)),
            excerpt=bytes(row["body"][: 4 * EXCERPT_CHARACTERS]).decode(errors="replace")[:EXCERPT_CHARACTERS],
        )
        for row in rows[:limit]
    )
    return LetterPage(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


def people_view(connection: Connection, contacts: Collection[str], *, is_open: bool) -> PeopleView:
    """Return everybody by name; `contacts` are those of the spec."""
    items = tuple(person_view(row, contacts) for row in people.everybody(connection))
    return PeopleView(items=items, is_open=is_open)


def person_view(row: RowMapping, contacts: Collection[str]) -> PersonView:
    """Return a person. A contact that the spec has no more stays readable, and opens nothing."""
    known = not row["contact"] or row["contact"] in contacts
    return PersonView(**_known(PersonView, row, but=("contact_known",)), contact_known=known)


def audit_page(connection: Connection, *, limit: int, cursor: int | None = None) -> AuditPage:
    """Return what was done, the newest first."""
    rows = people.audited(connection, limit=limit + 1, before=cursor)
    items = tuple(AuditView(**_known(AuditView, row)) for row in rows[:limit])
    return AuditPage(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


def _known(view: type[BaseModel], row: Any, but: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: row[name] for name in view.model_fields if name not in but}
