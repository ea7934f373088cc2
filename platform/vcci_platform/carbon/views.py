"""What the HTTP API shows of uploads, jobs and results: the shapes, with their units."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from vcci_platform.carbon.results import Dimension, Totals
from vcci_platform.carbon.uploads import Upload, UploadStatus
from vcci_platform.carbon.work import Job, JobKind, JobStatus

__all__ = [
    "AggregateView",
    "GapView",
    "JobView",
    "LineView",
    "LinesView",
    "Page",
    "ReceivedView",
    "ResultsView",
    "TotalsView",
    "UploadView",
    "job_view",
    "totals_view",
    "upload_view",
]

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next part; null at the end")


class RefusalView(BaseModel):
    """Why something was not done."""

    code: str
    detail: str
    errors: list[dict[str, Any]] = []


class JobView(BaseModel):
    """A piece of work and how far it is."""

    id: str
    kind: JobKind
    queue: str
    status: JobStatus
    stage: str
    done: int = Field(description="Rows done")
    total: int | None = Field(description="Rows in all; null while they are not counted yet")
    attempt: int
    refusal: RefusalView | None
    upload_id: str
    next_job_id: str | None = Field(description="The job that goes on where this one ended")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TotalsView(BaseModel):
    """The results of a file as a whole."""

    kg_co2e: float
    credit_kg_co2e: float = Field(description="The part that comes from credit notes: zero or negative")
    repeated_kg_co2e: float = Field(description="The part that comes from rows that repeat an earlier one")
    amount_usd: float = Field(description="Spend in US dollars of the years of the spend")
    lines: int = Field(description="Rows calculated")
    rows_with_gaps: int = Field(description="Rows not calculated, each with its reasons under /gaps")
    completed_at: datetime


class UploadView(BaseModel):
    """A file of purchases and what became of it."""

    id: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    status: UploadStatus
    progress: float = Field(description="0 to 1, over all jobs of this file")
    rows_total: int | None
    rows_rejected: int | None = Field(description="Rows that could not be read")
    rows_repeated: int | None = Field(description="Rows that repeat an earlier one exactly; calculated and marked")
    rows_blank: int | None
    ignored_columns: list[str] | None
    refusal: RefusalView | None
    totals: TotalsView | None
    jobs: list[JobView]
    created_at: datetime
    settled_at: datetime | None


class ReceivedView(BaseModel):
    """An upload that was taken, and the job that works on it."""

    upload: UploadView
    job: JobView


class AggregateView(BaseModel):
    """The emissions of one category, supplier or sector."""

    position: int
    key: str
    label: str
    kg_co2e: float
    share: float | None = Field(description="Of the total, 0.25 = 25 %; null when the total is not positive")
    lines: int
    amount_usd: float


class ResultsView(Page[AggregateView]):
    """The results of a file, grouped."""

    upload_id: str
    by: Dimension
    totals: TotalsView


class LineView(BaseModel):
    """One calculated row with every step: kg_co2e = amount x rate_to_usd x deflator x factor_kg_per_usd."""

    row: int = Field(description="Line of the file on which the record begins")
    date: date
    supplier: str
    description: str
    naics: str
    amount: float
    currency: str
    repeats_row: int | None
    category: int
    year: int
    sector: str
    factor_id: str
    rate_to_usd: float
    amount_usd: float
    deflator: float
    amount_factor_usd: float
    factor_kg_per_usd: float
    kg_co2e: float


class LinesView(Page[LineView]):
    """Calculated rows, and what they have in common."""

    upload_id: str
    lineage: dict[str, Any] = Field(description="Formula, factor release, rates and price index, with their sources")


class GapView(BaseModel):
    """One reason why one row was not calculated."""

    row: int
    reason: str
    field: str
    value: str | None
    detail: str


def job_view(job: Job) -> JobView:
    """Return a job as it is shown."""
    return JobView(
        id=job.id,
        kind=job.kind,
        queue=job.queue,
        status=job.status,
        stage=job.stage,
        done=job.done,
        total=job.total,
        attempt=job.attempt,
        refusal=_refusal(job.refusal),
        upload_id=job.subject_id,
        next_job_id=job.next_job_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def totals_view(totals: Totals) -> TotalsView:
    """Return the sums of a calculation as they are shown."""
    return TotalsView(**{name: getattr(totals, name) for name in TotalsView.model_fields})


def upload_view(upload: Upload, jobs: list[Job], totals: Totals | None) -> UploadView:
    """Return an upload as it is shown."""
    return UploadView(
        id=upload.id,
        filename=upload.filename,
        media_type=upload.media_type,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        status=upload.status,
        progress=progress(upload, jobs),
        rows_total=upload.rows_total,
        rows_rejected=upload.rows_rejected,
        rows_repeated=upload.rows_repeated,
        rows_blank=upload.rows_blank,
        ignored_columns=upload.ignored_columns,
        refusal=_refusal(upload.refusal),
        totals=None if totals is None else totals_view(totals),
        jobs=[job_view(job) for job in jobs],
        created_at=upload.created_at,
        settled_at=upload.settled_at,
    )


IMPORT_SHARE = 0.3
"""How much of the work of a file is its import; the rest is its calculation."""


def progress(upload: Upload, jobs: list[Job]) -> float:
    """Return how far the work on a file has come, 0 to 1; 1 when nothing more will happen to it."""
    if upload.settled_at is not None:
        return 1.0
    shares = {JobKind.IMPORT_PURCHASES: IMPORT_SHARE, JobKind.CALCULATE_PURCHASES: 1 - IMPORT_SHARE}
    return round(sum(shares[job.kind] * _part(job) for job in jobs), 3)


def _part(job: Job) -> float:
    if job.status is JobStatus.SUCCEEDED:
        return 1.0
    return min(1.0, job.done / job.total) if job.total else 0.0


def _refusal(stored: dict[str, Any] | None) -> RefusalView | None:
    return None if stored is None else RefusalView.model_validate(stored)
