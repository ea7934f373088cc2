"""Corrections and error budget policies as a spec declares them, and what is refused when it is read."""

from datetime import UTC, datetime, timedelta

import pytest

from vcci_slo import SpecError
from vcci_slo.testing import a_plan

MOVE = {"slos": "errors", "from": "2026-10-24 02:00", "until": "2026-10-24 05:00", "who": "ada", "why": "moving"}
GOOD, REST = {"above": "10%", "means": "work"}, {"means": "stop", "allows": "nothing"}


def refused(**sections):
    with pytest.raises(SpecError) as error:
        a_plan(**sections)
    return [(problem.path, problem.expected, problem.suggestion) for problem in error.value.problems]


def test_moments_are_those_of_the_calendars_clocks():
    plan = a_plan(calendar={"timezone": "America/New_York"}, corrections={"move": MOVE})

    (found,) = plan.corrections
    assert (found.start, found.until) == (
        datetime(2026, 10, 24, 6, tzinfo=UTC),
        datetime(2026, 10, 24, 9, tzinfo=UTC),
    )
    assert (found.slos, found.who, found.why, found.source) == (("errors",), "ada", "moving", "spec")


def test_a_moment_with_its_own_zone_is_that_moment():
    plan = a_plan(
        corrections={"move": {**MOVE, "from": "2026-10-24T02:00:00+02:00", "until": "2026-10-25", "zone": "Asia/Tokyo"}}
    )

    assert plan.corrections[0].start == datetime(2026, 10, 24, 0, tzinfo=UTC)


def test_a_component_stands_for_all_of_its_promises():
    plan = a_plan(
        slos={
            "errors": {"good": "api.requests", "objective": "99.9%"},
            "speed": {"fast": "api.requests", "within": {"95%": "500ms", "99%": "1s"}},
        },
        corrections={"move": {**MOVE, "slos": [], "components": "api"}, "slow": {**MOVE, "slos": "speed"}},
    )

    assert [found.slos for found in plan.corrections] == [
        ("errors", "speed-p95", "speed-p99"),
        ("speed-p95", "speed-p99"),
    ]


def test_a_recurring_one_has_its_rule_its_length_and_its_end():
    weekly = {
        **MOVE,
        "until": "2027-01-01",
        "repeats": "FREQ=WEEKLY;BYDAY=SA",
        "lasts": "2h",
        "except": ["2026-10-31 02:00"],
    }

    (found,) = a_plan(corrections={"move": weekly}).corrections

    assert (found.repeats, found.lasts) == ("FREQ=WEEKLY;BYDAY=SA", timedelta(hours=2))
    assert found.skipped == (datetime(2026, 10, 31, 2, tzinfo=UTC),)


@pytest.mark.parametrize("key", ["who", "why", "until", "from"])
def test_who_why_and_from_when_until_when_must_be_said(key):
    without = {name: value for name, value in MOVE.items() if name != key}

    assert refused(corrections={"move": without}) == [("corrections.move", f"the key {key}", "")]


@pytest.mark.parametrize(
    ("change", "path", "expected", "suggestion"),
    [
        ({"slos": "error"}, "corrections.move.slos", "the name of a promise (errors)", "errors"),
        ({"slos": ["errors", "error"]}, "corrections.move.slos[1]", "the name of a promise (errors)", "errors"),
        ({"components": "apl"}, "corrections.move.components", "the name of a component (api)", "api"),
        ({"slos": []}, "corrections.move", "the promises that it corrects: slos, components, or both", ""),
        ({"zone": "Europe/Berlim"}, "corrections.move.zone", "a time zone such as Europe/Berlin", "Europe/Berlin"),
        ({"kind": "chance"}, "corrections.move.kind", "one of change, incident or other", "change"),
        ({"until": "2026-10-24"}, "corrections.move.until", "an end after its beginning", ""),
        ({"lasts": "1h"}, "corrections.move", "repeats and lasts together", ""),
        ({"except": ["2026-10-24"]}, "corrections.move", "except only beside repeats", ""),
        (
            {"repeats": "FREQ=HOURLY", "lasts": "1m"},
            "corrections.move.repeats",
            "FREQ=DAILY, WEEKLY, MONTHLY or YEARLY",
            "",
        ),
    ],
)
def test_what_is_wrong_with_a_correction_is_told_with_its_place(change, path, expected, suggestion):
    assert refused(corrections={"move": {**MOVE, **change}}) == [(path, expected, suggestion)]


def test_a_spec_that_says_nothing_has_a_policy():
    plan = a_plan()

    (policy,) = plan.budget_policies
    assert plan.slo("errors").budget_policy == policy.name == "standard"
    assert [(state.name, state.above, state.allows) for state in policy.states] == [
        ("healthy", 0.5, "everything"),
        ("watch", 0.0, "everything"),
        ("frozen", None, "fixes"),
    ]
    assert policy.owner == "crew"


def test_a_promise_chooses_its_policy():
    plan = a_plan(
        budget_policies={"strict": {"states": {"good": GOOD, "rest": REST}}},
        slos__errors={"good": "api.requests", "objective": "99.9%", "budget_policy": "strict"},
    )

    assert plan.slo("errors").budget_policy == "strict"


@pytest.mark.parametrize(
    ("states", "path", "expected"),
    [
        (
            {"a": GOOD, "b": {**GOOD, "above": "50%"}, "c": REST},
            "budget_policies.strict.states.b.above",
            "a share under that of a, 10%",
        ),
        (
            {"a": GOOD, "b": {**REST, "above": "0%"}},
            "budget_policies.strict.states.b.above",
            "the last state without a share: it is the rest",
        ),
        (
            {"a": {"means": "work"}, "b": REST},
            "budget_policies.strict.states.a",
            "above, the share of the budget over which it holds",
        ),
        (
            {"a": {**GOOD, "allows": "nothing"}, "b": {**REST, "allows": "fixes"}},
            "budget_policies.strict.states.b.allows",
            "no more than a allows, which is nothing",
        ),
    ],
)
def test_limits_fall_and_nothing_is_allowed_again_as_the_budget_goes(states, path, expected):
    assert refused(budget_policies={"strict": {"states": states}}) == [(path, expected, "")]


def test_an_unknown_policy_or_team_comes_with_a_suggestion():
    found = refused(
        teams={"crew": {}},
        budget_policies={"strict": {"owner": "crow", "states": {"good": GOOD, "rest": REST}}},
        slos__errors={"good": "api.requests", "objective": "99.9%", "budget_policy": "strikt"},
    )

    assert {(path, suggestion) for path, _, suggestion in found} == {
        ("budget_policies.strict.owner", "crew"),
        ("slos.errors.budget_policy", "strict"),
    }
