"""Faults on purpose, in the path of requests and nowhere else: for demonstrations and end-to-end tests.

A share of the requests ends in an exception or takes longer, for some minutes at most, and then it is over by itself.
No counter, no SLI and no webhook is written: whatever notices the faults notices them as it would real ones.
Without `VCCI_FAULTS` there is no such middleware, and `/v1/faults` does not exist.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from vcci_platform.clock import Clock, SystemClock
from vcci_platform.settings import Settings
from vcci_platform.telemetry import events, logs
from vcci_platform.telemetry.endpoints import FOUND, match

__all__ = ["Fault", "FaultMiddleware", "Faults", "InjectedFault", "install", "router"]

LONGEST_SECONDS = 15 * 60
LONGEST_DELAY_MILLISECONDS = 30_000
SPARED = ("/health/", "/v1/faults", "/v1/operations/")
"""Never touched: the probe must tell the truth, the faults must be stoppable, and operators ask for no customer."""

log = logs.get(__name__)


class InjectedFault(RuntimeError):
    """The exception that a request meets; nothing expects it, so it ends like a real one."""


class Fault(BaseModel):
    """What shall go wrong, for how long, and for whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Annotated[Literal["error", "delay"], Field(description="`error` answers 500, `delay` answers late.")]
    share: Annotated[float, Field(gt=0, le=1, description="Share of the requests that meet it.")]
    seconds: Annotated[float, Field(gt=0, le=LONGEST_SECONDS, description="After so long it ends by itself.")] = 300
    delay_ms: Annotated[int, Field(ge=1, le=LONGEST_DELAY_MILLISECONDS, description="How much later, for `delay`.")] = (
        1_500
    )
    endpoints: Annotated[
        tuple[str, ...],
        Field(max_length=50, description="Templates of the routes that meet it, such as /v1/jobs/{job_id}; none: all."),
    ] = ()


class FaultState(BaseModel):
    """What goes wrong now."""

    fault: Fault | None
    ends_at: datetime | None
    met: int = Field(description="Requests that met a fault since the process began.")


@dataclass
class Faults:
    """The fault of this process, if there is one. Time and chance arrive as arguments."""

    clock: Clock = field(default_factory=SystemClock)
    chance: Callable[[], float] = random.random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        self._fault: Fault | None = None
        self._ends_at = self.clock.now()
        self._met = 0

    def start(self, fault: Fault) -> None:
        """Let this go wrong from now on, instead of what did before."""
        self._fault = fault
        self._ends_at = self.clock.now() + timedelta(seconds=fault.seconds)
        log.warning(events.FAULTS_STARTED, **fault.model_dump(), ends_at=self._ends_at)

    def stop(self) -> None:
        """Let nothing go wrong any more."""
        if self._fault is not None:
            self._fault = None
            log.warning(events.FAULTS_ENDED, met=self._met)

    def state(self) -> FaultState:
        """Return what goes wrong now."""
        fault = self.present()
        return FaultState(fault=fault, ends_at=self._ends_at if fault else None, met=self._met)

    def present(self) -> Fault | None:
        """Return the fault, unless its time is over."""
        if self._fault is not None and self.clock.now() >= self._ends_at:
            self.stop()
        return self._fault

    async def meet(self, endpoint: str) -> None:
        """Let the request to this endpoint meet the fault, if it is its turn: wait, raise, or neither."""
        fault = self.present()
        if fault is None or (fault.endpoints and endpoint not in fault.endpoints) or self.chance() >= fault.share:
            return
        self._met += 1
        if fault.kind == "error":
            raise InjectedFault(f"injected into {endpoint}, as told by PUT /v1/faults")
        await self.sleep(fault.delay_ms / 1000)


class FaultMiddleware:
    """Lets requests meet the faults, after they were counted as begun and before the application sees them."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._faults.present() and not scope["path"].startswith(SPARED):
            app: FastAPI = scope["app"]
            endpoint = match(app.routes, scope)
            if endpoint is not None:  # what nothing answers cannot fail either
                scope[FOUND] = endpoint
                await self._faults.meet(endpoint)
        await self._app(scope, receive, send)


def install(app: FastAPI, settings: Settings, faults: Faults | None = None) -> None:
    """Make `app` able to fail on purpose, if the settings allow it. Call it just before `telemetry.install`.

    So the faults lie inside of what counts the requests, and outside of everything else.
    """
    if settings.faults_enabled:
        present = faults or Faults()
        app.include_router(router(present))
        app.add_middleware(FaultMiddleware, faults=present)


def router(faults: Faults) -> APIRouter:
    """Return the routes that start, show and stop faults."""
    routes = APIRouter(prefix="/v1/faults", tags=["faults"])

    @routes.put("")
    async def start(fault: Fault) -> FaultState:
        """Let a share of the requests fail or slow down, until the time is over."""
        faults.start(fault)
        return faults.state()

    @routes.get("")
    async def show() -> FaultState:
        """What goes wrong now."""
        return faults.state()

    @routes.delete("")
    async def stop() -> FaultState:
        """Let nothing go wrong any more."""
        faults.stop()
        return faults.state()

    return routes
