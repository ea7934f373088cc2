"""What promises have in common: the defaults of all, and one promise like another."""

from __future__ import annotations

import pytest

from vcci_slo.errors import SpecError
from vcci_slo.testing import a_plan


def problems(**sections) -> list[str]:
    with pytest.raises(SpecError) as caught:
        a_plan(**sections)
    return [str(problem).partition(": ")[2] for problem in caught.value.problems]


def test_a_promise_has_what_the_defaults_say_unless_it_says_otherwise():
    plan = a_plan(
        defaults={"slos": {"window": "28d", "labels": {"class": "gold", "region": "eu"}}},
        slos={
            "first": {"good": "api.requests", "objective": "99.9%"},
            "second": {"good": "api.requests", "objective": "99%", "window": "7d", "labels": {"region": "us"}},
        },
    )

    assert (plan.slo("first").window_name, plan.slo("second").window_name) == ("28d", "7d")
    assert dict(plan.slo("second").labels) == {"class": "gold", "region": "us"}


def test_a_promise_like_another_measures_its_own_and_keeps_the_rest():
    plan = a_plan(
        slos={
            "errors": {"good": "api.requests", "objective": "99.9%", "window": "14d", "min_bad": 11},
            "age": {"like": "errors", "holds": "api.oldest", "below": "5m"},
            "speed": {"like": "errors", "fast": "api.requests", "within": {"95%": "500ms"}},
        }
    )

    age, speed = plan.slo("age"), plan.slo("speed-p95")
    assert (age.window_name, age.percent, age.tiers[0].min_bad) == ("14d", "99.9%", 11)
    assert (speed.window_name, speed.percent) == ("14d", "95%")


def test_likeness_is_a_line_with_an_end():
    told = problems(
        slos={
            "one": {"like": "two", "objective": "99%"},
            "two": {"like": "one", "good": "api.requests"},
            "three": {"like": "tow", "good": "api.requests", "objective": "99%"},
        }
    )

    assert any(
        "slos.one.like: expected a promise that is not like itself, found one → two → one" in text for text in told
    )
    assert any(
        "slos.three.like: expected the name of a promise" in text and "did you mean two?" in text for text in told
    )


def test_tiers_are_inherited_one_by_one():
    plan = a_plan(
        slos={
            "errors": {"good": "api.requests", "objective": "99.9%", "tiers": {"creep": "off", "fast": "P2"}},
            "other": {"like": "errors", "tiers": {"slow": "P3"}},
        }
    )

    assert [(tier.name, tier.priority) for tier in plan.slo("other").tiers] == [
        ("fast", "P2"),
        ("slow", "P3"),
        ("steady", "P2"),
    ]
