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

__all__ = [
    "alert",
    "audit",
    "ended_session",
    "heartbeat",
    "inbox",
    "incident",
    "outbox",
    "pager_key",
    "person",
    "rate_slot",
    "role",
    "status_post",
    "task",
    "timeline",
    "timer",
]

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
    Column("incident_id", String(40), nullable=True),  # where a report led
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
    Column("asked", Document, nullable=False),
    Column("publication", String(20), nullable=False),
    Column("acknowledged_at", Moment, nullable=True),
    Column("acknowledged_by", String(200), nullable=False),
    Column("monitoring_since", Moment, nullable=True),
    Column("resolved_at", Moment, nullable=True),
    Column("reviewed_at", Moment, nullable=True),
    Column("nature", String(20), nullable=False, server_default="fault"),
    Column("signed_at", Moment, nullable=True),
    Column("held_until", Moment, nullable=True),
    Index(
        "ix_incident_one_open_per_system",
        "system",
        unique=True,
        sqlite_where=text("open AND nature = 'fault'"),
        postgresql_where=text("open AND nature = 'fault'"),
    ),
)
"""One row for each incident; of one system at most one fault is open, and any number of incidents of security."""

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

rate_slot = Table(
    "rate_slot",
    desk_metadata,
    Column("key", String(200), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("free_at", Moment, nullable=False),
)
"""As many as calls that a vendor takes within a window; each is free again one window after it was taken."""

pager_key = Table(
    "pager_key",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("adopted", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Column("remote_id", String(100), nullable=True),  # PagerDuty's own id of the incident under this key
    Column("remote_status", String(20), nullable=True),  # what it was there when we last looked
    Column("remote_changed_at", Moment, nullable=True),  # since when, by PagerDuty's own clock
    Index("ix_pager_key_key", "key"),
    Index("ix_pager_key_remote_id", "remote_id"),
)
"""Under which keys PagerDuty has pages of an incident: the desk's own, and those adopted from Alertmanager."""

status_post = Table(
    "status_post",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("remote_id", String(100), nullable=True),
    Column("components", Document, nullable=False),  # public names that this incident has touched
    Column("open", Boolean, nullable=False),
    Column("remote_status", String(20), nullable=True),  # what the page showed when we last looked
)
"""What the status page shows of an incident; a component belongs to every open incident that touched it."""

heartbeat = Table(
    "heartbeat",
    desk_metadata,
    Column("source", String(40), primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Column("lost", Boolean, nullable=False),
    Column("alarmed_at", Moment, nullable=True),  # since when its silence is an incident
)
"""When the Watchdog of a source was last heard; `lost` when the source itself said that it is gone."""

ended_session = Table(
    "ended_session",
    desk_metadata,
    Column("id", String(40), primary_key=True),
    Column("ended_at", Moment, nullable=False),
)
"""Sessions that somebody has signed out of: their cookies open nothing any more."""

role = Table(
    "incident_role",
    desk_metadata,
    Column("incident_id", ForeignKey("incident.id"), primary_key=True),
    Column("role", String(20), primary_key=True),
    Column("person", String(200), nullable=False),
    Column("since", Moment, nullable=False),
)
"""Who does what now; who did before stands in the timeline."""

task = Table(
    "task",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incident.id"), nullable=False),
    Column("checklist", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("milestone", String(20), nullable=False),
    Column("due_at", Moment, nullable=True),
    Column("done_at", Moment, nullable=True),
    Column("done_by", String(200), nullable=False),
    Column("added_by", String(200), nullable=False),
    Column("added_at", Moment, nullable=False),
    UniqueConstraint("incident_id", "checklist", "text"),
)
"""What must not be forgotten in an incident: its checklists, and what people added."""

person = Table(
    "person",
    desk_metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("rank", String(20), nullable=False),
    Column("contact", String(60), nullable=False),
    Column("token_digest", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment, nullable=True),
    UniqueConstraint("token_digest"),
    Index(
        "ix_person_one_of_a_name",
        "name",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)
"""Who may use the desk. Of a token only its digest is kept."""

roster_answer = Table(
    "roster_answer",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("schedule", String(200), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("duties", Document, nullable=False),
    Index("ix_roster_answer_schedule", "schedule"),
)
"""What PagerDuty said about who is on call in a schedule, from a moment until another, and when it said so."""

audit = Table(
    "audit",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", String(200), nullable=False),
    Column("rank", String(20), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Document, nullable=False),
    Column("once_key", String(64), nullable=True),  # the digest of an Idempotency-Key, and of what was asked under it
    Column("once_words", String(64), nullable=True),
    Index("ix_audit_subject", "subject"),
    Index("ix_audit_once_key", "once_key", unique=True),
)
"""What people did at the desk. The migration adds triggers: the database refuses to change or delete a line."""
