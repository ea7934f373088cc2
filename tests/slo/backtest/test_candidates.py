"""Other forms of a promise: what the spec would say, with the tiers that follow from it."""

import pytest

from vcci_slo.backtest import CandidateError, variant
from vcci_slo.load import load_plan
from vcci_slo.spec import parse
from vcci_slo.testing import a_spec


def form(text: str, name: str, **wanted: str):
    return variant(parse(text), load_plan(text).slo(name), **wanted)


def test_it_is_what_the_spec_would_say():
    text = a_spec(burn_policies={"calm": {"slow": "P2"}})
    written = a_spec(
        burn_policies={"calm": {"slow": "P2"}},
        slos__errors={"good": "api.requests", "objective": "99.5%", "window": "7d", "policy": "calm"},
    )

    found = form(text, "errors", objective="99.5%", window="7d", policy="calm")

    assert found == load_plan(written).slo("errors")


def test_what_is_not_asked_for_stays():
    text = a_spec(slos__errors={"good": "api.requests", "objective": "99.9%", "window": "7d", "min_bad": 3})

    found = form(text, "errors", objective="99%")

    assert (found.percent, found.window_name, found.tiers[0].min_bad) == ("99%", "7d", 3)


def test_a_latency_gets_another_share_for_the_same_limit():
    text = a_spec(slos={"quick": {"fast": "api.requests", "within": {"95%": "500ms", "99%": "1s"}}})

    found = form(text, "quick-p95", objective="99%")

    assert (found.percent, found.indicator.within_seconds) == ("99%", 0.5)
    assert found.name == "quick-p95"


def test_one_part_of_a_declaration_keeps_its_name_and_labels():
    text = a_spec(
        components__api__queues=["a", "b"],
        components__api__signals__requests__each={"queue": "api.queues"},
        slos={"errors": {"good": "api.requests", "objective": {"default": "99.9%", "b": "99%"}}},
    )
    before = load_plan(text).slo("errors-b")

    found = form(text, "errors-b", objective="99.5%")

    assert (found.name, found.labels, found.percent) == ("errors-b", before.labels, "99.5%")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"objective": "12"}, "objective 12: expected a percentage"),
        ({"objective": "100%"}, "objective 100%: expected an objective above 0% and below 100%"),
        ({"objective": "20%"}, "objective 20%: expected an objective above"),
        ({"window": "soon"}, "window soon"),
        ({"window": "1h"}, "window 1h: expected a window from 1d"),
        ({"policy": "none"}, "policy none: expected the name of a burn policy"),
    ],
)
def test_a_form_that_the_spec_could_not_say_is_refused(wanted, sentence):
    with pytest.raises(CandidateError, match=f"errors cannot have {sentence}"):
        form(a_spec(), "errors", **wanted)
