"""The script of an outage: each step is waited for, for so long and no longer, and the faults always end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from vcci_platform.demo.outage import Fault, Outage, StepMissed
from vcci_platform.demo.story import Alarm, Entry, Incident, Line, Page, Promise, Scene
from vcci_platform.demo.watcher import NotSeen, Watcher
from vcci_platform.specs import plan_of

SPEC = Path(__file__).parents[3] / "slo/specs/vcci.yaml"
PLAN = plan_of(SPEC, time_scale=30)
AT = datetime(2026, 1, 2, tzinfo=UTC)

KEPT = Scene(AT, Promise("api-errors", "kept", 111, 1.0, 1.0, 0.0), components=(("API", "operational"),))
FIRES = Alarm("APIHighErrorRate", "", "P0", "firing", "31 % fail")
OPEN = Incident("inc_11", "APIHighErrorRate", "P0", "detected", 1, "published", (), None)
PAGE = Page("key-12", "triggered", "critical", "[P0] it fails", 1, (("http://runbooks/errors", "Runbook"),))
FIRING = replace(KEPT, alarms=(FIRES,))
OPENED = replace(FIRING, incident=OPEN)
PAGED = replace(OPENED, pages=(PAGE,), components=(("API", "major_outage"),))
LATE = replace(OPEN, timeline=(Entry("acknowledge_missed", "nobody"),))
MISSED = replace(PAGED, incident=LATE)
WATCHED = replace(MISSED, alarms=(), incident=replace(LATE, state="monitoring"))
RESOLVED = replace(
    WATCHED,
    incident=replace(LATE, state="resolved"),
    pages=(replace(PAGE, status="resolved"),),
    components=(("API", "operational"),),
)
STORY = (KEPT, FIRING, OPENED, PAGED, MISSED, WATCHED, RESOLVED)


class Scenes:
    """A watcher before whose eyes a story goes by; its last scene stays."""

    def __init__(self, *scenes: Scene) -> None:
        self._scenes = list(scenes)

    def look(self) -> Scene:
        return self._scenes.pop(0) if len(self._scenes) > 1 else self._scenes[0]

    def opens(self, url: str) -> bool:
        return url == "http://runbooks/errors"


class Silent:
    """A narrator who remembers the chapters."""

    def __init__(self) -> None:
        self.chapters: list[str] = []

    def chapter(self, text: str) -> None:
        self.chapters.append(text)

    def line(self, line: Line) -> None:
        pass

    def scene(self, scene: Scene) -> None:
        pass


class Clock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def orders(monkeypatch) -> list[str]:
    """What the service was told about faults."""
    given: list[str] = []

    def answer(method: str):
        def send(url: str, **more: object) -> httpx.Response:
            given.append(f"{method} {url} {more.get('json', '')}".strip())
            return httpx.Response(200, request=httpx.Request(method, url))

        return send

    monkeypatch.setattr(httpx, "put", answer("PUT"))
    monkeypatch.setattr(httpx, "delete", answer("DELETE"))
    return given


def outage(*scenes: Scene, fault: Fault | None = None) -> Outage:
    clock = Clock()
    return Outage(
        "http://service", Scenes(*scenes), PLAN, fault or Fault(0.5), Silent(), seconds=clock, sleep=clock.sleep
    )  # type: ignore[arg-type]


def test_a_whole_outage_gives_a_report_of_when_each_thing_happened(orders):
    report = outage(*STORY).run()

    assert (report.incident_id, report.priority, report.page) == ("inc_11", "P0", "[P0] it fails")
    assert (report.runbook, report.runbook_opens) == ("http://runbooks/errors", True)
    assert report.rang == 1
    assert report.detected_after <= report.paged_after <= report.lasted
    assert orders[0].startswith("PUT http://service/v1/faults {'kind': 'error', 'share': 0.5")
    assert orders[1] == "DELETE http://service/v1/faults"


@pytest.mark.parametrize(
    ("scenes", "missed"),
    [
        ((replace(KEPT, promise=None),), "api-errors to be measured and kept"),
        ((KEPT,), "an alert that pages to fire"),
        ((KEPT, FIRING), "an incident"),
        ((KEPT, OPENED), "a page"),
        ((KEPT, replace(PAGED, components=KEPT.components)), "the status page to show it"),
        ((KEPT, PAGED), "the desk to notice that nobody acknowledges"),
        ((KEPT, MISSED), "every alert to be over"),
        ((*STORY[:-1],), "the incident to be resolved"),
        ((*STORY[:-1], replace(RESOLVED, components=PAGED.components)), "the status page to be operational"),
    ],
)
def test_a_step_that_does_not_happen_is_named_and_the_faults_end(orders, scenes, missed):
    with pytest.raises(StepMissed, match=f"expected {missed} within [0-9]+ s, and it did not happen"):
        outage(*scenes).run()

    began = [order for order in orders if order.startswith("PUT")]
    assert not began or orders[-1].startswith("DELETE")


def test_what_only_waits_for_office_hours_is_no_page(orders):
    ticket = replace(FIRING, alarms=(replace(FIRES, priority="P3"),))

    with pytest.raises(StepMissed, match="an alert that pages to fire"):
        outage(KEPT, ticket).run()


def test_a_p1_waits_for_the_commander_and_not_for_the_status_page(orders):
    p1 = replace(LATE, priority="P1", publication="proposed")
    scenes = (
        KEPT,
        FIRING,
        replace(FIRING, incident=p1, pages=(PAGE,)),
        replace(FIRING, incident=replace(p1, state="monitoring"), pages=(PAGE,)),
        replace(RESOLVED, incident=replace(p1, state="resolved")),
    )

    report = outage(*scenes).run()

    assert report.public_after is None
    assert report.priority == "P1"


def test_slow_requests_are_a_delay_that_breaks_the_promise_of_latency():
    fault = Fault(0.25, slow_ms=1500)

    assert fault.promise == "api-latency-p95"
    assert fault.order == {"kind": "delay", "delay_ms": 1500, "share": 0.25, "seconds": 900}
    assert fault.words == "25% of the requests to the service take 1500 ms longer"


def test_the_watcher_leaves_out_what_only_says_that_somebody_watches():
    heartbeat = {"alert": "Watchdog", "state": "firing", "priority": "none", "summary": "", "labels": {}}
    alert = {**heartbeat, "alert": "APIHighErrorRate", "priority": "P0"}
    told = {
        "/sandbox/state": {"pagerduty": {"incidents": []}, "statuspage": {"components": [], "incidents": []}},
        "/v1/slos/api-errors": {
            "name": "api-errors",
            "state": "kept",
            "budget": {"total": 11, "sli": 1.0, "remaining": 1.0},
            "burn": [],
        },
        "/v1/alerts": {"active": [heartbeat, alert]},
        "/v1/incidents": {"items": []},
    }
    client = httpx.Client(
        transport=httpx.MockTransport(lambda request: httpx.Response(200, json=told[request.url.path]))
    )

    with client:
        scene = Watcher("http://desk", "http://sandbox", "api-errors", client).look()

    assert [alarm.name for alarm in scene.alarms] == ["APIHighErrorRate"]
    assert scene.incident is None


def test_a_desk_that_does_not_answer_is_told():
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(503, text="no store")))

    with client, pytest.raises(NotSeen, match="expected an answer, found 503 no store"):
        Watcher("http://desk", "http://sandbox", "api-errors", client).look()
