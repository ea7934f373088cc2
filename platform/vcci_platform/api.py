"""The service: the HTTP API of tenants, uploads, jobs and results, and in the embedded mode its worker too."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

import uvicorn
from anyio import to_thread
from fastapi import FastAPI

from vcci_platform import faults, problems, reference, telemetry
from vcci_platform.carbon.body import BodyLimit
from vcci_platform.settings import Settings
from vcci_platform.telemetry import logs, tracing
from vcci_platform.telemetry.celery import trace_tasks
from vcci_platform.telemetry.redaction import secrets_of
from vcci_platform.wiring.service import ServiceParts, service_parts

__all__ = ["create_app", "run"]

DESCRIPTION = """
Scope 3 emissions of what a company buys: send a CSV of purchases, watch the job, read the results.
Every number can be followed to its row, exchange rate, deflator and factor; every row that could not be calculated
is listed with its reasons.

Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem documents. Lists come in parts: send
`next_cursor` back as `cursor`. An `Idempotency-Key` makes sending a file again harmless.
"""


def create_app(settings: Settings, parts: ServiceParts | None = None) -> FastAPI:
    """Return the service that the settings ask for; its lifespan migrates the database and starts the worker."""
    built = parts or service_parts(settings)
    provider = tracing.configure(settings, "vcci-api")
    tracing.trace_database(built.database.engine, provider)
    trace_tasks(provider)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        if not built.database.is_sqlite:
            # As many requests in threads as there are connections for them: more would only wait inside the pool.
            limiter = to_thread.current_default_thread_limiter()
            limiter.total_tokens = settings.database_pool_size + settings.database_pool_max_overflow
        await to_thread.run_sync(built.serve)
        try:
            yield
        finally:
            await to_thread.run_sync(built.stop)
            provider.force_flush()

    app = FastAPI(
        title="VCCI Scope 3",
        version=version("vcci"),
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry=tracing.native(provider),
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    reference.install(app)
    for router in built.routers():
        app.include_router(router)
    app.add_middleware(BodyLimit, most=settings.max_upload_bytes)
    faults.install(app, settings)
    telemetry.install(app, settings, built.metrics, built.checks(), readings=built.readings(), witness=built.tally)
    return app


def run(settings: Settings) -> None:
    """Serve until told to stop: one process, since the metrics and the embedded worker live in it."""
    logs.configure(settings.log_level, service="vcci-api", secrets=secrets_of(settings))
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.api_port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=30,
    )
