"""`/v1/slos` and what belongs to it: promises, their history, what fires, what changed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from vcci_platform.problems import Problem
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_platform.reliability.status import Status
from vcci_platform.reliability.views import (
    AlertsView,
    AlertView,
    ChangesView,
    ChangeView,
    HistoryView,
    PointView,
    SlosView,
    SloView,
    UnevaluatedView,
)
from vcci_slo.plan import Slo
from vcci_slo.promql.durations import parse_duration
from vcci_slo.spec.section import nearest

__all__ = ["router"]

MOST_STEPS = 500
MOST = timedelta(days=70)


def router(reliability: Reliability) -> APIRouter:
    """Return the routes over one SLO service."""
    routes = APIRouter(prefix="/v1", tags=["promises"])
    plan = reliability.plan
    names = [slo.name for slo in plan.slos]

    def known(name: str) -> Slo:
        if name not in names:
            meant = nearest(name, names)
            hint = f" Did you mean {meant}?" if meant else ""
            raise Problem(status=404, code="slo-not-found", detail=f"There is no promise called {name!r}.{hint}")
        return plan.slo(name)

    def view(status: Status) -> SloView:
        source = reliability.source
        return SloView.of(status, source.name, self_reported=source.self_reported, time_scale=plan.time_scale)

    @routes.get("/slos")
    def slos(
        cursor: Annotated[str | None, Query(description="The name after which to go on")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> SlosView:
        """List every promise with its SLI, budget and burn."""
        first = names.index(known(cursor).name) + 1 if cursor is not None else 0
        chosen = plan.slos[first : first + limit]
        more = first + limit < len(names)
        with _available():
            items = [view(reliability.status(slo)) for slo in chosen]
        return SlosView(items=items, next_cursor=chosen[-1].name if more else None)

    @routes.get("/slos/{name}")
    def slo(name: str) -> SloView:
        """Return one promise."""
        with _available():
            return view(reliability.status(known(name)))

    @routes.get("/slos/{name}/history")
    def history(
        name: str,
        over: Annotated[str, Query(description="How far back, such as 1h, 3d or 30d")] = "1h",
        steps: Annotated[int, Query(ge=1, le=MOST_STEPS)] = 60,
    ) -> HistoryView:
        """Return the SLI and the burn rate of one promise, step by step."""
        found = known(name)
        span = _span(over)
        with _available():
            step, points = reliability.history(found, span, steps)
        return HistoryView(
            name=name,
            source=reliability.source.name,
            step_seconds=step.total_seconds(),
            points=[PointView.of(point, found) for point in points],
        )

    @routes.get("/alerts")
    def alerts() -> AlertsView:
        """Return what is pending or firing, and what is not evaluated here and why."""
        with _available():
            active = [AlertView.of(found) for found in reliability.active()]
        return AlertsView(
            evaluated_by=reliability.evaluated_by,
            active=active,
            not_evaluated=[UnevaluatedView(alert=item.alert, reason=item.reason) for item in reliability.not_evaluated],
        )

    @routes.get("/changes")
    def changes(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> ChangesView:
        """Return restarts and new versions that the recorder saw, newest first."""
        found = reliability.store.changes(limit)
        return ChangesView(items=[ChangeView(**vars(change)) for change in found])

    return routes


@contextmanager
def _available() -> Generator[None]:
    """Answer 503 while the source of SLIs is away: what is not known is not made up."""
    try:
        yield
    except SourceUnavailable as error:
        raise Problem(status=503, code="source-unavailable", detail=str(error), headers={"Retry-After": "15"}) from None


def _span(text: str) -> timedelta:
    try:
        span = parse_duration(text)
    except ValueError as error:
        reason = [{"field": "query.over", "reason": str(error)}]
        raise Problem(status=422, code="invalid-duration", detail=str(error), errors=reason) from None
    if not timedelta(0) < span <= MOST:
        detail = "Expected a span of up to 70 days."
        raise Problem(
            status=422, code="invalid-duration", detail=detail, errors=[{"field": "query.over", "reason": detail}]
        )
    return span
