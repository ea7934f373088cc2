"""The desk as a whole: cycles, heartbeat, gauges, loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from vcci_platform.incidents.loops import Loop, Loops
from vcci_platform.incidents.office import Office as Whole
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.incidents.views import DeskView
from vcci_platform.testing import ManualClock

if TYPE_CHECKING:
    from conftest import Office

URL = SecretStr("https://heartbeat.example/secret-11")


def whole(office: Office, *loops: Loop, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> Whole:
    handle = answer or (lambda _: httpx.Response(200))
    client = httpx.Client(transport=httpx.MockTransport(handle))
    return Whole(office.desk, office.dispatcher, timedelta(minutes=1), URL, extra=loops, client=client)


def go_round(desk: Whole, *names: str) -> None:
    for loop in desk.loops.loops:
        if loop.name in names:
            desk.loops._round(loop)


ALL = ("work", "dispatch-pagerduty", "dispatch-statuspage", "dispatch-slack")


def test_the_heartbeat_goes_out_only_after_a_completed_cycle(office: Office) -> None:
    beats: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        beats.append(str(request.url))
        return httpx.Response(200)

    desk = whole(office, answer=answer)
    desk.beat_now()
    office.clock.advance(seconds=1)
    go_round(desk, *ALL[:-1])
    desk.beat_now()
    assert beats == []

    go_round(desk, "dispatch-slack")
    desk.beat_now()
    desk.beat_now()
    assert beats == ["https://heartbeat.example/secret-11"]


def test_an_evaluator_that_fails_silences_the_heartbeat(office: Office) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a bug")

    desk = whole(office, Loop("evaluator", fail, timedelta(seconds=15)))
    office.clock.advance(seconds=1)
    go_round(desk, *ALL, "evaluator")

    assert desk.last_cycle_at is None
    failed = {"outcome": "failed"}
    assert office.metrics.registry.get_sample_value("vcci_desk_cycles_total", failed) == 1
    with pytest.raises(RuntimeError, match="evaluator: ZeroDivisionError: a bug"):
        desk.check().probe()


def test_a_heartbeat_that_is_not_taken_is_sent_again(office: Office) -> None:
    answers = [httpx.Response(500), httpx.Response(200)]
    desk = whole(office, answer=lambda _: answers.pop(0))
    office.clock.advance(seconds=1)
    go_round(desk, *ALL)
    desk.beat_now()
    desk.beat_now()

    assert answers == []


def test_a_stalled_desk_is_not_ready(office: Office) -> None:
    desk = whole(office)
    office.clock.advance(seconds=1)
    go_round(desk, *ALL)
    desk.check().probe()

    office.clock.advance(minutes=5)
    with pytest.raises(RuntimeError, match="no complete cycle for 300 s"):
        desk.check().probe()


def test_the_gauges_tell_what_waits_and_forget_it_when_it_is_not_known(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("503", retryable=True) if target == "pagerduty" else None
    office.hears(alert())
    office.clock.advance(seconds=42)
    reading = whole(office).reading()

    reading.refresh()
    sample = office.metrics.registry.get_sample_value
    assert sample("vcci_desk_effects_waiting", {"target": "pagerduty"}) == 1
    assert sample("vcci_desk_oldest_effect_age_seconds", {"target": "pagerduty"}) == 42
    assert sample("vcci_desk_oldest_effect_age_seconds", {"target": "slack"}) == 0
    assert sample("vcci_desk_open_incidents", {"priority": "P0"}) == 1

    reading.forget()
    assert math.isnan(sample("vcci_desk_effects_waiting", {"target": "pagerduty"}) or 0)


def test_loops_start_wake_recover_and_stop() -> None:
    rounds: list[str] = []
    outcomes: list[tuple[str, bool]] = []

    def work() -> bool:
        rounds.append("round")
        if len(rounds) == 1:
            raise ConnectionError("the store is away")
        return len(rounds) < 4

    loop = Loop("work", work, timedelta(hours=1))
    loops = Loops([loop], ManualClock(), lambda name, completed: outcomes.append((name, completed)))
    loops.start()
    loop.wake.set()
    for _ in range(200):
        if len(rounds) >= 4:
            break
        loop.wake.set()
        loops._threads[0].join(0.01)
    loops.stop()

    assert outcomes[0] == ("work", False)
    assert all(completed for _, completed in outcomes[1:])
    assert not loops._threads[0].is_alive()


def test_only_who_may_see_security_incidents_learns_how_many_there_are() -> None:
    """The list of a viewer was empty, and `GET /v1/desk` counted one P0."""
    view = DeskView(
        now=NINE,
        time_scale=1,
        loops=(),
        last_cycle_at=None,
        inbox={},
        quarantine=(),
        outbox=(),
        heartbeats=(),
        open_incidents={"P0": 1, "P1": 3},
        open_security={"P0": 1, "P1": 1},
    )

    assert view.for_eyes(restricted=True) == view
    seen = view.for_eyes(restricted=False)
    assert (seen.open_incidents, seen.open_security) == ({"P1": 2}, {})
