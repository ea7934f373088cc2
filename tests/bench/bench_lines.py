"""How many lines a second go from a CSV file to stored results, on SQLite and on PostgreSQL."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

import structlog

from support import components, databases
from vcci_platform.carbon.intake import Reading
from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.wiring.service import ServiceParts, service_parts

__all__ = ["run"]

SAMPLE = Path(__file__).parents[2] / "platform/samples/purchases.csv"
COPIES = 20
"""The sample is repeated, so that what is paid once for a file does not hide what is paid for a line."""

ROUNDS = 3


def run() -> list[str]:
    """Return the figures as lines of text: the best of some rounds, with the share of each job."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    header, _, body = SAMPLE.read_bytes().partition(b"\n")
    content = header + b"\n" + body * COPIES
    told = []
    with tempfile.TemporaryDirectory() as folder:
        told.append(_measure("SQLite", Settings(home=Path(folder)), content))
    reason = components.missing("postgresql")
    if reason:
        return [*told, f"PostgreSQL: not measured, {reason}"]
    with tempfile.TemporaryDirectory() as folder, databases.fresh_postgresql() as url:
        told.append(_measure("PostgreSQL", Settings(home=Path(folder), database_url=url), content))
    return told


def _measure(name: str, settings: Settings, content: bytes) -> str:
    parts = service_parts(settings)
    migrate.upgrade(parts.database, "service")
    tenant = parts.tenancy.create_tenant("bench").id
    best = min((_once(parts, tenant, content) for _ in range(ROUNDS)), key=sum)
    uploads = parts.uploads.page(tenant, before=None, limit=1)
    totals = parts.results.totals(uploads[0].calculation_id or 0)
    parts.database.close()
    seconds = sum(best)
    rows = uploads[0].rows_total or 0
    return (
        f"{name}: {rows / seconds:,.0f} lines/s from CSV to stored results "
        f"({rows:,} rows, {totals.lines:,} stored lines; receive {best[0]:.2f} s, import {best[1]:.2f} s, "
        f"calculate and store {best[2]:.2f} s)"
    )


def _once(parts: ServiceParts, tenant: str, content: bytes) -> tuple[float, float, float]:
    moments = [time.perf_counter()]
    received = parts.uploads.receive(
        tenant_id=tenant,
        filename="bench.csv",
        media_type="text/csv",
        content=content,
        reading=Reading(),
        idempotency_key=None,
    )
    moments.append(time.perf_counter())
    assert received.job is not None
    parts.runner.run(received.job.id, "bench-import")
    moments.append(time.perf_counter())
    following = parts.uploads.jobs_of([received.upload])[received.upload.id][1]
    parts.runner.run(following.id, "bench-calculate")
    moments.append(time.perf_counter())
    ended = parts.uploads.get(received.upload.id, tenant)
    assert ended is not None
    assert ended.status == "calculated", ended.refusal
    return moments[1] - moments[0], moments[2] - moments[1], moments[3] - moments[2]


if __name__ == "__main__":
    print("\n".join(run()))
