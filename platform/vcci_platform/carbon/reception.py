"""Taking a file in, whoever sends it: the same for a program over the API and for a person with a form."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import UploadFile

from vcci_platform.carbon.intake import Reading
from vcci_platform.carbon.tasks import Post
from vcci_platform.carbon.uploads import KeyReusedError, Received, Upload, Uploads
from vcci_platform.carbon.work import Job
from vcci_platform.problems import Problem
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy import Caller

__all__ = ["Reception", "Taken"]

# Browsers and spreadsheets disagree about the type of a CSV file; the content decides, this only stops the obvious.
CSV_TYPES = frozenset(
    {"text/csv", "application/csv", "text/plain", "application/vnd.ms-excel", "application/octet-stream", ""}
)
FILENAME_LIMIT_CHARACTERS = 255


@dataclass(frozen=True)
class Taken:
    """An upload that was taken, and the job that works on it; `replayed` when it had been sent before."""

    upload: Upload
    job: Job
    replayed: bool


@dataclass(frozen=True)
class Reception:
    """Checks, keeps and counts what is sent, and hands its job to a worker."""

    uploads: Uploads
    post: Post
    metrics: ServiceMetrics
    max_upload_bytes: int

    def take(self, caller: Caller, file: UploadFile, reading: Reading, idempotency_key: str | None) -> Taken:
        """Take a file in, or raise `Problem`."""
        received = self._receive(caller, file, reading, idempotency_key)
        if received.job is None:
            self.metrics.uploads.labels("rejected").inc(0 if received.replayed else 1)
            raise _not_purchases(received.upload)
        if not received.replayed:
            self.metrics.uploads.labels("accepted").inc()
            self.post.send(received.job.id, received.job.queue)
        return Taken(received.upload, received.job, received.replayed)

    def _receive(self, caller: Caller, file: UploadFile, reading: Reading, idempotency_key: str | None) -> Received:
        try:
            return self.uploads.receive(
                tenant_id=caller.tenant_id,
                filename=_filename(file),
                media_type=_media_type(file),
                content=_content(file, self.max_upload_bytes),
                reading=reading,
                idempotency_key=idempotency_key,
            )
        except KeyReusedError as error:
            raise Problem(status=422, code="idempotency-key-reused", detail=str(error)) from error
        except Problem:
            self.metrics.uploads.labels("rejected").inc()
            raise


def _not_purchases(upload: Upload) -> Problem:
    refusal = upload.refusal or {}
    return Problem(
        status=422,
        code=str(refusal.get("code", "not-purchases")),
        detail=f"{refusal.get('detail', '')} The file is kept as upload {upload.id}.",
        errors=refusal.get("errors", ()),
    )


def _filename(file: UploadFile) -> str:
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    printable = "".join(character if character.isprintable() else "\ufffd" for character in name)
    return printable[:FILENAME_LIMIT_CHARACTERS] or "unnamed.csv"


def _media_type(file: UploadFile) -> str:
    media_type = (file.content_type or "").partition(";")[0].strip().lower()
    if media_type not in CSV_TYPES:
        raise Problem(
            status=415,
            code="unsupported-media-type",
            detail=f"Expected a CSV file, as text/csv; the part `file` says that it is {media_type[:100]!r}.",
        )
    return media_type or "text/csv"


def _content(file: UploadFile, most: int) -> bytes:
    content = file.file.read(most + 1)
    if len(content) > most:
        raise Problem(status=413, code="too-large", detail=f"The file is larger than {most} bytes; split it.")
    return content
