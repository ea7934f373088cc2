"""From a failed request of the real service to its trace: through the exemplars that a real Prometheus keeps."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from support import web
from support.monitoring import Prometheus
from support.ports import free_port
from support.processes import Server, eventually
from vcci_platform.asking import Asker
from vcci_platform.clock import SystemClock
from vcci_platform.incidents.context.model import Fact, Question
from vcci_platform.incidents.decisions import Open
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.model import Priority
from vcci_platform.wiring.exemplars import METRICS_PATH, PrometheusExemplars, TraceSource
from vcci_slo.testing import a_plan

pytestmark = pytest.mark.needs("prometheus")

VCCI = (sys.executable, "-P", "-m", "vcci_platform.cli")
TRACES = "https://jaeger.example"
REQUESTS = {
    "events": "http_requests_total",
    "valid": 'status!~"4.."',
    "bad": 'status=~"5.."',
    "duration": "http_request_duration_seconds",
    "timed": 'outcome="ok"',
    "buckets": ["5ms", "500ms", "1s"],
}


def a_service(folder: Path, port: int) -> Server:
    """Return the real service in a process of its own: every request is traced, and faults may be injected."""
    environment = {
        "VCCI_HOME": str(folder / "home"),
        "VCCI_API_PORT": str(port),
        "VCCI_FAULTS": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}",  # nobody is there: a trace needs no reader
        "OTEL_TRACES_SAMPLER_ARG": "1",
    }
    return Server(
        [*VCCI, "api"],
        log=folder / "service.log",
        ready=lambda: _answers(f"http://127.0.0.1:{port}/health/live"),
        environment=environment,
    )


def test_the_traces_of_requests_that_failed_or_were_slow_are_in_what_is_gathered(tmp_path: Path):
    """First one that fails, then one that is answered after longer than is promised.

    Prometheus 2 asks for OpenMetrics by itself; only in that form does the service show exemplars.
    """
    plan = a_plan(
        metadata={"name": "vcci", "owner": "crew"},
        components={"api": {"kind": "http", "selector": 'job="vcci-api"', "signals": {"requests": REQUESTS}}},
        slos={
            "errors": {"good": "api.requests", "objective": "99.9%"},
            "fast": {"fast": "api.requests", "within": {"99%": "500ms"}},
        },
        links={"traces": TRACES},
    )
    port = free_port()
    service = f"http://127.0.0.1:{port}"
    scrape = {
        "job_name": "vcci-api",
        "metrics_path": METRICS_PATH,
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(yaml.safe_dump({"scrape_configs": [scrape]}))

    with (
        a_service(tmp_path, port),
        Prometheus(configuration, tmp_path, "--enable-feature=exemplar-storage") as prometheus,
    ):
        fault = {"kind": "error", "share": 1, "seconds": 600}
        web.put(f"{service}/v1/faults", json=fault).raise_for_status()
        failed = web.get(f"{service}/v1/uploads")
        with httpx.Client() as client:
            asker = Asker(client, "Prometheus", prometheus.url)
            source = TraceSource(plan, {"api": "vcci-api"}, PrometheusExemplars(plan, asker))

            found = eventually(lambda: single(source, "a failed request at /v1/uploads ("))
            web.put(f"{service}/v1/faults", json=fault | {"kind": "delay", "delay_ms": 700}).raise_for_status()
            answered = web.get(f"{service}/openapi.json")
            slow = eventually(lambda: single(source, "a request of "))

    assert failed.status_code == 500
    assert answered.is_success
    for fact in (found, slow):
        assert len(fact.data["trace_id"]) == 32
        assert fact.href == f"{TRACES}/trace/{fact.data['trace_id']}"


def single(source: TraceSource, what: str) -> Fact:
    """Return the trace of a single request of this kind that the source knows; fails while there is none."""
    now = SystemClock().now()
    opening = Open("vcci", "it fails", Priority.P0, "evaluator", now - timedelta(minutes=1), "evaluator")
    incident = evolve(None, [opening], now, new_id="inc_11")
    assert incident is not None
    _, *singles = source(Question(incident, (), now))
    found = [fact for fact in singles if fact.text.startswith(f"trace of {what}")]
    assert found, [fact.text for fact in singles]
    return found[0]


def _answers(url: str) -> bool:
    try:
        return web.get(url).is_success
    except httpx.TransportError:
        return False
