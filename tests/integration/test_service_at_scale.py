"""The same service on PostgreSQL and RabbitMQ, with workers as processes of their own; and what if one dies."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from kombu import entity
from sqlalchemy import select, text

from support import web
from support.processes import Server, wait_until
from support.service import PURCHASES, Service, purchases, running_service
from vcci_platform.carbon import tables
from vcci_platform.carbon.broker import DEAD_LETTERS
from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_platform.worker import run, run_scheduler

SAMPLE = Path(__file__).parents[2] / "platform/samples/purchases.csv"
PEPPER = "a pepper of the tests"

PLAIN_WORKER = """
from vcci_platform import worker
from vcci_platform.settings import Settings
worker.run(Settings())
"""

# A worker whose jobs wait in the middle for a file that the test makes, so that it can be killed at that moment.
HELD_WORKER = """
import sys, time, pathlib
from vcci_platform.carbon.store import CalculationStore
from vcci_platform.settings import Settings
from vcci_platform import worker
gate = pathlib.Path(sys.argv[1])
add_lines = CalculationStore.add_lines
def held(self, connection, calculation, lines):
    add_lines(self, connection, calculation, lines)
    (gate / "reached").touch()
    while not (gate / "open").exists():
        time.sleep(0.02)
CalculationStore.add_lines = held
worker.run(Settings())
"""

# A worker that also knows a task which ends the process at once.
POISONED_WORKER = """
import os, signal
from vcci_platform import worker
from vcci_platform.wiring import service
from vcci_platform.settings import Settings
parts_of = service.service_parts
def poisoned(settings):
    parts = parts_of(settings)
    @parts.celery.task(name="tests.poison", shared=False)
    def poison():
        os.kill(os.getpid(), signal.SIGKILL)
    return parts
worker.service_parts = poisoned
worker.run(Settings())
"""


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("at scale", marks=pytest.mark.needs("postgresql", "rabbitmq")),
    ]
)
def service(request, tmp_path):
    if request.param == "embedded":
        with running_service(tmp_path) as service:
            yield service
        return
    scale = request.getfixturevalue("scale")
    with scale.service() as service, scale.worker():
        yield service


class Scale:
    """A database, a broker and a folder that several processes share."""

    def __init__(self, home: Path, database: str, broker: str, free_port: Any) -> None:
        self.home = home
        self.settings = {"database_url": database, "broker_url": broker, "api_key_pepper": PEPPER}
        self.environment = {
            "VCCI_HOME": str(home),
            "DATABASE_URL": database,
            "BROKER_URL": broker,
            "API_KEY_PEPPER": PEPPER,
        }
        self._free_port = free_port

    @contextmanager
    def service(self):
        with running_service(self.home, **self.settings) as service:
            yield service

    def worker(self, program: str | None = None, *arguments: str) -> Server:
        """Return a worker process: the product's own, or one of the programs above."""
        port = self._free_port()
        code = program or PLAIN_WORKER

        def is_ready() -> bool:
            try:
                return " ready." in server.log and web.get(f"http://127.0.0.1:{port}/health/live").is_success
            except httpx.HTTPError:
                return False

        server = Server(
            [sys.executable, "-W", "ignore", "-c", code, *arguments],
            log=self.home / f"worker-{port}.log",
            ready=is_ready,
            environment={**self.environment, "VCCI_WORKER_PORT": str(port)},
        )
        server.port = port  # type: ignore[attr-defined]
        return server


@pytest.fixture
def scale(tmp_path, postgresql_url, rabbitmq_url, free_port):
    return Scale(tmp_path, postgresql_url, rabbitmq_url, free_port)


def rows_of(service: Service, upload_id: str) -> int:
    """Return how many lines of any calculation of this upload are stored."""
    line, calculation = tables.line_result, tables.calculation
    query = select(line.c.row).where(
        line.c.calculation_id.in_(select(calculation.c.id).where(calculation.c.upload_id == upload_id))
    )
    with service.parts.database.read() as connection:
        return len(connection.execute(query).all())


def test_the_sample_gives_the_same_results_on_both(service):
    acme = service.customer("Acme")

    upload = acme.settled(acme.upload(SAMPLE.read_bytes()))

    gaps = acme.get(f"/v1/uploads/{upload['id']}/gaps", limit=1000).json()["items"]
    assert upload["status"] == "calculated"
    assert upload["rows_total"] == upload["totals"]["lines"] + upload["totals"]["rows_with_gaps"] == 5032
    assert upload["totals"]["kg_co2e"] == pytest.approx(7617558.087067, abs=1e-6)
    assert len({gap["row"] for gap in gaps}) == upload["totals"]["rows_with_gaps"]
    assert all(gap["detail"] for gap in gaps)


