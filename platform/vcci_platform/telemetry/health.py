"""Health: is the process alive, can it serve, and what are its figures.

`/health/live` asks nothing of anybody: a dead database must not make Kubernetes restart the service.

`/health/ready` runs the real check of each dependency. What a failed one means depends on its role:

- `own` (a file, a disk of this replica): another replica may be better off, so this one steps aside at once;
- `shared` (the database of all): stepping aside helps nobody, since all replicas would leave together and with them
  every request that does not need it. A blip is therefore shown as `degraded` and answered 200. One that outlasts
  the grace is an outage; then the answer is 503, for the probe outside to see. A replica that has never reached it
  is not ready either: it has nothing to lose yet.
- `optional` (a cache): never more than `degraded`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from vcci_platform.clock import Clock, SystemClock
from vcci_platform.telemetry import events, logs
from vcci_platform.telemetry.exposition import render
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.telemetry.patience import Patient

__all__ = ["Check", "Dependency", "Readiness", "Reading", "Role", "Verdict", "judge", "router"]

CHECK_TIMEOUT = timedelta(seconds=2)
SHARED_GRACE = timedelta(seconds=30)
"""How long a shared dependency may be gone before this replica says that it cannot serve."""

FRESH = timedelta(seconds=1)
"""How long a result is good for: many probes may ask, the dependency is asked once."""

log = logs.get(__name__)


class Role(StrEnum):
    """What losing the dependency means for this replica."""

    OWN = "own"
    SHARED = "shared"
    OPTIONAL = "optional"


class Verdict(StrEnum):
    """What is told to the probe; only the last is answered 503."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Check:
    """A question to a dependency: `probe` blocks, returns when it answers, raises when it does not."""

    name: str
    role: Role
    probe: Callable[[], object]
    timeout: timedelta = CHECK_TIMEOUT


@dataclass(frozen=True)
class Reading:
    """Gauges that are read from somewhere just before each scrape.

    `forget` is called when `refresh` fails or takes too long: it sets them to NaN, for an old figure would pass as
    a present one.
    """

    name: str
    refresh: Callable[[], object]
    forget: Callable[[], object]
    timeout: timedelta = CHECK_TIMEOUT


@dataclass(frozen=True)
class Dependency:
    """What is known of a dependency: whether it answers, since when, and how fast it last did or failed to."""

    name: str
    role: Role
    up: bool
    since: datetime
    seen_up: bool
    latency: timedelta
    error: str | None = None

    def judge(self, now: datetime, grace: timedelta) -> Verdict:
        """Return what this dependency alone means for the replica."""
        if self.up:
            return Verdict.OK
        if self.role is Role.OPTIONAL:
            return Verdict.DEGRADED
        if self.role is Role.SHARED and self.seen_up and now - self.since < grace:
            return Verdict.DEGRADED
        return Verdict.UNAVAILABLE


def judge(dependencies: Sequence[Dependency], now: datetime, grace: timedelta) -> Verdict:
    """Return what all of them together mean: the worst of each."""
    verdicts = {dependency.judge(now, grace) for dependency in dependencies}
    return next((worst for worst in (Verdict.UNAVAILABLE, Verdict.DEGRADED) if worst in verdicts), Verdict.OK)


@dataclass
class Readiness:
    """Runs the checks, at most once in a while, and remembers since when each dependency is as it is."""

    checks: Sequence[Check]
    metrics: Metrics
    clock: Clock = field(default_factory=SystemClock)
    grace: timedelta = SHARED_GRACE
    fresh: timedelta = FRESH

    def __post_init__(self) -> None:
        self._patients = [(check, Patient(check.name, check.probe, check.timeout)) for check in self.checks]
        self._known: dict[str, Dependency] = {}
        self._checked_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def dependencies(self) -> list[Dependency]:
        """Return what is known of each dependency, no older than `fresh`."""
        async with self._lock:
            now = self.clock.now()
            if self._checked_at is None or not timedelta(0) <= now - self._checked_at < self.fresh:
                await asyncio.gather(*(self._ask(check, patient) for check, patient in self._patients))
                self._checked_at = self.clock.now()
        return [self._known[check.name] for check in self.checks]

    async def verdict(self) -> tuple[Verdict, list[Dependency]]:
        """Return what the replica says of itself, and why."""
        dependencies = await self.dependencies()
        return judge(dependencies, self.clock.now(), self.grace), dependencies

    async def _ask(self, check: Check, patient: Patient) -> None:
        began = time.perf_counter()
        error = await patient.attempt()
        latency = timedelta(seconds=time.perf_counter() - began)
        before = self._known.get(check.name)
        now = self.clock.now()
        up = error is None
        self._known[check.name] = Dependency(
            name=check.name,
            role=check.role,
            up=up,
            since=before.since if before is not None and before.up is up else now,
            seen_up=up or (before is not None and before.seen_up),
            latency=latency,
            error=None if error is None else type(error).__name__,  # never its sentence: addresses stand in those
        )
        self.metrics.dependency_up.labels(check.name).set(up)
        if error is not None and (before is None or before.up):
            log.warning(events.DEPENDENCY_LOST, dependency=check.name, role=check.role, error=str(error))
        elif error is None and before is not None and not before.up:
            seconds = (now - before.since).total_seconds()
            log.info(events.DEPENDENCY_RECOVERED, dependency=check.name, role=check.role, after_seconds=seconds)


def router(readiness: Readiness, metrics: Metrics, readings: Sequence[Reading] = ()) -> APIRouter:
    """Return the routes `/health/live`, `/health/ready` and `/health/metrics`."""
    routes = APIRouter(prefix="/health", tags=["health"])
    patients = [(reading, Patient(reading.name, reading.refresh, reading.timeout)) for reading in readings]

    @routes.get("/live")
    async def live() -> dict[str, str]:
        """The process is alive. Nothing else is asked."""
        return {"status": "alive"}

    @routes.get("/ready", responses={503: {"description": "This replica cannot serve now."}})
    async def ready() -> Response:
        """Whether this replica can serve, and how each of its dependencies is."""
        verdict, dependencies = await readiness.verdict()
        body = {"status": verdict, "dependencies": {item.name: _show(item) for item in dependencies}}
        return Response(
            orjson.dumps(body),
            status_code=503 if verdict is Verdict.UNAVAILABLE else 200,
            headers={"Cache-Control": "no-store"},
            media_type="application/json",
        )

    @routes.get("/metrics")
    async def exposition(request: Request) -> Response:
        """The figures of this process: Prometheus' text, or OpenMetrics with exemplars for those who accept it."""
        await readiness.dependencies()
        await asyncio.gather(*(_read(reading, patient) for reading, patient in patients))
        body, media_type = await run_in_threadpool(render, metrics.registry, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": media_type})

    return routes


async def _read(reading: Reading, patient: Patient) -> None:
    error = await patient.attempt()
    if error is not None:
        reading.forget()
        log.warning(events.METRICS_NOT_REFRESHED, reading=reading.name, error=str(error))


def _show(dependency: Dependency) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "status": "up" if dependency.up else "down",
        "role": dependency.role,
        "since": dependency.since.isoformat(),
        "latency_ms": round(dependency.latency.total_seconds() * 1000, 3),
    }
    if dependency.error is not None:
        shown["error"] = dependency.error
    return shown
