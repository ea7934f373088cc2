"""The desk's process: a store of its own, its loops, its HTTP interface. It runs while the service is dead."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI, Request, Response
from opentelemetry.sdk.trace import TracerProvider
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from vcci_platform import problems, reference, telemetry
from vcci_platform.clock import Clock, SystemClock
from vcci_platform.console.session import DESK_COOKIE, DESK_PURPOSE, Sessions
from vcci_platform.incidents.access import Access
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.door import Door
from vcci_platform.incidents.hooks.port import DeskServer, hook_port
from vcci_platform.incidents.hooks.speakers import Kept, Speakers, lines, values_of
from vcci_platform.incidents.loops import Loop
from vcci_platform.incidents.office import DeskParts, Office
from vcci_platform.incidents.oncall.secrets_file import SECRETS_FILE
from vcci_platform.incidents.reconcile import Reconciler
from vcci_platform.incidents.routes import router
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.vendors.shared_pace import shared_paces
from vcci_platform.incidents.vendors.targets import SANDBOX_WEBHOOK_SECRET, Vendors, VendorTargets
from vcci_platform.origin import names_of
from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.telemetry import checks, logs, tracing
from vcci_platform.telemetry.metrics import DeskMetrics
from vcci_platform.telemetry.redaction import secrets_of
from vcci_platform.tenancy.pepper import kept_secret, pepper
from vcci_platform.wiring.desk import desk_parts

__all__ = ["create_app", "hook_token", "run"]

log = logs.get(__name__)

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
RECONCILE_EVERY = timedelta(minutes=3)
"""PagerDuty and the status page have clocks of their own, so no time scale makes this faster."""

STARTUP_FAILURE = 3  # as `uvicorn` itself ends
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
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    inside = _Inside.of(settings, parts or desk_parts(settings), vendors, clock or SystemClock())
    app = _application(inside)
    access = app.state.access = _access(app, settings, inside)
    office = app.state.office = _office(app, settings, inside)
    app.include_router(router(office, access, speakers(settings)))
    names = names_of(settings.desk_at, inside.desk.rules.links.get("desk", ""))
    app.add_middleware(Door, access=access, away=_closed, names=names)
    ready = (checks.database(inside.desk.database, name="incident-database"), office.check())
    readings = (office.reading(),)
    telemetry.install(app, settings, inside.desk.metrics, ready, readings=readings, clock=inside.desk.clock)
    return app


@dataclass(frozen=True)
class _Inside:
    """What a desk is made of, before anybody can speak to it."""

    parts: DeskParts
    provider: TracerProvider
    targets: VendorTargets
    vendors: Vendors
    desk: Desk
    dispatcher: Dispatcher

    @classmethod
    def of(cls, settings: Settings, parts: DeskParts, vendors: Vendors | None, clock: Clock) -> _Inside:
        """Return what these settings make; nothing is opened yet."""
        database = connect(
            settings.incident_database,
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_pool_max_overflow,
        )
        provider = tracing.configure(settings, "vcci-desk")
        tracing.trace_database(database.engine, provider)
        targets = VendorTargets.from_settings(settings)
        vendors = vendors or Vendors(targets, clock, shared_paces(database, clock))
        desk = Desk(database, replace(parts.rules, channels=targets.channels), clock, DeskMetrics())
        dispatcher = Dispatcher(
            desk,
            vendors.pager,
            vendors.status_page,
            vendors.chat,
            mailer=vendors.mailer,
            second_pager=vendors.second_pager,
            responders=vendors.rest,
            reviews=vendors.status_page,
        )
        return cls(parts, provider, targets, vendors, desk, dispatcher)

    def close(self) -> None:
        """Give everything back."""
        self.parts.close()
        self.vendors.close()
        self.desk.database.close()
        self.provider.force_flush()


def _application(inside: _Inside) -> FastAPI:
    """Return an application without the desk's own routes, which says every refusal in the same form."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        office: Office = app.state.office
        await run_in_threadpool(migrate.upgrade, inside.desk.database, "desk")
        await run_in_threadpool(office.start)
        try:
            yield
        finally:
            await run_in_threadpool(office.stop)
            inside.close()

    app = FastAPI(
        title="VCCI desk",
        version=version("vcci"),
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry=tracing.native(inside.provider),
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    reference.install(app)
    app.add_exception_handler(OperationalError, _store_away)
    return app


def _access(app: FastAPI, settings: Settings, inside: _Inside) -> Access:
    """Return who may come in; browsers are known again by their cookies."""
    sessions = app.state.sessions = Sessions(pepper(settings), DESK_PURPOSE)
    clock = inside.desk.clock
    return Access(
        inside.desk.database,
        is_local=settings.host in LOOPBACK,
        remembers=lambda request: sessions.key_id(request.cookies.get(DESK_COOKIE, ""), clock.now()),
    )


def _office(app: FastAPI, settings: Settings, inside: _Inside) -> Office:
    """Return the desk at work: its loops, with those of the parts that join it."""
    parts, vendors = inside.parts, inside.vendors
    extra = parts.extend(app, inside.desk) if parts.extend else ()
    reconciler = Reconciler(inside.desk, vendors.rest, vendors.status_page)
    compare = Loop("reconcile", reconciler.round, RECONCILE_EVERY, counted=False)
    stand_ins = inside.targets.stand_ins
    return Office(inside.desk, inside.dispatcher, parts.beat, settings.heartbeat_url, stand_ins, (*extra, compare))


async def _store_away(request: Request, error: Exception) -> Response:
    """Answer for a store that is away: an expected trouble, which wakes nobody by itself."""
    log.warning("store_away", error=type(error).__name__)
    return _closed(request)


def _closed(_request: Request) -> Response:
    """Answer while nobody can be known or shown anything, because the store is away."""
    detail = "The desk's own store does not answer. Pages that wait there go out when it is back; please try again."
    return problems.problem_response(
        problems.Problem(status=503, code="store-unavailable", detail=detail, headers={"Retry-After": "5"})
    )


def speakers(settings: Settings) -> Speakers:
    """Return who may speak at the hooks. What is kept in files counts from the moment at which it is written."""
    return Speakers(_tokens(settings), _webhook_secrets(settings), certified(settings))


def hook_token(settings: Settings) -> SecretStr:
    """Return the token of the hooks: the environment's, or the one that was made once and is kept under the home."""
    return settings.hook_token or SecretStr(kept_secret(settings.home / HOOK_TOKEN_FILE))


def _tokens(settings: Settings) -> Callable[[], tuple[str, ...]]:
    """Return the environment's token and those of its file, or the one that is kept under the home."""
    file = settings.hook_token_file
    given = () if file and not settings.hook_token else (hook_token(settings).get_secret_value(),)
    kept = Kept(file, lines) if file else tuple
    return lambda: given + kept()


def _webhook_secrets(settings: Settings) -> Callable[[], tuple[str, ...]]:
    """Return the environment's secrets of PagerDuty's webhooks, and those that `vcci pagerduty apply` has kept."""
    given = settings.pagerduty_webhook_secrets
    kept = Kept(settings.home / SECRETS_FILE, values_of("PAGERDUTY_WEBHOOK_SECRETS"))
    sandboxed = settings.pagerduty_routing_key is None
    found = given.get_secret_value().split(",") if given else [SANDBOX_WEBHOOK_SECRET] if sandboxed else []
    stated = tuple(secret.strip() for secret in found if secret.strip())
    return lambda: stated + kept()


def certified(settings: Settings) -> frozenset[str]:
    """Return the names in the certificates that may speak at the hooks, none where all may."""
    return frozenset(name for each in settings.hook_client_names.split(",") if (name := each.strip()))


def run(settings: Settings, parts: DeskParts | None = None) -> None:
    """Serve until told to stop: one process, since its loops and metrics live in it."""
    logs.configure(settings.log_level, service="vcci-desk", secrets=secrets_of(settings))
    port = hook_port(settings)
    app = create_app(settings, parts)
    server = DeskServer(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.desk_port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=15,
        ),
        port,
    )
    office: Office = app.state.office
    office.leaving = lambda: server.should_exit
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
