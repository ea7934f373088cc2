"""The tables of promises in the desk's store: increments, looks, verdicts, changes, corrections and their history."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, String, Table, Text

from vcci_platform.storage.columns import Document, Moment, RowNumber
from vcci_platform.storage.metadata import desk_metadata

__all__ = ["change", "correction", "correction_history", "increment", "look", "verdict"]

increment = Table(
    "sli_increment",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("account", String(200), nullable=False),
    Column("start", Moment, nullable=False),
    Column("end", Moment, nullable=False),
    Column("seconds", Float, nullable=False),  # how much of the time from start to end was observed
    Column("bad", Float, nullable=False),
    Column("total", Float, nullable=False),
    Index("ix_sli_increment_account_end", "account", "end"),
)
"""What was counted between two looks. What no row covers is unknown."""

look = Table(
    "sli_look",
    desk_metadata,
    Column("target", String(200), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("samples", Document, nullable=False),
)
"""The last successful look at each target, so that a restart of the desk loses no event."""

verdict = Table(
    "sli_verdict",
    desk_metadata,
    Column("key", String(500), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("last_true", Moment, nullable=False),
    Column("fired_at", Moment, nullable=True),
    Column("over_at", Moment, nullable=True),
    Column("announced", Boolean, nullable=False),
    Column("labels", Document, nullable=False),
    Column("summary", Text, nullable=False),
)
"""Conditions that are true, pending or firing, as the evaluator remembers them."""

change = Table(
    "sli_change",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("target", String(200), nullable=False),
    Column("kind", String(40), nullable=False),  # restarted, deployed
    Column("text", Text, nullable=False),
)
"""Restarts and new versions, as the recorder saw them: the first question at night is what changed."""

correction = Table(
    "correction",
    desk_metadata,
    Column("id", String(40), primary_key=True),
    Column("content", Document, nullable=False),  # in the words of the spec, so that both mean the same
    Column("created_at", Moment, nullable=False),
    Column("withdrawn_at", Moment, nullable=True),
    Column("delivery_key", String(200), nullable=True, unique=True),
)
"""Time that people took out of accounts through the API. One that was withdrawn counts for nothing any more."""

correction_history = Table(
    "correction_history",
    desk_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("correction_id", ForeignKey("correction.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("action", String(20), nullable=False),  # added, withdrawn
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_correction_history_correction_id", "correction_id"),
)
"""Who changed what about corrections. The migration adds triggers: the database refuses to change or delete a line."""
