"""Every metric and label that the spec uses is exposed: by a running process of ours, a running exporter, or a fixture.

The fixtures say that they are fixtures: Kubernetes and cert-manager do not run in a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import promql_parser
import pytest

from support.exporters import EXPOSITIONS, FIXTURES, exposed
from vcci_slo import load_plan
from vcci_slo.plan import EventsSignal, Plan
from vcci_slo.promql.indicators import PROBE_METRIC

pytestmark = pytest.mark.needs("postgresql", "rabbitmq", "redis", "exporters")

SPEC = Path(__file__).resolve().parents[2] / "slo" / "specs" / "vcci.yaml"
SCRAPED = {"job", "instance", "namespace"}
MADE_BY_THE_EXPRESSION = {"cn"}
PROBE_METRICS = (PROBE_METRIC, "probe_ssl_earliest_cert_expiry")


@dataclass(frozen=True)
class Use:
    """A metric that a signal reads, and the labels that it expects on it."""

    component: str
    signal: str
    metric: str
    labels: frozenset[str]

    def __str__(self) -> str:
        return f"{self.component}.{self.signal}: {self.metric}"


def plan_of_the_platform() -> Plan:
    return load_plan(SPEC.read_text(encoding="utf-8"), file="slo/specs/vcci.yaml")


def uses(plan: Plan) -> Iterator[Use]:
    recorded = {
        signal.record
        for component in plan.components
        for signal in component.signals
        if not isinstance(signal, EventsSignal) and signal.record
    }
    for component in plan.components:
        if component.probe is not None:
            yield Use("probe", component.name, PROBE_METRIC, frozenset())
        for signal in component.signals:
            if isinstance(signal, EventsSignal):
                yield from _of_events(signal)
                continue
            for metric, labels in _selected(promql_parser.parse(signal.promql)):
                if metric not in recorded:
                    where = "probe" if metric in PROBE_METRICS else component.name
                    yield Use(where, signal.name, metric, frozenset(labels))


def _of_events(signal: EventsSignal) -> Iterator[Use]:
    matchers = (*signal.selector, *signal.where)
    each = {signal.each[0]} if signal.each else set()
    events = {matcher.label for matcher in (*matchers, *signal.valid, *signal.bad)} | each
    yield Use(signal.component, signal.name, signal.events, frozenset(events))
    if signal.duration is not None:
        timed = {matcher.label for matcher in (*matchers, *signal.timed)}
        yield Use(signal.component, signal.name, f"{signal.duration}_count", frozenset(timed))
        yield Use(signal.component, signal.name, f"{signal.duration}_bucket", frozenset(timed | {"le"}))


def _selected(node: object) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric of an expression with the labels that its matchers and the groupings around it name."""
    match node:
        case promql_parser.VectorSelector():
            yield node.name, {matcher.name for matcher in node.matchers.matchers}
        case promql_parser.MatrixSelector():
            yield from _selected(node.vector_selector)
        case promql_parser.AggregateExpr():
            grouped = set(node.modifier.labels) if node.modifier else set()
            for metric, labels in _selected(node.expr):
                yield metric, labels | (grouped - MADE_BY_THE_EXPRESSION)
        case promql_parser.BinaryExpr():
            yield from _selected(node.lhs)
            yield from _selected(node.rhs)
        case promql_parser.Call():
            for argument in node.args:
                yield from _selected(argument)
        case promql_parser.ParenExpr() | promql_parser.UnaryExpr() | promql_parser.SubqueryExpr():
            yield from _selected(node.expr)
        case _:
            return


PLAN = plan_of_the_platform()
USES = sorted(set(uses(PLAN)), key=str)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    with exposed(tmp_path_factory.mktemp("exposed")) as found:
        yield found


@pytest.mark.parametrize("use", USES, ids=str)
def test_what_the_spec_reads_is_exposed(samples, use):
    series = samples[use.component].get(use.metric)

    assert series, f"{use.component} does not expose {use.metric}"
    labels = {label for named in series for label, _ in named} | SCRAPED
    assert use.labels <= labels, f"{use.metric} has no label {sorted(use.labels - labels)}"


def test_every_promised_latency_is_a_bucket(samples):
    declared = {signal.duration: signal.buckets for signal in [PLAN.signal("api.requests")]}

    for duration, buckets in declared.items():
        exposed_at = {float(dict(labels)["le"]) for labels in samples["api"][f"{duration}_bucket"]}
        assert set(buckets) <= exposed_at


def test_every_component_with_signals_is_looked_at():
    named = {use.component for use in USES}

    assert named >= {component.name for component in PLAN.components if component.signals}


@pytest.mark.parametrize("file", FIXTURES.values())
def test_a_fixture_says_that_it_is_one(file):
    assert (EXPOSITIONS / f"{file}.prom").read_text(encoding="utf-8").startswith("# FIXTURE: ")


def test_a_metric_that_nobody_exposes_would_be_found(samples):
    assert "http_requests_totals" not in samples["api"]


def test_the_reader_of_expressions_finds_metrics_and_labels():
    expression = 'sum by (queue) (rate(a_total{x="1"}[5m])) / on (queue) max by (cn) (b{y!="2"} > 0)'

    found = dict(_selected(promql_parser.parse(expression)))

    assert found == {"a_total": {"x", "queue"}, "b": {"y"}}
