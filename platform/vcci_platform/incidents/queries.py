"""What the desk's pages ask of its store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from vcci_platform.incidents import outbox, store, tables
from vcci_platform.incidents.model import Incident, Priority
from vcci_platform.incidents.views import (
    AlertView,
    EffectView,
    EntryView,
    IncidentDetail,
    IncidentPage,
    IncidentSummary,
    TimerView,
    summary,
)

__all__ = ["detail", "page"]


def page(
    connection: Connection,
    *,
    limit: int,
    cursor: str | None = None,
    is_open: bool | None = None,
    system: str | None = None,
    priority: Priority | None = None,
) -> IncidentPage:
    """Return incidents, the newest first, those before `cursor` if it is given."""
    table = tables.incident
    query = select(table).order_by(table.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(table.c.id < cursor)
    if is_open is not None:
        query = query.where(table.c.open == is_open)
    if system is not None:
        query = query.where(table.c.system == system)
    if priority is not None:
        query = query.where(table.c.priority == priority.value)
    incidents = [store.incident_of_row(row) for row in connection.execute(query).mappings()]
    items = tuple(IncidentSummary(**summary(incident)) for incident in incidents[:limit])
    return IncidentPage(items=items, next_cursor=items[-1].id if len(incidents) > limit else None)


def detail(connection: Connection, incident: Incident) -> IncidentDetail:
    """Return everything that is known of an incident."""
    timers = tuple(_shown(TimerView, row) for row in store.timers_of(connection, incident.id))
    lines, keys = tables.timeline, tables.pager_key
    timeline = select(lines).where(lines.c.incident_id == incident.id).order_by(lines.c.id)
    held = select(keys.c.key).where(keys.c.incident_id == incident.id).order_by(keys.c.since, keys.c.key)
    alerts = store.alerts_of(connection, incident.id)
    return IncidentDetail(
        **summary(incident),
        timeline=tuple(_shown(EntryView, row) for row in connection.execute(timeline).mappings()),
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
        pager_keys=tuple(row[0] for row in connection.execute(held)),
    )


def _shown(view: Any, row: Any) -> Any:
    return view(**{name: row[name] for name in view.model_fields})
