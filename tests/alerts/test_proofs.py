"""Proofs: series that satisfy matchers, expressions solved backwards, and what must bring its own proof."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from vcci_alerts import AlertsError, rule_tests
from vcci_alerts.expressions import parse
from vcci_alerts.proofs.examples import labels_for, samples, values_for, violation
from vcci_alerts.proofs.series import Series, then
from vcci_alerts.proofs.steady import Steady
from vcci_slo.promql.matchers import parse_matchers
from vcci_slo.testing import a_plan

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("5..", "5xx"),
        ("/health/.*", "/health/"),
        ("vcci-(api|worker)", "vcci-api"),
        ("(?:a|b)+c?", "a"),
        ("[^a-z]{3}", "000"),
        (r"\d\.\d", "1.1"),
        ("", ""),
    ],
)
def test_a_sample_is_matched_by_its_pattern(pattern: str, first: str):
    assert samples(pattern)[0] == first


@pytest.mark.parametrize("pattern", ["(?i)abc", "(?=x)y"])
def test_a_pattern_that_cannot_be_read_gives_no_sample(pattern: str):
    assert samples(pattern) == ()


def test_labels_satisfy_every_matcher():
    matchers = parse_matchers('job="api",status=~"5..",status!="5xx",endpoint!~"/health/.*",pod!=""')

    labels = labels_for("x", matchers, {"status": "503"})

    assert labels == {"status": "503", "job": "api", "endpoint": "endpoint-a", "pod": "pod-a"}


def test_matchers_that_nothing_satisfies_ask_for_a_proof():
    with pytest.raises(AlertsError, match="or a proof of its own"):
        labels_for("x", parse_matchers('job="a",job="b"'))


def test_a_violation_breaks_one_matcher_and_keeps_the_others():
    matchers = parse_matchers('queue=~"a|b",queue!="other"')

    broken = violation(matchers[0], matchers)

    assert broken is not None
    assert not matchers[0].holds({"queue": broken})
    assert matchers[1].holds({"queue": broken})
    assert values_for("queue", matchers) == ("a", "b")


@pytest.mark.parametrize(
    ("expression", "target"),
    [
        ("max(a{x='1'})", 120.0),
        ("sum(a) / max(b)", 0.84),
        ("1 - avg(a)", 0.5),
        ("sum(rate(h[15m])) / (sum(rate(h[15m])) + sum(rate(m[15m])) > 10)", 0.76),
        ("min(a{f!='x'} / b and on (i) ro == 0)", 0.1425),
        ("max by (p) (increase(r[30m]))", 2.625),
        ("e - time()", 5000.0),
        ("avg_over_time((max(c))[5m:30s])", 0.525),
    ],
)
def test_an_expression_is_solved_backwards(expression: str, target: float):
    steady = Steady(parse("x", expression), {}, MINUTE)
    (needed,) = steady.alternatives()

    values = steady.solve(needed, target, 3600)

    assert values is not None
    assert steady.value(values, 3600) == pytest.approx(target, rel=1e-6)


def test_growth_reaches_its_value_only_when_its_window_is_full():
    steady = Steady(parse("x", "increase(r[30m])"), {}, MINUTE)
    (leaf,) = steady.alternatives()[0]

    assert steady.value({leaf: 1 / 60}, 10 * 60) == pytest.approx(10.5)
    assert steady.value({leaf: 1 / 60}, 29 * 60) == pytest.approx(30)
    assert steady.value({leaf: 1 / 60}, 0) is None


def test_two_phases_of_a_counter_join_without_a_jump():
    first = Series("hits", {}, ((5, 2),), counts=True, start=0)
    second = Series("hits", {}, ((1, 3),), counts=True, start=0)

    assert then([first], [second])[0].values == "0+5x2 11+1x2"


def test_an_expression_that_cannot_be_solved_asks_for_a_proof():
    signal = {"value": "max(predict_linear(free{SELECTOR}[6h], 86400))", "unit": "bytes"}
    alert = {"measure": "api.left", "below": {"P2": "1Gi"}, "summary": "full"}
    plan = a_plan(components__api__signals__left=signal, alerts={"Full": alert})

    with pytest.raises(AlertsError, match=r"alerts\.Full: expected an expression that can be solved .* `proof: "):
        rule_tests.render(plan)


def test_a_proof_of_the_spec_becomes_a_test_that_fires_and_one_that_does_not():
    measure = {"promql": "predict_linear(free{SELECTOR}[6h], 86400)", "component": "api", "unit": "count"}
    proof = {"fires": {'free{job="shop-api"}': "100-1x500"}, "silent": {'free{job="shop-api"}': 100}}
    alert = {"measure": measure, "below": {"P2": 1}, "for": "10m", "summary": "full", "proof": proof}

    text = rule_tests.render(a_plan(alerts={"Full": alert}))["tests/alerts-api_test.yml"]

    cases = {case["name"]: case for case in yaml.safe_load(text)["tests"]}
    fires = cases["Full fires on the series of its proof"]
    silent = cases["Full is silent on the series of its proof"]
    assert fires["input_series"] == [{"series": 'free{job="shop-api"}', "values": "100-1x500"}]
    assert [check["exp_samples"][0]["value"] for check in fires["promql_expr_test"]] == [0, 1]
    assert [check["exp_samples"][0]["value"] for check in silent["promql_expr_test"]] == [0]
