"""The tables of the carbon service: uploads, jobs, calculations, their lines, gaps and aggregates."""

from __future__ import annotations

from sqlalchemy import Column, Date, Double, ForeignKey, Index, Integer, SmallInteger, String, Table, Text

from vcci_platform.storage.columns import Document, Moment, RowNumber
from vcci_platform.storage.metadata import service_metadata

__all__ = ["aggregate", "calculation", "job", "line_gap", "line_result", "upload"]

ID = String(40)
DIGEST = String(64)
BYTES = RowNumber

upload = Table(
    "upload",
    service_metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, ForeignKey("tenant.id"), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size_bytes", BYTES, nullable=False),
    Column("sha256", DIGEST, nullable=False),
    Column("file_key", String(255), nullable=False),  # the raw file, as it came
    Column("intake_key", String(255), nullable=True),  # its rows and gaps after intake
    Column("reading", Document, nullable=False),  # what its sender stated: order of dates, decimal mark
    Column("idempotency_key", String(255), nullable=True),
    Column("status", String(20), nullable=False),  # an `UploadStatus`
    Column("refusal", Document, nullable=True),  # why it was rejected or failed
    Column("rows_total", Integer, nullable=True),
    Column("rows_rejected", Integer, nullable=True),
    Column("rows_repeated", Integer, nullable=True),
    Column("rows_blank", Integer, nullable=True),
    Column("ignored_columns", Document, nullable=True),
    # The calculation whose lines are the results. No foreign key: the two tables would refer to each other.
    Column("calculation_id", RowNumber, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment, nullable=True),  # when it was calculated, rejected or given up
    Index("uq_upload_idempotency_key", "tenant_id", "idempotency_key", unique=True),
    Index("ix_upload_tenant_id_id", "tenant_id", "id"),
    Index("ix_upload_settled_at_created_at", "settled_at", "created_at"),
)

job = Table(
    "job",
    service_metadata,
    Column("id", ID, primary_key=True),
    Column("tenant_id", ID, ForeignKey("tenant.id"), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("queue", String(40), nullable=False),
    Column("subject_id", ID, nullable=False),
    Column("dedup_key", String(120), nullable=False, unique=True),  # the same work is never queued twice
    Column("status", String(20), nullable=False),  # a `JobStatus`
    Column("attempt", Integer, nullable=False),  # the fence: only the holder of the newest attempt may write
    Column("attempts_allowed", Integer, nullable=False),
    Column("message_id", ID, nullable=True),  # the message that the present attempt began with
    Column("lease_until", Moment, nullable=True),
    Column("enqueue_after", Moment, nullable=False),  # when the sweeper sends its id to the broker again
    Column("enqueued", Integer, nullable=False),  # how often it was sent
    Column("stage", String(40), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=True),
    Column("refusal", Document, nullable=True),
    Column("next_job_id", ID, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("waiting_since", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index("ix_job_status_enqueue_after", "status", "enqueue_after"),
    Index("ix_job_status_queue_waiting_since", "status", "queue", "waiting_since"),
    Index("ix_job_subject_id", "subject_id"),
    Index("ix_job_tenant_id_id", "tenant_id", "id"),
)

calculation = Table(
    "calculation",
    service_metadata,
    Column("id", RowNumber, primary_key=True, autoincrement=True),
    Column("upload_id", ID, ForeignKey("upload.id"), nullable=False),
    Column("job_id", ID, ForeignKey("job.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("lineage", Document, nullable=False),  # what all its lines share: factor pack, rates, price index, formula
    Column("lines", Integer, nullable=True),
    Column("rows_with_gaps", Integer, nullable=True),
    Column("kg_co2e", Double, nullable=True),
    Column("credit_kg_co2e", Double, nullable=True),
    Column("repeated_kg_co2e", Double, nullable=True),
    Column("amount_usd", Double, nullable=True),
    Column("started_at", Moment, nullable=False),
    Column("completed_at", Moment, nullable=True),
    Index("ix_calculation_job_id", "job_id"),
    Index("ix_calculation_upload_id", "upload_id"),
)

# The three tables below have no foreign key to `calculation`: checking it for every line would cost more than the
# line. They are written only in fenced transactions, and read only through a calculation that an upload points to.
line_result = Table(
    "line_result",
    service_metadata,
    Column("calculation_id", RowNumber, primary_key=True, autoincrement=False),
    Column("row", RowNumber, primary_key=True, autoincrement=False),
    Column("date", Date, nullable=False),
    Column("supplier", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("naics", String(6), nullable=False),
    Column("amount", Double, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("repeats_row", RowNumber, nullable=True),
    Column("category", SmallInteger, nullable=False),
    Column("year", Integer, nullable=False),
    Column("sector", String(8), nullable=False),
    Column("factor_id", String(80), nullable=False),
    Column("rate_to_usd", Double, nullable=False),
    Column("amount_usd", Double, nullable=False),
    Column("deflator", Double, nullable=False),
    Column("amount_factor_usd", Double, nullable=False),
    Column("factor_kg_per_usd", Double, nullable=False),
    Column("kg_co2e", Double, nullable=False),
)

line_gap = Table(
    "line_gap",
    service_metadata,
    Column("calculation_id", RowNumber, primary_key=True, autoincrement=False),
    Column("position", RowNumber, primary_key=True, autoincrement=False),
    Column("row", RowNumber, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("field", String(40), nullable=False),
    Column("value", Text, nullable=True),
    Column("detail", Text, nullable=False),
)

aggregate = Table(
    "aggregate",
    service_metadata,
    Column("calculation_id", RowNumber, primary_key=True, autoincrement=False),
    Column("dimension", String(20), primary_key=True),  # category, supplier, sector
    Column("position", RowNumber, primary_key=True, autoincrement=False),  # 1 is the largest
    Column("key", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("kg_co2e", Double, nullable=False),
    Column("share", Double, nullable=True),
    Column("lines", Integer, nullable=False),
    Column("amount_usd", Double, nullable=False),
)
