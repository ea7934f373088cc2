"""The outbox: effects on the outside world as rows, claimed under a lease, in order within their lane."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, insert, not_, or_, select, update

from vcci_platform.incidents import tables

__all__ = [
    "CALLS",
    "ONLY_WHILE_OPEN",
    "STALE_AFTER",
    "Effect",
    "Kind",
    "Target",
    "call_off",
    "calls_since",
    "claim",
    "end",
    "enqueue",
    "handed_on",
    "has_waiting_page",
    "holders",
    "is_called_off",
    "is_ready",
    "keys_of",
    "last_shown",
    "lose",
    "of_incident",
    "postpone",
    "release",
    "reword",
    "supersede",
    "thread_of",
    "tried_before",
    "unarrived",
    "waiting",
    "waiting_resolves",
]


class Target(StrEnum):
    """Where an effect goes."""

    PAGERDUTY = "pagerduty"
    STATUSPAGE = "statuspage"
    SLACK = "slack"
    MAIL = "mail"
    SECOND_PAGER = "second-pager"
    RESPONDERS = "responders"


class Kind(StrEnum):
    """What an effect does there."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    SHOW = "show"
    SAY = "say"
    PROMPT = "prompt"
    FALLBACK = "fallback"
    POSTMORTEM = "postmortem"
    MAIL = "mail"
    ESCALATE = "escalate"
    REWORD = "reword"


CALLS = frozenset({(Target.PAGERDUTY, Kind.TRIGGER), (Target.RESPONDERS, Kind.ESCALATE)})
"""What calls people through PagerDuty, and must reach them another way when PagerDuty does not take it."""

ONLY_WHILE_OPEN = frozenset({Kind.TRIGGER, Kind.ACKNOWLEDGE, Kind.ESCALATE, Kind.FALLBACK, Kind.PROMPT})
"""What calls people to an incident, and must not once it is over."""

STALE_AFTER: Mapping[Kind, timedelta] = {
    Kind.SAY: timedelta(hours=1),
    Kind.PROMPT: timedelta(minutes=10),
    Kind.MAIL: timedelta(hours=6),
}
"""After this long a message is not worth sending. Pages and the status page are superseded only by newer ones."""

