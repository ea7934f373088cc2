"""The table of what was gathered when an incident opened."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, Table

from vcci_platform.storage.columns import Document, Moment
from vcci_platform.storage.metadata import desk_metadata

__all__ = ["incident_context"]

incident_context = Table(
    "incident_context",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("episode", Integer, primary_key=True),
    Column("gathered_at", Moment, nullable=False),
    Column("content", Document, nullable=False),
)
"""One row for each time that an incident was opened."""
