"""Health: alive asks nobody, ready asks everybody, and a blip of what all replicas share takes none of them out."""

import threading
import time
from datetime import timedelta

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from vcci_platform.settings import Settings
from vcci_platform.telemetry import install
from vcci_platform.telemetry.health import Check, Dependency, Reading, Role, Verdict, judge
from vcci_platform.telemetry.metrics import Metrics
from vcci_platform.testing import ManualClock

GRACE = timedelta(seconds=30)
SECRET = "hunter2-and-more"


class Thing:
    """A dependency that a test breaks and mends."""

    def __init__(self, name="database", role=Role.SHARED, timeout=timedelta(seconds=2)):
        self.check = Check(name, role, self.probe, timeout)
        self.broken = False
        self.asked = 0

    def probe(self):
        self.asked += 1
        if self.broken:
            raise ConnectionError(f"could not reach postgresql://vcci:{SECRET}@db.internal:5432/vcci")


class Service:
    """An application with health around these dependencies, under a clock of the test's own."""

    def __init__(self, *things, settings=None, readings=()):
        self.clock, self.metrics, app = ManualClock(), Metrics(), FastAPI(telemetry={"tracing": False})
        checks = [thing.check for thing in things]
        install(app, settings or Settings(), self.metrics, checks, readings=readings, clock=self.clock)
        self.client = TestClient(app)

    def ready(self, after=1):
        self.clock.advance(seconds=after)
        return self.client.get("/health/ready")

    def figures(self, accept="text/plain"):
        self.clock.advance(seconds=1)
        return self.client.get("/health/metrics", headers={"accept": accept})


@pytest.fixture(autouse=True)
def quiet(log_lines):
    return log_lines


