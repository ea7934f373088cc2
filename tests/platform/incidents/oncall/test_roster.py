"""Who is on call at a moment, and who is next: from the spec, from PagerDuty, or honestly unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from vcci_platform.incidents.oncall.coming import coming
from vcci_platform.incidents.oncall.roster import levels, rosters
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered
from vcci_platform.incidents.vendors.pagerduty_rest import OnCallNow
from vcci_slo.testing import a_plan
from vcci_slo.windows import Span

CREW: dict[str, Any] = {
    "calendar": {"timezone": "America/New_York"},
    "contacts": {"boss": {"mail": "boss@shop.example", "phone": "+1-555-0102"}},
    "on_call": {
        "crew": {
            "shift": "1w",
            "starts": "2026-01-05",
            "primary": {"members": ["ada@shop.example", "grace@shop.example"]},
            "secondary": {"pagerduty_schedule": "$PD_SECONDARY"},
        }
    },
    "escalation": {
        "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "boss"]},
        "unacknowledged": {"P0": {"5m": 2}},
    },
}
PLAN = a_plan(**CREW)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def ahead(moment: datetime, days: int) -> tuple[datetime, Span]:
    return moment, Span(moment, moment + timedelta(days=days))


def on_call(user: str, start: str | None, end: str | None) -> OnCallNow:
    return OnCallNow("P1", user, "PSCHED", "PPOLICY", 1, at(start) if start else None, at(end) if end else None)


def told(*rows: OnCallNow):
    return lambda variable, since, until: Answered(tuple(rows))


def test_the_members_of_the_spec_take_turns_across_the_change_of_clocks():
    (roster,) = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 14), told(on_call("Ben", None, None)))

    assert [turn.duties[0].who for turn in (roster.now, *roster.next)] == [
        ("ada@shop.example",),
        ("grace@shop.example",),
        ("ada@shop.example",),
    ]
    assert roster.now.end == at("2026-03-09T13:00Z")
    assert f"{roster.now.local_end:%a %H:%M %Z}" == "Mon 09:00 EDT"
    assert f"{roster.now.local_start:%a %H:%M %Z}" == "Mon 09:00 EST"


def test_pagerdutys_overrides_count_in_the_turn_that_runs():
    rows = (
        on_call("Ben", "2026-03-02T14:00Z", "2026-03-07T00:00Z"),
        on_call("Cleo", "2026-03-07T00:00Z", "2026-03-09T13:00Z"),
        on_call("Dora", "2026-03-09T13:00Z", "2026-03-16T13:00Z"),
    )

    (roster,) = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 7), told(*rows))

    assert roster.now.duties[1].who == ("Cleo",)
    assert roster.next[0].duties[1].who == ("Dora",)
    assert roster.now.duties[1].source == "PagerDuty"


def test_several_people_of_one_turn_to_come_are_named_in_their_order():
    rows = (
        on_call("Cleo", "2026-03-12T00:00Z", "2026-03-16T13:00Z"),
        on_call("Ben", "2026-03-09T13:00Z", "2026-03-12T00:00Z"),
    )

    (roster,) = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 7), told(*rows))

    assert roster.next[0].duties[1].who == ("Ben", "Cleo")
    assert (roster.now.duties[1].who, roster.now.duties[1].unknown) == ((), "nobody is on call")


def test_a_handoff_at_the_very_moment_belongs_to_whoever_takes_over():
    rows = (on_call("Ben", None, "2026-03-09T13:00Z"), on_call("Dora", "2026-03-09T13:00Z", None))

    (roster,) = rosters(PLAN, *ahead(at("2026-03-09T13:00Z"), 0), told(*rows))

    assert roster.now.duties[1].who == ("Dora",)
    assert roster.next == ()


def test_what_nobody_can_tell_is_said_with_its_reason():
    silent = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 7))[0].now.duties[1]
    failed = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 7), lambda *_: Failed("503: later", retryable=True))[
        0
    ].now.duties[1]
    early = rosters(PLAN, *ahead(at("2026-01-01T00:00Z"), 7))[0].now.duties[0]

    assert silent.unknown == "PagerDuty has the roster in $PD_SECONDARY, and PAGERDUTY_API_TOKEN is not set"
    assert failed.unknown == "503: later"
    assert early.unknown == "the rota starts on 2026-01-05"


def test_beyond_what_pagerduty_tells_silence_means_nothing():
    (roster,) = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 21), told(), told_until=at("2026-03-20T00:00Z"))

    assert [turn.duties[1].unknown for turn in (roster.now, *roster.next)] == [
        "nobody is on call",
        "nobody is on call",
        *["PagerDuty tells shifts until 2026-03-20"] * 2,
    ]


def test_each_level_names_people_and_ways_to_reach_them():
    found = rosters(PLAN, *ahead(at("2026-03-08T06:30Z"), 7), told(on_call("Ben", None, None)))

    assert [[(one.role, one.who) for one in level.people] for level in levels(PLAN, found)] == [
        [("crew.primary", "ada@shop.example")],
        [("crew.secondary", "Ben"), ("boss", "boss@shop.example, +1-555-0102")],
    ]


def test_maintenance_and_the_next_shift_are_coming_at_their_time_on_the_wall():
    found = coming(PLAN, at("2026-03-06T12:00Z"), at("2026-03-15T12:00Z"))

    assert [(one.text, one.start, one.end - one.start) for one in found] == [
        ("maintenance window", at("2026-03-07T07:00Z"), timedelta(hours=2)),
        ("next shift of crew", at("2026-03-09T13:00Z"), timedelta(weeks=1)),
        ("maintenance window", at("2026-03-14T06:00Z"), timedelta(hours=2)),
    ]


def test_a_window_over_midnight_is_found_while_it_runs():
    plan = a_plan(**CREW | {"calendar": {"timezone": "UTC", "maintenance": "Fri 23:00-02:00"}})

    found = coming(plan, at("2026-03-07T01:00Z"), at("2026-03-07T03:00Z"))

    assert [(one.start, one.end) for one in found] == [(at("2026-03-06T23:00Z"), at("2026-03-07T02:00Z"))]


def test_a_span_of_the_calendar_may_lie_before_or_after_the_turn_that_runs():
    moment = at("2026-03-08T06:30Z")
    before, after = (
        Span(at(start), at(end))
        for start, end in (("2026-02-16T00:00Z", "2026-02-20T00:00Z"), ("2026-03-17T00:00Z", "2026-03-24T00:00Z"))
    )

    (past,), (future,) = (rosters(PLAN, moment, span, told(on_call("Ben", None, None))) for span in (before, after))

    assert past.now == future.now
    assert [turn.start for turn in past.turns] == [at("2026-02-09T14:00Z"), at("2026-02-16T14:00Z")]
    assert [turn.start for turn in future.turns] == [at("2026-03-16T13:00Z"), at("2026-03-23T13:00Z")]
    assert (past.next, len(future.next)) == ((), 2)


def test_freezes_and_corrections_are_coming_too():
    plan = a_plan(**CREW | {"calendar": {"timezone": "America/New_York", "freezes": ["black-friday"]}})

    found = coming(plan, at("2026-11-23T14:00Z"), at("2026-11-30T14:00Z"))

    assert next((one.text, one.start, one.end) for one in found) == (
        "no changes, black-friday",
        at("2026-11-27T05:00Z"),
        at("2026-11-28T05:00Z"),
    )
