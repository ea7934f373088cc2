"""Telemetry around one application, in one call: health, figures, the request log, and the faults if allowed."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from vcci_platform.clock import Clock, SystemClock
from vcci_platform.settings import Settings
from vcci_platform.telemetry import health
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.telemetry.requests import RequestMetrics, Witness

__all__ = ["install"]


def install(
    app: FastAPI,
    settings: Settings,
    metrics: Metrics,
    checks: Sequence[health.Check],
    *,
    readings: Sequence[health.Reading] = (),
    clock: Clock | None = None,
    witness: Witness | None = None,
) -> health.Readiness:
    """Give `app` its `/health` routes and the middleware that counts requests. Call it after every `add_middleware`.

    `witness` is told of each request that has ended.
    Under a time scale the grace of shared dependencies runs faster too.
    """
    readiness = health.Readiness(
        checks, metrics, clock or SystemClock(), grace=health.SHARED_GRACE / settings.time_scale
    )
    app.include_router(health.router(readiness, metrics, readings))
    app.add_middleware(RequestMetrics, metrics=metrics, witness=witness)
    return readiness
