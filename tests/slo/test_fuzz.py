"""Any change to a spec gives a plan or problems with their places, never a surprise; and a plan can be printed."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from vcci_alerts import rule_tests, rules
from vcci_alerts.errors import AlertsError
from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.load import load_plan
from vcci_slo.plan import Plan
from vcci_slo.testing import a_spec

BASE: dict[str, Any] = yaml.safe_load(
    a_spec(
        defaults={"slos": {"window": "28d", "labels": {"class": "gold"}}},
        monitoring={"scrape": "30s", "retention": "90d"},
        burn_policies={
            "own": {"fast": "P1", "mine": {"priority": "P2", "spends": "5%", "within": "12h", "still": "1h"}}
        },
        components__api__signals__free={"errors": "sum(increase(a[WINDOW]))", "total": "sum(increase(b[WINDOW]))"},
        slos={
            "errors": {"good": "api.requests", "objective": "99.9%", "by": ["cluster"], "policy": "own"},
            "speed": {"fast": "api.requests", "within": {"95%": "500ms"}, "tiers": {"fast": "off"}},
            "age": {"like": "errors", "holds": "api.oldest", "below": "5m", "window": "month"},
            "free": {"good": "api.free", "objective": "99%", "no_data": {"after": "5m", "priority": "P2"}},
        },
        alerts={"Old": {"measure": "api.oldest", "above": {"P2": "10m"}, "summary": "{value} old"}},
    )
)

WORDS = (
    "",
    "off",
    "month",
    "P1",
    "99.9%",
    "100%",
    "0%",
    "5m",
    "0s",
    "1ms",
    "36500d",
    "api.requests",
    "api.oldest",
    "slo",
)
scalars = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(allow_nan=False),
    some.text(max_size=30),
    some.sampled_from(WORDS),
)
values = some.recursive(
    scalars,
    lambda inner: some.one_of(
        some.lists(inner, max_size=4),
        some.dictionaries(some.one_of(some.sampled_from(WORDS), some.text(max_size=12)), inner, max_size=4),
    ),
    max_leaves=8,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, item in inner for one in paths(item, (*path, key)))]


PATHS = [path for path in paths(BASE) if path]


@some.composite
def changed(draw: Any) -> str:
    """Return the text of a spec in which some values are replaced, added or taken away."""
    data = copy.deepcopy(BASE)
    for path in draw(some.lists(some.sampled_from(PATHS), min_size=1, max_size=4)):
        place: Any = data
        try:
            for key in path[:-1]:
                place = place[key]
            match draw(some.sampled_from(("replace", "replace", "add", "take"))):
                case "replace":
                    place[path[-1]] = draw(values)
                case "add" if isinstance(place, dict):
                    place[draw(some.text(min_size=1, max_size=8))] = draw(values)
                case _:
                    del place[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took it away
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=changed())
def test_any_change_gives_a_plan_that_can_be_printed_or_problems_with_their_places(text: str):
    plan, problems = answered(text)

    assert (plan is None) == bool(problems)
    assert all(problem.line >= 1 and problem.expected for problem in problems)
    if plan is not None:
        with suppress(AlertsError):  # a renderer may refuse with the name of the promise
            rules.render(plan)
            rule_tests.render(plan)


def answered(text: str) -> tuple[Plan | None, tuple[SpecProblem, ...]]:
    try:
        return load_plan(text), ()
    except SpecError as error:
        return None, tuple(error.problems)
