"""Counts as rows: kept by every process for itself, added up when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from vcci_platform.storage.database import Database
from vcci_platform.tenancy import tables as tenancy_tables
from vcci_platform.tenancy.affected.model import Count, Touched
from vcci_platform.tenancy.affected.tables import request_count, tenant_trouble

__all__ = ["Seen", "TroubleStore"]

LONGEST = timedelta(minutes=1)
"""No count is longer: one that began so long before a span may reach into it."""


@dataclass(frozen=True)
class Seen:
    """What was counted in a span. `known` is the share of it in which at least one process was there to count."""

    known: float
    requests: int
    failed: int
    slow: int
    untold: int
    tenants: tuple[Touched, ...]
    endpoints: Mapping[str, int]
    """Failed requests by endpoint, as far as their tenants are known."""


class TroubleStore:
    """The counts in the service's database; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, process: str, counts: Sequence[Count]) -> None:
        """Write what one process has counted, over what it wrote of the same time before."""
        if not counts:
            return
        seen: list[Mapping[str, Any]] = []
        trouble: list[Mapping[str, Any]] = []
        for count in counts:
            key = {"process": process, "starts_at": count.starts_at}
            totals = {name: getattr(count, name) for name in ("requests", "failed", "slow", "untold")}
            seen.append({**key, "seconds": count.length.total_seconds(), **totals})
            trouble += [{**key, **vars(each)} for each in count.trouble]
        with self._database.write() as connection:
            self._write(connection, request_count, seen)
            self._write(connection, tenant_trouble, trouble)

    def seen(self, start: datetime, end: datetime) -> Seen:
        """Return what was counted from `start` to `end`: all counts that reach into it, the worst tenants first."""
        with self._database.read() as connection:
            totals = self._totals(connection, start, end)
            rows = self._rows(connection, start, end)
        endpoints: dict[str, int] = {}
        tenants: dict[str, list[Any]] = {}
        for row in rows:
            tenants.setdefault(row.tenant_id, []).append(row)
            endpoints[row.endpoint] = endpoints.get(row.endpoint, 0) + row.failed
        touched = (_touched(of_one) for of_one in tenants.values())
        known = sum((min(end, to) - max(start, since)).total_seconds() for since, to, *_ in totals)
        return Seen(
            known=min(1.0, known / (end - start).total_seconds()),
            requests=sum(row[2] for row in totals),
            failed=sum(row[3] for row in totals),
            slow=sum(row[4] for row in totals),
            untold=sum(row[5] for row in totals),
            tenants=tuple(sorted(touched, key=lambda each: (-each.failed, -each.slow, each.name))),
            endpoints=endpoints,
        )

    def registered(self) -> int:
        """Return how many tenants there are."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(tenancy_tables.tenant)).scalar_one()

    def names(self, tenant_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of tenants by their ids."""
        tenant = tenancy_tables.tenant
        query = select(tenant.c.id, tenant.c.name).where(tenant.c.id.in_(tenant_ids))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def thin_out(self, before: datetime) -> None:
        """Forget what was counted before a moment."""
        with self._database.write() as connection:
            for table in (tenant_trouble, request_count):
                connection.execute(delete(table).where(table.c.starts_at < before))

    def _write(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        dialect = sqlite if self._database.is_sqlite else postgresql
        fresh = dialect.insert(table)
        keys = [column.name for column in table.primary_key]
        changed = {column.name: fresh.excluded[column.name] for column in table.c if column.name not in keys}
        connection.execute(fresh.on_conflict_do_update(index_elements=keys, set_=changed), rows)

    def _totals(
        self, connection: Connection, start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime, int, int, int, int]]:
        table = request_count
        sums = (func.sum(table.c[name]) for name in ("requests", "failed", "slow", "untold"))
        query = (
            select(table.c.starts_at, func.max(table.c.seconds), *sums)
            .where(table.c.starts_at > start - LONGEST, table.c.starts_at < end)
            .group_by(table.c.starts_at)
        )
        rows: list[Any] = list(connection.execute(query))
        found = ((row[0], row[0] + timedelta(seconds=row[1]), row[2], row[3], row[4], row[5]) for row in rows)
        return [row for row in found if row[1] > start]

    def _rows(self, connection: Connection, start: datetime, end: datetime) -> list[Any]:
        table, tenant, count = tenant_trouble, tenancy_tables.tenant, request_count
        query = (
            select(table, tenant.c.name, count.c.seconds)
            .join(tenant, tenant.c.id == table.c.tenant_id)
            .join(count, (count.c.process == table.c.process) & (count.c.starts_at == table.c.starts_at))
            .where(table.c.starts_at > start - LONGEST, table.c.starts_at < end)
            .order_by(table.c.starts_at)
        )
        rows: list[Any] = list(connection.execute(query))
        return [row for row in rows if row.starts_at + timedelta(seconds=row.seconds) > start]


def _touched(rows: Sequence[Any]) -> Touched:
    bad: dict[str, int] = {}
    for row in rows:
        bad[row.endpoint] = bad.get(row.endpoint, 0) + row.failed + row.slow
    return Touched(
        id=rows[0].tenant_id,
        name=rows[0].name,
        requests=sum(row.requests for row in rows),
        failed=sum(row.failed for row in rows),
        slow=sum(row.slow for row in rows),
        endpoints=tuple(sorted(bad, key=lambda endpoint: (-bad[endpoint], endpoint))),
        first_at=rows[0].starts_at,
        last_at=max(row.starts_at + timedelta(seconds=row.seconds) for row in rows),
    )
