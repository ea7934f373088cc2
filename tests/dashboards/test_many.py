"""Thousands of promises: every page has an end, the first shows the worst, and each promise is shown on one."""

from __future__ import annotations

import json

import pytest
import yaml

import vcci_alerts
import vcci_dashboards
from support import promtool
from vcci_alerts.rules import render, slo_file
from vcci_dashboards.expressions import substituted
from vcci_slo import load_plan

MOST_BYTES = 150_000
CHOSEN = {"slo": ".+", "cluster": ".+", "job": ".+", "instance": ".+", "__rate_interval": "1m"}


def spec(services, each, **promise):
    """Return a spec of some services with some promises on each, all about the share of errors."""
    written = {"objective": "99%", **promise}
    requests = {"events": "http_requests_total", "bad": 'code=~"5.."'}
    return {
        "spec": "vcci/v1",
        "metadata": {"name": "shop", "owner": "crew"},
        "links": {"grafana": "https://g.example", "runbooks": "https://r.example"},
        "components": {
            f"svc-{n}": {
                "kind": "http",
                "selector": f'job="svc-{n}"',
                "probe": {"url": f"https://{n}.example/", "fails_for": {"P0": "2m"}},
                "signals": {"requests": requests},
            }
            for n in range(services)
        },
        "slos": {
            f"svc-{n}-p{i}": {"good": f"svc-{n}.requests", **written} for n in range(services) for i in range(each)
        },
    }


def planned(data):
    return load_plan(json.dumps(data), file="spec.yaml")


def pages_of(plan):
    files = vcci_dashboards.render_dashboards(plan)
    return {path.removesuffix(".json"): (json.loads(text), len(text)) for path, text in files.items()}


def panel(page, title):
    return next(panel for panel in page["panels"] if panel["title"] == title)


@pytest.mark.parametrize(
    "data",
    [
        spec(30, 10),
        spec(1, 300),
        spec(2, 30, by=["cluster"]),
        spec(60, 0),
        {**spec(30, 2), "dashboards": {"board": {"rows": {"All": [{"budget": "slos"}, {"state": "components"}]}}}},
    ],
    ids=["services", "one-service", "grouped", "only-components", "written"],
)
def test_every_page_has_an_end_and_no_finding(data):
    plan = planned(data)
    files = vcci_dashboards.render(plan)

    assert vcci_dashboards.lint(files, plan) == ()
    assert max(map(len, files.values())) < MOST_BYTES


def test_ten_times_the_promises_do_not_make_the_first_page_longer():
    few, many = (pages_of(planned(spec(services, 3)))["slo-tracking"] for services in (30, 300))

    # Figures and the list of names that alerts are called by have a digit more.
    assert abs(many[1] - few[1]) < 100
    assert [one["title"] for one in few[0]["panels"]] == [one["title"] for one in many[0]["panels"]]


def test_every_promise_and_every_alert_opens_a_page_that_shows_it():
    plan = planned(spec(21, 5))
    pages = pages_of(plan)

    for slo in plan.slos:
        uid, _, choice = slo.dashboard_url.removeprefix("https://g.example/d/").partition("?var-slo=")
        assert (uid, choice) == (f"component-{slo.component}", slo.name)
        assert slo.name in panel(pages[uid][0], "Compliance")["targets"][0]["expr"]
    for alert in plan.alerts:
        uid, _, number = alert.dashboard_url.removeprefix("https://g.example/d/").partition("?viewPanel=")
        opened = next(panel for panel in pages[uid][0]["panels"] if panel["id"] == int(number))
        assert alert.name in opened["description"]


def test_the_first_page_leads_to_those_of_components():
    page, _ = pages_of(planned(spec(21, 5)))["slo-tracking"]

    columns = panel(page, "Compliance")["fieldConfig"]["overrides"]
    component = next(column for column in columns if column["matcher"]["options"] == "component")
    links = next(entry["value"] for entry in component["properties"] if entry["id"] == "links")
    signpost = panel(page, "Where to look next")["options"]["content"]

    assert links[0]["url"] == "https://g.example/d/component-${__data.fields.component}?${__url_time_range}"
    assert "[21 pages of components](https://g.example/dashboards?tag=shop&tag=component)" in signpost


def test_a_few_pages_of_components_are_named_on_the_first():
    page, _ = pages_of(planned(spec(3, 20)))["slo-tracking"]

    signpost = panel(page, "Where to look next")["options"]["content"]

    assert all(f"https://g.example/d/component-svc-{n}?" in signpost for n in range(3))


def test_no_query_is_left_out_where_a_panel_asks_more_than_the_alphabet_has():
    """Queries beyond Z were dropped without a word."""
    page, _ = pages_of(planned(spec(16, 1)))["slo-tracking"]

    targets = panel(page, "Components")["targets"]

    assert len(targets) == 32
    assert [target["refId"] for target in targets[24:28]] == ["Y", "Z", "AA", "AB"]


def answered(expr, **chosen):
    return substituted(expr, {**CHOSEN, "__to": "1", **chosen})


@pytest.mark.needs("prometheus")
def test_the_worst_are_those_with_the_least_budget_and_those_that_burn_fastest(tmp_path):
    """Forty-two services; each fails at a tenth of a percent more than the one before."""
    data = spec(42, 1)
    data["slos"]["svc-41-p0"]["window"] = "7d"
    plan = planned(data)
    page, _ = pages_of(plan)["slo-tracking"]
    tables = {title: panel(page, title)["targets"] for title in ("Compliance", "Burn rate", "Error budget remaining")}
    worst = {f'{{slo="svc-{n}-p0"}}' for n in range(22, 42)}
    series = [
        {
            "series": f'http_requests_total{{job="svc-{n}",code="{code}",instance="a"}}',
            "values": f"0+{each}x50",
        }
        for n in range(42)
        for code, each in (("200", 1000 - n), ("500", n))
    ]
    compliance, burning, left = ([target["expr"] for target in targets] for targets in tables.values())
    *judged, component = compliance
    # The promise of a week has other windows than the rest, and an hour in common.
    names = [*judged, *(expr for expr in burning if "ratio_rate1h{" in expr), *left]
    cases = [
        *({"expr": f"group by (slo) ({answered(expr)})", "labels": worst} for expr in names),
        {
            "expr": answered(component),
            "labels": {f'{{component="svc-{n}",slo="svc-{n}-p0"}}' for n in range(22, 42)},
        },
        {
            "expr": f"group by (slo) ({answered(judged[1], slo='svc-3-p0')})",
            "labels": {'{slo="svc-3-p0"}'},
        },
    ]
    document = {
        "rule_files": [slo_file(slo) for slo in plan.slos],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {
                        "expr": case["expr"],
                        "eval_time": "40m",
                        "exp_samples": [{"labels": labels, "value": 1} for labels in sorted(case["labels"])],
                    }
                    for case in cases
                ],
            }
        ],
    }
    promtool.write(tmp_path, {**render(plan), "test.yml": yaml.safe_dump(document)})

    done = promtool.run("promtool", "test", "rules", "test.yml", folder=tmp_path)

    assert len(names) == 7
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_of_many_promises_carry_the_address_of_their_page():
    plan = planned(spec(21, 2))

    (group,) = yaml.safe_load(vcci_alerts.render(plan)[slo_file(plan.slos[-1])])["groups"][:1]
    urls = {rule["annotations"]["dashboard_url"] for rule in group["rules"] if "alert" in rule}

    assert urls <= {"https://g.example/d/component-svc-20?var-slo=svc-20-p1"}
