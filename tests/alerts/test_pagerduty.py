"""What PagerDuty is told: the same levels at the same minutes as the spec's `unacknowledged`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vcci_alerts import AlertsError, pagerduty
from vcci_alerts.pagerduty import Target, wanted
from vcci_slo.testing import a_plan

CONTACTS = {"boss": {"mail": "boss@shop.example"}, "owner": {"pagerduty_schedule": "$PD_OWNERS"}}
ROTA = {
    "shift": "1w",
    "primary": {"pagerduty_schedule": "$PD_PRIMARY"},
    "secondary": {"pagerduty_schedule": "$PD_SECONDARY"},
}
ESCALATION = {
    "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "boss"], "3": ["owner"]},
    "unacknowledged": {"P0": {"5m": 2, "15m": 3}, "P1": {"15m": 2}},
}
PEOPLE = {"contacts": CONTACTS, "on_call": {"crew": ROTA}, "escalation": ESCALATION}
PRIMARY = Target("variable", "$PD_PRIMARY", "crew.primary")


def test_each_severity_that_rings_has_its_own_ladder():
    found = wanted(a_plan(**PEOPLE))

    assert found is not None
    ladders = {policy.key: [(rule.level, rule.minutes) for rule in policy.rules] for policy in found.policies}
    assert ladders == {"P0": [(1, 5), (2, 10), (3, 30)], "P1": [(1, 15), (2, 30)], "P2": [(1, 30)]}
    assert [policy.rounds for policy in found.policies] == [9, 9, 0]
    assert found.policies[0].rules[0].targets == (PRIMARY,)
    assert found.policies[0].rules[1].targets[1] == Target("user", "boss@shop.example", "boss")
    assert found.policies[0].rules[2].targets == (Target("variable", "$PD_OWNERS", "owner"),)


def test_an_event_gets_the_policy_of_its_severity():
    found = wanted(a_plan(**PEOPLE))

    assert found is not None
    assert [(route.severity, route.priority, route.policy) for route in found.routes] == [
        ("critical", "P0", "P0"),
        ("error", "P1", "P1"),
        ("warning", "P2", "P2"),
    ]
    assert found.service.policy == "P0"


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6, unique=True).map(sorted))
def test_a_level_is_reached_at_the_minute_of_the_spec(minutes: list[int]):
    """Delays are added up: what PagerDuty reaches, and when, is what the spec says."""
    levels = {str(number): [f"role{number}"] for number in range(1, len(minutes) + 2)}
    contacts = {f"role{number}": {"mail": f"r{number}@shop.example"} for number in range(1, len(minutes) + 2)}
    steps = {f"{minute}m": level for level, minute in enumerate(minutes, start=2)}
    found = wanted(a_plan(contacts=contacts, escalation={"levels": levels, "unacknowledged": {"P0": steps}}))

    assert found is not None
    rules = found.policies[0].rules
    reached = list(accumulate((rule.minutes for rule in rules[:-1]), initial=0))
    assert list(zip(reached, [rule.level for rule in rules], strict=True)) == [
        (0, 1),
        *((minute, level) for level, minute in enumerate(minutes, start=2)),
    ]


def test_members_of_the_spec_become_a_schedule_that_starts_with_the_first_of_them():
    rota = {
        "shift": "1w",
        "starts": "2026-03-09",
        "primary": {"members": ["boss", "ada@shop.example"]},
        "secondary": {"pagerduty_schedule": "$PD_SECONDARY"},
    }

    found = wanted(a_plan(**PEOPLE | {"on_call": {"crew": rota}}, calendar={"timezone": "America/New_York"}))

    assert found is not None
    (schedule,) = found.schedules
    assert (schedule.key, schedule.zone, schedule.turn) == ("crew.primary", "America/New_York", timedelta(weeks=1))
    assert schedule.start == datetime(
        2026, 3, 9, 13, tzinfo=UTC
    )  # 09:00 in New York, the day after clocks went forward
    assert schedule.members == ("boss@shop.example", "ada@shop.example")
    assert found.policies[0].rules[0].targets == (Target("schedule", "crew.primary", "crew.primary"),)


def test_the_file_holds_names_and_no_secret_and_no_id():
    plan = a_plan(**PEOPLE, links__desk="https://desk.shop.example/")

    text = pagerduty.render(plan)["pagerduty.yml"]

    found = yaml.safe_load(text)
    assert found["service"]["acknowledgement_timeout"] == found["service"]["auto_resolve_timeout"] == "off"
    assert found["webhook_subscription"]["url"] == "https://desk.shop.example/v1/hooks/pagerduty"
    assert found["escalation_policies"][0]["escalation_rules"][0]["targets"] == [
        {"role": "crew.primary", "variable": "$PD_PRIMARY"}
    ]
    assert "vcci generate" in text.splitlines()[0]


def test_a_spec_that_says_nobody_gives_no_file():
    assert wanted(a_plan()) is None
    assert pagerduty.render(a_plan()) == {}


def test_pagerdutys_clock_cannot_be_hurried():
    plan = a_plan(time_scale=60, **PEOPLE)

    assert pagerduty.render(plan) == {}
    with pytest.raises(AlertsError, match=r"escalation\.unacknowledged\.P0: expected steps of whole minutes"):
        wanted(plan)
