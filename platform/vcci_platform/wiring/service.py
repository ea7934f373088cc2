"""The parts of the service, of its workers and of its scheduler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from celery import Celery  # type: ignore[import-untyped]  # it ships no types
from fastapi import APIRouter

from vcci_platform.carbon import broker
from vcci_platform.carbon import routes as carbon_routes
from vcci_platform.carbon.broker import CeleryPost, EmbeddedWorker
from vcci_platform.carbon.factors import load_pack
from vcci_platform.carbon.files import Files, open_files
from vcci_platform.carbon.gauges import WaitingGauges
from vcci_platform.carbon.handlers import PurchaseHandlers, References
from vcci_platform.carbon.jobs import Jobs
from vcci_platform.carbon.model import GapReason
from vcci_platform.carbon.rates import load_rates
from vcci_platform.carbon.reception import Reception
from vcci_platform.carbon.results import Results
from vcci_platform.carbon.store import CalculationStore
from vcci_platform.carbon.tasks import Repeat, Runner, Sweeper
from vcci_platform.carbon.uploads import Uploads, settle
from vcci_platform.clock import Clock, SystemClock
from vcci_platform.console.chrome import service_chrome
from vcci_platform.console.service import ServiceDoor, service_console
from vcci_platform.console.session import Sessions
from vcci_platform.engine import routes as engine_routes
from vcci_platform.engine.model import MIB, Limits
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.settings import Settings
from vcci_platform.specs import SpecNotFound, platform_plan
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database
from vcci_platform.telemetry import checks, logs, remote_checks
from vcci_platform.telemetry.health import Check, Reading
from vcci_platform.telemetry.metrics import REQUEST_DURATION, ServiceMetrics, start_at_zero
from vcci_platform.tenancy import Tenancy
from vcci_platform.tenancy import routes as tenancy_routes
from vcci_platform.tenancy.access import Authenticate, authenticator
from vcci_platform.tenancy.affected import routes as affected_routes
from vcci_platform.tenancy.affected.store import TroubleStore
from vcci_platform.tenancy.affected.tally import MINUTE, SHORTEST, KnownKeys, Tally
from vcci_platform.tenancy.affected.tasks import KEEP_EVERY, Bookkeeper
from vcci_platform.tenancy.limits import RequestLimit
from vcci_platform.tenancy.pepper import operator_token, pepper
from vcci_platform.wiring.tenants import service_database
from vcci_slo import Plan, SpecError
from vcci_slo.plan import LatencyIndicator

__all__ = ["ServiceParts", "service_parts"]

log = logs.get(__name__)


@dataclass(frozen=True)
class ServiceParts:
    """What the service, its workers and its command line are made of. Nothing runs until `start`."""

    settings: Settings
    clock: Clock
    metrics: ServiceMetrics
    database: Database
    files: Files
    tenancy: Tenancy
    authenticate: Authenticate
    jobs: Jobs
    uploads: Uploads
    results: Results
    reception: Reception
    celery: Celery
    post: CeleryPost
    runner: Runner
    sweeper: Sweeper
    gauges: WaitingGauges
    tally: Tally
    book: Bookkeeper
    counting: Repeat
    worker: EmbeddedWorker | None
    """The worker of the embedded mode; None where workers are processes of their own."""

    def start(self) -> None:
        """Bring the database up to date and, embedded, begin to work on jobs."""
        migrate.upgrade(self.database, "service")
        if self.worker is not None:
            self.jobs.forget_messages()
            self.worker.start()
            self.sweeper.start()

    def serve(self) -> None:
        """Do what `start` does, and count whose requests fail: for the process that answers them."""
        self.start()
        self.counting.start()

    def stop(self) -> None:
        """End what `start` or `serve` began, after the jobs that are under way."""
        self.counting.stop()
        if self.worker is not None:
            self.sweeper.stop()
            self.worker.stop()
        self.celery.close()
        self.database.close()

    def routers(self) -> Sequence[APIRouter]:
        """Return the routes under /v1."""
        return (
            tenancy_routes.router(self.tenancy, self.authenticate),
            affected_routes.router(self.book, self.jobs.given_up, operator_token(self.settings)),
            carbon_routes.router(
                uploads=self.uploads,
                jobs=self.jobs,
                results=self.results,
                reception=self.reception,
                authenticate=self.authenticate,
            ),
            engine_routes.router(_engine_limits(self.settings), self.authenticate, self.metrics),
            self._console(),
        )

    def _console(self) -> APIRouter:
        door = ServiceDoor(
            tenancy=self.tenancy,
            uploads=self.uploads,
            results=self.results,
            reception=self.reception,
            metrics=self.metrics,
            sessions=Sessions(pepper(self.settings)),
            clock=self.clock,
        )
        sandboxed = VendorTargets.from_settings(self.settings).sandboxed
        return service_console(door, service_chrome(self.settings, _plan_for_links(self.settings), sandboxed))

    def checks(self) -> list[Check]:
        """Return the questions to the dependencies that readiness asks."""
        asked = [checks.database(self.database)]
        if not self.settings.embedded_worker:
            asked.append(remote_checks.broker(self.settings.broker_url.get_secret_value()))
        if self.settings.redis_url is not None:
            asked.append(remote_checks.redis(self.settings.redis_url.get_secret_value()))
        return asked

    def readings(self) -> list[Reading]:
        """Return the gauges that are read just before each scrape."""
        return [self.gauges.reading]


def service_parts(
    settings: Settings, *, clock: Clock | None = None, metrics: ServiceMetrics | None = None
) -> ServiceParts:
    """Return the parts of the service that the settings ask for."""
    clock = clock or SystemClock()
    metrics = metrics or ServiceMetrics()
    start_at_zero(metrics.line_gaps, reason=GapReason)
    database = service_database(settings)
    files = open_files(settings.files_url, settings.home)
    tenancy = Tenancy(database, pepper(settings), clock)
    keys = KnownKeys()
    slow_after, timed = _patience(settings)
    length = max(MINUTE / settings.time_scale, SHORTEST)
    tally = Tally(clock, keys, slow_after=slow_after, timed=timed, length=length)
    book = Bookkeeper(tally, TroubleStore(database), metrics, clock)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    limit = RequestLimit(settings.requests_per_minute, redis_url) if settings.requests_per_minute else None
    jobs = Jobs(database, clock, metrics, on_end=settle)
    uploads = Uploads(database, files, jobs, clock)
    celery: Any = broker.create_celery(settings)
    post = CeleryPost(celery)
    handlers = PurchaseHandlers(
        database=database,
        files=files,
        uploads=uploads,
        jobs=jobs,
        store=CalculationStore(clock),
        references=_references,
        metrics=metrics,
        clock=clock,
    )
    runner = Runner(jobs, handlers.by_kind(), post)
    broker.register(celery, runner)
    return ServiceParts(
        settings=settings,
        clock=clock,
        metrics=metrics,
        database=database,
        files=files,
        tenancy=tenancy,
        authenticate=authenticator(tenancy, metrics, limit, keys),
        jobs=jobs,
        uploads=uploads,
        results=Results(database),
        reception=Reception(uploads, post, metrics, settings.max_upload_bytes),
        celery=celery,
        post=post,
        runner=runner,
        sweeper=Sweeper(jobs, post),
        gauges=WaitingGauges(jobs, uploads, tenancy, metrics, clock),
        tally=tally,
        book=book,
        counting=Repeat("tenant-counts", KEEP_EVERY, book.round),
        worker=EmbeddedWorker(celery) if settings.embedded_worker else None,
    )


def _engine_limits(settings: Settings) -> Limits:
    return Limits(
        seconds=settings.engine_seconds,
        memory_bytes=settings.engine_memory_mib * MIB,
        workers=settings.engine_workers,
        waiting=settings.engine_waiting,
    )


def _patience(settings: Settings) -> tuple[float | None, Callable[[str], bool]]:
    """Return the longest time in seconds that a promise about the service's requests allows, and about which endpoints.

    None for a spec without such a promise.
    """
    plan = _plan_for_links(settings)
    promises = [
        slo.indicator
        for slo in (plan.slos if plan else ())
        if isinstance(slo.indicator, LatencyIndicator) and slo.indicator.signal.duration == REQUEST_DURATION
    ]
    matchers = {
        matcher
        for promise in promises
        for matcher in (*promise.signal.where, *promise.signal.timed)
        if matcher.label == "endpoint"
    }

    def timed(endpoint: str) -> bool:
        return all(matcher.holds({"endpoint": endpoint}) for matcher in matchers)

    return max((promise.within_seconds for promise in promises), default=None), timed


def _plan_for_links(settings: Settings) -> Plan | None:
    """Return the plan, which tells the service's pages where people look; without it they have fewer links."""
    try:
        return platform_plan(settings)
    except (SpecError, SpecNotFound, OSError) as error:
        log.warning("spec_not_read", error=str(error)[:500])
        return None


@cache
def _references() -> References:
    return References(factors=load_pack(), rates=load_rates())
