"""Every query of every dashboard, asked of a real Prometheus that runs the generated rules."""

from __future__ import annotations

import json
import math
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

import vcci_alerts.rules
import vcci_dashboards
from support import web
from support.components import program
from support.monitoring import Prometheus
from support.processes import wait_until
from support.watched import scrape_configuration, serve_targets
from vcci_dashboards.expressions import substituted
from vcci_slo import load_plan
from vcci_slo.promql.series import REMAINING

pytestmark = pytest.mark.needs("prometheus")

SPEC = Path(__file__).resolve().parents[2] / "slo" / "specs" / "vcci.yaml"
EVERY = "1s"
READY_SECONDS = 90
MORE = 30
"""Promises beside the shipped ones, so that the pages of the whole show the worst, and each component has its own."""
CHOSEN = {"namespace": "vcci-production", "job": ".+", "instance": ".+", "slo": ".+", "__rate_interval": "10s"}


@pytest.fixture(scope="module", params=["shipped", "many"])
def plan(request):
    text = SPEC.read_text(encoding="utf-8")
    if request.param == "many":
        more = [f"  more-{n}: {{good: api.requests, objective: 99.{n:02}%}}\n" for n in range(MORE)]
        text = text.replace("\nslos:", "\nslos:\n" + "".join(more) + "  # ", 1)
    return load_plan(text, file="slo/specs/vcci.yaml")


def firing(plan):
    """Return rules by which an alert of each component fires."""
    rules = [
        {"alert": "TestAlert", "expr": "vector(1)", "labels": {"priority": "P2", "component": component.name}}
        for component in plan.components
    ]
    return {"groups": [{"name": "test", "rules": rules}]}


@pytest.fixture(scope="module")
def prometheus(plan, tmp_path_factory):
    """A Prometheus with the generated rules, which has scraped and judged long enough to answer."""
    folder = tmp_path_factory.mktemp("prometheus")
    rules = dict(vcci_alerts.rules.render(plan)) | {"rules/test.yml": yaml.safe_dump(firing(plan))}
    for path, text in rules.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    with serve_targets() as address:
        configuration = folder / "prometheus.yml"
        configuration.write_text(scrape_configuration(address, ["rules/*.yml"], every=EVERY), encoding="utf-8")
        with Prometheus(configuration, folder) as server:
            wait_until(
                # What takes longest: the last rule of every promise, a rate over its floor, a subquery's first step.
                lambda: (
                    len(server.query(REMAINING)) == len(plan.slos)
                    and bool(server.query("redis_cache_hit_rate"))
                    and bool(server.query("avg_over_time(circuit_breaker_state[5m:30s])"))
                ),
                within=READY_SECONDS,
                what="the rules did not record every promise",
            )
            yield server


def queries(plan):
    """Return (page, title, expression) of every query and every annotation."""
    found = []
    for path, text in vcci_dashboards.render(plan).items():
        if not path.endswith(".json"):
            continue
        page = json.loads(text)
        for panel in page["panels"]:
            found += [(page["uid"], panel["title"], target["expr"]) for target in panel.get("targets", ())]
        found += [(page["uid"], mark["name"], mark["expr"]) for mark in page["annotations"]["list"]]
    return found


def asked(expr, **chosen):
    return substituted(expr, CHOSEN | {"__to": str(datetime.now(UTC).month)} | chosen)


def test_every_query_of_every_dashboard_returns_a_series(plan, prometheus):
    results = {}

    def answered():
        """Ask what has no answer yet: a scrape that a busy machine misses hides its series for a moment."""
        for place in queries(plan):
            if not results.get(place):
                reply = web.get(f"{prometheus.url}/api/v1/query", params={"query": asked(place[2])}, timeout=20).json()
                results[place] = reply.get("error") or reply["data"]["result"]
        return all(results.values())

    with suppress(TimeoutError):
        wait_until(answered, within=READY_SECONDS, what="some queries have no answer")

    refused = {place: result for place, result in results.items() if isinstance(result, str)}
    empty = [place for place, result in results.items() if not result]
    no_number = [
        (place, series["metric"])
        for place, result in results.items()
        for series in result
        if isinstance(series, dict) and math.isnan(float(series["value"][1]))
    ]

    assert refused == {}
    assert empty == []
    assert no_number == []
    assert len(results) > 100


def test_a_link_from_an_alert_shows_its_promise_alone(plan, prometheus):
    of_promises = [expr for page, _, expr in queries(plan) if page == "slo-tracking" and "$slo" in expr]

    shown = {
        series["metric"]["slo"] for expr in of_promises for series in prometheus.query(asked(expr, slo="api-errors"))
    }

    assert len(of_promises) > 10
    assert shown == {"api-errors"}


def test_another_namespace_shows_nothing_of_this_one(plan, prometheus):
    scraped = [expr for _, _, expr in queries(plan) if "$namespace" in expr]

    answers = [prometheus.query(asked(expr, namespace="vcci-staging")) for expr in scraped]

    assert len(scraped) > 50
    assert not any(answers)


def test_every_choice_has_values_to_choose_from(plan, prometheus):
    for path, text in vcci_dashboards.render(plan).items():
        if not path.endswith(".json"):
            continue
        for variable in json.loads(text)["templating"]["list"]:
            if variable["type"] != "query":
                continue
            selector, _, label = variable["definition"].removeprefix("label_values(").removesuffix(")").rpartition(", ")
            wait_until(
                lambda: any(series["metric"].get(label) for series in prometheus.query(asked(selector))),  # noqa: B023 - called at once
                within=READY_SECONDS,
                what=f"{variable['name']} of {path} has no values",
            )


def test_promtool_accepts_every_query_as_a_rule(plan, tmp_path):
    rules = [
        {"record": f"panel:query{number}:value", "expr": asked(expr)}
        for number, (_, _, expr) in enumerate(queries(plan))
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), encoding="utf-8")

    checked = subprocess.run(
        [program("promtool"), "check", "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"SUCCESS: {len(rules)} rules found" in checked.stdout
