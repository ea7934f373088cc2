"""The outbox: effects on the outside world as rows, claimed under a lease, in order within their lane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, exists, func, insert, or_, select, update

from vcci_platform.incidents import tables

__all__ = [
    "STALE_AFTER",
    "Effect",
    "Kind",
    "Target",
    "claim",
    "end",
    "enqueue",
    "has_waiting_page",
    "holders",
    "is_ready",
    "lose",
    "of_incident",
    "postpone",
    "release",
    "supersede",
    "tried_before",
    "waiting",
    "waiting_resolves",
]


class Target(StrEnum):
    """Where an effect goes."""

    PAGERDUTY = "pagerduty"
    STATUSPAGE = "statuspage"
    SLACK = "slack"


class Kind(StrEnum):
    """What an effect does there."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    SHOW = "show"
    SAY = "say"
    PROMPT = "prompt"
    FALLBACK = "fallback"


STALE_AFTER: Mapping[Kind, timedelta] = {Kind.SAY: timedelta(hours=1), Kind.PROMPT: timedelta(minutes=10)}
"""After this long a message is not worth sending. Pages and the status page are superseded only by newer ones."""

_outbox = tables.outbox


@dataclass(frozen=True)
class Effect:
    """A claimed row: what to do, and whether an earlier attempt may have done it already."""

    id: int
    incident_id: str
    target: Target
    kind: Kind
    body: Mapping[str, Any]
    created_at: datetime
    attempts: int
    doubtful: bool
    stale_at: datetime | None


def enqueue(
    connection: Connection, incident_id: str, target: Target, kind: Kind, body: Mapping[str, Any], now: datetime
) -> int:
    """Add an effect to the end of its lane and return its number."""
    after = STALE_AFTER.get(kind)
    result = connection.execute(
        insert(_outbox).values(
            incident_id=incident_id,
            target=target.value,
            lane=f"{incident_id}:{target}",
            kind=kind.value,
            body=dict(body),
            created_at=now,
            not_before=now,
            stale_at=now + after if after else None,
            attempts=0,
            doubtful=False,
            state="waiting",
        )
    )
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("the database did not tell the number of the row that it took")
    return int(key[0])


