"""Calculations on their way into the database: begun, filled in steps, completed in the job's last transaction.

A calculation is only ever added. The upload points to the one whose lines are its results, so that a reader sees
either all of a calculation or nothing of it, and an attempt that died leaves rows that nobody reads and the next
attempt removes.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import Connection, delete, insert, select, update

from vcci_platform.carbon import tables
from vcci_platform.carbon.model import AGGREGATE_SCHEMA, GAP_SCHEMA, LINE_SCHEMA, Aggregates, Lineage
from vcci_platform.carbon.work import Job
from vcci_platform.clock import Clock
from vcci_platform.storage.bulk import bulk_insert

__all__ = ["CalculationStore"]


class CalculationStore:
    """Writes calculations; every method works inside the fenced transaction that it is given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def begin(self, connection: Connection, job: Job, lineage: Lineage) -> int:
        """Remove what earlier attempts of this job left behind, and return the id of a new calculation."""
        table = tables.calculation
        remains = connection.execute(select(table.c.id).where(table.c.job_id == job.id)).scalars().all()
        for child in (tables.line_result, tables.line_gap, tables.aggregate):
            connection.execute(delete(child).where(child.c.calculation_id.in_(remains)))
        connection.execute(delete(table).where(table.c.id.in_(remains)))
        begun: int = connection.execute(
            insert(table)
            .values(
                upload_id=job.subject_id,
                job_id=job.id,
                attempt=job.attempt,
                lineage=lineage.document(),
                started_at=self._clock.now(),
            )
            .returning(table.c.id)
        ).scalar_one()
        return begun

    def add_lines(self, connection: Connection, calculation: int, lines: pl.DataFrame) -> None:
        """Write a part of the lines, in `LINE_SCHEMA`."""
        bulk_insert(connection, tables.line_result, _of(calculation, lines.select(LINE_SCHEMA.keys())))

    def add_gaps(self, connection: Connection, calculation: int, gaps: pl.DataFrame, first: int) -> None:
        """Write a part of the gaps, in `GAP_SCHEMA`; `first` is how many were written before."""
        numbered = gaps.select(GAP_SCHEMA.keys()).with_row_index("position", offset=first + 1)
        bulk_insert(connection, tables.line_gap, _of(calculation, numbered.cast({"position": pl.Int64})))

    def complete(
        self, connection: Connection, job: Job, calculation: int, aggregates: Aggregates, rows_with_gaps: int
    ) -> None:
        """Write the aggregates and the totals, and make this calculation the upload's results."""
        for dimension, frame in (
            ("category", aggregates.by_category),
            ("supplier", aggregates.by_supplier),
            ("sector", aggregates.by_sector),
        ):
            ranked = (
                frame.select(AGGREGATE_SCHEMA.keys())
                .with_row_index("position", offset=1)
                .with_columns(dimension=pl.lit(dimension), position=pl.col("position").cast(pl.Int64))
            )
            bulk_insert(connection, tables.aggregate, _of(calculation, ranked))
        now = self._clock.now()
        totals: dict[str, Any] = {
            "lines": aggregates.lines,
            "rows_with_gaps": rows_with_gaps,
            "kg_co2e": aggregates.kg_co2e,
            "credit_kg_co2e": aggregates.credit_kg_co2e,
            "repeated_kg_co2e": aggregates.repeated_kg_co2e,
            "amount_usd": aggregates.amount_usd,
            "completed_at": now,
        }
        connection.execute(update(tables.calculation).where(tables.calculation.c.id == calculation).values(**totals))
        connection.execute(
            update(tables.upload)
            .where(tables.upload.c.id == job.subject_id)
            .values(status="calculated", calculation_id=calculation, settled_at=now, refusal=None)
        )


def _of(calculation: int, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(calculation_id=pl.lit(calculation, dtype=pl.Int64))
