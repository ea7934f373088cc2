"""The sessions of browsers: each has a number of its own, so that it can be ended before its cookie runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from vcci_platform.incidents import tables
from vcci_platform.storage.ids import new_id

__all__ = ["begin", "end", "person_of"]

LONGER_THAN_ANY = timedelta(days=1)
"""No cookie lasts as long: what ended before is of no use to anybody, and is forgotten."""

_ended = tables.ended_session


def begin(person: str) -> str:
    """Return the name of a new session of the person with this number, for a cookie to hold."""
    return f"{person}:{new_id('ses')}"


def person_of(connection: Connection, session: str) -> str | None:
    """Return the number of the person whose session this is, None once it was ended."""
    person, _, number = session.partition(":")
    ended = connection.execute(select(_ended.c.id).where(_ended.c.id == number)).first()
    return person if number and ended is None else None


def end(connection: Connection, session: str, now: datetime) -> None:
    """End a session for good; one that was ended before stays so."""
    if person_of(connection, session) is not None:
        number = session.partition(":")[2]
        connection.execute(insert(_ended).values(id=number, ended_at=now))
    connection.execute(delete(_ended).where(_ended.c.ended_at < now - LONGER_THAN_ANY))
