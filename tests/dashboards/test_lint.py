"""The shipped dashboards have no finding, and every rule finds the fault that it is for."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from support.watched import labels_exposed
from vcci_dashboards.lint import RULES, Catalogue, lint

OVERVIEW, SLOS, APP, INFRA = "platform-overview", "slo-tracking", "app-performance", "infrastructure"


@pytest.fixture(scope="module")
def seen(plan):
    """The catalogue of what the registries and the exporters' fixtures expose."""
    return Catalogue.of(plan).exposed(labels_exposed())


def panel(pages, page, number):
    return next(panel for panel in pages[page]["panels"] if panel["id"] == number)


def query(pages, page, number, place=0):
    return panel(pages, page, number)["targets"][place]


def in_query(old, new, *, page=OVERVIEW, number=4, place=0):
    """Return a mutation that replaces a text in one query, and fails when the text is not there."""

    def mutate(pages):
        target = query(pages, page, number, place)
        assert old in target["expr"], target["expr"]
        target["expr"] = target["expr"].replace(old, new)

    return mutate


def in_page(page, **changes):
    return lambda pages: pages[page].update(changes)


def in_panel(page, number, **changes):
    return lambda pages: panel(pages, page, number).update(changes)


def in_fields(page, number, **changes):
    return lambda pages: panel(pages, page, number)["fieldConfig"]["defaults"].update(changes)


def in_variable(name, /, **changes):
    def mutate(pages):
        next(item for item in pages[OVERVIEW]["templating"]["list"] if item["name"] == name).update(changes)

    return mutate


def without_variable(name):
    def mutate(pages):
        variables = pages[OVERVIEW]["templating"]["list"]
        variables[:] = [item for item in variables if item["name"] != name]

    return mutate


def extra_variable(pages):
    variables = pages[OVERVIEW]["templating"]["list"]
    variables.append({**variables[-1], "name": "cluster"})


def swap_heatmap(pages):
    target = query(pages, APP, 2)
    target["expr"] = target["expr"].replace("sum by (le)", "sum by (endpoint)")


def loki(expr):
    def mutate(pages):
        query(pages, OVERVIEW, 4).update(datasource={"type": "loki", "uid": "${datasource}"}, expr=expr)

    return mutate


