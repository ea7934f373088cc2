"""The desk's process: a store of its own, its loops, its HTTP interface. It runs while the service is dead."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from vcci_platform import problems, reference, telemetry
from vcci_platform.clock import Clock, SystemClock
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.office import DeskParts, Office
from vcci_platform.incidents.routes import router
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.vendors import Vendors, VendorTargets
from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.telemetry import checks, logs, tracing
from vcci_platform.telemetry.metrics import DeskMetrics
from vcci_platform.telemetry.redaction import secrets_of
from vcci_platform.tenancy.pepper import kept_secret
from vcci_platform.wiring.desk import desk_parts

__all__ = ["create_app", "hook_token", "run"]

log = logs.get(__name__)

HOOK_TOKEN_FILE = "hook-token"  # noqa: S105 - a name, under the home folder


DESCRIPTION = """
Incidents: from an alert to a page, a status page and a review. What Alertmanager or a person says is stored before it
is understood; what the desk does to the outside world is a row before it is done.

Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem documents. Lists come in parts: send
`next_cursor` back as `cursor`. An `Idempotency-Key` makes reporting a fault again harmless.
"""


def create_app(
    settings: Settings, parts: DeskParts | None = None, *, vendors: Vendors | None = None, clock: Clock | None = None
) -> FastAPI:
    """Return the desk's application; its store is upgraded and its loops run from start to stop."""
    parts = parts or desk_parts(settings)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = clock or SystemClock()
    database = connect(
        settings.incident_database,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_max_overflow,
    )
    provider = tracing.configure(settings, "vcci-desk")
    tracing.trace_database(database.engine, provider)
    metrics = DeskMetrics()
    targets = VendorTargets.from_settings(settings)
    vendors = vendors or Vendors(targets, clock)
    desk = Desk(database, parts.rules, clock, metrics)
    dispatcher = Dispatcher(desk, vendors.pager, vendors.status_page, vendors.chat)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await run_in_threadpool(migrate.upgrade, database, "desk")
        await run_in_threadpool(office.start)
        try:
            yield
        finally:
            await run_in_threadpool(office.stop)
            parts.close()
            vendors.close()
            database.close()
            provider.force_flush()

    app = FastAPI(
        title="VCCI desk",
        version=version("vcci"),
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry=tracing.native(provider),
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    reference.install(app)
    app.add_exception_handler(OperationalError, _store_away)
    extra = parts.extend(app, desk) if parts.extend else ()
    office = Office(desk, dispatcher, parts.beat, settings.heartbeat_url, targets.sandboxed, extra)
    app.state.office = office
    app.include_router(router(office, hook_token(settings)))
    ready = (checks.database(database, name="incident-database"), office.check())
    telemetry.install(app, settings, metrics, ready, readings=(office.reading(),), clock=clock)
    return app


async def _store_away(_request: Request, error: Exception) -> Response:
    """Answer for a store that is away: an expected trouble, which wakes nobody by itself."""
    log.warning("store_away", error=type(error).__name__)
    detail = "The desk's store does not answer now; please try again."
    return problems.problem_response(
        problems.Problem(status=503, code="store-unavailable", detail=detail, headers={"Retry-After": "5"})
    )


def hook_token(settings: Settings) -> SecretStr:
    """Return the token of the hooks: the environment's, or the one that was made once and is kept under the home."""
    return settings.hook_token or SecretStr(kept_secret(settings.home / HOOK_TOKEN_FILE))


def run(settings: Settings, parts: DeskParts | None = None) -> None:
    """Serve until told to stop: one process, since its loops and metrics live in it."""
    logs.configure(settings.log_level, service="vcci-desk", secrets=secrets_of(settings))
    uvicorn.run(
        create_app(settings, parts),
        host=settings.host,
        port=settings.desk_port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=15,
    )
