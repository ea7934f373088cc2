"""The situations in which burn-rate rules are known to go wrong: what ours do, and beside it what Sloth's do.

Both rule sets see the same series in the same run of promtool. The cases are those that were measured on Sloth 0.16;
each assertion about Sloth is a fact about its rules, not a wish.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.promtool import failures, write
from vcci_alerts import rules
from vcci_alerts.sloth import rules_text
from vcci_slo.errors import SpecError
from vcci_slo.testing import a_plan

pytestmark = pytest.mark.needs("prometheus")

SLOTH = """\
version: prometheus/v1
service: shop
slos:
  - name: errors
    objective: OBJECTIVE
    sli:
      events:
        error_query: sum(rate(requests_total{job="shop",status=~"5.."}[{{.window}}]))
        total_query: sum(rate(requests_total{job="shop"}[{{.window}}]))
    alerting: {name: Errors}
"""
GOOD, BAD = 'requests_total{job="shop",status="200"}', 'requests_total{job="shop",status="500"}'
COMPONENT = {
    "kind": "http",
    "selector": 'job="shop"',
    "signals": {"requests": {"events": "requests_total", "valid": 'status!~"4.."', "bad": 'status=~"5.."'}},
}

OURS_PAGES = 'count(ALERTS{alertname="ErrorsBudgetBurn",tier=~"fast|slow",alertstate="firing"}) or vector(0)'
SLOTH_PAGES = 'count(ALERTS{alertname="Errors",sloth_severity="page",alertstate="firing"}) or vector(0)'
# Of 100,000.
OURS_MONTH = 'round(100000 * max(slo:sli_error:ratio_rate30d{slo="errors"}))'
SLOTH_MONTH = 'round(100000 * max(slo:sli_error:ratio_rate30d{sloth_id="shop-errors"}))'
SLOTH_MONTH_IS_NAN = (
    'count(slo:sli_error:ratio_rate30d{sloth_id="shop-errors"} != slo:sli_error:ratio_rate30d{sloth_id="shop-errors"})'
)

Figures = dict[str, dict[str, float | None]]


def both(folder: Path, series: dict[str, str], figures: Figures, objective: str = "99.9%") -> None:
    """Assert that expressions have values at times, with both rule sets loaded; None is no result at all."""
    plan = a_plan(components={"api": COMPONENT}, slos={"errors": {"good": "api.requests", "objective": objective}})
    checks = [
        {
            "expr": expression,
            "eval_time": moment,
            "exp_samples": [] if value is None else [{"labels": "{}", "value": value}],
        }
        for moment, expected in figures.items()
        for expression, value in expected.items()
    ]
    test = {
        "rule_files": ["ours.yml", "sloth.yml"],
        "evaluation_interval": "1m",
        # Sloth's three groups have no order of their own.
        "group_eval_order": [
            "slo:errors",
            *(f"sloth-slo-{part}-shop-errors" for part in ("sli-recordings", "meta-recordings", "alerts")),
        ],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": checks,
            }
        ],
    }
    files = {
        "ours.yml": rules.render(plan)[rules.slo_file(plan.slos[0])],
        "sloth.yml": rules_text(SLOTH.replace("OBJECTIVE", objective.rstrip("%"))),
        "test.yml": yaml.safe_dump(test),
    }
    write(folder, files)
    assert failures(folder, ["test.yml"]) == {}


def test_without_traffic_ours_keep_the_budget_and_sloths_month_is_no_number_until_the_idle_time_leaves_it(
    tmp_path: Path,
):
    series = {GOOD: "0+999x60 59940+0x12 59940+999x60", BAD: "0+1x60 60+0x12 60+1x60"}

    both(tmp_path, series, {"120m": {OURS_MONTH: 100, SLOTH_MONTH_IS_NAN: 1}})


def test_before_the_first_error_ours_know_zero_and_sloths_know_nothing_and_then_far_too_much(tmp_path: Path):
    """After two good hours ten minutes fail at 5 %: 0.385 % of everything. Sloth averages only what came after."""
    series = {GOOD: "0+1000x120 120950+950x9", BAD: "_x120 0+50x10"}

    both(
        tmp_path,
        series,
        {
            "110m": {OURS_MONTH: 0, SLOTH_MONTH: None},
            "130m": {
                f"{OURS_MONTH} > bool 350 < bool 400": 1,
                f"{SLOTH_MONTH} > bool 3000": 1,
            },
        },
    )


def test_one_failed_request_of_a_quiet_night_pages_with_sloths_rules_alone(tmp_path: Path):
    series = {GOOD: "0+1x90 90+0x1 91+1x60", BAD: "0+0x90 1+0x61"}

    both(tmp_path, series, {"93m": {OURS_PAGES: 0, SLOTH_PAGES: 1}})


def test_ten_minutes_of_total_failure_page_with_both_even_at_a_request_a_minute(tmp_path: Path):
    series = {GOOD: "0+1x120 120+0x30", BAD: "0+0x120 1+1x29"}

    both(tmp_path, series, {"130m": {OURS_PAGES: 1, SLOTH_PAGES: 1}})


def test_an_outage_inside_a_gap_of_scrapes_is_in_our_month_and_not_in_sloths(tmp_path: Path):
    series = {GOOD: "0+1000x240 _x10 240000+1000x60", BAD: "0+0x240 _x10 10000+0x60"}

    both(
        tmp_path,
        series,
        {
            "253m": {OURS_PAGES: 1, SLOTH_PAGES: 1},
            "300m": {f"{OURS_MONTH} > bool 3000": 1, SLOTH_MONTH: 0},
        },
    )


def test_the_warm_up_of_a_new_service_pages_with_sloths_rules_alone(tmp_path: Path):
    series = {GOOD: "0+100x30", BAD: "0+0x3 30+0x27"}

    both(tmp_path, series, {"5m": {OURS_PAGES: 0, SLOTH_PAGES: 1}, "20m": {OURS_PAGES: 0}})


def test_a_fault_that_comes_and_goes_is_one_page_of_ours_and_one_for_each_time_of_sloths(tmp_path: Path):
    good, bad, stands, failed = ["0+1000x360"], ["0+0x360"], 360_000, 0
    for _ in range(2):
        failed += 1000
        good.append(f"{stands}+0x0 {stands + 1000}+1000x13")
        bad.append(f"{failed}+0x14")
        stands += 14_000
    fires = {OURS_PAGES: 1.0, SLOTH_PAGES: 1.0}
    between = {OURS_PAGES: 1.0, SLOTH_PAGES: 0.0}

    # The outages are the minutes 361 and 376; each page of Sloth's ends when its five minutes are over.
    both(
        tmp_path,
        {GOOD: " ".join(good), BAD: " ".join(bad)},
        {"363m": fires, "373m": between, "378m": fires, "388m": between},
    )


def test_refused_requests_dilute_what_counts_them_as_served(tmp_path: Path):
    """900 unknown paths a minute beside 100 valid requests, of which 2 % fail."""
    flood = 'requests_total{job="shop",status="404"}'
    series = {GOOD: "0+980x120", BAD: "0+20x120", flood: "0+9000x120"}

    both(tmp_path, series, {"110m": {OURS_PAGES: 1, SLOTH_PAGES: 0}})


def test_pods_that_go_take_nothing_with_them(tmp_path: Path):
    """One of two pods is scaled away: what it served stays served, with both; who sums first sees a reset."""
    first, second = (f'requests_total{{job="shop",status="200",pod="{pod}"}}' for pod in "ab")
    series = {first: "0+500x90", second: "1000000+500x60 stale", BAD: "0+1x90"}

    both(
        tmp_path, series, {"80m": {"round(max(slo:sli_total:increase1h), 1000)": 50_000, OURS_PAGES: 0, SLOTH_PAGES: 0}}
    )


def test_a_label_that_changes_splits_sloths_month_and_leaves_ours_whole(tmp_path: Path):
    """What a team calls itself stands on every series of Sloth's, so its month has two owners and its rule fails."""
    ids = 'sloth_id="shop-errors",sloth_service="shop",sloth_slo="errors",sloth_window="5m"'
    old = f'slo:sli_error:ratio_rate5m{{{ids},team="red"}}'
    series = {GOOD: "0+999x60", BAD: "0+1x60", old: "0.001+0x20 stale"}
    month = (
        'count(sum_over_time(slo:sli_error:ratio_rate5m{sloth_id="shop-errors"}[30d]) '
        '/ ignoring (sloth_window) count_over_time(slo:sli_error:ratio_rate5m{sloth_id="shop-errors"}[30d]))'
    )
    plan = a_plan(slos={"errors": {"good": "api.requests", "objective": "99.9%", "labels": {"squad": "red"}}})

    assert "squad" not in "".join(
        line for line in rules.render(plan)[rules.slo_file(plan.slos[0])].split("slo_info")[0].splitlines()
    )
    both(tmp_path, series, {"40m": {'count(slo:sli_error:ratio_rate30d{slo="errors"})': 1, month: 2}})


def test_with_a_low_objective_sloths_fast_page_cannot_fire_and_ours_is_refused(tmp_path: Path):
    """14.4 times a budget of 10 % is more than everything: a total outage pages after hours."""
    outage = {GOOD: "0+1000x300 300000+0x60", BAD: "0+0x300 1000+1000x59"}
    sloth = {"rule_files": ["sloth.yml"], "evaluation_interval": "1m"}
    silent = {"expr": SLOTH_PAGES, "eval_time": "355m", "exp_samples": [{"labels": "{}", "value": 0}]}
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in outage.items()],
        "promql_expr_test": [silent],
    }
    files = {
        "sloth.yml": rules_text(SLOTH.replace("OBJECTIVE", "90")),
        "test.yml": yaml.safe_dump({**sloth, "tests": [case]}),
    }
    write(tmp_path, files)

    assert failures(tmp_path, ["test.yml"]) == {}
    with pytest.raises(SpecError, match=r"an objective above 93.06% for the burn tier fast to be reachable"):
        a_plan(slos__errors__objective="90%")
