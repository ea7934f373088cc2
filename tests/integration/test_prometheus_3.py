"""The generated rules in promtool of Prometheus 3: every kind of promise, native histograms, `le` as 1.0, ranges.

Version 3 stores whole bounds of buckets as `1.0`, leaves the first moment out of ranges, and alone reads native
histograms in tests. Where there is no such promtool (`VCCI_PROMTOOL_3` names one), this says that it is unproven.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from support import promtool
from support.monitoring import Prometheus
from support.native_histograms import Timed, serving
from support.processes import wait_until
from vcci_alerts import rule_tests, rules
from vcci_slo.plan import Plan
from vcci_slo.promql.series import errors, ratio, total
from vcci_slo.testing import a_plan

SIGNALS = {
    "requests": {
        "events": "http_requests_total",
        "bad": 'status=~"5.."',
        "duration": "http_request_duration_seconds",
        "buckets": ["500ms", "1s"],
    },
    "jobs": {"events": "jobs_total", "bad": 'outcome="failed"', "duration": "job_seconds", "native": True},
    "oldest": {"value": "max(oldest_age_seconds{SELECTOR})", "unit": "seconds"},
    "ready": {"value": "min(ready{SELECTOR})", "unit": "boolean"},
    "asked": {
        "errors": 'sum(rate(asked_total{code="5"}[WINDOW]))',
        "total": "sum(rate(asked_total[WINDOW]))",
        "per_second": True,
    },
    "lost": {"error_ratio": "avg(avg_over_time(lost_ratio[WINDOW]))"},
}
SPEC: dict[str, Any] = {
    "components": {
        "api": {
            "kind": "http",
            "selector": 'job="shop-api"',
            "probe": {"url": "https://shop.example/health"},
            "signals": SIGNALS,
        }
    },
    "burn_policies": {"one": {"fast": "P1"}, "two": {"fast": "P1", "slow": "P2"}},
    "defaults": {"slos": {"policy": "one", "objective": "99%"}},
    "slos": {
        "errors": {"good": "api.requests", "by": ["cluster"]},
        "latency": {"fast": "api.requests", "within": {"95%": "1s"}},
        "native": {"fast": "api.jobs", "within": {"95%": "1s"}, "policy": "two"},
        "native-parts": {"fast": "api.jobs", "within": {"99%": "500ms"}, "by": ["queue"]},
        "reachable": {"good": "api.probe"},
        "fresh": {"holds": "api.oldest", "below": "5m"},
        "ready": {"good": "api.ready"},
        "asked": {"good": "api.asked"},
        "lost": {"good": "api.lost"},
        "monthly": {"good": "api.requests", "window": {"month": "Asia/Kolkata"}},
    },
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return a_plan(**SPEC)


def test_every_kind_of_promise_passes_its_tests(tmp_path: Path, plan: Plan):
    tool = promtool.of_prometheus_3()
    files = {**rules.render(plan), **rule_tests.render(plan)}
    promtool.write(tmp_path, files)
    tests = [path for path in files if path.startswith("tests/")]

    checked = promtool.run(tool, "check", "rules", *(path for path in files if path not in tests), folder=tmp_path)
    failed = promtool.failures(tmp_path, tests, tool=tool)

    assert checked.returncode == 0, checked.stdout
    assert not failed, "\n".join(failed.values())
    native = {path.partition("_")[0] for path in tests if path.startswith(f"tests/{rule_tests.NATIVE}/")}
    assert native == {f"tests/{rule_tests.NATIVE}/slo-{name}" for name in ("native-p95", "native-parts-p99")}


def holds(folder: Path, plan: Plan, slo: str, series: dict[str, str], figures: dict[str, float]) -> None:
    """Assert what the rules of a promise have recorded after three hours, sampled each minute."""
    files = rules.render(plan)
    path = rules.slo_file(plan.slo(slo))
    document = {
        "rule_files": [path],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'round({record}{{slo="{slo}"}}, 0.000001)',
                        "eval_time": "3h",
                        "exp_samples": [{"labels": f'{{slo="{slo}"}}', "value": value}],
                    }
                    for record, value in figures.items()
                ],
            }
        ],
    }
    promtool.write(folder, {path: files[path], "test.yml": yaml.safe_dump(document)})
    assert promtool.failures(folder, ["test.yml"], tool=promtool.of_prometheus_3()) == {}


@pytest.mark.parametrize("bound", ["1", "1.0"])
def test_a_bucket_is_found_however_its_bound_is_written(tmp_path: Path, plan: Plan, bound: str):
    window = plan.slo("latency-p95").tiers[0].short
    mine = 'job="shop-api",pod="a"'
    series = {
        f'http_request_duration_seconds_bucket{{{mine},le="{bound}"}}': "0+90x180",
        f'http_request_duration_seconds_bucket{{{mine},le="+Inf"}}': "0+100x180",
        f"http_request_duration_seconds_count{{{mine}}}": "0+100x180",
    }

    holds(tmp_path, plan, "latency-p95", series, {ratio(window): 0.1, total(window): 500})


def test_moments_at_which_windows_meet_count_once(tmp_path: Path, plan: Plan):
    """Of values that are looked at each minute, every fourth is too old."""
    tier = plan.slo("fresh").tiers[0]
    late = {'oldest_age_seconds{job="shop-api"}': "0 0 0 " + "400 0 0 0 " * 45}

    figures = {total(tier.short): 5.0, total(tier.long): 60.0, errors(tier.long): 15.0}
    holds(tmp_path, plan, "fresh", late, figures)


def test_the_windows_of_a_native_histogram_add_up(tmp_path: Path, plan: Plan):
    tier = plan.slo("native-p95").tiers[0]
    grows = "{{schema:0 sum:0 count:100 offset:0 buckets:[95 0 5]}}"
    series = {'job_seconds{job="shop-api"}': f"{grows}+{grows}x180"}

    figures = {total(tier.short): 500.0, errors(tier.short): 25.0, ratio(tier.long): 0.05}
    holds(tmp_path, plan, "native-p95", series, figures)


def test_a_scraped_native_histogram_is_counted_by_a_real_server(
    tmp_path: Path, prometheus_process: Callable[..., Prometheus]
):
    """Five of a hundred are slow; at the pace of a demonstration windows are full within seconds."""
    server = which("prometheus", path=str(Path(promtool.of_prometheus_3()).parent))
    if server is None:
        pytest.skip(
            f"{promtool.UNPROVEN} that a scraped native histogram is counted; promtool 3 has no server beside it"
        )
    plan = a_plan(**SPEC, time_scale=60)
    promtool.write(tmp_path, rules.render(plan))
    slo = plan.slo("native-p95")
    short = slo.tiers[0].short

    with serving("job_seconds", Timed(), fast=95, slow=5) as target:
        scraped = [{"job_name": "shop-api", "static_configs": [{"targets": [target]}]}]
        every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        configuration = {"global": every, "rule_files": ["rules/*.yml"], "scrape_configs": scraped}
        promtool.write(tmp_path, {"prometheus.yml": yaml.safe_dump(configuration)})
        running = prometheus_process(tmp_path / "prometheus.yml", "--enable-feature=native-histograms", command=server)
        shown = f'round({ratio(short)}{{slo="{slo.name}"}}, 0.000001)'
        wait_until(lambda: bool(running.query(shown)), what="the native histogram was not counted")
        wait_until(
            lambda: float(running.query(f"{total(short)}{{slo='{slo.name}'}}")[0]["value"][1]) > 350,
            what="windows were not filled",
        )

        assert float(running.query(shown)[0]["value"][1]) == pytest.approx(0.05)
        assert not running.query('ALERTS{alertname="NativeP95BudgetBurn"}')
