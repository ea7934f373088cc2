"""The tables of tenants and API keys."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table

from vcci_platform.storage.columns import Moment
from vcci_platform.storage.metadata import service_metadata

__all__ = ["api_key", "tenant"]

tenant = Table(
    "tenant",
    service_metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
)

api_key = Table(
    "api_key",
    service_metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant_id", String(40), ForeignKey("tenant.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("prefix", String(12), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Index("ix_api_key_tenant_id", "tenant_id"),
)
