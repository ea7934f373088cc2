"""Incidents, alerts, timelines and timers as rows. Every function works inside the transaction that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from vcci_platform.incidents import tables
from vcci_platform.incidents.decisions import Arm, TimerKind
from vcci_platform.incidents.model import (
    Alert,
    Entry,
    Incident,
    Nature,
    Priority,
    Publication,
    State,
    Tracked,
    systems_of,
)
from vcci_platform.incidents.recollection import recall
from vcci_platform.incidents.reminders import Rung

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
    "fingerprints_of",
    "incident_of_row",
    "newest",
    "open_by_priority",
    "open_security",
    "past_episodes",
    "save",
    "systems",
    "timers_of",
    "track",
]

NEVER_PUT_OFF = frozenset({TimerKind.PAGE, TimerKind.FALLBACK})
"""What calls people: a further reason to call them must not make the first one wait."""

MOST_NUMBERS = 500
"""How many rows are asked for by their numbers at once."""


@dataclass(frozen=True)
class DueTimer:
    """A timer whose time has come."""

    id: int
    incident_id: str
    rung: Rung
    fence: int


# --- incidents -------------------------------------------------------------------------------------------------------


def find(connection: Connection, incident_id: str, *, lock: bool = False) -> Incident | None:
    """Return an incident by its id; with `lock`, nobody else changes it until this transaction ends."""
    return _one(connection, tables.incident.c.id == incident_id, lock=lock)


def systems(connection: Connection, incident_id: str) -> frozenset[str]:
    """Return the systems that an incident concerns; none for one that is not there."""
    incident = find(connection, incident_id)
    return systems_of(incident, alerts_of(connection, incident_id)) if incident else frozenset()


def find_open(connection: Connection, system: str, *, lock: bool = False) -> Incident | None:
    """Return the one open fault of a system; what is open for few eyes stands beside it, and hides it from nobody."""
    incident = tables.incident
    fault = and_(incident.c.system == system, incident.c.open, incident.c.nature == Nature.FAULT.value)
    return _one(connection, fault, lock=lock)


def open_security(connection: Connection, system: str) -> tuple[Incident, ...]:
    """Return the open incidents of security of a system, the oldest first; nobody else changes them meanwhile."""
    incident = tables.incident
    few = and_(incident.c.system == system, incident.c.open, incident.c.nature == Nature.SECURITY.value)
    query = select(incident).where(few).order_by(incident.c.id).with_for_update()
    return tuple(incident_of_row(row) for row in connection.execute(query).mappings())


def fingerprints_of(connection: Connection, incident_ids: Iterable[str]) -> Mapping[str, str]:
    """Return the fault that each alert of these incidents tells of, with the incident that has it."""
    alert = tables.alert
    rows = connection.execute(
        select(alert.c.fingerprint, alert.c.incident_id).where(alert.c.incident_id.in_(incident_ids))
    )
    return {row[0]: row[1] for row in rows}


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
        "nature": incident.nature.value,
        "asked": list(incident.asked),
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
        "nature": Nature(row["nature"]),
        "asked": tuple(row["asked"]),
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
    table = tables.alert
    columns = (table.c.id, table.c.fingerprint, table.c.over_at, table.c.doubted_at)
    query = select(*columns).where(table.c.incident_id == incident_id).order_by(table.c.id)
    rows = connection.execute(query).all()

    def read(numbers: Sequence[int]) -> dict[int, Alert]:
        found: dict[int, Alert] = {}
        for start in range(0, len(numbers), MOST_NUMBERS):
            some = select(table.c.id, table.c.content).where(table.c.id.in_(numbers[start : start + MOST_NUMBERS]))
            found |= {number: alert_from_document(content) for number, content in connection.execute(some)}
        return found

    alerts = recall(connection, [(row[0], row[1]) for row in rows], read)
    return tuple(Tracked(alert, over_at=row[2], doubted_at=row[3]) for alert, row in zip(alerts, rows, strict=True))


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


def track(connection: Connection, alerts: Sequence[Tracked], incident_id: str | None, now: datetime) -> None:
    """Remember alerts as they are now; one that is known stays with the incident that it belongs to."""
    if not alerts:
        return
    rows = [
        {
            "incident_id": incident_id,
            "fingerprint": tracked.alert.fingerprint,
            "starts_at": tracked.alert.starts_at,
            "priority": tracked.alert.priority.value,
            "name": tracked.alert.name,
            "content": alert_document(tracked.alert),
            "over_at": tracked.over_at,
            "doubted_at": tracked.doubted_at,
            "received_at": now,
        }
        for tracked in alerts
    ]
    connection.execute(_upsert(connection.dialect.name), rows)


@cache
def _upsert(dialect: str) -> Any:
    table = tables.alert
    fresh = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    state = {name: fresh.excluded[name] for name in ("over_at", "doubted_at")}
    return fresh.on_conflict_do_update(index_elements=[table.c.fingerprint, table.c.starts_at], set_=state)


def _tracked(row: RowMapping) -> Tracked:
    return Tracked(alert_from_document(row["content"]), over_at=row["over_at"], doubted_at=row["doubted_at"])


# --- timeline --------------------------------------------------------------------------------------------------------


def append(connection: Connection, incident_id: str, entries: Sequence[Entry]) -> None:
    """Add lines to an incident's timeline. There is no function that changes one."""
    if entries:
        rows = [{"incident_id": incident_id, **vars(entry), "data": dict(entry.data)} for entry in entries]
        connection.execute(insert(tables.timeline), rows)


