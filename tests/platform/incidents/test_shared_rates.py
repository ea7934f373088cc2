"""Two desks on one store and a backlog: together they keep each vendor's rate, and every lane its order."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import httpx
import httpx2

from vcci_platform.incidents import outbox, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.ports import Delivered, Failed, StatusPost
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE, RecordingVendors, alert, manual_policy
from vcci_platform.incidents.vendors.pace import Paces
from vcci_platform.incidents.vendors.pagerduty_connection import Connection, Refused
from vcci_platform.incidents.vendors.pagerduty_events import PagerDuty
from vcci_platform.incidents.vendors.shared_pace import shared_paces
from vcci_platform.incidents.vendors.slack_bot import SlackBot
from vcci_platform.incidents.vendors.statuspage import Statuspage
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.metrics import DeskMetrics

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
SYSTEMS = 10


@contextmanager
def another_store(office: Office) -> Generator[Desk]:
    """Yield a second desk on the store of the first, with connections of its own."""
    url = office.desk.database.engine.url.render_as_string(hide_password=False)
    database = connect(url)
    yield Desk(database, manual_policy(), office.clock, DeskMetrics())
    database.close()


def never_more_than(limit: int, window: timedelta, moments: Sequence[datetime]) -> bool:
    """Return whether no window of this length holds more calls."""
    ordered = sorted(moments)
    return all(later - first >= window for first, later in zip(ordered, ordered[limit:], strict=False))


class Wire:
    """PagerDuty and Slack as they are reached over HTTP: they write down who asked for what, and when."""

    def __init__(self, office: Office) -> None:
        self.clock = office.clock
        self.events: list[tuple[datetime, str, str]] = []
        self.messages: list[tuple[datetime, str]] = []

    def pagerduty(self, request: httpx2.Request) -> httpx2.Response:
        event = json.loads(request.content)
        self.events.append((self.clock.now(), event["dedup_key"], event["event_action"]))
        return httpx2.Response(202, json={"status": "success", "dedup_key": event["dedup_key"]})

    def slack(self, request: httpx.Request) -> httpx.Response:
        self.messages.append((self.clock.now(), json.loads(request.content)["channel"]))
        return httpx.Response(200, json={"ok": True, "ts": str(len(self.messages))})

    def dispatcher(self, desk: Desk) -> Dispatcher:
        paces = shared_paces(desk.database, desk.clock)
        pager = PagerDuty("R" * 32, desk.clock, transport=httpx2.MockTransport(self.pagerduty), paces=paces)
        client = httpx.Client(base_url="https://slack.example", transport=httpx.MockTransport(self.slack))
        chat = SlackBot(client, "xoxb-11", "#home", desk.clock, paces=paces)
        return Dispatcher(desk, pager, RecordingVendors(), chat, random=Random(11), rest=timedelta(0))


def send_at_once(dispatchers: Sequence[Dispatcher], target: Target) -> None:
    """Let every desk send what it may, at the same time, until none has anything that it may send now."""

    def send(dispatcher: Dispatcher) -> None:
        while dispatcher.step(target):
            pass

    with ThreadPoolExecutor(len(dispatchers)) as pool:
        list(pool.map(send, dispatchers))


def add(office: Office, incidents: Sequence[str], kind: Kind, times: int = 1) -> None:
    with office.desk.database.write() as connection:
        for incident_id in incidents * times:
            outbox.enqueue(connection, incident_id, Target.PAGERDUTY, kind, {"key": incident_id}, office.clock.now())


def test_together_they_keep_pagerdutys_rate_and_every_page_is_one_and_in_order(either_office: Office) -> None:
    office, wire = either_office, Wire(either_office)
    with another_store(office) as other:
        desks = [wire.dispatcher(desk) for desk in (office.desk, other)]
        office.desk.receive([alert(f"A{number}", system=f"system-{number}") for number in range(SYSTEMS)])
        while office.desk.cycle():
            pass
        incidents = [incident.id for incident in office.incidents]
        add(office, incidents, Kind.ACKNOWLEDGE, times=4)
        send_at_once(desks, Target.PAGERDUTY)
        assert len(wire.events) == 50

        office.clock.advance(seconds=30)
        add(office, incidents, Kind.ACKNOWLEDGE, times=6)
        add(office, incidents, Kind.RESOLVE)
        send_at_once(desks, Target.PAGERDUTY)
        assert len(wire.events) == 110

        office.clock.advance(seconds=31)
        send_at_once(desks, Target.PAGERDUTY)

    assert len(wire.events) == 120
    assert never_more_than(110, MINUTE, [at for at, _, _ in wire.events])
    told: dict[str, list[str]] = defaultdict(list)
    for _, key, action in wire.events:
        told[key.removeprefix("vcci:")].append(action)
    assert told == {incident_id: ["trigger", *["acknowledge"] * 10, "resolve"] for incident_id in incidents}


def test_together_they_write_to_a_channel_as_slowly_as_slack_wants_it_and_claim_no_backlog_in_vain(
    either_office: Office,
) -> None:
    office, wire = either_office, Wire(either_office)
    with another_store(office) as other:
        desks = [wire.dispatcher(desk) for desk in (office.desk, other)]
        office.desk.receive([alert(f"A{number}", system=f"system-{number}") for number in range(SYSTEMS)])
        while office.desk.cycle():
            pass
        waiting = [row for row in office.rows(tables.outbox) if row.target == Target.SLACK]
        send_at_once(desks, Target.SLACK)
        assert len(wire.messages) == 5
        assert 1 <= sum(row.error == "kept to Slack's rate" for row in office.rows(tables.outbox)) <= len(desks)
        for _ in range(2 * len(waiting)):
            send_at_once(desks, Target.SLACK)
            office.clock.advance(seconds=1)

    assert len(wire.messages) == len(waiting) >= SYSTEMS
    for channel in {channel for _, channel in wire.messages}:
        assert never_more_than(5, timedelta(seconds=5), [at for at, to in wire.messages if to == channel])


class Page:
    """A status page that counts its calls."""

    def __init__(self, office: Office) -> None:
        self.clock = office.clock
        self.calls: list[datetime] = []

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(self.clock.now())
        if request.url.path.endswith("/components"):
            return httpx.Response(200, json=[{"id": "c1", "name": "API"}])
        return httpx.Response(200, json={"id": "sp1", "status": "investigating"})

    def seen_by(self, paces: Paces) -> Statuspage:
        client = httpx.Client(base_url="https://page.example", transport=httpx.MockTransport(self.handle))
        return Statuspage(client, "page14", self.clock, paces=paces)


def test_posts_and_the_reconcilers_looks_are_counted_together_and_a_post_never_stops_half_way(office: Office) -> None:
    page = Page(office)
    desks = [page.seen_by(shared_paces(office.desk.database, office.clock)) for _ in range(2)]
    post = StatusPost("INC-11", 12, "Requests fail", "investigating", "critical", "We look", {"API": "major_outage"})

    outcomes = []
    for round_ in range(30):
        outcomes.append(desks[round_ % 2].show(post))
        outcomes.append(desks[(round_ + 1) % 2].post("sp1"))

    assert len(page.calls) == 56
    kept = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert {(outcome.error, outcome.after, outcome.counts) for outcome in kept} == {
        ("kept to Statuspage's rate", MINUTE, False)
    }
    office.clock.advance(seconds=60)
    assert isinstance(desks[1].show(post), Delivered)


def test_what_pagerduty_says_of_its_rate_to_one_desk_every_desk_and_every_question_keeps(office: Office) -> None:
    asked: list[datetime] = []

    def spent(_: httpx2.Request) -> httpx2.Response:
        asked.append(office.clock.now())
        # The client measures how long a body took to arrive, so it must arrive and not be there.
        return httpx2.Response(429, headers={"ratelimit-reset": "17"}, stream=httpx2.ByteStream(b"slow down"))

    def connected() -> Connection:
        paces = shared_paces(office.desk.database, office.clock)
        return Connection("token-11", office.clock, transport=httpx2.MockTransport(spent), paces=paces)

    desk, roster = connected(), connected()
    assert isinstance(desk.get("/oncalls"), Refused)
    kept = roster.get("/oncalls")

    assert isinstance(kept, Failed)
    assert (kept.after, asked) == (timedelta(seconds=17), [NINE])
