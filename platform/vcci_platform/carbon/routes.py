"""The HTTP routes of the carbon service, joined. Each sees only what belongs to the caller's tenant."""

from __future__ import annotations

from fastapi import APIRouter

from vcci_platform.carbon.jobs import Jobs
from vcci_platform.carbon.reader import Reader
from vcci_platform.carbon.reception import Reception
from vcci_platform.carbon.result_routes import result_routes
from vcci_platform.carbon.results import Results
from vcci_platform.carbon.upload_routes import job_routes, upload_routes
from vcci_platform.carbon.uploads import Uploads
from vcci_platform.tenancy.access import Authenticate

__all__ = ["router"]


def router(
    *,
    uploads: Uploads,
    jobs: Jobs,
    results: Results,
    reception: Reception,
    authenticate: Authenticate,
) -> APIRouter:
    """Return the routes under /v1 of the carbon service."""
    reader = Reader(uploads, results)
    routes = APIRouter(prefix="/v1")
    routes.include_router(upload_routes(uploads, reader, reception, authenticate))
    routes.include_router(job_routes(jobs, authenticate))
    routes.include_router(result_routes(results, reader, authenticate))
    return routes
