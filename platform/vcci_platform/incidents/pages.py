"""Under which keys PagerDuty has pages of an incident: the desk's own, and those adopted from Alertmanager.

Alertmanager sends one page for each of its groups. Where the alerts of a group belong to several incidents, each of
them holds the key, and the page is silenced only once the last of them lets it go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from vcci_platform.incidents import tables

__all__ = ["LEVEL", "Held", "close", "held", "hold", "is_held", "is_shared", "known", "learn", "name", "told_of"]

LEVEL = ":level-"
"""In the key of a page that went to a level; it stays when the incident rings again for something worse."""

_keys = tables.pager_key


@dataclass(frozen=True)
class Held:
    """A page under a key, as one incident knows it: whether it is `open`, and since when."""

    incident_id: str
    key: str
    open: bool
    since: datetime


def hold(connection: Connection, incident_id: str, key: str, now: datetime, *, adopted: bool) -> bool:
    """Take the page under a key for open; false when it was taken for that before."""
    same = _same(incident_id, key)
    was_open = connection.execute(select(_keys.c.open).where(same)).scalar()
    if was_open is None:
        row = {"incident_id": incident_id, "key": key, "adopted": adopted, "open": True, "since": now}
        connection.execute(insert(_keys).values(row))
    elif not was_open:
        connection.execute(update(_keys).where(same).values(open=True, since=now))
    return not was_open


def close(connection: Connection, incident_id: str, key: str) -> None:
    """Take the page under a key for closed."""
    connection.execute(update(_keys).where(_same(incident_id, key)).values(open=False))


def held(connection: Connection, incident_id: str) -> tuple[tuple[str, bool], ...]:
    """Return the keys of an incident's open pages, the oldest first, each with whether it was adopted."""
    own = and_(_keys.c.incident_id == incident_id, _keys.c.open)
    query = select(_keys.c.key, _keys.c.adopted).where(own).order_by(_keys.c.since, _keys.c.key)
    return tuple((row[0], row[1]) for row in connection.execute(query))


def is_held(connection: Connection, incident_id: str, key: str) -> bool:
    """Return whether an incident takes the page under a key for open."""
    same = and_(_same(incident_id, key), _keys.c.open)
    return connection.execute(select(_keys.c.key).where(same)).first() is not None


def known(connection: Connection, incident_id: str) -> frozenset[str]:
    """Return every key that an incident ever had."""
    return frozenset(connection.execute(select(_keys.c.key).where(_keys.c.incident_id == incident_id)).scalars())


def is_shared(
    connection: Connection, incident_id: str, key: str, *, unacknowledged: bool = False, lock: bool = False
) -> bool:
    """Return whether another open incident, or one that nobody has acknowledged, rings under the same key.

    With `lock`, of two incidents that end at the same moment the second sees that the first has let go.
    """
    rows = select(_keys.c.incident_id, _keys.c.open).where(_keys.c.key == key).order_by(_keys.c.incident_id)
    found = connection.execute(rows.with_for_update() if lock else rows)
    others = [one for one, is_open in found if is_open and one != incident_id]
    incident = tables.incident
    rings = and_(incident.c.id.in_(others), incident.c.open)
    if unacknowledged:
        rings = and_(rings, incident.c.acknowledged_at.is_(None))
    return bool(others) and connection.execute(select(incident.c.id).where(rings).limit(1)).first() is not None


def told_of(connection: Connection, key: str, remote_id: str) -> tuple[Held, ...]:
    """Return the pages that PagerDuty speaks of: all that are open, else the newest that was known by that name."""
    if not key and not remote_id:
        return ()
    same = _keys.c.key == key if key else _keys.c.remote_id == remote_id
    query = select(_keys.c.incident_id, _keys.c.key, _keys.c.open, _keys.c.since).where(same)
    found = [Held(*row) for row in connection.execute(query.order_by(_keys.c.incident_id))]
    return tuple(page for page in found if page.open) or tuple(sorted(found, key=lambda page: page.since)[-1:])


def name(connection: Connection, incident_id: str, key: str, remote_id: str) -> None:
    """Remember PagerDuty's own id of the page under a key."""
    connection.execute(update(_keys).where(_same(incident_id, key)).values(remote_id=remote_id[:100]))


def learn(connection: Connection, incident_id: str, key: str, status: str, at: datetime) -> None:
    """Remember what PagerDuty told of a page, and since when; what it told before and comes late is no news."""
    older = or_(_keys.c.remote_changed_at.is_(None), _keys.c.remote_changed_at <= at)
    values = {"remote_status": status, "remote_changed_at": at}
    connection.execute(update(_keys).where(_same(incident_id, key), older).values(values))


def _same(incident_id: str, key: str) -> ColumnElement[bool]:
    return and_(_keys.c.incident_id == incident_id, _keys.c.key == key)
