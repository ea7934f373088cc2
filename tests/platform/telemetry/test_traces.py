"""One trace from the request to the last statement of the worker, as an OTLP receiver sees it."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from starlette.testclient import TestClient

from support import traced_work
from support.otlp import receiver
from vcci_platform.storage.database import connect
from vcci_platform.telemetry import tracing
from vcci_platform.telemetry.celery import trace_tasks

INCOMING = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def otlp():
    with receiver() as present:
        yield present


@pytest.fixture
def database(tmp_path):
    present = connect(f"sqlite:///{tmp_path / 'traced.db'}")
    yield present
    present.close()


@contextmanager
def configured(otlp_url, ratio=1.0):
    provider = tracing.configure(traced_work.settings_for(otlp_url, ratio), "vcci-api")
    trace_tasks(provider)
    try:
        yield provider
    finally:
        provider.shutdown()
        trace_tasks(tracing.configure(traced_work.settings_for(None), "vcci-api"))


@contextmanager
def worker_in_process(celery):
    with start_worker(celery, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        yield


def done(spans):
    """Whether the whole way is there: seven spans that matter."""
    names = [span.name.split()[0] for span in spans]
    return {"POST", "INSERT", "apply_async/calculate", "run/calculate", "UPDATE", "GET"} <= set(names)


def one(spans, name):
    (found,) = [span for span in spans if span.name.split()[0] == name]
    return found


def assert_one_trace(spans, otlp, worker):
    api, insert, send, run, update, call = (
        one(spans, name) for name in ("POST", "INSERT", "apply_async/calculate", "run/calculate", "UPDATE", "GET")
    )
    assert {span.trace_id for span in spans} == {INCOMING}
    assert (api.name, api.kind, api.service) == ("POST /v1/lines/{line}", "SERVER", "vcci-api")
    assert (send.kind, run.kind, run.service) == ("PRODUCER", "CONSUMER", worker)
    assert (insert.kind, update.kind, call.kind) == ("CLIENT", "CLIENT", "CLIENT")
    assert [span.name for span in spans if span.failed] == []
    parents = [(insert, api), (send, api), (call, api), (run, send), (update, run)]
    for child, parent in parents:
        assert child.parent_id == parent.span_id, (child.name, parent.name)
    (outgoing,) = otlp.downstream
    assert outgoing["traceparent"] == f"00-{INCOMING}-{call.span_id}-01"


def ask(app, flags="01"):
    answer = TestClient(app).post("/v1/lines/11", headers={"traceparent": f"00-{INCOMING}-b7ad6b7169203331-{flags}"})
    assert answer.status_code == 200


@pytest.mark.usefixtures("log_lines")
def test_request_sql_producer_worker_and_outgoing_call_share_one_trace(otlp, database):
    celery = traced_work.make_celery("memory://", database)
    with configured(otlp.url) as provider:
        app = traced_work.make_api(celery, database, provider, otlp.url)
        with worker_in_process(celery):
            ask(app)
            provider.force_flush()
            spans = otlp.wait_for(lambda spans: provider.force_flush() and done(spans))

    assert_one_trace(spans, otlp, worker="vcci-api")


@pytest.mark.needs("rabbitmq")
@pytest.mark.usefixtures("log_lines")
def test_the_trace_passes_rabbitmq_into_a_worker_of_another_process(otlp, database, rabbitmq_url, tmp_path):
    celery = traced_work.make_celery(rabbitmq_url, database)
    log = tmp_path / "worker.log"
    script = Path(traced_work.__file__)
    with configured(otlp.url) as provider, log.open("wb") as output:
        app = traced_work.make_api(celery, database, provider, otlp.url)
        command = [sys.executable, "-P", script, rabbitmq_url, otlp.url, str(database.engine.url)]
        environment = {**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        worker = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            ask(app)
            spans = otlp.wait_for(lambda spans: provider.force_flush() and done(spans), seconds=60)
        finally:
            worker.terminate()
            worker.wait(30)
    celery.close()

    assert_one_trace(spans, otlp, worker="vcci-worker")
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    (calculated,) = [line for line in lines if line["event"] == "line_calculated"]
    assert (calculated["trace_id"], calculated["service"]) == (INCOMING, "vcci-worker")
    assert [line for line in lines if str(line.get("source")).startswith("celery.")]  # Celery's own, in our form


@pytest.mark.usefixtures("log_lines")
def test_no_span_tells_a_password(otlp, database):
    celery = traced_work.make_celery("memory://", database)
    with configured(otlp.url) as provider:
        ask(traced_work.make_api(celery, database, provider, otlp.url))
        provider.force_flush()

    assert one(otlp.spans, "GET").attributes
    assert traced_work.PASSWORD not in str(otlp.spans)


def test_the_probes_of_health_leave_no_trace(otlp, database):
    celery = traced_work.make_celery("memory://", database)
    with configured(otlp.url) as provider:
        TestClient(traced_work.make_api(celery, database, provider, otlp.url)).get("/health/live")
        provider.force_flush()

    assert otlp.spans == []


@pytest.mark.parametrize(("ratio", "flags", "kept"), [(0.0, "01", True), (1.0, "00", False)])
def test_who_began_the_trace_decides_whether_it_is_kept(otlp, database, ratio, flags, kept):
    celery = traced_work.make_celery("memory://", database)
    with configured(otlp.url, ratio) as provider:
        ask(traced_work.make_api(celery, database, provider, otlp.url), flags)
        provider.force_flush()

    assert bool(otlp.spans) is kept


def test_without_an_endpoint_nothing_is_recorded_and_ids_are_still_handed_on(otlp, database):
    celery = traced_work.make_celery("memory://", database)
    with configured(None) as provider:
        app = traced_work.make_api(celery, database, provider, otlp.url)
        ask(app, flags="00")

    assert not tracing.is_exporting(provider)
    assert otlp.spans == []
    (outgoing,) = otlp.downstream
    assert outgoing["traceparent"].startswith(f"00-{INCOMING}-")
    assert outgoing["traceparent"].endswith("-00")
