"""What was given up, tried again because an admin says so: dead effects and letters in quarantine."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, and_, select, update

from vcci_platform.incidents import pages, people, store, tables
from vcci_platform.incidents.chronicle import line_of
from vcci_platform.incidents.model import Incident
from vcci_platform.incidents.outbox import ONLY_WHILE_OPEN, STALE_AFTER, Kind, Target
from vcci_platform.incidents.pages import LEVEL
from vcci_platform.incidents.tasks import Audited, Desk

__all__ = ["NoSuchRow", "NotWanted", "retry_effect", "retry_letter", "unwanted"]

_outbox, _inbox = tables.outbox, tables.inbox


class NoSuchRow(Exception):
    """There is no row with this number."""


class NotWanted(Exception):
    """A row that must not be tried again, with the reason."""


def unwanted(
    incident: Incident, kind: Kind, *, newer: bool, key_open: bool, restores: bool = False, paged: bool = False
) -> str:
    """Return why an effect must not be tried again, empty if it may be.

    `newer` says that a later effect of the same kind was made for the same place; `key_open` that a page under the
    same key is meant to ring; `restores` that the status page is told that it is over; `paged` that the level that was
    to be asked was paged instead. Pure.
    """
    public = incident.is_public or restores
    reasons = (
        (
            kind in ONLY_WHILE_OPEN and not incident.is_open,
            f"the incident is {incident.state}: to {kind} would call people to what is over",
        ),
        (
            kind is Kind.TRIGGER and not key_open,
            "the page under this key was replaced or closed: it would ring beside the newer one, and nobody ends it",
        ),
        (kind is Kind.ESCALATE and paged, "the level was paged instead: it would be called twice"),
        (
            kind is Kind.RESOLVE and key_open,
            "the page under this key is meant to ring again: a resolve would silence it",
        ),
        (kind is Kind.SHOW and not public, "the public does not follow this incident"),
        (kind is Kind.SHOW and newer, "a newer state was sent to the status page after it"),
    )
    return next((why for holds, why in reasons if holds), "")


def retry_effect(desk: Desk, number: int, audited: Audited) -> str:
    """Put a dead effect back among those that wait, and return its incident. Raises NoSuchRow or NotWanted."""
    now = desk.clock.now()
    with desk.database.write() as connection:
        row = _row(connection, _outbox, number)
        incident = store.find(connection, row["incident_id"], lock=True)
        row = _row(connection, _outbox, number)
        if row["state"] != "dead" or incident is None:
            raise NotWanted(f"only what is dead can be tried again, and effect {number} is {row['state']}")
        kind = Kind(row["kind"])
        why = unwanted(
            incident,
            kind,
            newer=_has_newer(connection, row),
            key_open=_rings(connection, row),
            restores=row["body"].get("status") == "resolved" and not incident.is_open,
            paged=_was_paged(connection, row),
        )
        if why:
            raise NotWanted(why)
        after = STALE_AFTER.get(kind)
        values = {
            "state": "waiting",
            "not_before": now,
            "created_at": now,  # what is tried anew has the whole time again before it is given up
            "stale_at": now + after if after else None,
            "ended_at": None,
            "claimed_by": None,
            "lease_until": None,
        }
        connection.execute(update(_outbox).where(_outbox.c.id == number).values(values))
        text = f"{row['kind']} to {row['target']} is tried again"
        store.append(connection, incident.id, [line_of("effect_retried", text, audited.who, now)])
        people.audit(connection, **vars(audited), subject=incident.id, now=now)
    for listener in desk.listeners:
        listener()
    return incident.id


def retry_letter(desk: Desk, number: int, audited: Audited) -> None:
    """Put a letter out of quarantine, to be understood anew. Raises NoSuchRow or NotWanted.

    What was understood of it before is known by its episodes, so that nothing happens twice.
    """
    with desk.database.write() as connection:
        row = _row(connection, _inbox, number)
        if row["state"] != "quarantined":
            raise NotWanted(f"only what is in quarantine can be tried again, and letter {number} is {row['state']}")
        values = {"state": "waiting", "attempts": 0, "error": None}
        connection.execute(update(_inbox).where(_inbox.c.id == number).values(values))
        people.audit(connection, **vars(audited), subject=f"inbox {number}", now=desk.clock.now())
    desk.wake.set()


def _row(connection: Connection, table: Any, number: int) -> RowMapping:
    row = connection.execute(select(table).where(table.c.id == number).with_for_update()).mappings().first()
    if row is None:
        raise NoSuchRow(number)
    return row


def _has_newer(connection: Connection, row: RowMapping) -> bool:
    later = and_(_outbox.c.lane == row["lane"], _outbox.c.kind == row["kind"], _outbox.c.id > row["id"])
    return connection.execute(select(_outbox.c.id).where(later).limit(1)).first() is not None


def _was_paged(connection: Connection, row: RowMapping) -> bool:
    """Return whether the level that a call names has a page of its own."""
    level = f"{LEVEL}{row['body'].get('level')}"
    return any(key.endswith(level) for key, _ in pages.held(connection, row["incident_id"]))


def _rings(connection: Connection, row: RowMapping) -> bool:
    """Return whether a page under the key of an effect is meant to ring; the second pager rings for whatever does."""
    if row["kind"] == Kind.TRIGGER and row["target"] == Target.SECOND_PAGER:
        return True
    keys = tables.pager_key
    held = and_(keys.c.key == str(row["body"].get("key", "")), keys.c.open)
    return connection.execute(select(keys.c.key).where(held).limit(1)).first() is not None
