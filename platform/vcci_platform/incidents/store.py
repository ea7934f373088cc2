"""Incidents, alerts, timelines and timers as rows. Every function works inside the transaction that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from vcci_platform.incidents import tables
from vcci_platform.incidents.clockwork import Rung
from vcci_platform.incidents.decisions import Arm, TimerKind
from vcci_platform.incidents.model import Alert, Entry, Incident, Priority, Publication, State, Tracked

__all__ = [
    "DueTimer",
    "alert_document",
    "alert_from_document",
    "alerts_of",
    "append",
    "arm",
    "cancel",
    "claim_timer",
    "doubting",
    "due_timers",
    "find",
    "find_open",
    "incident_of_row",
    "newest",
    "open_by_priority",
    "past_episodes",
    "save",
    "timers_of",
    "track",
]


@dataclass(frozen=True)
class DueTimer:
    """A timer whose time has come."""

    id: int
    incident_id: str
    system: str
    rung: Rung
    fence: int


# --- incidents -------------------------------------------------------------------------------------------------------


def find(connection: Connection, incident_id: str, *, lock: bool = False) -> Incident | None:
    """Return an incident by its id; with `lock`, nobody else changes it until this transaction ends."""
    return _one(connection, tables.incident.c.id == incident_id, lock=lock)


def find_open(connection: Connection, system: str, *, lock: bool = False) -> Incident | None:
    """Return the one open incident of a system."""
    return _one(connection, and_(tables.incident.c.system == system, tables.incident.c.open), lock=lock)


def newest(connection: Connection, system: str) -> Incident | None:
    """Return the open incident of a system, else the one that was opened last."""
    query = select(tables.incident).where(tables.incident.c.system == system)
    by_age = query.order_by(tables.incident.c.open.desc(), tables.incident.c.id.desc()).limit(1)
    row = connection.execute(by_age).mappings().first()
    return incident_of_row(row) if row else None


def doubting(connection: Connection) -> tuple[str, ...]:
    """Return the incidents that have an alert whose end is doubted."""
    alert = tables.alert
    doubted = and_(alert.c.doubted_at.is_not(None), alert.c.over_at.is_(None), alert.c.incident_id.is_not(None))
    rows = connection.execute(select(alert.c.incident_id).where(doubted).distinct().order_by(alert.c.incident_id))
    return tuple(row[0] for row in rows)


def save(connection: Connection, incident: Incident, *, new: bool) -> None:
    """Write an incident as it is now."""
    values: dict[str, Any] = {name: value for name, value in vars(incident).items() if name != "id"}
    values |= {
        "priority": incident.priority.value,
        "state": incident.state.value,
        "rung": incident.rung.value if incident.rung else None,
        "publication": incident.publication.value,
        "open": incident.is_open,
    }
    if new:
        connection.execute(insert(tables.incident).values(id=incident.id, **values))
    else:
        connection.execute(update(tables.incident).where(tables.incident.c.id == incident.id).values(values))


def incident_of_row(row: RowMapping) -> Incident:
    """Return the incident in a row of its table."""
    values = {name: value for name, value in row.items() if name != "open"}
    values |= {
        "priority": Priority(row["priority"]),
        "state": State(row["state"]),
        "rung": Priority(row["rung"]) if row["rung"] else None,
        "publication": Publication(row["publication"]),
    }
    return Incident(**values)


def _one(connection: Connection, condition: Any, *, lock: bool) -> Incident | None:
    query = select(tables.incident).where(condition)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return incident_of_row(row) if row else None


# --- alerts ----------------------------------------------------------------------------------------------------------


def alert_document(alert: Alert) -> dict[str, Any]:
    """Return an alert as a JSON document."""
    document = dict(vars(alert))
    document["priority"] = alert.priority.value
    document["starts_at"] = alert.starts_at.isoformat()
    document["ends_at"] = alert.ends_at.isoformat() if alert.ends_at else None
    document["labels"] = dict(alert.labels)
    return document


def alert_from_document(document: Mapping[str, Any]) -> Alert:
    """Return the alert that `alert_document` wrote."""
    values = dict(document)
    values["priority"] = Priority(document["priority"])
    values["starts_at"] = datetime.fromisoformat(document["starts_at"])
    values["ends_at"] = datetime.fromisoformat(document["ends_at"]) if document["ends_at"] else None
    return Alert(**values)


def alerts_of(connection: Connection, incident_id: str) -> tuple[Tracked, ...]:
    """Return every alert of an incident, in the order in which they came."""
    query = select(tables.alert).where(tables.alert.c.incident_id == incident_id).order_by(tables.alert.c.id)
    return tuple(_tracked(row) for row in connection.execute(query).mappings())


def past_episodes(
    connection: Connection, fingerprints: Iterable[str], incident: Incident | None
) -> dict[str, tuple[Tracked, ...]]:
    """Return, by fingerprint, the episodes that do not belong to this incident."""
    column = tables.alert.c.incident_id
    query = select(tables.alert).where(tables.alert.c.fingerprint.in_(sorted(set(fingerprints))))
    if incident is not None:
        query = query.where(or_(column.is_(None), column != incident.id))
    found: dict[str, tuple[Tracked, ...]] = {}
    for row in connection.execute(query).mappings():
        found[row["fingerprint"]] = (*found.get(row["fingerprint"], ()), _tracked(row))
    return found


def track(connection: Connection, tracked: Tracked, incident_id: str | None, now: datetime) -> None:
    """Remember an alert as it is now; one that is known stays with the incident that it belongs to."""
    alert = tracked.alert
    same = and_(tables.alert.c.fingerprint == alert.fingerprint, tables.alert.c.starts_at == alert.starts_at)
    state = {"over_at": tracked.over_at, "doubted_at": tracked.doubted_at}
    if connection.execute(update(tables.alert).where(same).values(state)).rowcount:
        return
    connection.execute(
        insert(tables.alert).values(
            incident_id=incident_id,
            fingerprint=alert.fingerprint,
            starts_at=alert.starts_at,
            priority=alert.priority.value,
            name=alert.name,
            content=alert_document(alert),
            received_at=now,
            **state,
        )
    )


def _tracked(row: RowMapping) -> Tracked:
    return Tracked(alert_from_document(row["content"]), over_at=row["over_at"], doubted_at=row["doubted_at"])


# --- timeline --------------------------------------------------------------------------------------------------------


def append(connection: Connection, incident_id: str, entries: Sequence[Entry]) -> None:
    """Add lines to an incident's timeline. There is no function that changes one."""
    if entries:
        rows = [{"incident_id": incident_id, **vars(entry), "data": dict(entry.data)} for entry in entries]
        connection.execute(insert(tables.timeline), rows)


