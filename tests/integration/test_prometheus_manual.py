"""The manual's ten alerts with their defects mended, each on the case in which its own rule went wrong.

FIXTURES: the series of Kubernetes, cAdvisor and cert-manager are written by hand after what kube-state-metrics 2.13,
cAdvisor 0.49 and cert-manager 1.15 expose; none of these systems runs in the tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.promtool import failures, write
from vcci_alerts import rules
from vcci_slo import load_plan
from vcci_slo.plan import Plan

pytestmark = pytest.mark.needs("prometheus")

SPEC = Path(__file__).parents[2] / "slo/specs/vcci.yaml"
API = 'job="vcci-api",namespace="vcci-production"'
POD = 'namespace="vcci-production",pod="vcci-api-7c9f-x2x",container="api"'
CADVISOR = f'{POD},id="/kubepods/burstable/pod1/abc",image="vcci/api:2.0.0",name="abc",node="node-1"'
NODE = 'job="node",namespace="vcci-production",instance="node-1:9100"'
STATE = f'job="kube-state-metrics",uid="1b2c",{POD}'
DESK = 'job="vcci-desk",namespace="vcci-production",circuit="pagerduty"'
DAY = 86_400


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SPEC.read_text(), file="slo/specs/vcci.yaml")


def check(
    folder: Path, plan: Plan, alert: str, series: dict[str, str], at: str, wanted: list[str], *, every: str = "1m"
) -> None:
    """Assert which severities of an alert fire at a moment."""
    files = rules.render(plan)
    path = rules.alerts_file(plan.alert(alert).component)
    used = {name: files[name] for name in (rules.SIGNALS, path)}
    expression = f'count by (priority) (ALERTS{{alertname="{alert}",alertstate="firing"}})'
    samples = [{"labels": f'{{priority="{priority}"}}', "value": 1} for priority in wanted]
    test: dict[str, Any] = {
        "rule_files": list(used),
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": every,
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": samples}],
            }
        ],
    }
    write(folder, {**used, "test.yml": yaml.safe_dump(test)})
    assert failures(folder, ["test.yml"]) == {}


def test_many_requests_with_half_of_the_allowed_errors_are_no_alert(tmp_path: Path, plan: Plan):
    """It compared errors per second and series with 1 %: ten alerts at 3,000 requests a second and 0.05 % errors."""
    series = {
        f'http_requests_total{{{API},endpoint="/v1/{n}",status="200",pod="{n}"}}': "0+17991x20" for n in range(10)
    }
    series |= {f'http_requests_total{{{API},endpoint="/v1/{n}",status="500",pod="{n}"}}': "0+9x20" for n in range(10)}

    check(tmp_path, plan, "APIHighErrorRate", series, "15m", [])


def test_errors_above_one_percent_are_one_alert_whatever_the_pod(tmp_path: Path, plan: Plan):
    series = {f'http_requests_total{{{API},endpoint="/v1/{n}",status="200",pod="{n}"}}': "0+967x20" for n in range(10)}
    series |= {f'http_requests_total{{{API},endpoint="/v1/{n}",status="500",pod="{n}"}}': "0+33x20" for n in range(10)}

    check(tmp_path, plan, "APIHighErrorRate", series, "15m", ["P1"])


def test_a_dead_database_behind_a_living_exporter_is_a_p0(tmp_path: Path, plan: Plan):
    """It asked whether the exporter answers."""
    labels = 'job="postgres",namespace="vcci-production",instance="db:9187"'
    series = {f"pg_up{{{labels}}}": "1 1 0+0x10", f"up{{{labels}}}": "1+0x20"}

    check(tmp_path, plan, "DatabaseDown", series, "8m", ["P0"])


def test_a_database_that_nobody_looks_at_is_told(tmp_path: Path, plan: Plan):
    """Gone from discovery: its own rule was silent for ever."""
    check(tmp_path, plan, "DatabaseDown", {}, "8m", [])
    files = rules.render(plan)
    path = rules.alerts_file("postgres")
    test = {
        "rule_files": [path],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [],
                "promql_expr_test": [
                    {
                        "expr": 'count(ALERTS{alertname="DatabaseDownNoData",alertstate="firing",priority="P1"})',
                        "eval_time": "6m",
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        ],
    }
    write(tmp_path, {path: files[path], "gone.yml": yaml.safe_dump(test)})
    assert failures(tmp_path, ["gone.yml"]) == {}


def test_one_slow_endpoint_without_traffic_does_not_make_the_api_slow(tmp_path: Path, plan: Plan):
    """Quantiles by pod and endpoint: five alerts for 0.03 % of the traffic."""
    name = "http_request_duration_seconds"
    fast, slow = f'{API},endpoint="/v1/a",outcome="ok"', f'{API},endpoint="/v1/b",outcome="ok"'
    series = {f'{name}_bucket{{{fast},le="{le}"}}': "0+30000x20" for le in ("0.5", "1", "2.5", "+Inf")}
    series |= {f'{name}_bucket{{{slow},le="{le}"}}': "0+0x20" for le in ("0.5", "1")}
    series |= {f'{name}_bucket{{{slow},le="{le}"}}': "0+10x20" for le in ("2.5", "+Inf")}
    series |= {f"{name}_count{{{fast}}}": "0+30000x20", f"{name}_count{{{slow}}}": "0+10x20"}

    check(tmp_path, plan, "APIHighLatency", series, "15m", [])


def test_one_restart_is_a_deployment_and_three_are_a_loop(tmp_path: Path, plan: Plan):
    metric = f"kube_pod_container_status_restarts_total{{{STATE}}}"

    check(tmp_path, plan, "PodCrashLooping", {metric: "4+0x30 5+0x30"}, "45m", [])
    check(tmp_path, plan, "PodCrashLooping", {metric: "4+0x30 5+0x4 6+0x4 7+0x20"}, "48m", ["P2"])


def test_a_container_without_a_limit_and_the_pause_container_are_no_alert(tmp_path: Path, plan: Plan):
    """x/0 is +Inf; the sum over a pod and the pause container counted as containers."""
    series = {
        f"container_memory_working_set_bytes{{{CADVISOR}}}": "900+0x20",
        f"container_spec_memory_limit_bytes{{{CADVISOR}}}": "0+0x20",
        'container_memory_working_set_bytes{namespace="vcci-production",pod="p",image="pause:3.9",id="/x"}': "99+0x20",
        'container_spec_memory_limit_bytes{namespace="vcci-production",pod="p",image="pause:3.9",id="/x"}': "100+0x20",
    }

    check(tmp_path, plan, "HighMemoryUsage", series, "15m", [])


def test_memory_near_its_limit_is_an_alert(tmp_path: Path, plan: Plan):
    series = {
        f"container_memory_working_set_bytes{{{CADVISOR}}}": "870+0x20",
        f"container_spec_memory_limit_bytes{{{CADVISOR}}}": "1000+0x20",
    }

    check(tmp_path, plan, "HighMemoryUsage", series, "15m", ["P2"])


def test_only_disks_that_can_fill_are_told(tmp_path: Path, plan: Plan):
    """A read-only image is always full, and so is a snap."""
    series: dict[str, str] = {}
    for device, kind, mount, free, readonly in (
        ("/dev/sda1", "ext4", "/", 10, 0),
        ("/dev/loop1", "squashfs", "/snap/core", 0, 1),
        ("/dev/sr0", "ext4", "/media", 0, 1),
        ("/dev/sdb1", "xfs", "/data", 60, 0),
    ):
        labels = f'{NODE},device="{device}",fstype="{kind}",mountpoint="{mount}"'
        series[f"node_filesystem_avail_bytes{{{labels}}}"] = f"{free}+0x20"
        series[f"node_filesystem_size_bytes{{{labels}}}"] = "100+0x20"
        series[f"node_filesystem_readonly{{{labels}}}"] = f"{readonly}+0x20"

    check(tmp_path, plan, "DiskSpaceRunningLow", series, "15m", ["P2"])


@pytest.mark.parametrize(("hits", "misses", "wanted"), [(3000, 3000, ["P2"]), (9000, 1000, []), (1, 299, [])])
def test_the_cache_is_judged_by_what_redis_exports_and_only_under_load(
    tmp_path: Path, plan: Plan, hits: int, misses: int, wanted: list[str]
):
    """`redis_cache_hit_rate` is exported by nothing; at five lookups a second a rate says nothing."""
    labels = 'job="redis",namespace="vcci-production",instance="redis:9121"'
    series = {
        f"redis_keyspace_hits_total{{{labels}}}": f"0+{hits}x60",
        f"redis_keyspace_misses_total{{{labels}}}": f"0+{misses}x60",
    }

    check(tmp_path, plan, "CacheHitRateLow", series, "50m", wanted)


def test_trials_of_a_half_open_circuit_do_not_hide_that_it_is_open(tmp_path: Path, plan: Plan):
    """Open for three quarters of the time: `for: 5m` began anew with each trial, and the alert never fired."""
    series = {f'circuit_breaker_state{{{DESK},state="open"}}': "1 1 1 0 " * 10}

    check(tmp_path, plan, "CircuitBreakerOpen", series, "15m", ["P2"], every="30s")


def test_four_queues_of_four_hundred_are_no_queue_of_a_thousand(tmp_path: Path, plan: Plan):
    """The default endpoint of RabbitMQ sums all queues, and the alert said ''."""
    queues = ("emissions", "reports", "supplier_engagement", "data_import")
    labels = 'job="rabbitmq",namespace="vcci-production",vhost="/"'
    calm = {f'rabbitmq_detailed_queue_messages_ready{{{labels},queue="{queue}"}}': "400+0x40" for queue in queues}
    deep = calm | {f'rabbitmq_detailed_queue_messages_ready{{{labels},queue="reports"}}': "1600+0x40"}

    check(tmp_path, plan, "HighQueueDepth", calm, "35m", [])
    check(tmp_path, plan, "HighQueueDepth", deep, "35m", ["P2"])


@pytest.mark.parametrize(("days", "wanted"), [(29.9, []), (20.5, ["P2"]), (6.5, ["P1", "P2"])])
def test_certificates_are_told_after_the_renewal_has_failed(tmp_path: Path, plan: Plan, days: float, wanted: list[str]):
    """cert-manager renews 30 days before the end: the manual's 30 days fired at every renewal."""
    manager = 'certmanager_certificate_expiration_timestamp_seconds{namespace="vcci-production",name="api-tls"}'
    series = {manager: f"{days * DAY:.0f}+0x70"}

    check(tmp_path, plan, "CertificateExpiringSoon", series, "65m", wanted)
