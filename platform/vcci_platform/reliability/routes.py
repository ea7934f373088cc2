"""`/v1/slos` and what belongs to it: promises, their history, what fires, what changed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from vcci_platform.problems import Problem, refusals
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
from vcci_slo import Plan
from vcci_slo.plan import Slo
from vcci_slo.promql.durations import parse_duration
from vcci_slo.spec.section import nearest

__all__ = ["available", "known_promise", "router", "span_of"]

MOST_STEPS = 500
MOST = timedelta(days=70)


def router(reliability: Reliability) -> APIRouter:
    """Return the routes over one SLO service."""
    routes = APIRouter(prefix="/v1", tags=["promises"], responses=refusals(404, 422, 503))
    plan = reliability.plan
    names = [slo.name for slo in plan.slos]

    def view(status: Status) -> SloView:
        source = reliability.source
        return SloView.of(status, source.name, self_reported=source.self_reported, time_scale=plan.time_scale)

    @routes.get("/slos", summary="Every promise and how it is doing")
    def slos(
        cursor: Annotated[str | None, Query(description="The name after which to go on")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ) -> SlosView:
        """List every promise with its SLI, budget and burn."""
        first = names.index(_cursor(cursor, names)) + 1 if cursor is not None else 0
        chosen = plan.slos[first : first + limit]
        more = first + limit < len(names)
        with available():
            items = [view(reliability.status(slo)) for slo in chosen]
        return SlosView(items=items, next_cursor=chosen[-1].name if more else None)

    @routes.get("/slos/{name}", summary="One promise and how it is doing")
    def slo(name: str) -> SloView:
        """Return one promise."""
        with available():
            return view(reliability.status(known_promise(plan, name)))

    @routes.get("/slos/{name}/history", summary="SLI and burn rate of a promise, step by step")
    def history(
        name: str,
        over: Annotated[str, Query(description="How far back, such as 1h, 3d or 30d")] = "1h",
        steps: Annotated[int, Query(ge=1, le=MOST_STEPS)] = 60,
    ) -> HistoryView:
        """Return the SLI and the burn rate of one promise, step by step."""
        found = known_promise(plan, name)
        span = span_of(over)
        with available():
            step, points = reliability.history(found, span, steps)
        return HistoryView(
            name=name,
            source=reliability.source.name,
            step_seconds=step.total_seconds(),
            points=[PointView.of(point, found) for point in points],
        )

    @routes.get("/alerts", summary="What is pending or firing, and what nobody judges")
    def alerts() -> AlertsView:
        """Return what is pending or firing, and what is not evaluated here and why."""
        with available():
            active = [AlertView.of(found) for found in reliability.active()]
        return AlertsView(
            evaluated_by=reliability.evaluated_by,
            active=active,
            not_evaluated=[UnevaluatedView(alert=item.alert, reason=item.reason) for item in reliability.not_evaluated],
        )

    @routes.get("/changes", summary="Restarts and new versions that were seen")
    def changes(limit: Annotated[int, Query(ge=1, le=100)] = 20) -> ChangesView:
        """Return restarts and new versions that the recorder saw, newest first."""
        found = reliability.store.changes(limit)
        return ChangesView(items=[ChangeView(**vars(change)) for change in found])

    return routes


def known_promise(plan: Plan, name: str) -> Slo:
    """Return the promise of that name, or refuse with the nearest one."""
    names = [slo.name for slo in plan.slos]
    if name not in names:
        meant = nearest(name, names)
        hint = f" Did you mean {meant}?" if meant else ""
        raise Problem(status=404, code="slo-not-found", detail=f"There is no promise called {name!r}.{hint}")
    return plan.slo(name)


def _cursor(cursor: str, names: Sequence[str]) -> str:
    """Return a cursor that came from here; anything else is a mistake of the caller, not a promise that is missing."""
    if cursor not in names:
        detail = "Expected the next_cursor of an answer before."
        errors = [{"field": "query.cursor", "reason": detail}]
        raise Problem(status=422, code="invalid-cursor", detail=detail, errors=errors)
    return cursor


@contextmanager
def available() -> Generator[None]:
    """Answer 503 while the source of SLIs is away: what is not known is not made up."""
    try:
        yield
    except SourceUnavailable as error:
        raise Problem(status=503, code="source-unavailable", detail=str(error), headers={"Retry-After": "15"}) from None


def span_of(text: str) -> timedelta:
    """Return a span of up to 70 days that a text such as `7d` says, or refuse it."""
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
