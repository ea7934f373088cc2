"""A rule file carried out over recorded history in a real Prometheus, moment by moment, and what that costs.

Prometheus evaluates rules only now, and rules whose windows are built from recorded ones need days of those. Here each
rule that others look back at is asked over the whole history and its answer is written back, in the order of the rules;
then every rule is asked at the moments of interest, its answer stored before the next is asked, as in an evaluation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import promql_parser as promql
import yaml

from support import web
from support.made_traffic import MINUTE
from support.monitoring import Prometheus
from support.remote_write import FLAGS, Writer

__all__ = ["RuleRun", "prometheus_for_history"]

POINTS_OF_A_QUERY = 10_000
CLOCK_SECONDS = 0.3
_NAMES = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def prometheus_for_history(folder: Path) -> Prometheus:
    """Return a Prometheus, not started yet, that takes a month of history in any order and scrapes nothing."""
    configuration = folder / "prometheus.yml"
    configuration.write_text("storage: {tsdb: {out_of_order_time_window: 40d}}\n")
    flags = (*FLAGS, "--storage.tsdb.retention.time=60d", "--query.timeout=5m", "--query.max-samples=100000000")
    return Prometheus(configuration, folder, *flags)


@dataclass(frozen=True)
class _Rule:
    """One rule of the file; an alert has no record."""

    record: str
    expression: str
    labels: Mapping[str, str]


class RuleRun:
    """A rule set in one Prometheus, evaluated on a grid of a minute that ends at `end`, in milliseconds."""

    def __init__(self, server: Prometheus, rules: str, *, start: int, end: int) -> None:
        self._server = server
        self._writer = Writer(server.url)
        self._rules = list(_read(rules))
        self._start, self._end = start, end
        self.values: dict[int, dict[str, float]] = {}
        """The recorded values of each evaluated moment, by the name of the series."""

    def record_history(self) -> int:
        """Record every rule that another looks back at, minute by minute; return how many samples that gave."""
        before = self._writer.samples
        for rule in self._rules:
            if rule.record in self._looked_back_at:
                for first in range(self._start, self._end + 1, POINTS_OF_A_QUERY * MINUTE):
                    last = min(self._end, first + (POINTS_OF_A_QUERY - 1) * MINUTE)
                    span = {"start": first / 1000, "end": last / 1000, "step": MINUTE / 1000}
                    for series in self._ask("query_range", {"query": rule.expression, **span})["result"]:
                        points = np.array(series["values"], dtype=np.float64)
                        times = np.round(points[:, 0] * 1000).astype(np.int64)
                        self._writer.write([_labels(rule, series["metric"])], times, points[:, 1][None, :])
        return self._writer.samples - before

    @property
    def rules(self) -> int:
        """How many rules there are, alerts included."""
        return len(self._rules)

    def evaluate(self, moment: int) -> int:
        """Ask every rule at a moment in its order and store what it records; return how many samples were touched."""
        samples = 0
        found = self.values.setdefault(moment, {})
        for rule in self._rules:
            answer = self._ask("query", {"query": rule.expression, "time": moment / 1000, "stats": "all"})
            samples += answer["stats"]["samples"]["totalQueryableSamples"]
            if not rule.record:
                continue
            for series in answer["result"]:
                value = float(series["value"][1])
                found[rule.record] = value
                if rule.record not in self._looked_back_at:
                    self._writer.write_moment([_labels(rule, series["metric"])], moment, [value])
        return samples

    def processor_seconds(self, moment: int) -> float:
        """Return the server's processor time for one more evaluation of a moment that was evaluated already.

        Asked again and again until the clock of the kernel, which counts hundredths, can tell.
        """
        count, before = 0, self._spent()
        while (spent := self._spent() - before) < CLOCK_SECONDS:
            for rule in self._rules:
                self._ask("query", {"query": rule.expression, "time": moment / 1000})
            count += 1
        return spent / count

    @property
    def _looked_back_at(self) -> frozenset[str]:
        """The recorded series of which more than the moment's value is read, and those that they are made of."""
        recorded = {rule.record for rule in self._rules if rule.record}
        found = {name for rule in self._rules for name in _history_of(promql.parse(rule.expression)) & recorded}
        for rule in reversed(self._rules):
            if rule.record in found:
                found |= set(_NAMES.findall(rule.expression)) & recorded
        return frozenset(found)

    def _ask(self, question: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = web.post(f"{self._server.url}/api/v1/{question}", data=dict(parameters), timeout=300)
        if not answer.is_success:
            raise RuntimeError(f"{answer.text.strip()}: {parameters['query']}")
        result: dict[str, Any] = answer.json()["data"]
        return result

    def _spent(self) -> float:
        fields = Path(f"/proc/{self._server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _labels(rule: _Rule, metric: Mapping[str, str]) -> dict[str, str]:
    merged = {**metric, **rule.labels, "__name__": rule.record}
    return {name: value for name, value in merged.items() if value}


def _read(text: str) -> Iterator[_Rule]:
    for document in yaml.safe_load_all(text):
        for group in (document or {}).get("groups", []):
            for rule in group["rules"]:
                yield _Rule(rule.get("record", ""), rule["expr"], rule.get("labels", {}))


def _history_of(expression: Any, *, inside: bool = False) -> set[str]:
    """Return the metrics that an expression reads over a range, at an offset or in a subquery."""
    parts: list[Any] = []
    match expression:
        case promql.VectorSelector():
            return {expression.name or ""} if inside or expression.offset is not None else set()
        case promql.MatrixSelector():
            parts, inside = [expression.vector_selector], True
        case promql.SubqueryExpr():
            parts, inside = [expression.expr], True
        case promql.ParenExpr() | promql.UnaryExpr() | promql.AggregateExpr():
            parts = [expression.expr]
        case promql.BinaryExpr():
            parts = [expression.lhs, expression.rhs]
        case promql.Call():
            parts = list(expression.args)
        case _:
            pass
    return set().union(*(_history_of(part, inside=inside) for part in parts))