def lower_the_line(pages):
    panel(pages, OVERVIEW, 5)["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] = 0.011


def without_panel(page, number):
    def mutate(pages):
        pages[page]["panels"] = [panel for panel in pages[page]["panels"] if panel["id"] != number]

    return mutate


def without_runbook(pages):
    panel(pages, OVERVIEW, 5)["links"] = []


def no_deployments(pages):
    pages[OVERVIEW]["annotations"]["list"][0]["enable"] = False


def link_to_nowhere(pages):
    panel(pages, OVERVIEW, 5)["links"][0]["url"] = "https://runbooks.example.org/gone"


def link_to_no_page(pages):
    text = panel(pages, OVERVIEW, 20000)["options"]
    text["content"] = text["content"].replace("/d/database?", "/d/databse?")


def same_refs(pages):
    for target in panel(pages, OVERVIEW, 6)["targets"]:
        target["refId"] = "A"


def on_another(pages):
    here = panel(pages, OVERVIEW, 5)["gridPos"]
    here["x"] -= 1


MUTATIONS = [
    ("template-datasource-rule", in_variable("datasource", name="prom")),
    ("template-job-rule", in_variable("job", multi=False)),
    ("template-instance-rule", without_variable("instance")),
    ("template-label-promql-rule", in_variable("job", definition="label_values(up{, job)")),
    ("template-on-time-change-reload-rule", in_variable("namespace", refresh=1)),
    ("panel-datasource-rule", in_panel(OVERVIEW, 5, datasource={"type": "prometheus", "uid": "abc"})),
    ("panel-title-description-rule", in_panel(OVERVIEW, 3, description="")),
    ("panel-units-rule", in_fields(OVERVIEW, 5, unit="florps")),
    ("panel-no-targets-rule", in_panel(OVERVIEW, 2, targets=[])),
    ("target-logql-rule", loki('{job="api"} |= "error"')),
    ("target-logql-auto-rule", loki('rate({job="api"}[5m])')),
    ("target-promql-rule", in_query("sum by (endpoint) (rate(", "sum by (endpoint) ((")),
    ("target-promql-rule", in_query("[$__rate_interval]", "[$nowhere]")),
    ("target-promql-rule", in_query("))", "))[5m:1m]")),
    ("target-rate-interval-rule", in_query("[$__rate_interval]", "[5m]")),
    ("target-job-rule", in_query(',job=~"$job"', "")),
    ("target-instance-rule", in_query(',instance=~"$instance"', "")),
    ("target-counter-agg-rule", in_query("increase(", "max_over_time(", page="security", number=1)),
    ("uneditable-dashboard", in_page(OVERVIEW, editable=True)),
    ("panel-id", in_panel(OVERVIEW, 4, id=5)),
    ("panel-id", in_panel(OVERVIEW, 4, id=None)),
    ("grid", in_panel(OVERVIEW, 5, gridPos={"x": 20, "y": 22, "w": 12, "h": 8})),
    ("grid", on_another),
    ("uid", in_page(OVERVIEW, uid="platform overview")),
    ("uid", in_page(OVERVIEW, uid="o" * 41)),
    ("uid", in_page(OVERVIEW, uid="database")),
    ("uid", in_page(OVERVIEW, title="Database performance")),
    ("page", in_page(OVERVIEW, schemaVersion=36)),
    ("page", in_page(OVERVIEW, description="")),
    ("page", in_panel(OVERVIEW, 4, type="graph")),
    ("page", in_page(OVERVIEW, description="long " * 100_000)),
    ("annotations", no_deployments),
    ("variables", extra_variable),
    ("variables", in_panel(OVERVIEW, 4, title="Requests of $tenant")),
    ("links", link_to_nowhere),
    ("links", link_to_no_page),
    ("links", in_page("database", tags=["other"])),
    ("no-data", in_fields(OVERVIEW, 4, noValue="")),
    ("interval", in_panel(OVERVIEW, 4, interval="1m")),
    ("ref-id", same_refs),
    ("metric", in_query("http_requests_total", "http_request_total")),
    ("metric", in_query("ratio_rate1h", "ratio_rate90m", page=SLOS, number=301)),
    ("label", in_query("endpoint!~", "endpont!~")),
    ("label", in_query("by (endpoint)", "by (endpont)")),
    ("label", in_query("max by (slo)", "max by (queue)", page=SLOS, number=2)),
    ("histogram-le", in_query("sum by (le) ", "sum", number=6)),
    ("histogram-le", swap_heatmap),
    ("average-of-averages", in_query("max by (slo)", "avg by (slo)", page=SLOS, number=2)),
    ("instant", lambda pages: query(pages, OVERVIEW, 4).update(instant=True)),
    ("exemplars", lambda pages: query(pages, OVERVIEW, 6).update(exemplar=False)),
    ("unit", in_fields(OVERVIEW, 15, unit="short")),
    ("unit", in_fields(OVERVIEW, 6, unit="ms")),
    ("unit", in_fields(INFRA, 7, unit="bytes")),
    ("plan", in_panel(OVERVIEW, 4, title="Requests")),
    ("plan", without_panel("database", 4)),
    ("threshold", lower_the_line),
    ("alert-link", without_panel(APP, 10)),
    ("alert-link", lambda pages: pages.pop(SLOS)),
    ("runbook-link", without_runbook),
    ("later", in_page(INFRA, description="Is a machine short of something?")),
]


def test_the_shipped_dashboards_have_no_finding(files, plan, seen):
    assert lint(files, plan) == ()
    assert lint(files, plan, seen) == ()


@pytest.mark.parametrize(("rule", "mutate"), MUTATIONS, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(MUTATIONS)])
def test_a_fault_is_found_by_the_rule_that_is_for_it(rule, mutate, pages, plan, seen):
    broken = copy.deepcopy(pages)
    mutate(broken)

    findings = lint({f"{name}.json": json.dumps(page) for name, page in broken.items()}, plan, seen)

    assert rule in {finding.rule for finding in findings}, [str(finding) for finding in findings]


def test_every_rule_has_a_fault_that_it_finds():
    found = {rule for rule, _ in MUTATIONS} | {"alert-panel"}

    # Two rules report under a second name: the step of a graph, and the panel that a link opens.
    assert found == set(RULES) | {"interval", "alert-link"}


def test_an_alert_without_a_panel_is_found(files, plan):
    undrawn = replace(plan, alerts=(*plan.alerts, replace(plan.alerts[0], name="NobodySees", dashboard_url="")))

    findings = lint(files, undrawn)

    assert [(finding.rule, finding.panel) for finding in findings] == [("alert-panel", "NobodySees")]


def test_a_moved_limit_is_found_on_pages_that_were_not_generated_again(files, plan):
    """One value stands on the panel, in the rule and in the words, so an old page is seen to be old."""
    board = plan.dashboards[0]
    row = board.rows[1]
    limits = tuple(replace(limit, value=limit.value * 2) for limit in row.panels[1].limits)
    panels = (row.panels[0], replace(row.panels[1], limits=limits), *row.panels[2:])
    moved = replace(plan, dashboards=(replace(board, rows=(board.rows[0], replace(row, panels=panels))),))

    rules = {(finding.rule, finding.panel) for finding in lint(files, moved)}

    assert ("threshold", "Requests that fail") in rules


def test_a_finding_says_where_and_what_was_expected(files, plan, pages):
    broken = copy.deepcopy(pages[OVERVIEW])
    next(panel for panel in broken["panels"] if panel["id"] == 4)["targets"][0]["expr"] = "sum(http_requests"

    found = lint({**files, f"{OVERVIEW}.json": json.dumps(broken)}, plan)

    assert len(found) == 1
    assert str(found[0]).startswith("target-promql-rule: platform-overview: Requests per second: expected PromQL, got")