def test_two_tenants_work_side_by_side_and_apart(service):
    acme, bolt = service.customer("Acme"), service.customer("Bolt")
    sent = [(who, who.upload(purchases(rows))) for rows in (11, 12, 13) for who in (acme, bolt)]

    totals = [(who, who.settled(upload)["totals"]["lines"]) for who, upload in sent]

    assert totals == [(acme, 11), (bolt, 11), (acme, 12), (bolt, 12), (acme, 13), (bolt, 13)]
    assert all(bolt.get(f"/v1/uploads/{upload}").status_code == 404 for who, upload in sent if who is acme)


@pytest.mark.needs("postgresql", "rabbitmq")
def test_a_job_whose_worker_is_killed_is_done_once_by_another(scale, tmp_path):
    gate = tmp_path / "gate"
    gate.mkdir()
    with scale.service() as service:
        acme = service.customer("Acme")
        with scale.worker(HELD_WORKER, str(gate)) as first:
            upload = acme.upload()
            wait_until((gate / "reached").exists, what="the worker did not reach the lines")
            first.crash()
        with scale.worker() as second:
            settled = acme.settled(upload)
            figures = web.get(f"http://127.0.0.1:{second.port}/health/metrics").text

        assert settled["status"] == "calculated"
        assert [job["attempt"] for job in settled["jobs"]] == [1, 2]
        assert rows_of(service, upload) == 3
        assert 'vcci_job_attempts_total{outcome="lost",queue="emissions"} 1.0' in figures
        assert 'vcci_jobs_finished_total{outcome="succeeded",queue="emissions"} 1.0' in figures


@pytest.mark.needs("postgresql", "rabbitmq")
def test_a_frozen_worker_that_wakes_up_after_another_took_over_changes_nothing(scale, tmp_path):
    """The lease of the frozen worker is ended by hand, as two minutes of silence would."""
    gate = tmp_path / "gate"
    gate.mkdir()
    with scale.service() as service, scale.worker(HELD_WORKER, str(gate)) as frozen:
        acme = service.customer("Acme")
        upload = acme.upload()
        wait_until((gate / "reached").exists, what="the worker did not reach the lines")
        # Its transaction is ended from outside, as a broken connection would end it; it still believes to have the job.
        frozen.freeze()
        with service.parts.database.write() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'"
                )
            )
        service.parts.jobs.forget_messages()
        job = acme.get(f"/v1/uploads/{upload}").json()["jobs"][1]["id"]
        with scale.worker():
            for _ in range(10):  # RabbitMQ hands some of them to the frozen worker, until it misses its heartbeat
                service.parts.post.send(job, "emissions")
            settled = acme.settled(upload)
        frozen.thaw()
        (gate / "open").touch()
        wait_until(lambda: "job_attempt_failed" in frozen.log, what="the first worker did not go on")
        wait_until(lambda: "job_lost_to_another_attempt" in frozen.log, what="the first worker did not give way")

        assert settled["status"] == "calculated"
        assert acme.get(f"/v1/uploads/{upload}").json()["totals"] == settled["totals"]
        assert rows_of(service, upload) == 3


def dies_of_poison(worker: Server, is_gone: Callable[[], bool]) -> bool:
    """Start a worker, and return whether it ends by itself; when the poison is gone it has survived."""
    try:
        with worker:
            wait_until(lambda: not worker.running or is_gone(), what="it neither died nor was the poison gone")
            return not worker.running
    except RuntimeError:  # it ended before it could say that it was ready
        return True


@pytest.mark.needs("postgresql", "rabbitmq")
def test_a_message_that_no_worker_survives_ends_among_the_dead_letters(scale):
    with scale.service() as service:
        acme = service.customer("Acme")
        celery = service.parts.celery
        deaths, letters = 0, []
        with scale.worker(POISONED_WORKER) as first:
            celery.send_task("tests.poison", queue="emissions")
            wait_until(lambda: not first.running, what="the poison did not work")
            deaths += 1
        with celery.connection_for_read() as connection:
            dead = entity.Queue(DEAD_LETTERS).bind(connection.default_channel)

            def is_dead() -> bool:
                letters.extend(filter(None, [dead.get(no_ack=True)]))
                return bool(letters)

            while deaths < 10 and dies_of_poison(scale.worker(POISONED_WORKER), is_dead):
                deaths += 1
        with scale.worker():
            upload = acme.settled(acme.upload())

    (letter,) = letters
    assert deaths == 4
    assert letter.headers["task"] == "tests.poison"
    assert letter.headers["x-first-death-queue"] == "emissions"
    assert letter.headers["x-first-death-reason"] == "delivery_limit"
    assert upload["status"] == "calculated"


