"""What the desk really sends, through its own process of decisions, is valid by the vendors' own schemas, closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import httpx2
import pytest
from jsonschema import Draft202012Validator, ValidationError

from vcci_platform.incidents import store
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import alert, manual_policy
from vcci_platform.incidents.vendors.pagerduty_events import PagerDuty
from vcci_platform.incidents.vendors.slack import Slack
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.metrics import DeskMetrics
from vcci_platform.testing import ManualClock

BODIES = {"POST": "postPagesPageIdIncidents", "PATCH": "patchPagesPageIdIncidents"}
"""Statuspage's names for what it takes under each method."""

COMPONENTS = [{"id": name.lower(), "name": name} for name in ("API", "Calculations", "Data")]

Schemas = Callable[[str], dict[str, Any]]


class Wire:
    """The two vendors as transports: they take everything and keep the bodies."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.posts: list[tuple[str, dict[str, Any]]] = []

    def pagerduty(self, request: httpx2.Request) -> httpx2.Response:
        event = json.loads(request.content)
        self.events.append(event)
        return httpx2.Response(202, json={"status": "success", "dedup_key": event["dedup_key"]})

    def statuspage(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=COMPONENTS)
        assert request.headers["Content-Type"] == "application/json"
        self.posts.append((request.method, json.loads(request.content)))
        return httpx.Response(201, json={"id": "sp13"})


@pytest.fixture
def wire(tmp_path: Path) -> Generator[Wire]:
    """The wire after a P1 that became a P0, was worked on by people, escalated, and resolved."""
    database = connect(f"sqlite:///{tmp_path / 'desk.db'}")
    migrate.upgrade(database, "desk")
    clock = ManualClock()
    wire = Wire()
    desk = Desk(database, manual_policy(), clock, DeskMetrics())
    pages = httpx.Client(base_url="https://api.statuspage.io", transport=httpx.MockTransport(wire.statuspage))
    chat = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, text="ok")))
    dispatcher = Dispatcher(
        desk,
        PagerDuty("R" * 32, clock, transport=httpx2.MockTransport(wire.pagerduty)),
        Statuspage(pages, "page14", clock),
        Slack(chat, "https://hooks.slack.example/x", clock),
        random=Random(11),
    )

    def work(minutes: int = 0) -> None:
        for _ in range(max(1, minutes)):
            clock.advance(minutes=1 if minutes else 0)
            desk.cycle()
            dispatcher.drain()

    desk.receive([alert("APILatencyHigh", priority=Priority.P1)])
    work(6)
    desk.receive([alert(), alert("WorkerDown", component="worker", summary="s" * 5000)])
    work(31)
    with database.read() as connection:
        incident = store.find_open(connection, "vcci")
    assert incident is not None
    for action in (Action.ACKNOWLEDGE, Action.IDENTIFY, Action.MITIGATE, Action.MONITOR, Action.RESOLVE):
        desk.act(incident.id, action, by="ada", why="a bad release")
        work()
    yield wire
    database.close()


def test_every_event_is_valid_for_pagerduty(wire: Wire, event_schema: dict[str, Any]) -> None:
    validator = Draft202012Validator(event_schema)
    for event in wire.events:
        validator.validate(event)

    actions = [event["event_action"] for event in wire.events]
    assert {"trigger", "acknowledge", "resolve"} == set(actions)
    assert all(0 < len(event["dedup_key"]) <= 255 for event in wire.events)
    assert {event["payload"]["severity"] for event in wire.events if "payload" in event} == {"error", "critical"}


def test_every_post_is_valid_for_statuspage(wire: Wire, statuspage_schema: Schemas) -> None:
    for method, body in wire.posts:
        Draft202012Validator(statuspage_schema(BODIES[method])).validate(body)

    assert [method for method, _ in wire.posts] == ["POST", "PATCH", "PATCH", "PATCH"]
    assert [body["incident"]["status"] for _, body in wire.posts] == [
        "investigating",
        "identified",
        "monitoring",
        "resolved",
    ]


def test_the_closed_schemas_refuse_what_others_get_wrong(
    wire: Wire, event_schema: dict[str, Any], statuspage_schema: Schemas
) -> None:
    """Links inside the payload, our own priority as severity, `impact`, a list of components, no wrapper."""
    event = wire.events[0]
    post = wire.posts[0][1]["incident"]
    for wrong in (
        {**event, "payload": {**event["payload"], "links": event["links"]}},
        {**event, "payload": {**event["payload"], "severity": "P0"}},
    ):
        with pytest.raises(ValidationError):
            Draft202012Validator(event_schema).validate(wrong)
    for wrong_post in (
        post,
        {"incident": {**post, "impact": "critical"}},
        {"incident": {**post, "components": [{"api": "major_outage"}]}},
        {"incident": {**post, "status": "acknowledged"}},
    ):
        with pytest.raises(ValidationError):
            Draft202012Validator(statuspage_schema(BODIES["POST"])).validate(wrong_post)