def test_a_replica_whose_dependencies_all_answer_is_ready():
    answer = Service(Thing("database"), Thing("broker"), Thing("redis", Role.OPTIONAL)).ready()

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ok")
    assert {name: item["status"] for name, item in body["dependencies"].items()} == {
        "database": "up", "broker": "up", "redis": "up",
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"


def test_being_alive_asks_no_dependency():
    thing = Thing()
    thing.broken = True
    service = Service(thing)

    answer = service.client.get("/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert thing.asked == 0


def test_a_blip_of_a_shared_dependency_is_shown_and_keeps_the_replica_in():
    thing = Thing()
    service = Service(thing)
    service.ready()

    thing.broken = True
    first, last = service.ready(), service.ready(after=29)

    assert (first.status_code, first.json()["status"]) == (200, "degraded")
    assert (last.status_code, last.json()["status"]) == (200, "degraded")
    assert last.json()["dependencies"]["database"]["status"] == "down"


def test_a_shared_dependency_that_is_gone_for_longer_than_the_grace_is_seen_from_outside():
    thing = Thing()
    service = Service(thing)
    service.ready()
    thing.broken = True
    service.ready()

    answer = service.ready(after=30)

    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")


def test_a_replica_that_recovers_is_ready_at_once_and_tells_since_when():
    thing = Thing()
    service = Service(thing)
    service.ready()
    thing.broken = True
    service.ready()
    service.ready(after=31)

    thing.broken = False
    answer = service.ready()

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["dependencies"]["database"]["since"] == service.clock.now().isoformat()


def test_a_second_blip_has_a_grace_of_its_own():
    thing = Thing()
    service = Service(thing)
    for _ in range(2):
        thing.broken = False
        service.ready()
        thing.broken = True
        service.ready()
        assert service.ready(after=20).status_code == 200


def test_a_replica_that_has_never_reached_a_shared_dependency_is_not_ready_yet():
    thing = Thing()
    thing.broken = True

    assert Service(thing).ready().status_code == 503


def test_a_replica_steps_aside_at_once_for_what_is_its_own():
    thing = Thing(role=Role.OWN)
    service = Service(thing)
    service.ready()

    thing.broken = True

    assert service.ready().status_code == 503


def test_an_optional_dependency_never_takes_the_replica_out():
    thing = Thing("redis", Role.OPTIONAL)
    thing.broken = True
    service = Service(thing)
    service.ready()

    answer = service.ready(after=3600)

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


def test_the_worst_dependency_decides():
    now = ManualClock().now()
    fine, gone = (
        Dependency(name, Role.SHARED, up, now - timedelta(minutes=11), True, timedelta(0))
        for name, up in (("broker", True), ("database", False))
    )
    blip = Dependency("broker", Role.SHARED, False, now - timedelta(seconds=12), True, timedelta(0))

    assert judge([fine], now, GRACE) is Verdict.OK
    assert judge([fine, blip], now, GRACE) is Verdict.DEGRADED
    assert judge([blip, gone], now, GRACE) is Verdict.UNAVAILABLE
    assert judge([], now, GRACE) is Verdict.OK


def test_under_a_time_scale_the_grace_runs_faster_too():
    thing = Thing()
    service = Service(thing, settings=Settings(time_scale=10))
    service.ready()
    thing.broken = True
    service.ready()

    assert service.ready(after=2).status_code == 200
    assert service.ready(after=1).status_code == 503


def test_many_probes_ask_the_dependency_once():
    thing = Thing()
    service = Service(thing)

    for _ in range(11):
        service.ready(after=0)
    assert thing.asked == 1

    service.ready(after=1)
    assert thing.asked == 2


def test_a_dependency_that_hangs_is_down_after_its_timeout_and_is_not_asked_twice():
    release, asked = threading.Event(), []

    class Hanging(Thing):
        def probe(self):
            asked.append(1)
            release.wait(30)

    hanging, fine = Hanging("broker", timeout=timedelta(milliseconds=200)), Thing("database")
    service = Service(hanging, fine)
    began = time.monotonic()
    first, second = service.ready().json(), service.ready().json()
    release.set()

    assert first["dependencies"]["broker"]["error"] == "TimeoutError"
    assert first["dependencies"]["database"]["status"] == "up"
    assert second["dependencies"]["broker"]["status"] == "down"
    assert len(asked) == 1
    assert time.monotonic() - began < 25, "nobody waited for what hangs"


def test_the_checks_run_beside_each_other():
    together = threading.Barrier(3)
    things = []
    for name in ("database", "broker", "redis"):
        thing = Thing(name)
        thing.check = Check(name, Role.SHARED, lambda: together.wait(60))
        things.append(thing)

    assert Service(*things).ready().json()["status"] == "ok"  # one after the other, the first would wait for ever


def test_the_figures_tell_which_dependency_is_up():
    database, broker = Thing("database"), Thing("broker")
    broker.broken = True
    service = Service(database, broker)

    text = service.figures().text

    assert 'vcci_dependency_up{dependency="database"} 1.0' in text
    assert 'vcci_dependency_up{dependency="broker"} 0.0' in text


def test_no_answer_tells_a_secret_of_a_dependency(quiet):
    thing = Thing()
    thing.broken = True
    service = Service(thing)

    answers = service.ready().text + service.figures().text

    assert SECRET not in answers
    assert "db.internal" not in answers
    (line,) = [line for line in quiet() if line["event"] == "dependency_lost"]
    assert SECRET not in str(line)
    assert "db.internal" in line["error"]  # the engineer may know where


def test_a_loss_and_a_recovery_are_logged_once_each(quiet):
    thing = Thing()
    service = Service(thing)
    service.ready()
    for broken in (True, True, True, False, False):
        thing.broken = broken
        service.ready(after=2)

    lines = [line for line in quiet() if line["event"].startswith("dependency_")]

    assert [line["event"] for line in lines] == ["dependency_lost", "dependency_recovered"]
    assert lines[1]["after_seconds"] == 6


# ---- /health/metrics ---------------------------------------------------------------------------------------------


def test_the_figures_come_as_plain_text_unless_openmetrics_is_accepted():
    service = Service()

    plain = service.figures()
    prometheus = service.figures("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")

    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert not plain.text.endswith("# EOF\n")
    assert prometheus.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert prometheus.text.endswith("# EOF\n")


def test_gauges_are_read_just_before_each_scrape():
    metrics_seen = []
    service = Service(readings=[Reading("jobs", lambda: metrics_seen.append(11), lambda: None)])

    service.figures()
    service.figures()

    assert metrics_seen == [11, 11]


def test_a_reading_that_fails_leaves_no_old_figure_behind():
    registered = Metrics()
    gauge = registered.http_requests_in_progress

    def refresh():
        raise ConnectionError("the database is gone")

    gauge.set(13)
    service = Service(readings=[Reading("jobs", refresh, lambda: gauge.set(float("nan")))])

    answer = service.figures()

    assert answer.status_code == 200
    assert str(registered.registry.get_sample_value("http_requests_in_progress")) == "nan"
