"""Work that passes through everything that is traced: API, SQL, broker, worker, SQL again, a call to the outside.

As a script it is the worker, in a process of its own: `python traced_work.py BROKER_URL OTLP_URL DATABASE_URL`.
"""

import sys

import httpx
from celery import Celery
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import text

from vcci_platform import telemetry
from vcci_platform.settings import Settings
from vcci_platform.storage.database import Database, connect
from vcci_platform.telemetry import logs, tracing
from vcci_platform.telemetry.celery import keep_own_logging, trace_tasks
from vcci_platform.telemetry.metrics import ServiceMetrics

__all__ = ["make_api", "make_celery", "settings_for"]

PASSWORD = "correct-horse-battery"  # in the address that is called; no span may tell it


def settings_for(otlp: str | None, ratio: float = 1.0) -> Settings:
    return Settings(OTEL_EXPORTER_OTLP_ENDPOINT=otlp, OTEL_TRACES_SAMPLER_ARG=ratio)


def make_celery(broker: str, database: Database) -> Celery:
    """Return the application; its queue has the name of the database, so that no other test finds its messages."""
    app = Celery("traced", broker=broker, set_as_current=False)
    app.conf.update(
        task_default_queue="emissions",
        broker_transport_options={"polling_interval": 0.02},
        worker_hijack_root_logger=False,
    )

    @app.task(name="calculate", shared=False)  # other tests have applications of their own
    def calculate(line: int) -> None:
        with database.write() as connection:
            connection.execute(text("UPDATE line SET done = 1 WHERE id = :line"), {"line": line})
        logs.get("traced").info("line_calculated", line=line)

    return app


def make_api(celery: Celery, database: Database, provider: TracerProvider, outside: str) -> FastAPI:
    app = FastAPI(telemetry=tracing.native(provider))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE line (id INTEGER PRIMARY KEY, done INTEGER)"))
    tracing.trace_database(database.engine, provider)

    @app.post("/v1/lines/{line}")
    def add(line: int) -> int:
        with database.write() as connection:
            connection.execute(text("INSERT INTO line (id, done) VALUES (:line, 0)"), {"line": line})
        celery.send_task("calculate", args=(line,))
        with httpx.Client() as client:
            client.get(outside.replace("://", f"://caller:{PASSWORD}@"), params={"token": PASSWORD}).raise_for_status()
        return line

    telemetry.install(app, Settings(), ServiceMetrics(), [])
    return app


def main(broker: str, otlp: str, database_url: str) -> None:
    settings = settings_for(otlp)
    logs.configure("INFO", service="vcci-worker")
    keep_own_logging()
    provider = tracing.configure(settings, "vcci-worker")
    trace_tasks(provider)
    database = connect(database_url)
    tracing.trace_database(database.engine, provider)
    worker = make_celery(broker, database).Worker(
        pool="solo", loglevel="INFO", without_gossip=True, without_mingle=True
    )
    worker.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