def claim(connection: Connection, target: Target, by: str, lease: timedelta, now: datetime) -> Effect | None:
    """Take the next effect that is at the head of its lane, until the lease ends. On PostgreSQL nobody waits for it."""
    earlier = _outbox.alias("earlier")
    first = ~exists().where(earlier.c.lane == _outbox.c.lane, earlier.c.state == "waiting", earlier.c.id < _outbox.c.id)
    free = or_(_outbox.c.lease_until.is_(None), _outbox.c.lease_until < now)
    query = (
        select(_outbox)
        .where(_outbox.c.state == "waiting", _outbox.c.target == target.value, _outbox.c.not_before <= now, free, first)
        .order_by(_outbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    claimed = {"claimed_by": by, "lease_until": now + lease, "attempts": row["attempts"] + 1, "doubtful": True}
    connection.execute(update(_outbox).where(_outbox.c.id == row["id"]).values(claimed))
    return Effect(
        id=row["id"],
        incident_id=row["incident_id"],
        target=Target(row["target"]),
        kind=Kind(row["kind"]),
        body=row["body"],
        created_at=row["created_at"],
        attempts=row["attempts"] + 1,
        doubtful=row["doubtful"],
        stale_at=row["stale_at"],
    )


def is_ready(connection: Connection, target: Target, now: datetime) -> bool:
    """Return whether it is worth trying to claim something; reading is cheaper than claiming in vain."""
    free = or_(_outbox.c.lease_until.is_(None), _outbox.c.lease_until < now)
    ready = and_(_outbox.c.state == "waiting", _outbox.c.target == target.value, _outbox.c.not_before <= now, free)
    return connection.execute(select(_outbox.c.id).where(ready).limit(1)).first() is not None


def tried_before(connection: Connection, effect: Effect) -> bool:
    """Return whether an earlier effect of the same kind was tried for this incident, whatever became of it."""
    earlier = and_(
        _outbox.c.incident_id == effect.incident_id,
        _outbox.c.kind == effect.kind.value,
        _outbox.c.id < effect.id,
        _outbox.c.attempts > 0,
    )
    return connection.execute(select(_outbox.c.id).where(earlier).limit(1)).first() is not None


def end(
    connection: Connection,
    effect: Effect,
    state: str,
    now: datetime,
    *,
    by: str,
    error: str | None = None,
    receipt: Mapping[str, Any] | None = None,
) -> bool:
    """Write how a claimed effect ended; false when the lease was lost and somebody else has it."""
    values = {
        "state": state,
        "ended_at": now,
        "lease_until": None,
        "error": error,
        "receipt": None if receipt is None else dict(receipt),
    }
    return bool(connection.execute(update(_outbox).where(_mine(effect, by)).values(values)).rowcount)


def postpone(
    connection: Connection, effect: Effect, until: datetime, *, by: str, error: str, doubtful: bool, counts: bool = True
) -> bool:
    """Give a claimed effect back, not to be tried before `until`."""
    values = {
        "not_before": until,
        "lease_until": None,
        "error": error,
        "doubtful": doubtful,
        "attempts": effect.attempts if counts else effect.attempts - 1,
    }
    return bool(connection.execute(update(_outbox).where(_mine(effect, by)).values(values)).rowcount)


def release(connection: Connection, holders: list[str]) -> int:
    """End the leases of holders that are known to be dead; their effects stay doubtful."""
    held = and_(_outbox.c.state == "waiting", _outbox.c.claimed_by.in_(holders), _outbox.c.lease_until.is_not(None))
    return connection.execute(update(_outbox).where(held).values(lease_until=None)).rowcount


def holders(connection: Connection) -> list[str]:
    """Return who holds leases."""
    held = and_(_outbox.c.state == "waiting", _outbox.c.lease_until.is_not(None))
    return [by for (by,) in connection.execute(select(_outbox.c.claimed_by).where(held).distinct()) if by]


def supersede(
    connection: Connection, incident_id: str, kinds: tuple[Kind, ...], now: datetime
) -> tuple[RowMapping, ...]:
    """Cancel the waiting effects of these kinds that nobody is carrying out, and return them."""
    which = and_(
        _outbox.c.incident_id == incident_id,
        _outbox.c.state == "waiting",
        _outbox.c.kind.in_([kind.value for kind in kinds]),
        or_(_outbox.c.lease_until.is_(None), _outbox.c.lease_until < now),
    )
    rows = tuple(connection.execute(select(_outbox).where(which).with_for_update()).mappings())
    lose(connection, [row["id"] for row in rows], now)
    return rows


def lose(connection: Connection, ids: list[int], now: datetime) -> None:
    """Mark effects as superseded: something newer makes them pointless."""
    if ids:
        values = {"state": "superseded", "ended_at": now, "lease_until": None}
        connection.execute(update(_outbox).where(_outbox.c.id.in_(ids)).values(values))


def waiting_resolves(connection: Connection, key: str, now: datetime) -> list[int]:
    """Return the resolves of this page that nobody has begun to send."""
    which = and_(_outbox.c.state == "waiting", _outbox.c.kind == Kind.RESOLVE.value)
    free = or_(_outbox.c.lease_until.is_(None), _outbox.c.lease_until < now)
    return [
        row["id"]
        for row in connection.execute(select(_outbox).where(which, free)).mappings()
        if row["body"]["key"] == key
    ]


def has_waiting_page(connection: Connection, incident_id: str) -> bool:
    """Return whether a page of this incident has not reached PagerDuty."""
    missing = and_(
        _outbox.c.incident_id == incident_id,
        _outbox.c.kind == Kind.TRIGGER.value,
        _outbox.c.state == "waiting",
    )
    return connection.execute(select(_outbox.c.id).where(missing).limit(1)).first() is not None


def of_incident(connection: Connection, incident_id: str) -> tuple[RowMapping, ...]:
    """Return every effect of an incident, oldest first."""
    query = select(_outbox).where(_outbox.c.incident_id == incident_id).order_by(_outbox.c.id)
    return tuple(connection.execute(query).mappings())


def waiting(connection: Connection) -> dict[Target, tuple[int, datetime | None]]:
    """Return, for every target, how many effects wait and since when the oldest does."""
    query = (
        select(_outbox.c.target, func.count(), func.min(_outbox.c.created_at))
        .where(_outbox.c.state == "waiting")
        .group_by(_outbox.c.target)
    )
    found = {target: (count, oldest) for target, count, oldest in connection.execute(query)}
    return {target: found.get(target.value, (0, None)) for target in Target}


def _mine(effect: Effect, by: str) -> Any:
    return and_(_outbox.c.id == effect.id, _outbox.c.state == "waiting", _outbox.c.claimed_by == by)
