"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

__all__ = ["Document", "Moment", "RowNumber"]


class Moment(TypeDecorator[datetime]):
    """A point in time: aware on the way in, aware and in UTC on the way out. SQLite forgets the zone by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a moment with its time zone, got {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Document = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document; binary and indexable on PostgreSQL."""

RowNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key that counts up by itself; SQLite only does that for its own INTEGER."""
