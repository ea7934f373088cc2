"""What the routes share: finding what a caller asks for, and refusing the rest in the same words."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from vcci_platform.carbon.paging import LIMIT_MOST
from vcci_platform.carbon.results import Results, Totals
from vcci_platform.carbon.uploads import Upload, Uploads
from vcci_platform.carbon.views import UploadView, upload_view
from vcci_platform.problems import Problem
from vcci_platform.tenancy import Caller

__all__ = ["Cursor", "Limit", "Reader", "UploadId"]

Limit = Annotated[int, Query(ge=1, le=LIMIT_MOST, description="How many items")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the part before")]
UploadId = Annotated[str, Path(description="The id of an upload, upl_…")]


class Reader:
    """Finds what a caller asks for, or refuses in the same words whether it is another's or nobody's."""

    def __init__(self, uploads: Uploads, results: Results) -> None:
        self._uploads = uploads
        self._results = results

    def upload(self, upload_id: str, caller: Caller) -> Upload:
        upload = self._uploads.get(upload_id, caller.tenant_id)
        if upload is None:
            raise Problem(status=404, code="not-found", detail=f"This tenant has no upload {upload_id!r}.")
        return upload

    def totals(self, upload: Upload) -> Totals:
        if upload.calculation_id is None:
            told = f" Reason: {upload.refusal['detail']}" if upload.refusal else ""
            raise Problem(
                status=409,
                code="no-results",
                detail=f"The upload {upload.id} has no results; its status is {upload.status.value!r}.{told}",
            )
        return self._results.totals(upload.calculation_id)

    def view(self, upload: Upload) -> UploadView:
        return self.views([upload])[0]

    def views(self, uploads: list[Upload]) -> list[UploadView]:
        jobs = self._uploads.jobs_of(uploads)
        totals = self._results.many_totals(
            [upload.calculation_id for upload in uploads if upload.calculation_id is not None]
        )
        return [upload_view(upload, jobs[upload.id], totals.get(upload.calculation_id or 0)) for upload in uploads]
