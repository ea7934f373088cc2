"""Promises kept apart by labels and those of calendar months: their pages, and the links that lead there."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml

import vcci_alerts
import vcci_dashboards
from support import promtool
from vcci_alerts.rules import render, slo_file
from vcci_dashboards.expressions import substituted
from vcci_slo import SpecError, load_plan

SPEC = """
spec: vcci/v1
metadata: {name: shop, owner: crew}
links: {grafana: https://g.example}
components:
  api:
    kind: http
    selector: job="api"
    signals:
      requests: {events: http_requests_total, bad: 'code=~"5.."'}
slos:
  api-errors: {good: api.requests, objective: 99%, by: [cluster]}
  pod-errors: {good: api.requests, objective: 99%, by: [instance, pod_template]}
  all-errors: {good: api.requests, objective: 99.9%}
  month-errors: {good: api.requests, objective: 99%, by: [cluster], window: {month: Europe/Berlin}}
"""
ALL = {"slo": ".+", "cluster": ".+", "pod_template": ".+", "instance": ".+", "job": ".+", "__rate_interval": "1m"}


@pytest.fixture(scope="module")
def plan():
    return load_plan(SPEC, file="spec.yaml")


@pytest.fixture(scope="module")
def page(plan):
    return json.loads(vcci_dashboards.render(plan)["slo-tracking.json"])


@pytest.fixture
def panel(page):
    return lambda title: next(panel for panel in page["panels"] if panel["title"] == title)


def expressions(panel):
    return {target.get("legendFormat", ""): target["expr"] for target in panel["targets"]}


def headings(panel):
    found = {}
    for override in panel["fieldConfig"]["overrides"]:
        found[override["matcher"]["options"]] = {entry["id"]: entry["value"] for entry in override["properties"]}
    return found


def test_the_pages_of_grouped_promises_have_no_finding(plan):
    assert vcci_dashboards.lint(vcci_dashboards.render(plan), plan) == ()


def test_each_kind_of_part_has_a_legend_of_its_own(panel):
    asked = expressions(panel("Error budget remaining"))

    assert list(asked) == ["{{slo}} {{cluster}}", "{{slo}} {{instance}} {{pod_template}}", "{{slo}}"]
    assert asked["{{slo}} {{cluster}}"] == (
        "max by (slo, cluster) (slo:period_error_budget_remaining:ratio"
        '{slo=~"$slo",cluster=~"$cluster|",slo=~"api-errors|month-errors"})'
    )
    assert "cluster" not in asked["{{slo}}"]


def test_each_label_has_a_choice_unless_the_page_has_one_of_its_name(page):
    choices = {item["name"]: item for item in page["templating"]["list"]}

    assert list(choices) == ["datasource", "job", "instance", "slo", "cluster", "pod_template"]
    assert choices["cluster"]["includeAll"]
    assert choices["cluster"]["definition"] == (
        'label_values(slo:period_error_budget_remaining:ratio{slo=~"$slo"}, cluster)'
    )
    assert choices["instance"]["definition"].startswith("label_values(up")


@pytest.mark.parametrize("title", ["Compliance", "Burn rate"])
def test_tables_have_a_column_for_each_label(panel, title):
    columns = headings(panel(title))

    assert [columns[label]["displayName"] for label in ("slo", "cluster", "instance", "pod_template")] == [
        "Promise",
        "Cluster",
        "Instance",
        "Pod template",
    ]


def test_a_row_leads_to_its_part_alone(panel):
    (link,) = headings(panel("Compliance"))["slo"]["links"]

    assert link["url"] == (
        "https://g.example/d/slo-tracking?var-slo=${__data.fields.slo}&var-cluster=${__data.fields.cluster}"
        "&var-pod_template=${__data.fields.pod_template}&${__url_time_range}"
    )


def test_alerts_of_parts_stand_apart_in_the_table_of_what_fires(panel):
    table = panel("Firing alerts")

    assert "(priority, alertname, component, slo, cluster, instance, pod_template)" in table["targets"][0]["expr"]
    assert headings(table)["cluster"]["displayName"] == "Cluster"
    assert "&var-cluster=${__data.fields.cluster}" in headings(table)["slo"]["links"][0]["url"]


def test_the_burndown_of_a_calendar_month_names_month_and_zone(panel):
    here, there = panel("Burndown of this month"), panel("Burndown of this month in Europe/Berlin")

    assert list(expressions(here)) == [
        "{{slo}} {{cluster}}",
        "{{slo}} {{instance}} {{pod_template}}",
        "{{slo}}",
        "even pace",
    ]
    assert list(expressions(there)) == ["{{slo}} {{cluster}}", "even pace"]
    assert "slo:sli_errors:increase_month" in expressions(there)["{{slo}} {{cluster}}"]
    assert "day_of_month(vector(time() + 3600))" in expressions(there)["even pace"]
    assert "The month is that of Europe/Berlin; the clock of this page is UTC." in there["description"]
    assert here["id"] + 1 == there["id"]


def test_an_alert_opens_the_page_on_the_part_that_burns(plan):
    files = vcci_alerts.render(plan)

    found = {
        rule["alert"]: rule["annotations"]["dashboard_url"]
        for slo in plan.slos
        for group in yaml.safe_load(files[slo_file(slo)])["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }

    assert found["AllErrorsBudgetBurn"] == "https://g.example/d/slo-tracking?var-slo=all-errors"
    assert found["ApiErrorsBudgetBurn"] == (
        "https://g.example/d/slo-tracking?var-slo=api-errors"
        "{{ with $labels.cluster }}&var-cluster={{ . | urlquery }}{{ end }}"
    )


def test_a_promise_opens_the_page_that_the_spec_has():
    text = SPEC + "dashboards: {board: {rows: {Promises: [{burn: slos}]}}}\n"

    plan = load_plan(text, file="spec.yaml")

    assert plan.slos[0].dashboard_url == "https://g.example/d/board?var-slo=api-errors"
    assert vcci_dashboards.lint(vcci_dashboards.render(plan), plan) == ()


def test_a_page_without_a_choice_of_promises_is_opened_as_it_is():
    text = SPEC + "dashboards: {board: {rows: {Promises: [{budget: slos}]}}}\n"

    plan = load_plan(text, file="spec.yaml")

    assert plan.slos[0].dashboard_url == "https://g.example/d/board"
    assert vcci_dashboards.lint(vcci_dashboards.render(plan), plan) == ()


def test_without_any_tier_the_pace_of_the_whole_window_is_shown():
    off = "objective: 99.9%, tiers: {fast: off, slow: off, steady: off, creep: off}}"
    plan = load_plan(SPEC.partition("  api-errors")[0] + f"  all-errors: {{good: api.requests, {off}", file="spec.yaml")
    files = vcci_dashboards.render(plan)

    page = json.loads(files["slo-tracking.json"])
    (query,) = next(panel for panel in page["panels"] if panel["title"] == "Burn rate")["targets"]

    assert not plan.slos[0].tiers
    assert vcci_dashboards.lint(files, plan) == ()
    assert "slo:sli_error:ratio_rate30d" in query["expr"]


FREE = """
spec: vcci/v1
metadata: {name: shop, owner: crew}
components:
  api:
    kind: http
    selector: job="api"
    signals:
      counted:
        {errors: 'sum by (cluster) (rate(bad_total[WINDOW]))', total: 'sum by (cluster) (rate(all_total[WINDOW]))'}
      known: {error_ratio: 'avg(avg_over_time(share_of_errors[WINDOW]))'}
slos:
  counted-errors: {good: api.counted, objective: 99%, by: [cluster]}
  known-errors: {good: api.known, objective: 99%}
"""


def test_free_promql_that_counts_is_drawn_as_the_share_that_fails():
    plan = load_plan(FREE, file="spec.yaml")
    files = vcci_dashboards.render(plan)

    page = json.loads(files["slo-tracking.json"])
    counted, known = (
        next(panel for panel in page["panels"] if panel["title"] == title)
        for title in ("Counted that fail", "Known that fail")
    )

    assert vcci_dashboards.lint(files, plan) == ()
    errors, total = (
        f'(sum by (cluster) (rate({metric}{{job=~"$job",instance=~"$instance"}}[$__rate_interval])))'
        for metric in ("bad_total", "all_total")
    )
    assert expressions(counted) == {"{{cluster}}": f"({errors} or 0 * {total}) / ({total} > 0)"}
    assert expressions(known) == {
        "share that fails": 'avg(avg_over_time(share_of_errors{job=~"$job",instance=~"$instance"}[1m]))'
    }
    assert counted["fieldConfig"]["defaults"]["unit"] == "percentunit"


def test_free_promql_that_counts_has_no_other_view():
    text = FREE + "dashboards: {board: {rows: {Counted: [{rate: api.counted}]}}}\n"

    with pytest.raises(SpecError, match="expected bad_ratio of free PromQL that counts, another view of events"):
        load_plan(text, file="spec.yaml")


def asked_of_promtool(plan, cases, folder):
    """Ask promtool for expressions after two hours in which the cluster `e u` fails at 2 %, and `us` never."""
    rules = render(plan)
    document = {
        "rule_files": [slo_file(slo) for slo in plan.slos],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {
                        "series": f'http_requests_total{{job="api",code="{code}",cluster="{cluster}",instance="{n}",'
                        'pod_template="a"}',
                        "values": f"0+{each}x180",
                    }
                    for n, (cluster, code, each) in enumerate(
                        [("e u", "200", 98), ("e u", "500", 2), ("us", "200", 100), ("us", "500", 0)]
                    )
                ],
                "promql_expr_test": [
                    {
                        "expr": expr,
                        "eval_time": "2h",
                        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
                    }
                    for expr, samples in cases
                ],
            }
        ],
    }
    promtool.write(folder, {**rules, "test.yml": yaml.safe_dump(document)})
    done = promtool.run("promtool", "test", "rules", "test.yml", folder=folder)
    return done.returncode, done.stdout


def answered(expr, **chosen):
    return substituted(expr, ALL | {"__to": str(datetime.fromtimestamp(0, UTC).month)} | chosen)


@pytest.mark.needs("prometheus")
def test_every_part_is_drawn_and_one_can_be_chosen(plan, panel, tmp_path):
    """2 % of errors are twice a budget of 1 %, and twenty times one of 0.1 % in half of the traffic: ten times."""
    budget = expressions(panel("Error budget remaining"))
    promised, _, _, rate, _ = (target["expr"] for target in panel("Compliance")["targets"])
    burning = expressions(panel("Burn of the fast tier: 5m and 1h"))
    here, there = panel("Burndown of this month"), panel("Burndown of this month in Europe/Berlin")
    eu, us = '{slo="api-errors", cluster="e u"}', '{slo="api-errors", cluster="us"}'
    month_eu, month_us = '{slo="month-errors", cluster="e u"}', '{slo="month-errors", cluster="us"}'
    both = {eu: -1, us: 1, month_eu: -1, month_us: 1}

    def rounded(expr, **chosen):
        return f"round({answered(expr, **chosen)}, 0.001)"

    code, said = asked_of_promtool(
        plan,
        [
            (rounded(budget["{{slo}} {{cluster}}"]), both),
            (rounded(budget["{{slo}} {{cluster}}"], cluster="us"), {us: 1, month_us: 1}),
            (rounded(budget["{{slo}}"], cluster="us"), {'{slo="all-errors"}': -9}),
            (rounded(rate, slo="api-errors", cluster="e u"), {eu: 2}),
            (rounded(promised, slo="api-errors|all-errors"), {eu: 0.99, us: 0.99, '{slo="all-errors"}': 0.999}),
            (rounded(promised, slo="api-errors", cluster="us"), {us: 0.99}),
            (rounded(burning["{{slo}} {{cluster}}"], slo="api-errors"), {eu: 2, us: 0}),
            (
                f"count by (slo) ({answered(panel('Burn rate')['targets'][0]['expr'])})",
                {
                    '{slo="api-errors"}': 2,
                    '{slo="month-errors"}': 2,
                    '{slo="pod-errors"}': 3,  # the fourth instance has no traffic
                    '{slo="all-errors"}': 1,
                },
            ),
            (rounded(expressions(there)["{{slo}} {{cluster}}"]), {month_eu: -1, month_us: 1}),
            (f"count by (slo) ({answered(expressions(here)['{{slo}} {{cluster}}'])})", {'{slo="api-errors"}': 2}),
            (rounded(expressions(there)["even pace"]), {"{}": 0.996}),
        ],
        tmp_path,
    )

    assert code == 0, said


@pytest.mark.needs("prometheus")
def test_a_promise_without_any_part_yet_is_listed_with_what_is_promised(plan, panel, tmp_path):
    silent = load_plan(SPEC.replace("by: [cluster]}", "by: [region]}"), file="spec.yaml")
    page = json.loads(vcci_dashboards.render(silent)["slo-tracking.json"])
    table = next(panel for panel in page["panels"] if panel["title"] == "Compliance")
    rules = SPEC.replace("api.requests, objective: 99%, by: [cluster]}", "api.gone, objective: 99%, by: [region]}")
    rules = rules.replace("signals:\n", "signals:\n      gone: {events: gone_total, bad: 'code=~\"5..\"'}\n")

    code, said = asked_of_promtool(
        load_plan(rules, file="spec.yaml"),
        [(answered(table["targets"][0]["expr"], slo="api-errors", region=".+"), {'{slo="api-errors"}': 0.99})],
        tmp_path,
    )

    assert code == 0, said


@pytest.mark.needs("prometheus")
def test_the_rule_tests_prove_the_address_also_of_a_part_whose_name_needs_quoting(tmp_path):
    text = SPEC.partition("  pod-errors")[0].replace('job="api"', """'job="api",cluster="e u&1"'""")
    files = vcci_alerts.render(load_plan(text, file="spec.yaml"))
    promtool.write(tmp_path, files)
    tests = [path for path in files if path.startswith("tests/") and "var-cluster=e+u%261" in files[path]]

    failed = promtool.failures(tmp_path, tests)

    assert tests
    assert failed == {}
