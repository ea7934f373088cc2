"""The ceiling that needs put on a promise."""

from __future__ import annotations

import pytest

from vcci_slo.errors import SpecError
from vcci_slo.testing import a_plan

STORE = {
    "kind": "other",
    "selector": 'job="store"',
    "signals": {"queries": {"events": "queries_total", "bad": 'status="failed"'}},
}
CACHE = {"kind": "other", "needs": ["store"]}
SLOS = {
    "errors": {"good": "api.requests", "objective": "99%"},
    "speed": {"fast": "api.requests", "within": {"99.9%": "500ms"}},
    "store": {"good": "store.queries", "objective": "99.5%"},
}


def plan_of(**sections):
    return a_plan(components__store=STORE, components__cache=CACHE, slos=SLOS, **sections)


def test_a_promise_is_held_by_the_product_of_what_its_component_needs():
    second = {**STORE, "signals": {"queries": {"events": "other_total", "bad": 'status="failed"'}}}
    slos = {**SLOS, "second": {"good": "second.queries", "objective": "99.8%"}}

    plan = a_plan(
        components__store=STORE, components__second=second, components__api__needs=["store", "second"], slos=slos
    )

    assert plan.slo("errors").ceiling == pytest.approx(0.995 * 0.998)
    assert plan.slo("speed-p999").ceiling is None


def test_a_need_without_a_promise_stands_for_its_own_needs():
    assert plan_of(components__api__needs=["cache"]).slo("errors").ceiling == 0.995


def test_more_than_the_needs_allow_is_refused_unless_there_is_a_reason():
    with pytest.raises(SpecError) as caught:
        plan_of(components__api__needs=["store"], slos__errors__objective="99.9%")

    assert "an objective of at most 99.5%, which the promises of store allow" in str(caught.value)
    reason = {"slos__errors__objective": "99.9%", "slos__errors__despite_needs": "reads are answered from memory"}
    assert plan_of(components__api__needs=["store"], **reason).slo("errors").ceiling == 0.995


def test_needs_in_a_circle_end():
    cache = {**CACHE, "needs": ["api"]}

    assert a_plan(components__cache=cache, components__api__needs=["cache"]).slos[0].ceiling is None
