"""Workers and the scheduler as processes of their own, where a broker joins them to the service."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from vcci_platform import telemetry
from vcci_platform.carbon.broker import CONCURRENCY
from vcci_platform.carbon.work import QUEUES
from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_platform.storage import migrate
from vcci_platform.telemetry import logs, tracing
from vcci_platform.telemetry.celery import trace_tasks
from vcci_platform.telemetry.redaction import secrets_of
from vcci_platform.wiring.service import ServiceParts, service_parts

__all__ = ["UnknownQueue", "run", "run_scheduler"]


class UnknownQueue(PlatformError):
    """A queue was named that no job goes through."""

    exit_code = 2


def run(settings: Settings, *, queues: Sequence[str] = QUEUES, concurrency: int = CONCURRENCY) -> int:
    """Work on jobs until told to stop, and return the exit code; jobs that are under way are finished first."""
    unknown = sorted(set(queues) - set(QUEUES))
    if unknown:
        raise UnknownQueue(f"there are no queues {', '.join(unknown)}; the queues are {', '.join(QUEUES)}")
    with _process(settings, "vcci-worker") as parts:
        worker = parts.celery.Worker(
            pool="threads",
            concurrency=concurrency,
            queues=list(queues),
            hostname=f"worker-{os.getpid()}@{socket.gethostname()}",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            quiet=True,
        )
        worker.start()
        return int(worker.exitcode or 0)


def run_scheduler(settings: Settings) -> None:
    """Send the ids of jobs whose message was lost, at start and every minute, until told to stop.

    Any number of these may run: each due job is sent by one of them.
    """
    with _process(settings, "vcci-scheduler") as parts:
        stopped = threading.Event()
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, lambda *_: stopped.set())
        parts.sweeper.start()
        try:
            stopped.wait()
        finally:
            parts.sweeper.stop()


@contextmanager
def _process(settings: Settings, name: str) -> Generator[ServiceParts]:
    """Yield the parts of a process beside the service, with the database up to date and its figures on show."""
    if settings.embedded_worker:
        raise PlatformError(
            "BROKER_URL is memory://, so the service works on its jobs itself; set it to an amqp:// address to run "
            f"{name} as a process of its own"
        )
    logs.configure(settings.log_level, service=name, secrets=secrets_of(settings))
    provider = tracing.configure(settings, name)
    parts = service_parts(settings)
    tracing.trace_database(parts.database.engine, provider)
    trace_tasks(provider)
    migrate.upgrade(parts.database, "service")
    with _figures(settings, parts):
        try:
            yield parts
        finally:
            parts.stop()
            provider.force_flush()


@contextmanager
def _figures(settings: Settings, parts: ServiceParts) -> Generator[None]:
    """Serve /health/live, /health/ready and /health/metrics of this process."""
    app = FastAPI(title="VCCI worker", docs_url=None, redoc_url=None, openapi_url=None)
    telemetry.install(app, settings, parts.metrics, parts.checks(), readings=parts.readings())
    server = uvicorn.Server(
        uvicorn.Config(app, host=settings.host, port=settings.worker_port, access_log=False, log_config=None)
    )
    thread = threading.Thread(target=server.run, name="figures", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
