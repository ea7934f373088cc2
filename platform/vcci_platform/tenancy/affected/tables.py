"""The tables of what was counted by tenant, each row by one process, so that writing it again changes nothing."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, String, Table

from vcci_platform.storage.columns import Moment
from vcci_platform.storage.metadata import service_metadata

__all__ = ["request_count", "tenant_trouble"]

request_count = Table(
    "request_count",
    service_metadata,
    Column("process", String(40), primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("seconds", Double, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("slow", Integer, nullable=False),
    Column("untold", Integer, nullable=False),
    Index("ix_request_count_starts_at", "starts_at"),
)
"""One row for each time in which a process was there to count; a time without rows is one that nobody saw."""

tenant_trouble = Table(
    "tenant_trouble",
    service_metadata,
    Column("process", String(40), primary_key=True),
    Column("starts_at", Moment, primary_key=True),
    Column("tenant_id", String(40), ForeignKey("tenant.id"), primary_key=True),
    Column("endpoint", String(200), primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("slow", Integer, nullable=False),
    Index("ix_tenant_trouble_starts_at", "starts_at"),
)
"""Failed and slow requests of a tenant; there is no row where all went well."""
