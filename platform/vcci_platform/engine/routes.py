"""HTTP routes of the engine: post a spec, get it checked, planned, rendered, explained or judged by history."""

# Annotations are evaluated where they stand, because FastAPI must see the dependency that is passed in.
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import Counter
from pydantic import BaseModel, Field, RootModel

from vcci_platform.engine.model import Answer, EngineBusy, EngineExhausted, Job, Limits, Task
from vcci_platform.engine.pool import Pool
from vcci_platform.engine.posted import Posted, posted_history, posted_spec
from vcci_platform.engine.reference import REFUSALS, history_body, spec_body
from vcci_platform.problems import Problem
from vcci_platform.telemetry.metrics import ServiceMetrics
from vcci_platform.tenancy.access import Authenticate
from vcci_platform.tenancy.model import Caller

__all__ = ["router"]

RETRY_SECONDS: Final = 5
_ZIP: Final = "application/zip"


class Counts(BaseModel):
    """How much a spec declares."""

    components: int
    promises: int
    alerts: int
    dashboards: int


class Valid(BaseModel):
    """A spec in which nothing is wrong."""

    valid: bool
    name: str
    counts: Counts
    promises: list[str] = Field(description="Their names, one for each part and queue")


class Planned(RootModel[dict[str, Any]]):
    """The plan as maps and lists, as `vcci plan --json` prints it."""


class Explained(BaseModel):
    """The promises in words and figures."""

    name: str = Field(description="The name of the spec")
    promises: list[dict[str, Any]] = Field(description="What `vcci slo explain --json` prints")


class Backtested(RootModel[dict[str, Any]]):
    """What would have paged, as `vcci slo backtest --json` prints it."""


class Files(BaseModel):
    """What was generated."""

    files: dict[str, str] = Field(description="Text by path")


def router(limits: Limits, authenticate: Authenticate, metrics: ServiceMetrics) -> APIRouter:
    """Return the routes under /v1/engine. Their workers end with the app."""
    pool = Pool(limits)
    counted = metrics.engine_specs
    spec, history = spec_body(limits), history_body(limits)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await pool.close()

    routes = APIRouter(prefix="/v1/engine", tags=["engine"], lifespan=lifespan, responses=REFUSALS)

    @routes.post("/validate", summary="Check a spec", response_model=Valid, openapi_extra=spec)
    async def validate(request: Request, _caller: Annotated[Caller, Depends(authenticate)]) -> Response:
        """Check form, units, references, thresholds and every expression; every problem is told with its place."""
        return await _answer(pool, counted, "validate", await posted_spec(request, limits))

    @routes.post(
        "/plan", summary="The plan of a spec: every default filled", response_model=Planned, openapi_extra=spec
    )
    async def plan(request: Request, _caller: Annotated[Caller, Depends(authenticate)]) -> Response:
        """Return the plan: every default filled, every name, window and threshold decided."""
        return await _answer(pool, counted, "plan", await posted_spec(request, limits))

    @routes.post(
        "/generate",
        summary="The artifacts of a spec",
        response_model=Files,
        responses={200: {"content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
        openapi_extra=spec,
    )
    async def generate(
        request: Request,
        _caller: Annotated[Caller, Depends(authenticate)],
        only: Annotated[list[str] | None, Query(description="Such as rules; repeat it for more than one")] = None,
    ) -> Response:
        """Return rules, their tests, routes, dashboards and pages: as JSON, or packed for `Accept: application/zip`."""
        zipped = _ZIP in request.headers.get("accept", "")
        options = {"only": only or [], "zip": zipped}
        return await _answer(pool, counted, "generate", await posted_spec(request, limits), options)

    @routes.post(
        "/explain",
        summary="What the promises of a spec mean, in words",
        response_model=Explained,
        openapi_extra=spec,
    )
    async def explain(
        request: Request,
        _caller: Annotated[Caller, Depends(authenticate)],
        slo: Annotated[str | None, Query(description="One promise; unset, all of them")] = None,
    ) -> Response:
        """Return each promise in words, its tiers, and how soon each of them notices which fault."""
        return await _answer(pool, counted, "explain", await posted_spec(request, limits), {"slo": slo})

    @routes.post(
        "/backtest", summary="What history would have led to", response_model=Backtested, openapi_extra=history
    )
    async def backtest(request: Request, _caller: Annotated[Caller, Depends(authenticate)]) -> Response:
        """Run a posted history through the decisions of the rules: what would have paged, when, how often in vain."""
        return await _answer(pool, counted, "backtest", await posted_history(request, limits))

    return routes


async def _answer(
    pool: Pool, counted: Counter, task: Task, posted: Posted, options: Mapping[str, Any] | None = None
) -> Response:
    job = Job(task, posted.spec, posted.json, {**posted.options, **(options or {})}, posted.history)
    outcome = "failed"
    try:
        answer = await pool.carry_out(job)
        outcome = "refused" if answer.problem else "answered"
    except EngineBusy as error:
        outcome = "busy"
        headers = {"Retry-After": f"{RETRY_SECONDS}"}
        raise Problem(status=503, code="engine-busy", detail=f"{error}.", headers=headers) from None
    except EngineExhausted as error:
        outcome = "exhausted"
        raise Problem(status=422, code="too-expensive", detail=str(error)) from None
    finally:
        counted.labels(task, outcome).inc()
    return _response(answer)


def _response(answer: Answer) -> Response:
    if answer.problem:
        told = answer.problem
        raise Problem(status=answer.status, code=told["code"], detail=told["detail"], errors=told.get("errors", ()))
    return Response(answer.body, status_code=answer.status, media_type=answer.media_type)