@pytest.mark.needs("postgresql", "rabbitmq")
def test_what_was_sent_while_the_broker_was_away_is_found_by_the_sweeper(scale, free_port):
    scale.settings["broker_url"] = f"amqp://guest:guest@127.0.0.1:{free_port()}//"
    with scale.service() as service:
        acme = service.customer("Acme")
        upload = acme.upload()
        assert service.metric("vcci_jobs_waiting", queue="data_import") == 1
        assert service.metric("vcci_oldest_uncalculated_upload_age_seconds") > 0
    scale.settings["broker_url"] = scale.environment["BROKER_URL"]

    with scale.service() as service, scale.worker():
        acme = type(acme)(service.client, acme.tenant_id, acme.key)
        service.parts.jobs.forget_messages()  # as a minute would
        service.parts.sweeper.sweep()

        assert acme.settled(upload)["totals"]["lines"] == 3


def test_an_embedded_service_that_was_killed_finishes_its_jobs_after_the_restart(tmp_path, free_port):
    port = free_port()
    code = "from vcci_platform import api; from vcci_platform.settings import Settings; api.run(Settings())"
    held = code.replace(
        "api.run",
        "import time; from vcci_platform.carbon.jobs import Jobs; "
        "Jobs.finishing = lambda *_, **__: time.sleep(600); api.run",
    )

    def answers() -> bool:
        try:
            return web.get(f"http://127.0.0.1:{port}/health/ready").is_success
        except httpx.HTTPError:
            return False

    def server(program: str) -> Server:
        return Server(
            [sys.executable, "-c", program],
            log=tmp_path / "log",
            ready=answers,
            environment={"VCCI_HOME": str(tmp_path / "home"), "VCCI_API_PORT": str(port)},
        )

    def ask(method: str, path: str, **extra: Any) -> dict[str, Any]:
        answer = httpx.request(
            method, f"http://127.0.0.1:{port}{path}", headers={"X-API-Key": key}, timeout=web.ANSWER_SECONDS, **extra
        )
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown

    with server(held) as first:
        made = subprocess.run(
            [sys.executable, "-m", "vcci_platform", "tenant", "create", "Acme"]
            if (Path(__file__).parents[2] / "platform/vcci_platform/__main__.py").exists()
            else [str(Path(sys.executable).with_name("vcci")), "tenant", "create", "Acme"],
            env={"VCCI_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        key = made.stdout.strip()
        upload = ask("POST", "/v1/uploads", files={"file": ("p.csv", PURCHASES, "text/csv")})["upload"]["id"]
        wait_until(
            lambda: ask("GET", f"/v1/uploads/{upload}")["jobs"][0]["stage"] == "keeping rows",
            what="the job did not begin",
        )
        first.crash()

    with server(code):
        wait_until(lambda: ask("GET", f"/v1/uploads/{upload}")["settled_at"] is not None, what="not finished")
        settled = ask("GET", f"/v1/uploads/{upload}")

    assert settled["totals"]["lines"] == 3
    assert [(job["kind"], job["attempt"]) for job in settled["jobs"]] == [
        ("import_purchases", 2),
        ("calculate_purchases", 1),
    ]


@pytest.mark.parametrize("start", [run, run_scheduler])
def test_a_worker_of_its_own_needs_a_broker(start, tmp_path):
    with pytest.raises(PlatformError, match="BROKER_URL is memory://"):
        start(Settings(home=tmp_path))


def test_a_worker_of_an_unknown_queue_is_refused(tmp_path):
    with pytest.raises(PlatformError, match="there are no queues letters; the queues are emissions, reports"):
        run(Settings(home=tmp_path), queues=["letters"])


@pytest.mark.needs("postgresql", "rabbitmq")
def test_a_worker_that_is_asked_to_stop_finishes_its_job_and_says_goodbye(scale, tmp_path):
    gate = tmp_path / "gate"
    gate.mkdir()
    with scale.service() as service:
        acme = service.customer("Acme")
        with scale.worker(HELD_WORKER, str(gate)) as worker:
            upload = acme.upload()
            wait_until((gate / "reached").exists, what="the worker did not reach the lines")
            worker._process.send_signal(signal.SIGTERM)
            (gate / "open").touch()
            wait_until(lambda: not worker.running, what="the worker did not end")
            code = worker._process.returncode

        assert code == 0
        assert acme.get(f"/v1/uploads/{upload}").json()["jobs"][1]["attempt"] == 1
        assert acme.get(f"/v1/uploads/{upload}").json()["status"] == "calculated"
        assert any(
            json.loads(line).get("event") == "job_succeeded" for line in worker.log.splitlines() if line.startswith("{")
        )
