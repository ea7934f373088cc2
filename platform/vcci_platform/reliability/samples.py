"""Samples as a scrape finds them, with the labels that Prometheus would add."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from vcci_slo.promql.matchers import Matcher

__all__ = ["Labels", "Samples", "aggregate", "changed", "parse", "select"]

Labels = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name."""

Samples = Mapping[str, Mapping[Labels, float]]
"""Values by metric name and labels."""

_COUNTER = re.compile(r"^# TYPE (\S+) counter$", re.MULTILINE)
_AGGREGATIONS: Mapping[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "count": lambda values: float(len(values)),
}


@dataclass(frozen=True)
class _Kept:
    """Which metrics are worth keeping; None keeps all."""

    names: frozenset[str] | None

    def __contains__(self, name: str) -> bool:
        return self.names is None or name in self.names


def parse(text: str, extra: Mapping[str, str], *, only: frozenset[str] | None = None) -> Samples:
    """Return the samples of an exposition; `extra` are the labels of the target, which win as they do in Prometheus.

    A value that is no finite number was not measured. One of them in a running sum would spoil it for ever.
    Raises ValueError if the text is no exposition.
    """
    kept = _Kept(only)
    is_openmetrics = text.rstrip().endswith("# EOF")
    counters = frozenset() if is_openmetrics else frozenset(_COUNTER.findall(text))
    found: dict[str, dict[Labels, float]] = {}
    for family in (parse_openmetrics if is_openmetrics else parse_text)(text):
        for sample in family.samples:
            # The reader adds _total to counters that do not have it; Prometheus keeps the name that is exposed.
            name = family.name if family.name in counters and sample.name.endswith("_total") else sample.name
            if name in kept and math.isfinite(sample.value):
                labels = tuple(sorted({**sample.labels, **extra}.items()))
                found.setdefault(name, {})[labels] = float(sample.value)
    return found


def select(samples: Samples, metric: str, matchers: Iterable[Matcher]) -> Mapping[Labels, float]:
    """Return the series of a metric that every matcher holds for."""
    wanted = tuple(matchers)
    return {
        labels: value
        for labels, value in samples.get(metric, {}).items()
        if all(matcher.holds(dict(labels)) for matcher in wanted)
    }


def aggregate(series: Mapping[Labels, float], how: str, by: tuple[str, ...]) -> Mapping[Labels, float]:
    """Return one value for each group of series, as `how by (by)` does; no series, no value."""
    groups: dict[Labels, list[float]] = {}
    for labels, value in series.items():
        named = dict(labels)
        groups.setdefault(tuple((label, named.get(label, "")) for label in by), []).append(value)
    return {group: _AGGREGATIONS[how](values) for group, values in groups.items()}


def changed(before: float | None, after: float) -> float:
    """Return how far a counter has come, never backwards.

    One that fell was reset, so all that it shows is new; so is one just born. What is below zero counts as zero.
    """
    shown, known = max(after, 0.0), None if before is None else max(before, 0.0)
    return shown if known is None or shown < known else shown - known
