"""Looking after the desk: adding people and taking their access away, and trying again what was given up.

The API, the console and the command line do it through here, so that all ask for the same and leave the same lines of
audit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from vcci_platform.clock import Clock
from vcci_platform.incidents import people, retries
from vcci_platform.incidents.access import Actor, Rank, digest, new_token, takes
from vcci_platform.incidents.desk_views import NewPerson, PersonWithToken, person_view
from vcci_platform.incidents.tasks import Audited, Desk
from vcci_platform.problems import Problem
from vcci_platform.storage.database import Database
from vcci_slo.spec.section import nearest

__all__ = ["add_person", "again_effect", "again_letter", "revoke_person"]

OPEN_DOOR = "nobody signed in"


def add_person(
    database: Database, clock: Clock, asked: NewPerson, actor: Actor, contacts: Collection[str]
) -> PersonWithToken:
    """Add a person and return their token, which is not kept.

    The first one must be an admin, since otherwise nobody could add another; a contact is one of the spec's `contacts`.
    """
    takes(actor, Rank.ADMIN)
    if asked.contact and asked.contact not in contacts:
        raise _unknown_contact(asked.contact, contacts)
    token, now = new_token(), clock.now()
    try:
        with database.write() as connection:
            if asked.rank is not Rank.ADMIN and not _admins(people.everybody(connection)):
                detail = (
                    "The first person must be an admin: from then on everybody signs in, and only admins add people."
                )
                raise Problem(status=409, code="admin-first", detail=detail)
            number = people.add(connection, asked.name, asked.rank.value, asked.contact, digest(token), now)
            _audit(connection, actor, "person_added", asked.name, {"rank": asked.rank.value}, now)
            (row,) = (row for row in people.everybody(connection) if row["id"] == number)
    except IntegrityError:
        detail = f"Somebody is called {asked.name!r} already: take their access away first, or use another name."
        raise Problem(status=409, code="name-taken", detail=detail) from None
    return PersonWithToken(**person_view(row, contacts).model_dump(), token=token)


def revoke_person(database: Database, clock: Clock, name: str, actor: Actor) -> None:
    """Take a person's access away, at once; the last admin stays, to let others in."""
    takes(actor, Rank.ADMIN)
    now = clock.now()
    with database.write() as connection:
        if _admins(people.everybody(connection)) == {name}:
            detail = f"{name} is the last admin: add another one first."
            raise Problem(status=409, code="last-admin", detail=detail)
        if not people.revoke(connection, name, now):
            raise Problem(status=404, code="not-found", detail=f"Nobody called {name!r} has access.")
        _audit(connection, actor, "person_revoked", name, {}, now)


def again_effect(desk: Desk, number: int, actor: Actor) -> str:
    """Try a dead effect again, and return its incident."""
    takes(actor, Rank.ADMIN)
    audited = Audited(actor.name or OPEN_DOOR, actor.rank.value, "effect_retried", {"effect": number})
    return _tried(number, "effect", lambda: retries.retry_effect(desk, number, audited))


def again_letter(desk: Desk, number: int, actor: Actor) -> None:
    """Try to understand a letter in quarantine again."""
    takes(actor, Rank.ADMIN)
    audited = Audited(actor.name or OPEN_DOOR, actor.rank.value, "letter_retried", {"letter": number})

    def again() -> str:
        retries.retry_letter(desk, number, audited)
        return ""

    _tried(number, "letter", again)


def _tried(number: int, what: str, again: Callable[[], str]) -> str:
    try:
        return again()
    except retries.NoSuchRow:
        raise Problem(status=404, code="not-found", detail=f"There is no {what} {number}.") from None
    except retries.NotWanted as refused:
        detail = f"{str(refused)[:1].upper()}{str(refused)[1:]}."
        raise Problem(status=409, code="not-wanted", detail=detail) from refused


def _unknown_contact(contact: str, contacts: Collection[str]) -> Problem:
    """Return the refusal of a contact that the spec does not have: it would open nothing, and nobody would notice."""
    expected = f"one of the spec's contacts: {', '.join(sorted(contacts))}" if contacts else "none: the spec has none"
    close = nearest(contact, contacts)
    hint = f"; did you mean {close}?" if close else ""
    errors = [{"field": "body.contact", "expected": expected, "found": contact}]
    detail = f"`contact`: expected {expected}, found {contact!r}{hint}"
    return Problem(status=422, code="unknown-contact", detail=detail, errors=errors)


def _admins(rows: Iterable[RowMapping]) -> set[str]:
    return {row["name"] for row in rows if row["revoked_at"] is None and row["rank"] == Rank.ADMIN.value}


def _audit(
    connection: Connection, actor: Actor, action: str, subject: str, detail: Mapping[str, Any], now: datetime
) -> None:
    people.audit(
        connection,
        who=actor.name or OPEN_DOOR,
        rank=actor.rank.value,
        action=action,
        subject=subject,
        detail=detail,
        now=now,
    )
