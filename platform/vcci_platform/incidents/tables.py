"""The tables of the desk's own store: inbox, incident, alert, timeline, timer, outbox, and what the vendors know."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from vcci_platform.storage.columns import Document, Moment, RowNumber
from vcci_platform.storage.metadata import desk_metadata

__all__ = ["alert", "heartbeat", "inbox", "incident", "outbox", "pager_key", "status_post", "timeline", "timer"]

inbox = Table(
    "inbox",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("source", String(40), nullable=False),
    Column("delivery_key", String(200), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("last_received_at", Moment, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("state", String(20), nullable=False),  # waiting, understood, quarantined
    Column("beat", Boolean, nullable=False),  # holds a heartbeat: every delivery of the same bytes says something
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=True),
    Column("understood_at", Moment, nullable=True),
    UniqueConstraint("source", "delivery_key"),
    Index("ix_inbox_state_id", "state", "id"),
)
"""What was said to the desk, byte for byte, before anybody tried to understand it."""

incident = Table(
    "incident",
    desk_metadata,
    Column("id", String(40), primary_key=True),
    Column("system", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("component", String(200), nullable=False),
    Column("priority", String(2), nullable=False),
    Column("state", String(20), nullable=False),
    Column("open", Boolean, nullable=False),
    Column("source", String(40), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("detected_at", Moment, nullable=False),
    Column("clock_from", Moment, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("rung", String(2), nullable=True),
    Column("level", Integer, nullable=False),
    Column("publication", String(20), nullable=False),
    Column("acknowledged_at", Moment, nullable=True),
    Column("acknowledged_by", String(200), nullable=False),
    Column("monitoring_since", Moment, nullable=True),
    Column("resolved_at", Moment, nullable=True),
    Column("reviewed_at", Moment, nullable=True),
    Index(
        "ix_incident_one_open_per_system",
        "system",
        unique=True,
        sqlite_where=text("open"),
        postgresql_where=text("open"),
    ),
)
"""One row for each incident; of one system, at most one is open."""

alert = Table(
    "alert",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=True),
    Column("fingerprint", String(200), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("priority", String(2), nullable=False),
    Column("name", Text, nullable=False),
    Column("content", Document, nullable=False),
    Column("over_at", Moment, nullable=True),
    Column("doubted_at", Moment, nullable=True),
    Column("received_at", Moment, nullable=False),
    UniqueConstraint("fingerprint", "starts_at"),
    Index("ix_alert_incident_id", "incident_id"),
)
"""Episodes of alerts. One whose incident is empty was over before there was anything to open."""

timeline = Table(
    "timeline",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("by", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("data", Document, nullable=False),
    Index("ix_timeline_incident_id", "incident_id"),
)
"""What happened. The migration adds triggers: the database itself refuses to change or delete a line."""

timer = Table(
    "timer",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("detail", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("fence", Integer, nullable=False),  # the episode of the incident that armed it
    Column("state", String(20), nullable=False),  # armed, rung, cancelled
    Column("armed_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Index("ix_timer_state_due_at", "state", "due_at"),
    Index("ix_timer_incident_id", "incident_id"),
)
"""Deadlines that survive a restart. How late one rang is `ended_at` less `due_at`."""

outbox = Table(
    "outbox",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("target", String(20), nullable=False),
    Column("lane", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("stale_at", Moment, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("doubtful", Boolean, nullable=False),  # an attempt may have arrived although nobody said so
    Column("state", String(20), nullable=False),  # waiting, delivered, dead, superseded
    Column("claimed_by", String(100), nullable=True),
    Column("lease_until", Moment, nullable=True),
    Column("error", Text, nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("receipt", Document, nullable=True),
    Index("ix_outbox_state_target_not_before", "state", "target", "not_before"),
    Index("ix_outbox_lane_state_id", "lane", "state", "id"),
    Index("ix_outbox_incident_id", "incident_id"),
)
"""What must still be done to the outside world. One lane per incident and target keeps order."""

pager_key = Table(
    "pager_key",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("adopted", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Index("ix_pager_key_key", "key"),
)
"""Under which keys PagerDuty has pages of an incident: the desk's own, and those adopted from Alertmanager."""

status_post = Table(
    "status_post",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("remote_id", String(100), nullable=True),
    Column("components", Document, nullable=False),  # public names that this incident has touched
    Column("open", Boolean, nullable=False),
)
"""What the status page shows of an incident; a component belongs to every open incident that touched it."""

heartbeat = Table(
    "heartbeat",
    desk_metadata,
    Column("source", String(40), primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Column("lost", Boolean, nullable=False),
)
"""When the Watchdog of a source was last heard; `lost` when the source itself said that it is gone."""
