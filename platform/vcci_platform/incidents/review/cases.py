"""Incidents as the cases that measures are made of, read from the store in a few questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from vcci_platform.incidents import store, tables
from vcci_platform.incidents.model import Incident, Nature, Priority, State
from vcci_platform.incidents.review.measures import Case, Interval, Measures, Period, measures_of
from vcci_platform.incidents.review.tables import review

__all__ = ["cases", "intervals", "measured"]

RESOLVED = f"state_{State.RESOLVED}"
REOPENED = f"state_{State.INVESTIGATING}"
"""After a resolve, this is what a reopening leaves in the timeline."""

AT_ONCE = 500
"""So many ids go into one question."""


def intervals(detected_at: datetime, moves: Iterable[tuple[str, datetime]]) -> tuple[Interval, ...]:
    """Return the spans in which an incident was open, from the moves in its timeline in the order they were written."""
    found = [Interval(detected_at, None)]
    for kind, at in moves:
        if kind == RESOLVED and found[-1].end is None:
            found[-1] = Interval(found[-1].start, at)
        elif kind == REOPENED and found[-1].end is not None:
            found.append(Interval(at, None))
    return tuple(found)


def cases(connection: Connection, start: datetime, end: datetime, *, restricted: bool) -> tuple[Case, ...]:
    """Return the incidents that were detected in a span; security incidents if `restricted`."""
    table = tables.incident
    query = select(table).where(table.c.detected_at >= start, table.c.detected_at < end).order_by(table.c.id)
    if not restricted:
        query = query.where(table.c.nature != Nature.SECURITY.value)
    found = [store.incident_of_row(row) for row in connection.execute(query).mappings()]
    cased: list[Case] = []
    for first in range(0, len(found), AT_ONCE):
        cased += _cases(connection, found[first : first + AT_ONCE])
    return tuple(cased)


def measured(
    connection: Connection,
    start: datetime,
    end: datetime,
    period: Period,
    *,
    priority: Priority | None = None,
    component: str | None = None,
    restricted: bool,
) -> Measures:
    """Return the measures of the incidents of a span, or of those of one severity or component among them."""
    found = (
        case
        for case in cases(connection, start, end, restricted=restricted)
        if (priority is None or case.priority is priority) and (component is None or case.component == component)
    )
    return measures_of(found, start.astimezone(UTC), end.astimezone(UTC), period)


def _cases(connection: Connection, incidents: Sequence[Incident]) -> list[Case]:
    ids = [incident.id for incident in incidents]
    moves: dict[str, list[tuple[str, datetime]]] = {}
    lines = tables.timeline
    asked = select(lines.c.incident_id, lines.c.kind, lines.c.occurred_at).where(
        lines.c.incident_id.in_(ids), lines.c.kind.in_([RESOLVED, REOPENED])
    )
    for incident_id, kind, at in connection.execute(asked.order_by(lines.c.id)):
        moves.setdefault(incident_id, []).append((kind, at))
    columns = (review.c.incident_id, review.c.impact_start, review.c.impact_end)
    impacts = {
        row[0]: (row[1], row[2]) for row in connection.execute(select(*columns).where(review.c.incident_id.in_(ids)))
    }
    components = _components(connection, ids)
    return [
        Case(
            id=incident.id,
            priority=incident.priority,
            component=incident.component or components.get(incident.id, ""),
            began_at=incident.began_at,
            detected_at=incident.detected_at,
            acknowledged_at=incident.acknowledged_at,
            opened=intervals(incident.detected_at, moves.get(incident.id, ())),
            impact_start=impacts.get(incident.id, (None, None))[0],
            impact_end=impacts.get(incident.id, (None, None))[1],
        )
        for incident in incidents
    ]


def _components(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the component of the first alert of each incident."""
    alert = tables.alert
    first = select(func.min(alert.c.id)).where(alert.c.incident_id.in_(ids)).group_by(alert.c.incident_id)
    query = select(alert.c.incident_id, alert.c.content).where(alert.c.id.in_(first))
    return {row[0]: str(row[1].get("component", "")) for row in connection.execute(query)}
