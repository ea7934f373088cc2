"""People who may use the desk, and what they did, as rows. Every function works inside a given transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from vcci_platform.incidents import tables
from vcci_platform.storage.ids import new_id

__all__ = ["add", "anybody", "audit", "audited", "by_digest", "by_number", "everybody", "revoke"]

_person, _audit = tables.person, tables.audit


def add(connection: Connection, name: str, rank: str, contact: str, token_digest: str, now: datetime) -> str:
    """Add a person, and return their number. The name must be new; the database refuses it otherwise."""
    number = new_id("psn")
    row = {
        "id": number,
        "name": name,
        "rank": rank,
        "contact": contact,
        "token_digest": token_digest,
        "created_at": now,
    }
    connection.execute(insert(_person).values(row))
    return number


def revoke(connection: Connection, name: str, now: datetime) -> bool:
    """Take a person's access away; false when nobody of that name has any."""
    same = (_person.c.name == name) & _person.c.revoked_at.is_(None)
    return bool(connection.execute(update(_person).where(same).values(revoked_at=now)).rowcount)


@dataclass(frozen=True)
class Once:
    """What is to be done once: the digest of the key that stands for it, and of the words in which it was asked."""

    key: str
    words: str


def anybody(connection: Connection) -> bool:
    """Return whether anybody was ever added: a desk whose people were all revoked is not open again."""
    return connection.execute(select(_person.c.id).limit(1)).first() is not None


def everybody(connection: Connection) -> tuple[RowMapping, ...]:
    """Return everybody, those without access too, by name."""
    return tuple(connection.execute(select(_person).order_by(_person.c.name, _person.c.created_at)).mappings())


def by_digest(connection: Connection, token_digest: str) -> RowMapping | None:
    """Return whose token has this digest."""
    same = (_person.c.token_digest == token_digest) & _person.c.revoked_at.is_(None)
    return connection.execute(select(_person).where(same)).mappings().first()


def by_number(connection: Connection, number: str) -> RowMapping | None:
    """Return the person with this number, None for one whose access was taken away."""
    same = (_person.c.id == number) & _person.c.revoked_at.is_(None)
    return connection.execute(select(_person).where(same)).mappings().first()


def audit(
    connection: Connection,
    *,
    who: str,
    rank: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    now: datetime,
    once: Once | None = None,
) -> None:
    """Write down that somebody did something; there is no function that changes it."""
    row = {"at": now, "who": who, "rank": rank, "action": action, "subject": subject, "detail": dict(detail)}
    known = {"once_key": once.key, "once_words": once.words} if once else {}
    connection.execute(insert(_audit).values(row | known))


def done_once(connection: Connection, once: Once) -> Once | None:
    """Return what was done under a key before, None if nothing was."""
    query = select(_audit.c.once_key, _audit.c.once_words).where(_audit.c.once_key == once.key)
    row = connection.execute(query).first()
    return Once(row[0], row[1]) if row else None


def audited(connection: Connection, *, limit: int, before: int | None = None) -> tuple[RowMapping, ...]:
    """Return what was done, the newest first."""
    query = select(_audit).order_by(_audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_audit.c.id < before)
    return tuple(connection.execute(query).mappings())
