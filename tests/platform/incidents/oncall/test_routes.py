"""`GET /v1/oncall` on a whole desk, with the sandbox's roster: moments, spans, people, and a vendor that goes away."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from support.console import OpenDesk, open_desk
from support.sandboxed_pagerduty import SandboxTransport
from vcci_platform.incidents.access import Rank
from vcci_platform.incidents.oncall import place
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.sandbox.pagerduty.first_account import FIRST_SCHEDULES
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.settings import Settings
from vcci_platform.testing import ManualClock


class Line(httpx2.BaseTransport):
    """The way to the sandbox, which can be cut."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.cut = False
        self.asked = 0
        self._inner = SandboxTransport(sandbox)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        if self.cut:
            raise httpx2.ConnectError("nobody there")
        return self._inner.handle_request(request)


@dataclass
class Desk:
    http: TestClient
    clock: ManualClock
    line: Line
    whole: OpenDesk

    def get(self, path: str = "/v1/oncall", status: int = 200, **parameters: str) -> Any:
        answer = self.http.get(path, params={name.strip("_"): value for name, value in parameters.items()})
        assert answer.status_code == status, answer.text
        return answer.json() if path.startswith("/v1") else " ".join(answer.text.split())


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Desk]:
    for name in ("PD_PRIMARY", "PD_SECONDARY"):
        monkeypatch.delenv(name, raising=False)
    clock = ManualClock()
    line = Line(Sandbox(clock=clock))

    def connect(settings: Settings, clock: ManualClock, **_: Any) -> Connection:
        return Connection(place.SANDBOX_API_TOKEN, clock, sender=place.SANDBOX_FROM, transport=line)

    monkeypatch.setattr(place, "connect", connect)
    with open_desk(tmp_path, clock) as whole:
        yield Desk(whole.client, clock, line, whole)


def who(view: Any) -> list[str]:
    return [", ".join(duty["who"]) for duty in view["rotas"][0]["now"]["duties"]]


def test_the_schedules_of_a_new_sandbox_are_those_that_are_asked_for() -> None:
    assert set(place.SANDBOX_SCHEDULES.values()) == set(FIRST_SCHEDULES)


def test_who_is_on_call_changes_on_monday_at_nine_eastern_on_both_sides_of_the_change_of_clocks(desk: Desk) -> None:
    """Clocks go forward on 8 March 2026: nine is 14:00 UTC before it, and 13:00 UTC after it."""
    moments = ("2026-03-02T13:59:59Z", "2026-03-02T14:00:00Z", "2026-03-09T12:59:59Z", "2026-03-09T13:00:00Z")

    views = [desk.get(at=moment) for moment in moments]

    assert [who(view)[0] for view in views] == ["Ada Primary", "Ben Secondary", "Ben Secondary", "Ada Primary"]
    assert [who(view)[1] for view in views] == ["Ben Secondary", "Ada Primary", "Ada Primary", "Ben Secondary"]
    now = views[1]["rotas"][0]["now"]
    assert (now["start"], now["end"]) == ("2026-03-02T14:00:00Z", "2026-03-09T13:00:00Z")
    assert (now["local_start"], now["local_end"]) == ("2026-03-02T09:00:00-05:00", "2026-03-09T09:00:00-04:00")
    assert views[1]["rotas"][0]["hands_over"] == "Mondays at 09:00"
    assert views[1]["levels"][0]["people"] == [{"role": "platform.primary", "who": "Ben Secondary", "unknown": ""}]


def test_a_span_of_the_calendar_and_what_is_planned_in_it(desk: Desk) -> None:
    view = desk.get(from_="2026-11-24T00:00:00Z", to="2026-12-02T00:00:00Z")

    assert [turn["local_start"] for turn in view["rotas"][0]["turns"]] == [
        "2026-11-23T09:00:00-05:00",
        "2026-11-30T09:00:00-05:00",
    ]
    assert [one["text"] for one in view["coming"]][:3] == [
        "no changes, black-friday",
        "maintenance window",
        "no changes, cyber-monday",
    ]


def test_time_that_the_desk_was_told_to_leave_out_is_planned_too(desk: Desk) -> None:
    start = desk.clock.now() + timedelta(days=1)
    correction = {"slos": ["api-errors"], "kind": "change", "who": "ada", "why": "the move of the database"}
    span = {"from": f"{start:%Y-%m-%dT%H:%M}", "until": f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    desk.http.post("/v1/corrections", json=correction | span).raise_for_status()

    assert "correction, the move of the database (ada)" in [one["text"] for one in desk.get()["coming"]]


def test_what_makes_no_sense_is_refused_by_name(desk: Desk) -> None:
    wrong = (
        ({"at": "yesterday"}, "query.at"),
        ({"at": "2026-03-02T14:00:00"}, "query.at"),
        ({"at": "2020-01-01T00:00:00Z"}, "query.at"),
        ({"from_": "2026-03-09T00:00:00Z", "to": "2026-03-09T00:00:00Z"}, "query.to"),
        ({"to": "2029-01-01T00:00:00Z"}, "query.to"),
    )

    for query, field in wrong:
        assert desk.get(status=422, **query)["errors"][0]["field"] == field, query


def test_from_the_first_person_on_only_who_is_known_may_ask(desk: Desk) -> None:
    desk.whole.add("grace", Rank.ADMIN)
    viewer = desk.whole.add("ada", Rank.VIEWER)

    desk.get(status=401)

    desk.http.headers.update(viewer)
    assert who(desk.get()) != ["", ""]


def test_page_and_interface_ask_once_and_say_how_old_the_word_is(desk: Desk) -> None:
    at_first = desk.get("/")
    first = desk.get()
    asked = desk.line.asked
    desk.clock.advance(seconds=40)
    page, view = desk.get("/on-call"), desk.get()

    assert first["source"]["name"] == "the sandbox"
    assert desk.line.asked == asked
    assert (view["source"]["age_seconds"], view["source"]["fresh_seconds"]) == (40, 60)
    assert "Names are those of the sandbox, as it told them" in page
    assert ">40 s ago<" in page
    assert '<a href="/on-call">in the sandbox</a>' in at_first
    assert f"<dd>{who(first)[0]}</dd>" in desk.get("/")


def test_a_roster_that_cannot_be_asked_is_shown_with_its_age_and_never_made_up(desk: Desk) -> None:
    before = desk.get()
    desk.line.cut = True
    desk.clock.advance(minutes=12)
    view, page = desk.get(), desk.get("/on-call")
    unknown = desk.get(at="2026-09-07T12:00:00Z")

    assert who(view) == who(before)
    assert (view["source"]["age_seconds"], view["source"]["trouble"]) == (720, "no answer: ConnectError")
    assert "The sandbox cannot be asked now, so these are the names that it told" in page
    assert ">12 min ago<" in page
    assert who(unknown) == ["", ""]
    assert unknown["source"]["known_at"] is None


def test_the_calendar_of_the_page_moves_by_weeks_and_not_out_of_the_year(desk: Desk) -> None:
    later = desk.get("/on-call", start="2026-10-26")

    assert "Mon 2026-10-26 09:00 EDT" in later
    assert "Mon 2026-11-02 09:00 EST" in later
    assert 'href="/on-call?start=2026-11-30#rota-1"' in later
    for wrong in ("2029-01-01", "soon", "0001-01-01", "9999-12-31"):
        desk.get("/on-call", status=404, start=wrong)