FIRST = ":first"
"""How the lane of what goes before everything else for its target ends."""

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
    connection: Connection,
    incident_id: str,
    target: Target,
    kind: Kind,
    body: Mapping[str, Any],
    now: datetime,
    *,
    first: bool = False,
) -> int:
    """Add an effect to the end of its lane and return its number.

    What goes `first` has a lane of its own: no message in trouble holds it up, and it is claimed before all others.
    """
    after = STALE_AFTER.get(kind)
    result = connection.execute(
        insert(_outbox).values(
            incident_id=incident_id,
            target=target.value,
            lane=f"{incident_id}:{target}{FIRST if first else ''}",
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
    query = (
        select(_outbox)
        .where(_claimable(target, now))
        .order_by(not_(_outbox.c.lane.endswith(FIRST)), _outbox.c.id)
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
    return connection.execute(select(_outbox.c.id).where(_claimable(target, now)).limit(1)).first() is not None


def _claimable(target: Target, now: datetime) -> ColumnElement[bool]:
    """Return what holds of an effect that is due, in nobody's hands, and the first of its lane."""
    earlier = _outbox.alias("earlier")
    first = ~exists().where(earlier.c.lane == _outbox.c.lane, earlier.c.state == "waiting", earlier.c.id < _outbox.c.id)
    free = or_(_outbox.c.lease_until.is_(None), _outbox.c.lease_until < now)
    return and_(
        _outbox.c.state == "waiting", _outbox.c.target == target.value, _outbox.c.not_before <= now, free, first
    )


def tried_before(connection: Connection, effect: Effect) -> bool:
    """Return whether an earlier effect of the same kind was tried for this incident, whatever became of it."""
    earlier = and_(
        _outbox.c.incident_id == effect.incident_id,
        _outbox.c.kind == effect.kind.value,
        _outbox.c.id < effect.id,
        _outbox.c.attempts > 0,
    )
    return connection.execute(select(_outbox.c.id).where(earlier).limit(1)).first() is not None


def handed_on(connection: Connection, effect: Effect, since: datetime) -> int:
    """Return how many earlier effects have handed the same page on to a level since a moment."""
    earlier = and_(
        _outbox.c.incident_id == effect.incident_id,
        _outbox.c.kind == Kind.ESCALATE.value,
        _outbox.c.state == "delivered",
        _outbox.c.id < effect.id,
        _outbox.c.ended_at >= since,
    )
    bodies = connection.execute(select(_outbox.c.body).where(earlier)).scalars()
    return sum(body["key"] == effect.body["key"] and not body.get("joins") for body in bodies)


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
    connection: Connection, incident_id: str, kinds: Collection[Kind], now: datetime
) -> tuple[RowMapping, ...]:
    """Cancel the waiting effects of these kinds that nobody is carrying out, and return them."""
    rows = tuple(row for row in _unfinished(connection, incident_id, kinds) if _is_free(row, now))
    lose(connection, [row["id"] for row in rows], now)
    return rows


def call_off(
    connection: Connection, incident_id: str, kinds: Collection[Kind], now: datetime, *, key: str = ""
) -> tuple[RowMapping, ...]:
    """Cancel what waits of these kinds, of all pages or of the one under `key`, and return it.

    What somebody is carrying out at this moment may arrive; a second attempt is not made.
    """
    rows = [row for row in _unfinished(connection, incident_id, kinds) if not key or row["body"].get("key") == key]
    cancelled = tuple(row for row in rows if _is_free(row, now))
    lose(connection, [row["id"] for row in cancelled], now)
    under_way = [row["id"] for row in rows if not _is_free(row, now)]
    if under_way:
        connection.execute(update(_outbox).where(_outbox.c.id.in_(under_way)).values(stale_at=_outbox.c.created_at))
    return cancelled


def unarrived(connection: Connection, incident_id: str, kinds: Collection[Kind]) -> tuple[RowMapping, ...]:
    """Return what waits or was given up of these kinds, oldest first: all that may still be sent some day."""
    return _unfinished(connection, incident_id, kinds, ("waiting", "dead"))


def reword(connection: Connection, number: int, body: Mapping[str, Any]) -> None:
    """Let an effect say something else than it was to say; it keeps its place."""
    connection.execute(update(_outbox).where(_outbox.c.id == number).values(body=dict(body)))


def is_called_off(connection: Connection, effect: Effect) -> bool:
    """Return whether an effect was called off after it was claimed."""
    stale_at = connection.execute(select(_outbox.c.stale_at).where(_outbox.c.id == effect.id)).scalar()
    return stale_at is not None and stale_at <= effect.created_at


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
    """Return whether a page of this incident, or a call to the next level, has not reached PagerDuty."""
    return calls_since(connection, incident_id) is not None


def calls_since(connection: Connection, incident_id: str) -> datetime | None:
    """Return since when the oldest of them waits; None where PagerDuty has all of them."""
    missing = and_(
        _outbox.c.incident_id == incident_id,
        _outbox.c.target.in_([target.value for target, _ in CALLS]),
        _outbox.c.kind.in_([kind.value for _, kind in CALLS]),
        _outbox.c.state == "waiting",
        or_(_outbox.c.stale_at.is_(None), _outbox.c.stale_at > _outbox.c.created_at),  # called off while under way
    )
    oldest = select(_outbox.c.created_at).where(missing).order_by(_outbox.c.id).limit(1)
    since: datetime | None = connection.execute(oldest).scalar()
    return since


def keys_of(connection: Connection, incident_id: str, target: Target) -> tuple[str, ...]:
    """Return the keys of the pages that this target has, or may have: one attempt is enough, whatever its answer."""
    tried = and_(
        _outbox.c.incident_id == incident_id,
        _outbox.c.target == target.value,
        _outbox.c.kind == Kind.TRIGGER.value,
        _outbox.c.attempts > 0,
    )
    rows = connection.execute(select(_outbox.c.body).where(tried).order_by(_outbox.c.id)).scalars()
    return tuple(dict.fromkeys(str(body["key"]) for body in rows))


def thread_of(connection: Connection, incident_id: str, channel: str) -> str:
    """Return what the chat calls the first message of an incident in a channel, empty as long as it named none."""
    taken = and_(
        _outbox.c.incident_id == incident_id, _outbox.c.target == Target.SLACK.value, _outbox.c.state == "delivered"
    )
    receipts = connection.execute(select(_outbox.c.receipt).where(taken).order_by(_outbox.c.id)).scalars()
    known = (receipt for receipt in receipts if receipt and receipt.get("channel") == channel)
    return next((str(receipt["ts"]) for receipt in known if receipt.get("ts")), "")


def last_shown(connection: Connection, incident_id: str) -> Mapping[str, Any] | None:
    """Return what the status page took last, None if it has nothing of this incident."""
    shown = and_(
        _outbox.c.incident_id == incident_id, _outbox.c.kind == Kind.SHOW.value, _outbox.c.state == "delivered"
    )
    return connection.execute(select(_outbox.c.body).where(shown).order_by(_outbox.c.id.desc()).limit(1)).scalar()


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


def _unfinished(
    connection: Connection, incident_id: str, kinds: Collection[Kind], states: Collection[str] = ("waiting",)
) -> tuple[RowMapping, ...]:
    which = and_(
        _outbox.c.incident_id == incident_id,
        _outbox.c.state.in_(states),
        _outbox.c.kind.in_([kind.value for kind in kinds]),
    )
    return tuple(connection.execute(select(_outbox).where(which).order_by(_outbox.c.id).with_for_update()).mappings())


def _is_free(row: RowMapping, now: datetime) -> bool:
    return row["lease_until"] is None or row["lease_until"] < now


def _mine(effect: Effect, by: str) -> Any:
    return and_(_outbox.c.id == effect.id, _outbox.c.state == "waiting", _outbox.c.claimed_by == by)
