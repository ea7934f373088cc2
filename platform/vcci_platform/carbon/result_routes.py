"""HTTP routes of results: emissions by group, calculated rows with their lineage, rows with gaps."""

# Annotations are evaluated where they stand, because FastAPI must see the dependency that is passed in.
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from vcci_platform.carbon.paging import LIMIT_DEFAULT, position, split
from vcci_platform.carbon.reader import Cursor, Limit, Reader, UploadId
from vcci_platform.carbon.results import Dimension, Results
from vcci_platform.carbon.views import AggregateView, GapView, LinesView, LineView, Page, ResultsView, totals_view
from vcci_platform.tenancy import Caller
from vcci_platform.tenancy.access import Authenticate

__all__ = ["result_routes"]


def result_routes(results: Results, reader: Reader, authenticate: Authenticate) -> APIRouter:
    """Return the routes of results."""
    routes = APIRouter(tags=["results"])

    @routes.get("/uploads/{upload_id}/results", summary="Emissions, grouped, the largest first")
    def show_results(
        upload_id: UploadId,
        caller: Annotated[Caller, Depends(authenticate)],
        by: Annotated[Dimension, Query(description="What to group by")] = "category",
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> ResultsView:
        totals = reader.totals(reader.upload(upload_id, caller))
        found, following = split(
            results.aggregates(totals.id, by, after=position(cursor, int, 0), limit=limit + 1),
            limit,
            lambda item: item["position"],
        )
        items = [AggregateView.model_validate(item) for item in found]
        return ResultsView(items=items, next_cursor=following, upload_id=upload_id, by=by, totals=totals_view(totals))

    @routes.get("/uploads/{upload_id}/lines", summary="Calculated rows, each with every step")
    def show_lines(
        upload_id: UploadId,
        caller: Annotated[Caller, Depends(authenticate)],
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> LinesView:
        totals = reader.totals(reader.upload(upload_id, caller))
        found, following = split(
            results.lines(totals.id, after=position(cursor, int, -1), limit=limit + 1), limit, lambda item: item["row"]
        )
        items = [LineView.model_validate(item) for item in found]
        return LinesView(items=items, next_cursor=following, upload_id=upload_id, lineage=totals.lineage)

    @routes.get("/uploads/{upload_id}/gaps", summary="Rows that were not calculated, and why")
    def show_gaps(
        upload_id: UploadId,
        caller: Annotated[Caller, Depends(authenticate)],
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[GapView]:
        totals = reader.totals(reader.upload(upload_id, caller))
        found, following = split(
            results.gaps(totals.id, after=position(cursor, int, 0), limit=limit + 1),
            limit,
            lambda item: item["position"],
        )
        return Page(items=[GapView.model_validate(item) for item in found], next_cursor=following)

    return routes
