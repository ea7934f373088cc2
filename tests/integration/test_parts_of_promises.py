"""A promise that is kept apart by labels, in the hands of promtool and of a real Alertmanager.

One part says nothing about another, whatever it is called; one that vanishes is missed for an hour, then gone for good.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support import web
from support.monitoring import Alertmanager
from support.processes import wait_until
from support.promtool import failures, write
from vcci_alerts import Receivers, alertmanager, rules
from vcci_alerts.proofs.series import Expected, Series, firing
from vcci_alerts.slo_rules import burn_rule, pace, rest, spent
from vcci_alerts.templates import of_part
from vcci_slo.plan import Plan
from vcci_slo.testing import a_plan

SLOS = {
    "errors": {"good": "api.requests", "objective": "99.9%", "by": ["cluster"]},
    "whole": {"good": "api.requests", "objective": "99%"},
}


@pytest.mark.needs("alertmanager")
def test_a_cluster_that_burns_holds_back_only_its_own_slower_tiers(
    tmp_path: Path, alertmanager_process: Callable[..., Alertmanager]
):
    plan = a_plan(slos=SLOS)
    (tmp_path / "alertmanager.yml").write_text(alertmanager.configuration(plan, Receivers()))
    server = alertmanager_process(tmp_path / "alertmanager.yml")
    firing = [
        ("errors", "fast", {"cluster": "a"}),
        ("errors", "slow", {"cluster": "a"}),
        ("errors", "slow", {"cluster": "b"}),
        ("whole", "fast", {}),
        ("whole", "steady", {}),
    ]
    rules = {(slo.name, tier.name): burn_rule(plan, slo, tier) for slo in plan.slos for tier in slo.tiers}
    alerts = [
        {"labels": {"alertname": rules[slo, tier].alert, **dict(rules[slo, tier].labels), **part}}
        for slo, tier, part in firing
    ]
    web.post(f"{server.url}/api/v2/alerts", json=alerts).raise_for_status()

    def held() -> list[tuple[str, str, str]]:
        found = web.get(f"{server.url}/api/v2/alerts").json()
        return sorted(
            (one["labels"]["slo"], one["labels"]["tier"], one["labels"].get("cluster", ""))
            for one in found
            if one["status"]["inhibitedBy"]
        )

    wait_until(lambda: len(held()) >= 2, what="nothing was held back")
    assert held() == [("errors", "slow", "a"), ("whole", "steady", "")]


ODD = (
    "plain",
    'a "quoted" one',
    "back\\slash",
    "z\u00fcri-\u65e5\u672c",
    "}{",
    "100% %d %[1]q",
    "`tick`",
    "two\nlines",
    "{{ $value }}",
    "\U0001f600",
    "",
)
"""Names of clusters."""


@pytest.fixture
def plan() -> Plan:
    policy = {"own": {"fast": "P1"}}
    return a_plan(
        slos={"errors": {**SLOS["errors"], "policy": "own"}}, burn_policies=policy, links={"grafana": "http://g"}
    )


def requests(cluster: str, status: str, values: str) -> dict[str, str]:
    labels = {"job": "shop-api", "endpoint": "/", "cluster": cluster, "status": status}
    return {"series": Series("http_requests_total", labels).name, "values": values}


def proven(folder: Path, plan: Plan, series: list[dict[str, str]], **checks: object) -> dict[str, str]:
    files = rules.render(plan)
    path = rules.slo_file(plan.slos[0])
    test = {"interval": "1m", "input_series": series, **checks}
    document = {"rule_files": [path], "evaluation_interval": "1m", "tests": [test]}
    write(folder, {path: files[path], "test.yml": yaml.safe_dump(document, allow_unicode=True)})
    return failures(folder, ["test.yml"])


@pytest.mark.needs("prometheus")
def test_each_part_is_told_by_its_name_whatever_that_is(tmp_path: Path, plan: Plan):
    slo = plan.slos[0]
    (tier,) = slo.tiers
    share, rate = 0.25, 250.0
    series = [
        requests(cluster, status, values)
        for cluster in ODD
        for status, values in (("200", "0+300x150"), ("500", "0+100x150"))
    ]
    answers = {
        of_part(pace(slo, tier), slo.by): rate,
        of_part(spent(slo), slo.by): rate,
        of_part(rest(slo, tier), slo.by): None,
    }
    expected = [
        Expected(burn_rule(plan, slo, tier), share, {"slo": slo.name, **({"cluster": name} if name else {})}, answers)
        for name in ODD
    ]
    alerts = {
        "eval_time": "150m",
        "alertname": slo.burn_alert,
        "exp_alerts": [dict(one.document()) for one in expected],
    }

    assert proven(tmp_path, plan, series, alert_rule_test=[alerts]) == {}


@pytest.mark.needs("prometheus")
def test_a_part_that_vanishes_is_missed_for_an_hour_and_one_that_never_was_is_not(tmp_path: Path, plan: Plan):
    series = [requests("a", "200", "0+100x60 _x120"), requests("b", "200", "0+100x180")]
    asked = {"a": {"66m": 0.0, "71m": 1.0, "118m": 1.0, "128m": 0.0}, "b": {"71m": 0.0, "128m": 0.0}, "c": {"71m": 0.0}}
    checks = [
        {
            "expr": firing(plan.slos[0].no_data_alert, cluster=cluster),
            "eval_time": moment,
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for cluster, moments in asked.items()
        for moment, value in moments.items()
    ]

    assert proven(tmp_path, plan, series, promql_expr_test=checks) == {}
