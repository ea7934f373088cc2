"""Tables of reviews: one review for each incident, and what is to be done after it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text

from vcci_platform.storage.columns import Document, Moment, RowNumber
from vcci_platform.storage.metadata import desk_metadata

__all__ = ["action_item", "review"]

review = Table(
    "review",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("version", Integer, nullable=False),  # grows with every change, and refuses one made from an older one
    Column("stage", String(20), nullable=False),  # draft, in-review, published
    Column("episode", Integer, nullable=False),  # of the incident, when it was drafted last
    Column("touched", Boolean, nullable=False),  # a person has written in it
    Column("content", Document, nullable=False),
    Column("impact", Document, nullable=False),
    Column("impact_start", Moment, nullable=True),
    Column("impact_end", Moment, nullable=True),
    Column("drafted_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", String(200), nullable=False),
    Column("published_at", Moment, nullable=True),
    Column("published_by", String(200), nullable=False),
    Column("sent_to_page_at", Moment, nullable=True),  # when the status page was told, or is to be
    Index("ix_review_stage", "stage"),
)
"""What was written about an incident; the row is changed only in the version that it was read in."""

action_item = Table(
    "action_item",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("due", Date, nullable=True),
    Column("tracker", Text, nullable=False),
    Column("done_at", Moment, nullable=True),
    Column("done_by", String(200), nullable=False),
    Column("dropped_at", Moment, nullable=True),
    Column("added_at", Moment, nullable=False),
    Column("added_by", String(200), nullable=False),
    Column("reminded_at", Moment, nullable=True),
    Index("ix_action_item_incident_id", "incident_id"),
    Index("ix_action_item_due", "due"),
)
"""What is to be done so that it does not come back. One that was dropped stays, so that nobody wonders."""
