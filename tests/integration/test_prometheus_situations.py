"""What the rules of a promise do where common ones misbehave: idle, half-broken, silent, flapping services.

The situations are those in which Sloth's rules were measured to go wrong; numbers in comments are what those said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.promtool import failures, run, write
from vcci_alerts import rules
from vcci_slo import load_plan
from vcci_slo.plan import BurnTier, Plan, Slo

pytestmark = pytest.mark.needs("prometheus")

SPEC = Path(__file__).parents[2] / "slo/specs/vcci.yaml"
API = 'job="vcci-api",namespace="vcci-production",endpoint="/v1/jobs"'
GOOD = f'http_requests_total{{{API},status="200"}}'
BAD = f'http_requests_total{{{API},status="500"}}'


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return the platform's plan without the patience with new services, which is proven beside its other tests."""
    plan = load_plan(SPEC.read_text(), file="slo/specs/vcci.yaml")
    return replace(plan, slos=tuple(replace(slo, tiers=tuple(_at_once(slo))) for slo in plan.slos))


def _at_once(slo: Slo) -> Iterator[BurnTier]:
    return (replace(tier, seen_for=timedelta(0)) for tier in slo.tiers)


def holds(
    folder: Path,
    plan: Plan,
    series: dict[str, str],
    figures: dict[str, dict[str, float | None]],
    *,
    slo: str = "api-errors",
    step: str = "1m",
) -> None:
    """Assert that expressions have values at times; None is no result at all."""
    files = rules.render(plan)
    path = rules.slo_file(plan.slo(slo))
    checks: list[dict[str, Any]] = []
    for moment, expected in figures.items():
        for expression, value in expected.items():
            samples = [] if value is None else [{"labels": "{}", "value": value}]
            checks.append({"expr": expression, "eval_time": moment, "exp_samples": samples})
    test = {
        "rule_files": [path],
        "evaluation_interval": step,
        "tests": [
            {
                "interval": step,
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": checks,
            }
        ],
    }
    write(folder, {path: files[path], "test.yml": yaml.safe_dump(test)})
    assert failures(folder, ["test.yml"]) == {}


def firing(tier: str, alert: str = "ApiErrorsBudgetBurn") -> str:
    return f'count(ALERTS{{alertname="{alert}",tier="{tier}",alertstate="firing"}}) or vector(0)'


def of(record: str, digits: str = "0.000001") -> str:
    return f'round(max({record}{{slo="api-errors"}}), {digits})'


def test_an_idle_service_records_no_ratio_and_keeps_its_budget(tmp_path: Path, plan: Plan):
    """0/0 was recorded as NaN, and 30 days of budget with it."""
    series = {GOOD: "0+999x60 59940+0x30 59940+999x60", BAD: "0+1x60 60+0x30 60+1x60"}
    during = {
        of("slo:sli_error:ratio_rate5m"): None,
        of("slo:sli_error:ratio_rate30d"): 0.001,
        of("slo:current_burn_rate:ratio"): 0,
        of("slo:period_burn_rate:ratio", "0.01"): 1,
    }

    holds(tmp_path, plan, series, {"70m": during, "145m": {of("slo:sli_error:ratio_rate5m"): 0.001}})


def test_a_service_that_never_failed_has_a_ratio_of_zero_and_its_first_errors_count_right(tmp_path: Path, plan: Plan):
    """Without the error series the ratio was absent, and the first bad hour became the average of the month."""
    series = {GOOD: "0+1000x120", BAD: "_x60 0+50x60"}

    holds(
        tmp_path,
        plan,
        series,
        {
            "50m": {of("slo:sli_error:ratio_rate30d"): 0, firing("fast"): 0},
            "100m": {firing("fast"): 1, "round(max(slo:sli_errors:increase2h), 100)": 2000},
        },
    )


def test_one_failed_request_of_a_quiet_night_wakes_nobody_and_ten_minutes_of_failure_do(tmp_path: Path, plan: Plan):
    one = {GOOD: "0+1x90 90+0x1 91+1x60", BAD: "0+0x90 1+0x61"}
    outage = {GOOD: "0+1x90 90+0x60", BAD: "0+0x90 1+1x59"}

    holds(tmp_path, plan, one, {"92m": {firing("fast"): 0}, "95m": {firing("fast"): 0}})
    holds(tmp_path, plan, outage, {"100m": {firing("fast"): 1}})


def test_refused_requests_do_not_dilute_errors(tmp_path: Path, plan: Plan):
    """900 unknown paths a second hid 2 % of failures among the valid requests."""
    flood = f'http_requests_total{{{API},status="404"}}'
    series = {GOOD: "0+98x30", BAD: "0+2x30", flood: "0+900x30"}

    holds(tmp_path, plan, series, {"20m": {firing("fast"): 1, of("slo:sli_error:ratio_rate5m"): 0.02}})


def test_a_failing_pod_counts_by_its_traffic(tmp_path: Path, plan: Plan):
    """The average of the pods' ratios said 50 %."""
    healthy = f'http_requests_total{{{API},status="200",pod="a"}}'
    failing = f'http_requests_total{{{API},status="500",pod="b"}}'
    series = {healthy: "0+990x30", failing: "0+10x30"}

    holds(tmp_path, plan, series, {"20m": {of("slo:sli_error:ratio_rate5m"): 0.01}})


