"""Proofs: series that satisfy matchers, expressions solved backwards, and what must bring its own proof."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import promtool
from vcci_alerts import AlertsError, rule_tests, rules
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


def test_an_alert_that_the_spec_keeps_firing_is_proven_to_stay_and_to_end():
    alert = {"measure": {"bad_ratio": "api.requests", "over": "5m"}, "above": {"P2": "5%"}, "summary": "It fails"}
    plan = a_plan(alerts={"Failing": {**alert, "keep_firing_for": "20m"}})

    text = rule_tests.render(plan)["tests/alerts-api_test.yml"]

    assert plan.alerts[0].limits[0].keep_firing_for == timedelta(minutes=20)
    assert "Failing P2 stays for 20m after the end" in text


def test_what_the_spec_says_comes_before_how_long_a_p0_stays_by_itself():
    alert = {"measure": {"bad_ratio": "api.requests", "over": "5m"}, "above": {"P0": "5%"}, "summary": "It fails"}
    at_once = a_plan(alerts={"Failing": {**alert, "keep_firing_for": "0m"}}).alerts[0].limits[0]
    unsaid = a_plan(alerts={"Failing": alert}).alerts[0].limits[0]

    assert (at_once.keep_firing_for, bool(unsaid.keep_firing_for)) == (timedelta(0), True)


@pytest.mark.needs("prometheus")
def test_what_time_moves_towards_its_limit_or_away_from_it_is_proven(tmp_path: Path):
    """Random specs found it: what had fired once was expected to fire for ever, though time had moved it away."""
    age, left = "time() - max(done_timestamp{SELECTOR})", "min(ends_timestamp{SELECTOR}) - time()"
    signals = {"age": {"value": age, "unit": "seconds"}, "left": {"value": left, "unit": "seconds"}}
    drawn = list(product(signals, ("above", "below"), ("30s", "12h"), ("0m", "10m"), ("P0", "P2")))
    alerts = {
        f"Moved{number}": {"measure": f"api.{name}", side: {priority: limit}, "for": lasts, "summary": "It is {value}"}
        for number, (name, side, limit, lasts, priority) in enumerate(drawn)
    }
    because = {"pages_because": "nobody knows"}
    plan = a_plan(components__api__signals=signals, slos={}, alerts={key: one | because for key, one in alerts.items()})
    folder = promtool.write(tmp_path, {**rules.render(plan), **rule_tests.render(plan)})

    failed = promtool.failures(folder, ["tests/alerts-api_test.yml"])

    assert not failed, "\n".join(failed.values())


def test_what_time_moves_is_just_beyond_its_limit_when_that_is_asked_last():
    signal = {"value": "time() - max(done_timestamp{SELECTOR})", "unit": "seconds"}
    alert = {"measure": "api.age", "below": {"P2": "30s"}, "summary": "It is {value}"}

    text = rule_tests.render(a_plan(components__api__signals__age=signal, alerts={"Young": alert}))

    cases = {case["name"]: case for case in yaml.safe_load(text["tests/alerts-api_test.yml"])["tests"]}
    asked = cases["Young P2 fires just below 30s"]["alert_rule_test"][-1]
    assert asked["exp_alerts"][0]["exp_annotations"]["summary"] == "It is 28.5s"


def test_a_fast_counter_begins_as_far_from_zero_as_its_growth_is_extended():
    """Random specs found it: errors are a small difference of two counters, which were extended differently."""
    slow, fast = (Series("hits", {}, ((growth, 2),), counts=True) for growth in (5, 3_000_000))

    assert (slow.values, fast.values) == ("1000000+5x2", "6000000+3000000x2")
    assert fast.sampled(10).values == "1000000+300000x20"


def test_a_few_bad_events_come_when_every_raw_window_lies_within_the_test():
    """Random specs found it: of 40 events, 39.5 were enough in a window that was longer than its samples."""
    slos = {"errors": {"good": "api.requests", "objective": "99%", "policy": "fast", "min_bad": 40}}

    text = rule_tests.render(a_plan(burn_policies={"fast": {"fast": "P1"}}, slos=slos))["tests/slo-errors_test.yml"]

    cases = {case["name"]: case for case in yaml.safe_load(text)["tests"]}
    asked = cases["errors fast: just under 40 bad events"]["promql_expr_test"]
    assert [(check["eval_time"], check["exp_samples"][0]["value"]) for check in asked] == [("1h2m", 0)]


def sampled(own: dict[str, object]) -> dict[str, dict[str, Any]]:
    """Return the cases of a promise about an age, by their names; one tier of it is made to measure."""
    age = {"value": "max(age_seconds{SELECTOR})", "unit": "seconds"}
    policies = {"mine": {"fast": "P3", "own": {"priority": "P0", "spends": "2%", **own}}}
    slos = {"fresh": {"holds": "api.age", "below": "30s", "objective": "99%", "policy": "mine", "min_bad": 7}}
    files = rule_tests.render(a_plan(components__api__signals__age=age, burn_policies=policies, slos=slos))
    found = [case for path, text in files.items() if "slo-fresh" in path for case in yaml.safe_load(text)["tests"]]
    return {case["name"]: case for case in found}


def test_a_look_at_the_first_moment_makes_a_service_known_to_a_tier_that_looks_back_so_far():
    """Random specs found it: a moment is judged at once, where events need two samples to be counted."""
    cases = sampled({"within": "25h", "still": "2h30m", "seen_for": "10m"})

    (asked,) = cases["fresh fast fires just above 0.144"]["alert_rule_test"]
    assert asked["eval_time"] == "37m"
    assert [one["exp_labels"]["tier"] for one in asked["exp_alerts"]] == ["fast", "own"]


def test_looks_are_not_so_many_that_promtool_refuses_to_read_those_of_an_hour():
    """Random specs found it: four looks in a second are more than ten thousand in an hour."""
    cases = sampled({"within": "15m", "still": "1m"})

    assert {case["interval"] for name, case in cases.items() if " own " in name} == {"1s"}
