"""What the jobs do: import a file of purchases, calculate its rows. Each may be killed at any line and run again."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from vcci_platform.carbon.calculators.purchases import aggregate, calculate
from vcci_platform.carbon.factors import FactorPack
from vcci_platform.carbon.files import Files
from vcci_platform.carbon.intake import read_purchases
from vcci_platform.carbon.jobs import Jobs
from vcci_platform.carbon.model import Calculation, IntakeError
from vcci_platform.carbon.rates import ReferenceRates
from vcci_platform.carbon.store import CalculationStore
from vcci_platform.carbon.uploads import Upload, Uploads
from vcci_platform.carbon.work import Job, JobKind, RefusedError
from vcci_platform.clock import Clock
from vcci_platform.storage.database import Database
from vcci_platform.telemetry.metrics import ServiceMetrics

__all__ = ["Handler", "PurchaseHandlers", "References"]

STEP_ROWS = 50_000
"""Lines written in one transaction: long enough to be fast, short enough to show progress and let others write."""

Handler = Callable[[Job], tuple[Job, ...]]
"""Does a job, ends it in its own last transaction, and returns the jobs that go on."""


@dataclass(frozen=True)
class References:
    """What every calculation refers to; read once in a process."""

    factors: FactorPack
    rates: ReferenceRates


@dataclass(frozen=True)
class PurchaseHandlers:
    """The two jobs of an upload of purchases."""

    database: Database
    files: Files
    uploads: Uploads
    jobs: Jobs
    store: CalculationStore
    references: Callable[[], References]
    metrics: ServiceMetrics
    clock: Clock

    def by_kind(self) -> Mapping[JobKind, Handler]:
        """Return the handler of each kind of job."""
        return {JobKind.IMPORT_PURCHASES: self.import_purchases, JobKind.CALCULATE_PURCHASES: self.calculate_purchases}

    def import_purchases(self, job: Job) -> tuple[Job, ...]:
        """Read the file row by row, keep what could be read and what not, and queue the calculation."""
        upload = self._upload(job)
        self.jobs.progress(job, "reading")
        content = self.files.get(upload.file_key)
        try:
            intake = read_purchases(content, today=self.clock.now().date(), reading=upload.reading)
        except IntakeError as error:
            raise RefusedError(error.code, error.detail, error.errors) from error
        self.jobs.progress(job, "keeping rows", 0, intake.total)
        intake_key = f"uploads/{upload.id}/intake-{job.attempt}"
        self.files.put(f"{intake_key}/rows.parquet", _parquet(intake.rows))
        self.files.put(f"{intake_key}/gaps.parquet", _parquet(intake.gaps))
        with self.jobs.finishing(job, done=intake.total, total=intake.total) as connection:
            self.uploads.imported(connection, upload.id, intake, intake_key)
            following = self.jobs.add(
                connection,
                tenant_id=job.tenant_id,
                kind=JobKind.CALCULATE_PURCHASES,
                queue="emissions",
                subject_id=upload.id,
            )
            self.jobs.link(connection, job, following)
        return (following,)

    def calculate_purchases(self, job: Job) -> tuple[Job, ...]:
        """Calculate every row, and store lines, gaps and aggregates as one calculation."""
        upload = self._upload(job)
        self.jobs.progress(job, "calculating", 0, upload.rows_total)
        rows, intake_gaps = self._intake(upload)
        references = self.references()
        result = calculate(rows, references.factors, references.rates)
        aggregates = aggregate(result.lines)
        gaps = pl.concat([intake_gaps, result.gaps]).sort("row", maintain_order=True)
        with self.jobs.fenced(job) as connection:
            calculation = self.store.begin(connection, job, result.lineage)
        for start in range(0, result.lines.height, STEP_ROWS):
            part = result.lines.slice(start, STEP_ROWS)
            with self.jobs.fenced(job, stage="storing", done=start + part.height) as connection:
                self.store.add_lines(connection, calculation, part)
        for start in range(0, gaps.height, STEP_ROWS):
            with self.jobs.fenced(job, stage="storing") as connection:
                self.store.add_gaps(connection, calculation, gaps.slice(start, STEP_ROWS), first=start)
        rows_with_gaps = (upload.rows_rejected or 0) + result.uncalculated
        with self.jobs.finishing(job, done=upload.rows_total or 0, total=upload.rows_total) as connection:
            self.store.complete(connection, job, calculation, aggregates, rows_with_gaps)
        self._count(result, gaps)
        return ()

    def _upload(self, job: Job) -> Upload:
        with self.database.read() as connection:
            return self.uploads.find(connection, job.subject_id)

    def _intake(self, upload: Upload) -> tuple[pl.DataFrame, pl.DataFrame]:
        rows, gaps = (
            pl.read_parquet(io.BytesIO(self.files.get(f"{upload.intake_key}/{name}.parquet")))
            for name in ("rows", "gaps")
        )
        return rows, gaps

    def _count(self, result: Calculation, gaps: pl.DataFrame) -> None:
        by_category = result.lines.group_by("category").agg(pl.len(), kg=pl.col("kg_co2e").sum())
        for category, lines, kg in by_category.iter_rows():
            self.metrics.lines_calculated.labels(str(category)).inc(lines)
            # A counter only rises; credit notes are in the results, and here they take nothing away.
            self.metrics.emissions_calculated.labels(str(category)).inc(max(0.0, kg))
        for reason, count in gaps.group_by("reason").len().iter_rows():
            self.metrics.line_gaps.labels(reason).inc(count)


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