def test_series_that_vanish_are_silence_and_not_health(tmp_path: Path, plan: Plan):
    series = {GOOD: "0+50x30 stale", BAD: "0+50x30 stale"}
    silent = 'count(ALERTS{alertname="ApiErrorsNoData",alertstate="firing"}) or vector(0)'

    holds(
        tmp_path,
        plan,
        series,
        {
            "30m": {firing("fast"): 1, silent: 0},
            "38m": {silent: 0, of("slo:sli_error:ratio_rate5m"): None},
            "41m": {silent: 1, of("slo:current_burn_rate:ratio"): None},
        },
    )


def test_an_outage_inside_a_gap_of_scrapes_is_seen_when_scrapes_return(tmp_path: Path, plan: Plan):
    """Rules that only add up five-minute windows saw nothing at all."""
    series = {GOOD: "0+1000x120 _x10 120000+1000x30", BAD: "0+0x120 _x10 10000+0x30"}

    holds(tmp_path, plan, series, {"133m": {firing("slow"): 1, "round(max(slo:sli_errors:increase6h), 1000)": 10000}})


def test_a_fault_that_comes_and_goes_is_one_alert(tmp_path: Path, plan: Plan):
    """One minute of outage in every ten: the short window clears between, the page stays."""
    parts = ["0+1000x60"]
    errors = ["0+0x60"]
    good, bad = 60_000, 0
    for _ in range(4):
        parts.append(f"{good}+0x0 {good + 1000}+1000x8")
        errors.append(f"{bad + 1000}+0x0 {bad + 1000}+0x8")
        good, bad = good + 9000, bad + 1000
    series = {GOOD: " ".join(parts), BAD: " ".join(errors)}
    moments = {f"{minute}m": {firing("fast"): 1} for minute in range(65, 98, 3)}

    holds(tmp_path, plan, series, moments)


def test_a_latency_promise_survives_prometheus_3_which_writes_le_as_a_float(tmp_path: Path, plan: Plan):
    labels = 'job="vcci-api",namespace="vcci-production",endpoint="/v1/jobs",outcome="ok"'
    series = {
        f"http_request_duration_seconds_count{{{labels}}}": "0+100x30",
        f'http_request_duration_seconds_bucket{{{labels},le="1.0"}}': "0+80x30",
        f'http_request_duration_seconds_bucket{{{labels},le="+Inf"}}': "0+100x30",
    }
    ratio = 'round(max(slo:sli_error:ratio_rate5m{slo="api-latency-p99"}), 0.0001)'

    holds(
        tmp_path,
        plan,
        series,
        {"20m": {ratio: 0.2, firing("fast", "ApiLatencyP99BudgetBurn"): 1}},
        slo="api-latency-p99",
    )


def test_a_promised_latency_that_is_no_bucket_is_told_as_silence(tmp_path: Path, plan: Plan):
    """Traffic without the bucket: an ordinary rule records nothing, and never fires."""
    labels = 'job="vcci-api",namespace="vcci-production",endpoint="/v1/jobs",outcome="ok"'
    series = {f"http_request_duration_seconds_count{{{labels}}}": "0+100x30"}
    silent = 'count(ALERTS{alertname="ApiLatencyP99NoData",alertstate="firing"}) or vector(0)'

    holds(tmp_path, plan, series, {"10m": {silent: 1}}, slo="api-latency-p99")


def test_tiles_add_up_to_the_raw_window(tmp_path: Path, plan: Plan):
    """Windows built from tiles equal the raw ones to nine digits, on traffic that is never even."""
    if not run("promtool", "--version", folder=tmp_path).stdout.startswith("promtool, version 2."):
        pytest.skip("windows of Prometheus 3 are open on the left, so both sides extrapolate, each its own way")
    good, bad = [0], [0]
    for step in range(1, 1500):
        good.append(good[-1] + 1000 + 900 * ((step * 7) % 11) + (40_000 if step % 48 < 20 else 0))
        bad.append(bad[-1] + (step * 5) % 3 + (5000 if step % 331 == 0 else 0))
    series = {GOOD: " ".join(map(str, good)), BAD: " ".join(map(str, bad))}
    valid = 'http_requests_total{job="vcci-api",status!~"4.."}'
    wrong = 'http_requests_total{job="vcci-api",status=~"5.."}'
    moments: dict[str, dict[str, float | None]] = {}
    for moment, windows in {"90h": ("2h", "6h", "1d", "3d"), "733h": ("2h", "6h", "1d", "3d", "30d")}.items():
        for window in windows:
            errors = f"sum(slo:sli_errors:increase{window}) / sum(increase({wrong}[{window}]))"
            total = f"sum(slo:sli_total:increase{window}) / sum(increase({valid}[{window}]))"
            moments.setdefault(moment, {})[f"abs({errors} - 1) < bool 1e-9"] = 1
            moments[moment][f"abs({total} - 1) < bool 1e-9"] = 1

    holds(tmp_path, plan, series, moments, step="30m")
