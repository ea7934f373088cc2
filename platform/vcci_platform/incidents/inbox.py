"""The inbox: what was said to the desk, stored byte for byte before it is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from vcci_platform.incidents import tables

__all__ = [
    "Letter",
    "Receipt",
    "alarm",
    "beat",
    "has_waiting",
    "heartbeats",
    "is_blind",
    "lead",
    "led",
    "mark",
    "next_waiting",
    "put",
    "quarantined",
    "states",
]

_inbox = tables.inbox


@dataclass(frozen=True)
class Receipt:
    """What became of a delivery: its number, and whether the same bytes had come before."""

    id: int
    duplicate: bool


@dataclass(frozen=True)
class Letter:
    """One delivery as it came. `waits_since` is when it first came, or came again with a heartbeat to be heard anew."""

    id: int
    source: str
    body: bytes
    received_at: datetime
    waits_since: datetime
    attempts: int


def put(connection: Connection, source: str, delivery_key: str, body: bytes, now: datetime) -> Receipt:
    """Store a delivery; the same source and key again is counted, not stored twice.

    A body that holds a heartbeat is understood again each time: the same words still say that somebody is alive.
    """
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(_inbox).values(
        source=source,
        delivery_key=delivery_key,
        body=body,
        received_at=now,
        last_received_at=now,
        deliveries=1,
        state="waiting",
        beat=False,
        attempts=0,
    )
    again = fresh.on_conflict_do_update(
        index_elements=[_inbox.c.source, _inbox.c.delivery_key],
        set_={
            "deliveries": _inbox.c.deliveries + 1,
            "last_received_at": now,
            "state": case((_inbox.c.beat, "waiting"), else_=_inbox.c.state),
        },
    ).returning(_inbox.c.id, _inbox.c.deliveries)
    identity, deliveries = connection.execute(again).one()
    return Receipt(identity, duplicate=deliveries > 1)


def has_waiting(connection: Connection) -> bool:
    """Return whether there is a delivery to be understood, though another desk may be at it; reading locks nothing."""
    return connection.execute(select(_inbox.c.id).where(_inbox.c.state == "waiting").limit(1)).first() is not None


def next_waiting(connection: Connection, identity: int | None = None) -> Letter | None:
    """Return the oldest delivery that nobody has tried to understand, or the one with this number; it is locked.

    One that somebody else is at is passed over; the one with this number is waited for.
    """
    query = select(_inbox).where(_inbox.c.state == "waiting")
    if identity is not None:
        query = query.where(_inbox.c.id == identity)
    locked = query.order_by(_inbox.c.id).limit(1).with_for_update(skip_locked=identity is None)
    row = connection.execute(locked).mappings().first()
    if row is None:
        return None
    last = row["last_received_at"]
    waits_since = last if row["beat"] else row["received_at"]
    return Letter(row["id"], row["source"], bytes(row["body"]), last, waits_since, row["attempts"])


def mark(
    connection: Connection,
    letter: Letter,
    state: str,
    now: datetime,
    *,
    error: str | None = None,
    holds_beat: bool = False,
    tried: bool = True,
) -> None:
    """Write what became of the attempt to understand a delivery."""
    values = {
        "state": state,
        "error": error,
        "beat": holds_beat,
        "attempts": letter.attempts + (1 if tried else 0),
        "understood_at": now if state == "understood" else None,
    }
    connection.execute(update(_inbox).where(_inbox.c.id == letter.id).values(values))


def lead(connection: Connection, letter: Letter, incident_id: str) -> None:
    """Write which incident a report opened or joined."""
    connection.execute(update(_inbox).where(_inbox.c.id == letter.id).values(incident_id=incident_id))


def led(connection: Connection, identity: int) -> tuple[bytes, str | None]:
    """Return a delivery's body, and the incident that a report led to, None while it was not understood."""
    row = connection.execute(select(_inbox.c.body, _inbox.c.incident_id).where(_inbox.c.id == identity)).one()
    return bytes(row[0]), row[1]


def states(connection: Connection) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    query = select(_inbox.c.state, func.count()).group_by(_inbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def quarantined(connection: Connection, *, limit: int = 20) -> tuple[RowMapping, ...]:
    """Return the newest deliveries that could not be understood."""
    query = select(_inbox).where(_inbox.c.state == "quarantined").order_by(_inbox.c.id.desc()).limit(limit)
    return tuple(connection.execute(query).mappings())


# --- heartbeats ------------------------------------------------------------------------------------------------------


def beat(connection: Connection, source: str, now: datetime, *, lost: bool) -> None:
    """Remember that a source's Watchdog was heard, or that the source says that it is gone."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    seen = dialect.insert(tables.heartbeat).values(source=source, seen_at=now, lost=lost)
    changed = {"lost": lost} if lost else {"lost": lost, "seen_at": now}
    connection.execute(seen.on_conflict_do_update(index_elements=[tables.heartbeat.c.source], set_=changed))


def heartbeats(connection: Connection) -> Mapping[str, RowMapping]:
    """Return what is known of every Watchdog, by source."""
    return {row["source"]: row for row in connection.execute(select(tables.heartbeat)).mappings()}


def alarm(connection: Connection, source: str, since: datetime | None) -> None:
    """Remember since when a source's silence is an alarm; None when it is heard again."""
    table = tables.heartbeat
    connection.execute(update(table).where(table.c.source == source).values(alarmed_at=since))


def is_blind(known: RowMapping | None, now: datetime, silent: timedelta) -> bool:
    """Return whether a source cannot see: its Watchdog was known, and is gone or silent for too long."""
    return known is not None and (known["lost"] or now - known["seen_at"] > silent)
