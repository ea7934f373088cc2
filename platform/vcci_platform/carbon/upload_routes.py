"""HTTP routes of uploads and jobs: send a file, see what becomes of it."""

# Annotations are evaluated where they stand, because FastAPI must see the dependency that is passed in.
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Header, Path, Response, UploadFile

from vcci_platform.carbon.intake import DateOrder, DecimalMark, Reading
from vcci_platform.carbon.jobs import Jobs
from vcci_platform.carbon.paging import LIMIT_DEFAULT, position, split
from vcci_platform.carbon.reader import Cursor, Limit, Reader, UploadId
from vcci_platform.carbon.reception import Reception
from vcci_platform.carbon.uploads import Uploads
from vcci_platform.carbon.views import JobView, Page, ReceivedView, UploadView, job_view
from vcci_platform.problems import Problem
from vcci_platform.tenancy import Caller
from vcci_platform.tenancy.access import Authenticate

__all__ = ["job_routes", "upload_routes"]

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        description="The same key with the same file is the same upload, however often it is sent",
    ),
]


def upload_routes(uploads: Uploads, reader: Reader, reception: Reception, authenticate: Authenticate) -> APIRouter:
    """Return the routes of uploads."""
    routes = APIRouter(tags=["uploads"])

    @routes.post(
        "/uploads",
        status_code=202,
        summary="Send a CSV of purchases: date, supplier, description, NAICS 2017 code, amount, currency",
        responses={
            401: {"description": "No valid key"},
            413: {"description": "Too large"},
            415: {"description": "Not a CSV"},
            422: {"description": "Not such a CSV"},
        },
    )
    def send_upload(
        response: Response,
        caller: Annotated[Caller, Depends(authenticate)],
        file: Annotated[UploadFile, File(description="The file")],
        date_order: Annotated[DateOrder | None, Form(description="How 03/04/2024 is meant")] = None,
        decimal_mark: Annotated[DecimalMark | None, Form(description="How 1,234 is meant")] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> ReceivedView:
        received = reception.take(caller, file, Reading(date_order, decimal_mark), idempotency_key)
        if received.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        response.headers["Location"] = f"/v1/uploads/{received.upload.id}"
        return ReceivedView(upload=reader.view(received.upload), job=job_view(received.job))

    @routes.get("/uploads", summary="The files that were sent, newest first")
    def list_uploads(
        caller: Annotated[Caller, Depends(authenticate)], limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[UploadView]:
        before = position(cursor, str, None)
        found, following = split(
            uploads.page(caller.tenant_id, before=before, limit=limit + 1), limit, lambda upload: upload.id
        )
        return Page(items=reader.views(found), next_cursor=following)

    @routes.get("/uploads/{upload_id}", summary="A file, its jobs and its totals")
    def show_upload(upload_id: UploadId, caller: Annotated[Caller, Depends(authenticate)]) -> UploadView:
        return reader.view(reader.upload(upload_id, caller))

    return routes


def job_routes(jobs: Jobs, authenticate: Authenticate) -> APIRouter:
    """Return the route of a job."""
    routes = APIRouter(tags=["uploads"])

    @routes.get("/jobs/{job_id}", summary="A job and how far it is")
    def show_job(
        job_id: Annotated[str, Path(description="The id of a job, job_…")],
        caller: Annotated[Caller, Depends(authenticate)],
    ) -> JobView:
        job = jobs.get(job_id, caller.tenant_id)
        if job is None:
            raise Problem(status=404, code="not-found", detail=f"This tenant has no job {job_id!r}.")
        return job_view(job)

    return routes
