"""Faults on purpose: bounded, deterministic under a given chance, never in health, and gone by themselves."""

import asyncio

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from vcci_platform import faults, telemetry
from vcci_platform.faults import Fault, Faults, InjectedFault
from vcci_platform.problems import install as install_problems
from vcci_platform.settings import Settings
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.testing import ManualClock


class Chance:
    """A source of chance that gives these numbers, over and over."""

    def __init__(self, *numbers):
        self._numbers, self._next = numbers, 0

    def __call__(self):
        self._next += 1
        return self._numbers[(self._next - 1) % len(self._numbers)]


class Service:
    def __init__(self, chance=lambda: 0.0, *, enabled=True):
        self.slept = []
        self.clock, self.metrics = ManualClock(), Metrics()

        async def sleep(seconds):
            self.slept.append(seconds)

        app = FastAPI(telemetry={"tracing": False})
        install_problems(app)
        routes = APIRouter(prefix="/jobs")

        @routes.get("/{job_id}")
        def job(job_id: str) -> str:
            return job_id

        @app.get("/v1/other")
        def other() -> str:
            return "other"

        app.include_router(routes, prefix="/v1")
        present = Faults(clock=self.clock, chance=chance, sleep=sleep)
        faults.install(app, Settings(faults_enabled=enabled), present)
        telemetry.install(app, Settings(), self.metrics, [])
        self.client = TestClient(app, raise_server_exceptions=False)

    def start(self, **fault):
        answer = self.client.put("/v1/faults", json=fault)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def statuses(self, times, path="/v1/jobs/job_11"):
        return [self.client.get(path).status_code for _ in range(times)]

    def count(self, endpoint, status):
        labels = {"method": "GET", "endpoint": endpoint, "status": str(status)}
        return self.metrics.registry.get_sample_value("http_requests_total", labels)


@pytest.fixture(autouse=True)
def log():
    """Keep tracebacks of injected faults out of the tests' output."""
    import structlog

    with structlog.testing.capture_logs() as lines:
        yield lines


def test_the_share_of_requests_that_fails_is_the_one_asked_for():
    service = Service(Chance(0.05, 0.25, 0.45, 0.65, 0.85))
    service.start(kind="error", share=0.4)

    assert service.statuses(10) == [500, 500, 200, 200, 200] * 2


def test_a_failed_request_is_counted_like_a_real_one_under_its_route():
    service = Service()
    service.start(kind="error", share=1)

    service.statuses(3)

    assert service.count("/v1/jobs/{job_id}", 500) == 3
    assert service.count("/v1/jobs/{job_id}", 200) == 0
    assert service.count("unmatched", 500) == 0


def test_a_slow_request_waits_and_then_succeeds():
    service = Service(Chance(0.1, 0.9))
    service.start(kind="delay", share=0.5, delay_ms=1300)

    assert service.statuses(4) == [200, 200, 200, 200]
    assert service.slept == [1.3, 1.3]


def test_only_the_named_routes_meet_it():
    service = Service()
    service.start(kind="error", share=1, endpoints=["/v1/jobs/{job_id}"])

    assert service.statuses(1) == [500]
    assert service.statuses(1, "/v1/other") == [200]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health/metrics", "/v1/faults"])
def test_health_and_the_way_to_stop_it_are_spared(path):
    service = Service()
    service.start(kind="error", share=1)

    assert service.statuses(1, path) == [200]


def test_what_nothing_answers_is_not_found_as_ever():
    service = Service()
    service.start(kind="error", share=1)

    assert service.statuses(1, "/v1/nowhere") == [404]


def test_it_ends_by_itself():
    service = Service()
    state = service.start(kind="error", share=1, seconds=120)
    assert state["ends_at"] == "2026-03-02T09:02:00Z"

    service.clock.advance(seconds=119)
    assert service.statuses(1) == [500]
    service.clock.advance(seconds=1)

    assert service.statuses(1) == [200]
    assert service.client.get("/v1/faults").json() == {"fault": None, "ends_at": None, "met": 1}


def test_it_can_be_shown_and_stopped(log):
    service = Service()
    service.start(kind="error", share=1)
    service.statuses(2)

    shown = service.client.get("/v1/faults").json()
    assert (shown["fault"]["kind"], shown["fault"]["share"], shown["met"]) == ("error", 1, 2)

    assert service.client.delete("/v1/faults").json()["fault"] is None
    assert service.statuses(1) == [200]
    events = [line["event"] for line in log if line["event"].startswith("faults_")]
    assert events == ["faults_started", "faults_ended"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "error", "share": 1.1}, "body.share"),
        ({"kind": "error", "share": 0}, "body.share"),
        ({"kind": "error", "share": 1, "seconds": 901}, "body.seconds"),
        ({"kind": "delay", "share": 1, "delay_ms": 30_001}, "body.delay_ms"),
        ({"kind": "explosion", "share": 1}, "body.kind"),
        ({"kind": "error", "share": 1, "path": "/v1"}, "body.path"),
    ],
)
def test_a_fault_beyond_its_bounds_is_refused_and_changes_nothing(wrong, field):
    service = Service()

    answer = service.client.put("/v1/faults", json=wrong)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert service.statuses(1) == [200]


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_where_faults_are_not_allowed_there_is_no_such_thing(method):
    service = Service(enabled=False)

    answer = service.client.request(method, "/v1/faults", json={"kind": "error", "share": 1})

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert service.statuses(1) == [200]


def test_without_a_fault_chance_is_not_even_asked():
    present = Faults(clock=ManualClock(), chance=lambda: pytest.fail("chance was asked"))

    asyncio.run(present.meet("/v1/other"))


def test_a_new_fault_replaces_the_old_one():
    present = Faults(clock=ManualClock(), chance=lambda: 0.0, sleep=lambda _: asyncio.sleep(0))
    present.start(Fault(kind="error", share=1))
    with pytest.raises(InjectedFault):
        asyncio.run(present.meet("/v1/other"))

    present.start(Fault(kind="delay", share=1, delay_ms=1))

    asyncio.run(present.meet("/v1/other"))
