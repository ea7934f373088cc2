"""What was gathered as rows. Every function works inside the transaction that it is given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, insert, select

from vcci_platform.incidents import tables as desk_tables
from vcci_platform.incidents.context.model import Context
from vcci_platform.incidents.context.tables import incident_context

__all__ = ["add", "find", "without_context"]

_context = incident_context


def find(connection: Connection, incident_id: str, episode: int | None = None) -> Context | None:
    """Return what was gathered when an incident opened, the last time or that of an episode."""
    query = select(_context).where(_context.c.incident_id == incident_id)
    if episode is not None:
        query = query.where(_context.c.episode == episode)
    row = connection.execute(query.order_by(_context.c.episode.desc()).limit(1)).mappings().first()
    return Context.of_document(row["gathered_at"], row["content"]) if row else None


def add(connection: Connection, incident_id: str, episode: int, context: Context) -> None:
    """Keep what was gathered."""
    row = {"incident_id": incident_id, "episode": episode, "gathered_at": context.gathered_at}
    connection.execute(insert(_context).values(**row, content=context.document()))


def without_context(connection: Connection, opened_after: datetime, limit: int = 5) -> tuple[str, ...]:
    """Return the open incidents that nothing was gathered for, the newest first: somebody looks at those now."""
    incident = desk_tables.incident
    same = and_(_context.c.incident_id == incident.c.id, _context.c.episode == incident.c.episode)
    query = (
        select(incident.c.id)
        .outerjoin(_context, same)
        .where(incident.c.open, _context.c.incident_id.is_(None), incident.c.clock_from >= opened_after)
        .order_by(incident.c.clock_from.desc(), incident.c.id)
        .limit(limit)
    )
    return tuple(row[0] for row in connection.execute(query))
