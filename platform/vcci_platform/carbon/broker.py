"""Celery, which carries the ids of jobs: in this process over memory, or over RabbitMQ's quorum queues."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from celery import Celery, Task, bootsteps  # type: ignore[import-untyped]  # it ships no types
from celery.concurrency.thread import TaskPool  # type: ignore[import-untyped]  # the same
from celery.worker import WorkController  # type: ignore[import-untyped]  # the same
from kombu import entity
from kombu.exceptions import OperationalError

from vcci_platform.carbon.tasks import Runner
from vcci_platform.carbon.work import QUEUES, Queue
from vcci_platform.settings import Settings
from vcci_platform.telemetry import logs
from vcci_platform.telemetry.celery import keep_own_logging

__all__ = ["DEAD_LETTERS", "CeleryPost", "EmbeddedWorker", "create_celery", "register"]

log = logs.get(__name__)

_Exchange: Any = entity.Exchange  # kombu's functions have no types
_Queue: Any = entity.Queue

RUN_JOB = "vcci.run_job"
EXCHANGE = "vcci.jobs"
DEAD_LETTERS = "dead_letters"
DEAD_EXCHANGE = "vcci.dead"

CONCURRENCY = 4
DELIVERY_LIMIT = 3
"""How often RabbitMQ hands out a message again whose worker vanished, before it sets it aside."""

BROKER_PATIENCE_SECONDS = 2.0
"""How long a request waits for a broker that does not answer; the job is in the table and the sweeper sends again."""

MEMORY_POLL_SECONDS = 0.02
"""A job starts 12 ms after it was sent, for half a percent of a processor; kombu's default is a second."""


def create_celery(settings: Settings) -> Celery:
    """Return the Celery application that the settings ask for; nothing is connected yet."""
    broker = settings.broker_url.get_secret_value()
    app: Any = Celery("vcci", broker=broker, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_create_missing_queues=False,
        task_publish_retry=False,
        broker_connection_timeout=BROKER_PATIENCE_SECONDS,
        broker_connection_retry_on_startup=True,
        worker_concurrency=CONCURRENCY,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        enable_utc=True,
        **(_memory() if settings.embedded_worker else _rabbitmq()),
    )
    if not settings.embedded_worker:
        app.steps["consumer"].add(DeclareDeadLetters)
    keep_own_logging()
    return app


def register(app: Celery, runner: Runner) -> None:
    """Make `app` able to do jobs and not only to send their ids."""

    @app.task(name=RUN_JOB, bind=True, shared=False)  # type: ignore[untyped-decorator]  # Celery has no types
    def run_job(task: Task, job_id: str) -> None:
        delivery = task.request.delivery_info or {}
        runner.run(job_id, str(task.request.id), redelivered=bool(delivery.get("redelivered")))

    app.finalize()


class CeleryPost:
    """Sends ids of jobs through Celery. A broker that cannot be reached is logged; nothing is lost by it."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(self, job_id: str, queue: Queue, *, delay: timedelta | None = None) -> bool:
        countdown = None if delay is None else max(1.0, delay.total_seconds())
        try:
            self._app.send_task(RUN_JOB, args=(job_id,), countdown=countdown, **_route(self._app, queue))
        except (OperationalError, OSError) as error:
            log.warning("job_message_not_sent", job_id=job_id, queue=queue, error=str(error))
            return False
        return True


class EmbeddedWorker:
    """A worker in threads of this process, for the embedded mode."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._controller: WorkController | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to consume; returns when the worker is ready."""
        ready = threading.Event()

        def on_ready(_consumer: Any) -> None:
            ready.set()

        controller = self._app.WorkController(
            pool=_threads_of(self._app), concurrency=CONCURRENCY, hostname="embedded@localhost", ready_callback=on_ready
        )
        self._controller = controller
        self._thread = threading.Thread(target=controller.start, name="embedded-worker", daemon=True)
        self._thread.start()
        if not ready.wait(timeout=30):
            raise RuntimeError("the embedded worker did not get ready within 30 s")

    def stop(self) -> None:
        """End after the jobs that are under way; what waits stays in the job table."""
        if self._controller is not None and self._thread is not None:
            self._controller.stop()
            self._thread.join(timeout=30)
        self._controller = self._thread = None


def _threads_of(app: Any) -> type[Any]:
    """Return a pool whose threads know `app` as the present one.

    Celery's own looks for the task in the application that was last made the default of the whole process.
    """

    class Threads(TaskPool):  # type: ignore[misc]  # a class without types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.executor = ThreadPoolExecutor(
                max_workers=self.limit, thread_name_prefix="job", initializer=app.set_current
            )

    return Threads


class DeclareDeadLetters(bootsteps.StartStopStep):  # type: ignore[misc]  # a class without types
    """Declares where RabbitMQ puts what no worker survives, at every connection of a worker."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        with parent.connection.channel() as channel:
            queue = _Queue(
                DEAD_LETTERS,
                _Exchange(DEAD_EXCHANGE, type="topic", durable=True),
                routing_key="#",
                queue_arguments={"x-queue-type": "quorum"},
            )
            queue(channel).declare()


def _route(app: Celery, queue: Queue) -> dict[str, Any]:
    return {"queue": app.conf.vcci_queue_names[queue]}


def _memory() -> dict[str, Any]:
    # kombu keeps the queues of memory:// by name for the whole process; a name of our own keeps two services apart.
    prefix = secrets.token_hex(4)
    names: dict[Queue, str] = {queue: f"{prefix}.{queue}" for queue in QUEUES}
    return {
        "vcci_queue_names": names,
        "broker_transport_options": {"polling_interval": MEMORY_POLL_SECONDS},
        "worker_prefetch_multiplier": 0,
        "task_acks_late": False,
        **_queues(names, {}),
    }


def _rabbitmq() -> dict[str, Any]:
    names: dict[Queue, str] = {queue: queue for queue in QUEUES}
    quorum = {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT, "x-dead-letter-exchange": DEAD_EXCHANGE}
    return {
        "vcci_queue_names": names,
        "broker_transport_options": {
            "confirm_publish": True,
            "read_timeout": 30,
            "write_timeout": 30,
            "connect_timeout": BROKER_PATIENCE_SECONDS,
        },
        "broker_heartbeat": 20,
        "worker_detect_quorum_queues": True,
        "task_default_queue_type": "quorum",
        "worker_prefetch_multiplier": 1,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        **_queues(names, quorum),
    }


def _queues(names: dict[Queue, str], arguments: dict[str, Any]) -> dict[str, Any]:
    exchange = _Exchange(EXCHANGE, type="topic", durable=True)
    return {
        "task_queues": [
            _Queue(name, exchange, routing_key=f"{queue}.jobs", queue_arguments=arguments)
            for queue, name in names.items()
        ],
        "task_default_exchange": EXCHANGE,
        "task_default_exchange_type": "topic",
        "task_default_queue": names["data_import"],
        "task_default_routing_key": "data_import.jobs",
    }
