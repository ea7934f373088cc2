"""What PagerDuty's REST API is asked about incidents and rosters, and what its answers mean."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from support.pagerduty_rest import error, incident, pagerduty
from vcci_platform.incidents.ports import Delivered, Failed, PageAtVendor
from vcci_platform.incidents.vendors.pagerduty_connection import Answered

NINE_IN_NOVEMBER = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_an_incident_is_read_in_our_words() -> None:
    rest, _ = pagerduty(lambda _: {"incident": incident()})

    found = rest.incident("PT4KHLK")

    assert isinstance(found, Answered)
    one = found.value
    assert (one.id, one.number, one.key, one.status, one.open) == ("PT4KHLK", 11, "vcci:inc_11", "triggered", True)
    assert (one.service_id, one.policy_id, one.priority, one.assignees) == ("PSERVIC", "PPOLICY", "P0", ("Ada",))
    assert one.created_at == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_fields_that_are_missing_are_empty() -> None:
    rest, _ = pagerduty(lambda _: {"incident": {"id": "PT4KHLK", "priority": None, "created_at": "soon"}})

    found = rest.incident("PT4KHLK")

    assert isinstance(found, Answered)
    assert (found.value.priority, found.value.created_at, found.value.number) == ("", None, 0)


def test_the_open_incident_of_a_key_is_found_among_older_ones() -> None:
    known = [
        incident(id="POLD", incident_number=12, status="resolved"),
        incident(id="POPEN", incident_number=11),
        incident(id="POTHER", incident_number=13, incident_key="vcci:inc_111"),
    ]
    rest, asked = pagerduty(lambda _: {"incidents": known, "more": False})

    found = rest.incident_by_key("vcci:inc_11")

    assert isinstance(found, Answered)
    assert found.value is not None
    assert found.value.id == "POPEN"
    assert asked.query() == [("incident_key", "vcci:inc_11"), ("date_range", "all"), ("limit", "100"), ("offset", "0")]


def test_a_key_that_nobody_triggered_has_no_incident() -> None:
    rest, _ = pagerduty(lambda _: {"incidents": [], "more": False})

    assert rest.incident_by_key("vcci:inc_11") == Answered(None)


def test_open_incidents_are_read_page_after_page() -> None:
    def answer(request: httpx2.Request) -> Any:
        offset = int(request.url.params["offset"])
        return {"incidents": [incident(id=f"P{offset + index}") for index in range(100)], "more": offset < 200}

    rest, asked = pagerduty(answer)

    found = rest.incidents(service_id="PSERVIC")

    assert isinstance(found, Answered)
    assert [one.id for one in found.value] == [f"P{number}" for number in range(300)]
    assert asked.query(0) == [
        ("statuses[]", "triggered"),
        ("statuses[]", "acknowledged"),
        ("service_ids[]", "PSERVIC"),
        ("date_range", "all"),
        ("limit", "100"),
        ("offset", "0"),
    ]


def test_incidents_since_a_moment_say_it_in_utc() -> None:
    rest, asked = pagerduty(lambda _: {"incidents": [], "more": False})

    rest.incidents(("resolved",), since=datetime(2026, 11, 23, 9, tzinfo=UTC))

    assert ("since", "2026-11-23T09:00:00Z") in asked.query()
    assert "date_range" not in dict(asked.query())


def test_the_log_is_told_from_its_beginning() -> None:
    entries = [
        {
            "id": "R2",
            "type": "acknowledge_log_entry",
            "created_at": "2026-11-23T09:02:00Z",
            "agent": {"type": "user_reference", "summary": "Ada"},
            "channel": {"type": "mobile"},
        },
        {
            "id": "R1",
            "type": "trigger_log_entry",
            "created_at": "2026-11-23T09:00:00Z",
            "agent": {"type": "service_reference", "summary": "Shop"},
            "summary": "Triggered through the API",
        },
        {"id": "R3", "type": "resolve_log_entry", "created_at": "2026-11-23T13:00:00Z", "agent": None},
    ]
    rest, _ = pagerduty(lambda _: {"log_entries": entries})

    found = rest.log_entries("PT4KHLK")

    assert isinstance(found, Answered)
    assert [(entry.id, entry.kind, entry.by, entry.by_user) for entry in found.value] == [
        ("R1", "trigger_log_entry", "Shop", False),
        ("R2", "acknowledge_log_entry", "Ada", True),
        ("R3", "resolve_log_entry", "", False),
    ]


def test_what_happened_within_one_second_comes_in_the_order_in_which_it_happened() -> None:
    """Ada acknowledged, Bob resolved, both at nine: taken the other way round, Ada would have resolved it."""
    nine = "2026-11-23T09:00:00Z"
    happened = [("trigger", "Shop"), ("acknowledge", "Ada"), ("resolve", "Bob")]
    entries = [
        {"id": f"R{number}", "type": f"{kind}_log_entry", "created_at": nine, "agent": {"type": "user", "summary": by}}
        for number, (kind, by) in enumerate(happened)
    ]
    rest, _ = pagerduty(lambda _: {"log_entries": entries[::-1]})

    found = rest.log_entries("PT4KHLK")

    assert isinstance(found, Answered)
    assert [(entry.kind, entry.by) for entry in found.value] == [(f"{kind}_log_entry", by) for kind, by in happened]


@pytest.mark.parametrize(
    ("status", "lines", "by"),
    [
        ("triggered", [("trigger", "service", "Shop")], ""),
        ("triggered", [("trigger", "service", "Shop"), ("resolve", "user", "Ada"), ("trigger", "user", "Bob")], "Bob"),
        ("triggered", [("unacknowledge", "user", "Ada"), ("unacknowledge", "service", "Shop")], ""),
        ("resolved", [("resolve", "user", "Ada"), ("trigger", "user", "Bob"), ("resolve", "service", "Shop")], ""),
        ("acknowledged", [("acknowledge", "user", "Ada"), ("escalate", "user", "Bob")], "Ada"),
    ],
)
def test_a_page_is_told_with_whoever_made_it_what_it_is(
    status: str, lines: list[tuple[str, str, str]], by: str
) -> None:
    log = [
        {
            "id": f"R{minute}",
            "type": f"{kind}_log_entry",
            "created_at": f"2026-11-23T09:{minute:02}:00Z",
            "agent": {"type": f"{agent}_reference", "summary": name},
        }
        for minute, (kind, agent, name) in enumerate(lines)
    ]
    rest, _ = pagerduty(
        lambda request: (
            {"log_entries": log[::-1]}
            if request.url.path.endswith("/log_entries")
            else {"incidents": [incident(status=status)]}
        )
    )

    found = rest.page_under("vcci:inc_11")

    assert isinstance(found, PageAtVendor)
    assert replace(found, changes=()) == PageAtVendor("PT4KHLK", status, NINE_IN_NOVEMBER, by)
    assert found.changes[-1].status == status


def test_who_is_on_call_comes_in_the_order_of_levels() -> None:
    def row(level: int, user: str) -> dict[str, Any]:
        return {
            "escalation_level": level,
            "user": {"id": f"P{user}", "summary": user},
            "schedule": {"id": "PSCHED"},
            "escalation_policy": {"id": "PPOLICY"},
            "start": "2026-11-23T14:00:00Z",
            "end": None,
        }

    rest, asked = pagerduty(lambda _: {"oncalls": [row(2, "Grace"), row(1, "Ada")], "more": False})

    found = rest.oncalls(schedule_ids=["PSCHED"], since=datetime(2026, 11, 23, tzinfo=UTC))

    assert isinstance(found, Answered)
    assert [(one.level, one.user, one.end) for one in found.value] == [(1, "Ada", None), (2, "Grace", None)]
    assert asked.query()[:2] == [("schedule_ids[]", "PSCHED"), ("since", "2026-11-23T00:00:00Z")]


@pytest.mark.parametrize("status", ["acknowledged", "resolved"])
def test_nothing_that_is_acknowledged_or_over_is_acknowledged(status: str) -> None:
    """PagerDuty opens a resolved incident again when it is acknowledged."""
    rest, asked = pagerduty(lambda _: {"incident": incident(status=status)})

    assert rest.acknowledge("PT4KHLK") == Delivered({"id": "PT4KHLK", "already": status})
    assert asked.lines == ["GET /incidents/PT4KHLK"]


def test_acknowledge_resolve_and_escalate_change_one_field_each() -> None:
    rest, asked = pagerduty(lambda _: {"incident": incident()})

    outcomes = [
        rest.acknowledge("PT4KHLK"),
        rest.resolve("PT4KHLK", "Rolled back"),
        rest.escalate("PT4KHLK", 3),
        rest.set_priority("PT4KHLK", "P0"),
    ]

    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    assert asked.lines == ["GET /incidents/PT4KHLK", *["PUT /incidents/PT4KHLK"] * 4]
    assert [asked.body(index)["incident"] for index in range(1, 5)] == [
        {"type": "incident_reference", "status": "acknowledged"},
        {"type": "incident_reference", "status": "resolved", "resolution": "Rolled back"},
        {"type": "incident_reference", "escalation_level": 3},
        {"type": "incident_reference", "priority": "P0"},
    ]


@pytest.mark.parametrize(("agent", "asks"), [("user_reference", 0), ("service_reference", 1)])
def test_a_hand_on_that_may_have_arrived_is_looked_for_before_it_rings_a_second_time(agent: str, asks: int) -> None:
    """PagerDuty rings a level as often as it is asked; what it handed on by itself was not our asking."""
    entry = {"id": "R1", "type": "escalate_log_entry", "created_at": "2026-11-23T09:00:00Z", "agent": {"type": agent}}

    def answer(request: httpx2.Request) -> dict[str, Any]:
        if request.url.path.endswith("/log_entries"):
            return {"log_entries": [entry]}
        return {"incidents": [incident()]} if request.method == "GET" else {"incident": incident()}

    rest, asked = pagerduty(answer)

    outcome = rest.escalate_under("vcci:inc_11", 2, asked_at=datetime(2026, 11, 23, 9, tzinfo=UTC))

    assert isinstance(outcome, Delivered)
    assert asked.lines[1] == "GET /incidents/PT4KHLK/log_entries"
    assert ("since", "2026-11-23T08:59:30Z") in asked.query(1)
    assert asked.lines.count("PUT /incidents/PT4KHLK") == asks


@pytest.mark.parametrize(("entries", "asks"), [(1, 1), (2, 0)])
def test_the_hand_on_to_another_level_is_not_taken_for_ours(entries: int, asks: int) -> None:
    """Of two levels asked within half a minute, the second was skipped when its first answer was lost."""
    log = [
        {"id": f"R{n}", "type": "escalate_log_entry", "created_at": "2026-11-23T09:00:00Z", "agent": {"type": "user"}}
        for n in range(entries)
    ]

    def answer(request: httpx2.Request) -> dict[str, Any]:
        if request.url.path.endswith("/log_entries"):
            return {"log_entries": log}
        return {"incidents": [incident()]} if request.method == "GET" else {"incident": incident()}

    rest, asked = pagerduty(answer)

    rest.escalate_under("vcci:inc_11", 3, asked_at=datetime(2026, 11, 23, 9, tzinfo=UTC), handed_on=1)

    assert asked.lines.count("PUT /incidents/PT4KHLK") == asks


def test_a_hand_on_that_was_never_tried_is_made_without_another_look() -> None:
    rest, asked = pagerduty(lambda r: {"incidents": [incident()]} if r.method == "GET" else {"incident": incident()})

    rest.escalate_under("vcci:inc_11", 2)

    assert asked.lines == ["GET /incidents", "PUT /incidents/PT4KHLK"]


def test_a_page_gets_another_title_once() -> None:
    now = incident()

    def answer(request: httpx2.Request) -> Any:
        if request.method == "PUT":
            now.update(json.loads(request.content)["incident"])
        return {"incidents": [now]} if request.method == "GET" else {"incident": now}

    rest, asked = pagerduty(answer)

    outcomes = [rest.rename_under("vcci:inc_11", "[P0] Security incident") for _ in range(2)]

    assert [outcome.receipt.get("already") for outcome in outcomes if isinstance(outcome, Delivered)] == [None, True]
    assert asked.lines == ["GET /incidents", "PUT /incidents/PT4KHLK", "GET /incidents"]
    assert asked.body(1) == {"incident": {"type": "incident_reference", "title": "[P0] Security incident"}}


@pytest.mark.parametrize("act", [lambda rest: rest.resolve("P1"), lambda rest: rest.escalate("P1", 2)])
def test_what_is_over_already_is_no_failure(act: Any) -> None:
    rest, _ = pagerduty(lambda _: error(400, "Incident Already Resolved", 1001))

    assert act(rest) == Delivered({"id": "P1", "already": True})


def test_a_note_is_written_with_its_marker() -> None:
    rest, asked = pagerduty(lambda request: {"notes": []} if request.method == "GET" else {"note": {"id": "N1"}})

    assert rest.add_note("PT4KHLK", "Still looking.", "[inc_11 #7]") == Delivered({"id": "N1"})
    assert asked.lines == ["GET /incidents/PT4KHLK/notes", "POST /incidents/PT4KHLK/notes"]
    assert asked.body() == {"note": {"content": "Still looking. [inc_11 #7]"}}


def test_a_note_that_arrived_before_is_not_written_again() -> None:
    known = [{"id": "N0", "content": "x [inc_11 #77]"}, {"id": "N1", "content": "Still looking. [inc_11 #7]"}]
    rest, asked = pagerduty(lambda _: {"notes": known})

    assert rest.add_note("PT4KHLK", "Still looking.", "[inc_11 #7]") == Delivered({"id": "N1", "already": True})
    assert asked.lines == ["GET /incidents/PT4KHLK/notes"]


def test_a_note_nobody_doubts_is_written_at_once() -> None:
    rest, asked = pagerduty(lambda _: {"note": {"id": "N1"}})

    rest.add_note("PT4KHLK", "n" * 30_000, "[inc_11 #7]", doubtful=False)

    assert asked.lines == ["POST /incidents/PT4KHLK/notes"]
    assert len(asked.body()["note"]["content"]) == 25_000
    assert asked.body()["note"]["content"].endswith("n [inc_11 #7]")


def test_notes_that_cannot_be_read_are_not_written_over() -> None:
    rest, asked = pagerduty(lambda _: error(500, "Internal"))

    outcome = rest.add_note("PT4KHLK", "Still looking.", "[inc_11 #7]")

    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.ambiguous, asked.lines) == (True, False, ["GET /incidents/PT4KHLK/notes"])


def test_a_status_update_is_looked_for_in_the_log_before_it_is_mailed_again() -> None:
    log = [{"id": "R1", "type": "status_update_log_entry", "message": "We look into it. [inc_11 #8]"}]
    rest, asked = pagerduty(lambda request: {"log_entries": log} if request.method == "GET" else {"status_update": {}})

    again = rest.post_status_update("PT4KHLK", "We look into it.", "[inc_11 #8]")
    fresh = rest.post_status_update("PT4KHLK", "It is better.", "[inc_11 #9]")

    assert again == Delivered({"id": "R1", "already": True})
    assert isinstance(fresh, Delivered)
    assert asked.lines[-1] == "POST /incidents/PT4KHLK/status_updates"
    assert asked.body() == {"message": "It is better. [inc_11 #9]"}