# --- timers ----------------------------------------------------------------------------------------------------------


def arm(connection: Connection, incident: Incident, timer: Arm, now: datetime) -> None:
    """Set a timer in place of one of the same kind and detail."""
    same = and_(tables.timer.c.kind == timer.kind.value, tables.timer.c.detail == timer.detail)
    _end_timers(connection, incident.id, same, now)
    connection.execute(
        insert(tables.timer).values(
            incident_id=incident.id,
            kind=timer.kind.value,
            detail=timer.detail,
            due_at=timer.due_at,
            fence=incident.episode,
            state="armed",
            armed_at=now,
        )
    )


def cancel(connection: Connection, incident_id: str, kinds: Iterable[TimerKind], now: datetime) -> None:
    """Take the timers of these kinds away."""
    _end_timers(connection, incident_id, tables.timer.c.kind.in_([kind.value for kind in kinds]), now)


def due_timers(connection: Connection, now: datetime, *, limit: int = 100) -> tuple[DueTimer, ...]:
    """Return the timers whose time has come, the most overdue first."""
    timer, incident = tables.timer, tables.incident
    query = (
        select(timer, incident.c.system)
        .join(incident, incident.c.id == timer.c.incident_id)
        .where(timer.c.state == "armed", timer.c.due_at <= now)
        .order_by(timer.c.due_at, timer.c.id)
        .limit(limit)
    )
    return tuple(
        DueTimer(
            row["id"],
            row["incident_id"],
            row["system"],
            Rung(TimerKind(row["kind"]), row["due_at"], row["detail"]),
            row["fence"],
        )
        for row in connection.execute(query).mappings()
    )


def claim_timer(connection: Connection, timer: DueTimer, now: datetime) -> bool:
    """Mark a timer as rung, once; false when another desk was faster or it was cancelled meanwhile."""
    armed = and_(tables.timer.c.id == timer.id, tables.timer.c.state == "armed")
    return bool(connection.execute(update(tables.timer).where(armed).values(state="rung", ended_at=now)).rowcount)


def timers_of(connection: Connection, incident_id: str) -> tuple[RowMapping, ...]:
    """Return the armed timers of an incident, the next one first."""
    timer = tables.timer
    armed = and_(timer.c.incident_id == incident_id, timer.c.state == "armed")
    return tuple(connection.execute(select(timer).where(armed).order_by(timer.c.due_at, timer.c.id)).mappings())


def open_by_priority(connection: Connection) -> dict[str, int]:
    """Return how many incidents are open, by priority."""
    incident = tables.incident
    query = select(incident.c.priority, func.count()).where(incident.c.open).group_by(incident.c.priority)
    return {row[0]: row[1] for row in connection.execute(query)}


def _end_timers(connection: Connection, incident_id: str, which: Any, now: datetime) -> None:
    armed = and_(tables.timer.c.incident_id == incident_id, tables.timer.c.state == "armed", which)
    connection.execute(update(tables.timer).where(armed).values(state="cancelled", ended_at=now))
