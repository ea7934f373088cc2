"""Uploads: a file is kept before it is understood, and an upload always ends with results or with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from vcci_platform.carbon import tables
from vcci_platform.carbon.files import Files
from vcci_platform.carbon.intake import DateOrder, DecimalMark, Reading, read_purchases
from vcci_platform.carbon.jobs import Jobs
from vcci_platform.carbon.model import Intake, IntakeError
from vcci_platform.carbon.work import Job, JobKind, JobStatus, Refusal
from vcci_platform.clock import Clock
from vcci_platform.errors import PlatformError
from vcci_platform.storage.database import Database
from vcci_platform.storage.ids import new_id

__all__ = ["KeyReusedError", "Received", "Upload", "UploadStatus", "Uploads", "settle"]

GLANCE_BYTES = 64 * 1024
"""How much of a file is read before its sender is answered; enough to see that it is no such CSV at all."""

_upload = tables.upload


class UploadStatus(StrEnum):
    """Where an upload is in its life."""

    RECEIVED = "received"
    IMPORTED = "imported"
    CALCULATED = "calculated"
    REJECTED = "rejected"
    FAILED = "failed"


class KeyReusedError(PlatformError):
    """An Idempotency-Key came again with another file."""


@dataclass(frozen=True)
class Upload:
    """A file that a tenant sent, and what became of it."""

    id: str
    tenant_id: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    file_key: str
    intake_key: str | None
    reading: Reading
    status: UploadStatus
    refusal: dict[str, Any] | None
    rows_total: int | None
    rows_rejected: int | None
    rows_repeated: int | None
    rows_blank: int | None
    ignored_columns: list[str] | None
    calculation_id: int | None
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class Received:
    """An upload that was taken, or refused at first sight; `replayed` when it had been sent before."""

    upload: Upload
    job: Job | None
    replayed: bool = False


class Uploads:
    """The uploads of one service."""

    def __init__(self, database: Database, files: Files, jobs: Jobs, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._jobs = jobs
        self._clock = clock

    def receive(
        self,
        *,
        tenant_id: str,
        filename: str,
        media_type: str,
        content: bytes,
        reading: Reading,
        idempotency_key: str | None,
    ) -> Received:
        """Keep a file, look at its beginning, and queue its import unless that shows no purchases at all."""
        sha256 = hashlib.sha256(content).hexdigest()
        if idempotency_key and (known := self._sent_before(tenant_id, idempotency_key, sha256)):
            return known
        upload_id = new_id("upl")
        file_key = f"uploads/{upload_id}/raw"
        self._files.put(file_key, content)
        now = self._clock.now()
        refusal = glance(content, reading, now.date())
        row = {
            "id": upload_id,
            "tenant_id": tenant_id,
            "filename": filename,
            "media_type": media_type,
            "size_bytes": len(content),
            "sha256": sha256,
            "file_key": file_key,
            "reading": asdict(reading),
            "idempotency_key": idempotency_key,
            "status": UploadStatus.REJECTED if refusal else UploadStatus.RECEIVED,
            "refusal": refusal.document() if refusal else None,
            "created_at": now,
            "settled_at": now if refusal else None,
        }
        try:
            with self._database.write() as connection:
                connection.execute(insert(_upload).values(**row))
                job = None if refusal else self._queue_import(connection, tenant_id, upload_id)
        except IntegrityError:
            # Two requests with the same key at the same moment: the other one was first.
            if idempotency_key and (known := self._sent_before(tenant_id, idempotency_key, sha256)):
                return known
            raise
        return Received(upload=self._require(upload_id), job=job)

    def get(self, upload_id: str, tenant_id: str) -> Upload | None:
        """Return a tenant's upload."""
        query = select(_upload).where(_upload.c.id == upload_id, _upload.c.tenant_id == tenant_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _read(row)

    def page(self, tenant_id: str, *, before: str | None, limit: int) -> list[Upload]:
        """Return a tenant's uploads, newest first, those after the one that is named."""
        query = select(_upload).where(_upload.c.tenant_id == tenant_id).order_by(_upload.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(_upload.c.id < before)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def jobs_of(self, uploads: Sequence[Upload]) -> dict[str, list[Job]]:
        """Return the jobs of each upload, in the order in which they were made."""
        with self._database.read() as connection:
            return self._jobs.about(connection, [upload.id for upload in uploads])

    def oldest_uncalculated(self) -> datetime | None:
        """Return since when the oldest upload waits that has neither results nor a reason; None when none does."""
        query = select(func.min(_upload.c.created_at)).where(_upload.c.settled_at.is_(None))
        with self._database.read() as connection:
            oldest: datetime | None = connection.execute(query).scalar_one()
        return oldest

    def find(self, connection: Connection, upload_id: str) -> Upload:
        """Return the upload that a job is about."""
        return _read(connection.execute(select(_upload).where(_upload.c.id == upload_id)).one())

    def imported(self, connection: Connection, upload_id: str, intake: Intake, intake_key: str) -> None:
        """Note what intake found, in the transaction that ends the import."""
        connection.execute(
            update(_upload)
            .where(_upload.c.id == upload_id)
            .values(
                status=UploadStatus.IMPORTED,
                intake_key=intake_key,
                rows_total=intake.total,
                rows_rejected=intake.rejected,
                rows_repeated=intake.repeated,
                rows_blank=intake.blank,
                ignored_columns=list(intake.ignored_columns),
            )
        )

    def _queue_import(self, connection: Connection, tenant_id: str, upload_id: str) -> Job:
        return self._jobs.add(
            connection,
            tenant_id=tenant_id,
            kind=JobKind.IMPORT_PURCHASES,
            queue="data_import",
            subject_id=upload_id,
        )

    def _sent_before(self, tenant_id: str, idempotency_key: str, sha256: str) -> Received | None:
        query = select(_upload).where(_upload.c.tenant_id == tenant_id, _upload.c.idempotency_key == idempotency_key)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            if row.sha256 != sha256:
                raise KeyReusedError(
                    f"The Idempotency-Key {idempotency_key!r} was used for another file ({row.filename!r}, "
                    f"sha256 {row.sha256}); use a new key for a new file."
                )
            upload = _read(row)
            jobs = self._jobs.about(connection, [upload.id])[upload.id]
        return Received(upload=upload, job=jobs[0] if jobs else None, replayed=True)

    def _require(self, upload_id: str) -> Upload:
        with self._database.read() as connection:
            return self.find(connection, upload_id)


def settle(connection: Connection, job: Job, refusal: Refusal) -> None:
    """Tell on the upload why its job ended without success, in the transaction that ends the job."""
    status = UploadStatus.REJECTED if job.status is JobStatus.REJECTED else UploadStatus.FAILED
    connection.execute(
        update(_upload)
        .where(_upload.c.id == job.subject_id)
        .values(status=status, refusal=refusal.document(), settled_at=job.finished_at)
    )


def glance(content: bytes, reading: Reading, today: date) -> Refusal | None:
    """Return why the file cannot be purchases, as far as its first lines tell; None when they look right."""
    try:
        read_purchases(_beginning(content), today=today, reading=reading)
    except IntakeError as error:
        return Refusal(error.code, error.detail, error.errors)
    return None


def _beginning(content: bytes) -> bytes:
    """Return the file's first lines, cut where no quoted field is open; all of it when that is less than two lines."""
    if len(content) <= GLANCE_BYTES:
        return content
    end = content.rfind(b"\n", 0, GLANCE_BYTES)
    while end > 0 and content.count(b'"', 0, end) % 2:
        end = content.rfind(b"\n", 0, end)
    return content[: end + 1] if end > 0 and content.find(b"\n", 0, end) > 0 else content


def _read(row: Row[Any]) -> Upload:
    values: dict[str, Any] = {name: getattr(row, name) for name in Upload.__dataclass_fields__}
    stated = row.reading
    values["status"] = UploadStatus(row.status)
    values["reading"] = Reading(
        date_order=DateOrder(stated["date_order"]) if stated.get("date_order") else None,
        decimal_mark=DecimalMark(stated["decimal_mark"]) if stated.get("decimal_mark") else None,
    )
    return Upload(**values)