def facts_of_update(connection: Connection, incident_id: str) -> tuple[tuple[str, str], ...]:
    """Return what the last update said of impact and ETA, by their names; nothing where it left them open."""
    line = tables.timeline
    updates = select(line.c.data).where(line.c.incident_id == incident_id, line.c.kind == "update")
    data = connection.execute(updates.order_by(line.c.id.desc()).limit(1)).scalar() or {}
    return tuple((name, str(said)) for name, said in data.get("facts", {}).items())


# --- timers ----------------------------------------------------------------------------------------------------------


def arm(connection: Connection, incident: Incident, timer: Arm, now: datetime) -> None:
    """Set a timer in place of one of the same kind and detail; what calls people is never put off by that."""
    same = and_(tables.timer.c.kind == timer.kind.value, tables.timer.c.detail == timer.detail)
    if timer.kind in NEVER_PUT_OFF:
        mine = and_(tables.timer.c.incident_id == incident.id, tables.timer.c.fence == incident.episode, same)
        sooner = and_(mine, tables.timer.c.state == "armed", tables.timer.c.due_at <= timer.due_at)
        if connection.execute(select(tables.timer.c.id).where(sooner).limit(1)).first() is not None:
            return
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
    timer = tables.timer
    query = (
        select(timer)
        .where(timer.c.state == "armed", timer.c.due_at <= now)
        .order_by(timer.c.due_at, timer.c.id)
        .limit(limit)
    )
    return tuple(
        DueTimer(
            row["id"],
            row["incident_id"],
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


def open_by_priority(connection: Connection, nature: Nature | None = None) -> dict[str, int]:
    """Return how many incidents are open, by priority; of one nature, or of all."""
    incident = tables.incident
    query = select(incident.c.priority, func.count()).where(incident.c.open).group_by(incident.c.priority)
    if nature is not None:
        query = query.where(incident.c.nature == nature.value)
    return {row[0]: row[1] for row in connection.execute(query)}


def _end_timers(connection: Connection, incident_id: str, which: Any, now: datetime) -> None:
    armed = and_(tables.timer.c.incident_id == incident_id, tables.timer.c.state == "armed", which)
    connection.execute(update(tables.timer).where(armed).values(state="cancelled", ended_at=now))
