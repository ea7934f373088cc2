"""What the desk's pages ask of its store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, or_, select

from vcci_platform.incidents import duties, outbox, store, tables
from vcci_platform.incidents.model import Incident, Nature, Priority, State
from vcci_platform.incidents.views import (
    AlertView,
    EffectView,
    EntryView,
    IncidentDetail,
    IncidentPage,
    IncidentSummary,
    RoleView,
    TaskView,
    TimerView,
    summary,
)

__all__ = ["detail", "page", "systems", "touching"]


def page(
    connection: Connection,
    *,
    limit: int,
    cursor: str | None = None,
    is_open: bool | None = None,
    state: State | None = None,
    system: str | None = None,
    priority: Priority | None = None,
    text: str | None = None,
    restricted: bool = True,
) -> IncidentPage:
    """Return incidents, the newest first, those before `cursor` if it is given; security incidents if `restricted`.

    `text` stands in the title or the id, in capitals or not.
    """
    table = tables.incident
    query = select(table).order_by(table.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(table.c.id < cursor)
    if is_open is not None:
        query = query.where(table.c.open == is_open)
    if state is not None:
        query = query.where(table.c.state == state.value)
    if system is not None:
        query = query.where(table.c.system == system)
    if priority is not None:
        query = query.where(table.c.priority == priority.value)
    if text:
        query = query.where(or_(table.c.title.icontains(text, autoescape=True), table.c.id == text.strip()))
    if not restricted:
        query = query.where(table.c.nature != Nature.SECURITY.value)
    incidents = [store.incident_of_row(row) for row in connection.execute(query).mappings()]
    items = tuple(IncidentSummary(**summary(incident)) for incident in incidents[:limit])
    return IncidentPage(items=items, next_cursor=items[-1].id if len(incidents) > limit else None)


def systems(connection: Connection, *, restricted: bool) -> tuple[str, ...]:
    """Return the systems that ever had an incident, in order; those of security incidents if `restricted`."""
    query = select(tables.incident.c.system).distinct().order_by(tables.incident.c.system)
    if not restricted:
        query = query.where(tables.incident.c.nature != Nature.SECURITY.value)
    return tuple(connection.execute(query).scalars())


def touching(
    connection: Connection, system: str, start: datetime, end: datetime, *, restricted: bool = True
) -> tuple[Incident, ...]:
    """Return the incidents of a system that lasted at some time from `start` to `end`, in the order they began.

    One that several labels correlate is of every system that its alerts are of. Security incidents are among them if
    `restricted`.
    """
    table, alert = tables.incident, tables.alert
    heard = exists().where(alert.c.incident_id == table.c.id, alert.c.content["labels"]["system"].as_string() == system)
    query = (
        select(table)
        .where(
            or_(table.c.system == system, heard),
            table.c.began_at < end,
            or_(table.c.resolved_at.is_(None), table.c.resolved_at > start),
        )
        .order_by(table.c.began_at, table.c.id)
    )
    if not restricted:
        query = query.where(table.c.nature != Nature.SECURITY.value)
    return tuple(store.incident_of_row(row) for row in connection.execute(query).mappings())


def detail(connection: Connection, incident: Incident) -> IncidentDetail:
    """Return everything that is known of an incident."""
    timers = tuple(_shown(TimerView, row) for row in store.timers_of(connection, incident.id))
    lines, keys = tables.timeline, tables.pager_key
    timeline = select(lines).where(lines.c.incident_id == incident.id).order_by(lines.c.id)
    held = select(keys.c.key).where(keys.c.incident_id == incident.id).order_by(keys.c.since, keys.c.key)
    alerts = store.alerts_of(connection, incident.id)
    return IncidentDetail(
        **summary(incident),
        timeline=tuple(_line(row) for row in connection.execute(timeline).mappings()),
        alerts=tuple(
            AlertView(
                **{name: value for name, value in vars(tracked.alert).items() if name in AlertView.model_fields},
                over_at=tracked.over_at,
                doubted_at=tracked.doubted_at,
            )
            for tracked in alerts
        ),
        effects=tuple(_shown(EffectView, row) for row in outbox.of_incident(connection, incident.id)),
        timers=timers,
        next_deadline=timers[0] if timers else None,
        roles=tuple(_shown(RoleView, row) for row in duties.roles_of(connection, incident.id)),
        tasks=tuple(_shown(TaskView, row) for row in duties.tasks_of(connection, incident.id)),
        pager_keys=tuple(row[0] for row in connection.execute(held)),
    )


def _line(row: Any) -> EntryView:
    shown: EntryView = _shown(EntryView, {**row, "links": row["data"].get("links", ())})
    return shown


def _shown(view: Any, row: Any) -> Any:
    return view(**{name: row[name] for name in view.model_fields})
