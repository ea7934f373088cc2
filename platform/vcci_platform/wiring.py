"""The composition root: settings in, parts that know each other out. Nothing else chooses an adapter."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from celery import Celery  # type: ignore[import-untyped]  # it ships no types
from fastapi import APIRouter, FastAPI

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
from vcci_platform.carbon.tasks import Runner, Sweeper
from vcci_platform.carbon.uploads import Uploads, settle
from vcci_platform.clock import Clock, SystemClock
from vcci_platform.console import ServiceDoor, desk_chrome, desk_console, service_chrome, service_console
from vcci_platform.console.session import Sessions
from vcci_platform.incidents.clockwork import Recovery
from vcci_platform.incidents.loops import Loop
from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.office import DeskParts
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.vendors import VendorTargets
from vcci_platform.reliability import routes as reliability_routes
from vcci_platform.reliability.assemble import Addresses, with_prometheus, with_recorder
from vcci_platform.reliability.evaluator import Finding
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_platform.settings import Settings
from vcci_platform.specs import SpecNotFound, platform_plan
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_platform.telemetry import checks, logs
from vcci_platform.telemetry.health import Check, Reading
from vcci_platform.telemetry.metrics import ServiceMetrics, start_at_zero
from vcci_platform.tenancy import Tenancy
from vcci_platform.tenancy import routes as tenancy_routes
from vcci_platform.tenancy.access import Authenticate, authenticator
from vcci_platform.tenancy.limits import RequestLimit
from vcci_platform.tenancy.pepper import pepper
from vcci_slo import Plan, SpecError

__all__ = ["ServiceParts", "desk_parts", "service_database", "service_parts", "service_tenancy"]

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
    worker: EmbeddedWorker | None
    """The worker of the embedded mode; None where workers are processes of their own."""

    def start(self) -> None:
        """Bring the database up to date and, embedded, begin to work on jobs."""
        migrate.upgrade(self.database, "service")
        if self.worker is not None:
            self.jobs.forget_messages()
            self.worker.start()
            self.sweeper.start()

    def stop(self) -> None:
        """End what `start` began, after the jobs that are under way."""
        if self.worker is not None:
            self.sweeper.stop()
            self.worker.stop()
        self.celery.close()
        self.database.close()

    def routers(self) -> Sequence[APIRouter]:
        """Return the routes under /v1."""
        return (
            tenancy_routes.router(self.tenancy, self.authenticate),
            carbon_routes.router(
                uploads=self.uploads,
                jobs=self.jobs,
                results=self.results,
                reception=self.reception,
                authenticate=self.authenticate,
            ),
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
            asked.append(checks.broker(self.settings.broker_url.get_secret_value()))
        if self.settings.redis_url is not None:
            asked.append(checks.redis(self.settings.redis_url.get_secret_value()))
        return asked

    def readings(self) -> list[Reading]:
        """Return the gauges that are read just before each scrape."""
        return [self.gauges.reading]


def service_database(settings: Settings) -> Database:
    """Return the service's database; embedded, its folder is made."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return connect(
        settings.service_database,
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_max_overflow,
    )


@contextmanager
def service_tenancy(settings: Settings) -> Generator[tuple[Database, Tenancy]]:
    """Yield the service's database and its tenants, for the command line."""
    database = service_database(settings)
    try:
        yield database, Tenancy(database, pepper(settings), SystemClock())
    finally:
        database.close()


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
        authenticate=authenticator(tenancy, metrics, limit),
        jobs=jobs,
        uploads=uploads,
        results=Results(database),
        reception=Reception(uploads, post, metrics, settings.max_upload_bytes),
        celery=celery,
        post=post,
        runner=runner,
        sweeper=Sweeper(jobs, post),
        gauges=WaitingGauges(jobs, uploads, tenancy, metrics, clock),
        worker=EmbeddedWorker(celery) if settings.embedded_worker else None,
    )


def desk_parts(settings: Settings) -> DeskParts:
    """Return what the spec and the settings give the desk: its rules, and the SLO service that lives with it.

    With PROMETHEUS_URL, Prometheus decides what fires and Alertmanager tells the desk; without, the desk looks itself.
    """
    plan = platform_plan(settings)
    rules = IncidentPolicy.from_plan(plan)
    held: list[Reliability] = []

    def extend(app: FastAPI, desk: Desk) -> Sequence[Loop]:
        reliability = _reliability(settings, plan, desk)
        held.append(reliability)
        desk.objectives = _Objectives(reliability)
        app.state.reliability = reliability
        app.include_router(reliability_routes.router(reliability))
        sandboxed = VendorTargets.from_settings(settings).sandboxed
        chrome = desk_chrome(settings, plan, sandboxed, self_reported=reliability.source.self_reported)
        app.include_router(desk_console(lambda: app.state.office, reliability, chrome))
        return [Loop("watch", reliability.watch.round, plan.scrape_every)] if reliability.watch else []

    def close() -> None:
        for reliability in held:
            reliability.close()

    links = {**rules.links, "desk": settings.desk_at}
    return DeskParts(replace(rules, links=links), beat=plan.watchdog.beat, extend=extend, close=close)


def _reliability(settings: Settings, plan: Plan, desk: Desk) -> Reliability:
    if settings.prometheus_url is not None:
        return with_prometheus(plan, desk.database, desk.clock, settings.prometheus_url)
    addresses = Addresses({"vcci-api": settings.service_at, "vcci-desk": settings.desk_at}, self_job="vcci-desk")

    def announce(findings: Sequence[Finding]) -> None:
        desk.receive([_as_alert(found) for found in findings])

    return with_recorder(plan, desk.database, desk.clock, addresses, announce)


def _as_alert(found: Finding) -> Alert:
    """Return what the evaluator found in the words of the desk."""
    condition, verdict = found.condition, found.verdict
    return Alert(
        fingerprint=hashlib.sha256(condition.key.encode()).hexdigest()[:16],
        name=condition.alert,
        resolved=verdict.over_at is not None,
        priority=Priority(condition.priority),
        system=condition.system,
        starts_at=verdict.since,
        ends_at=verdict.over_at,
        component=condition.component,
        summary=verdict.summary,
        description=condition.description,
        runbook_url=condition.runbook_url,
        dashboard_url=condition.dashboard_url,
        labels=dict(verdict.labels),
    )


@dataclass(frozen=True)
class _Objectives:
    """The desk's question whether a system is good again, answered by the promises."""

    reliability: Reliability

    def recovery(self, system: str, since: datetime, until: datetime) -> Recovery:
        """Return what the promises say about a span; a source that is away knows nothing."""
        try:
            return Recovery(self.reliability.recovery(system, since, until))
        except SourceUnavailable:
            return Recovery.UNKNOWN


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
