"""Samples as a scrape finds them, with the labels that Prometheus would add."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from vcci_slo.promql.matchers import Matcher

__all__ = ["Labels", "Samples", "aggregate", "changed", "parse", "select"]

Labels = tuple[tuple[str, str], ...]
"""Label names and values, sorted by name."""

Samples = Mapping[str, Mapping[Labels, float]]
"""Values by metric name and labels."""

_PLAIN = re.compile(r"[^\s{}#]+(\{[^{}#]*\})?")
_NUMBER = re.compile(r"[-+.0-9a-zA-Z]+")
"""A series and a value in the form in which nearly all are written: no moment follows, no exemplar, no brace inside."""

_KNOWN_SERIES = 20_000
"""Of how many series it is remembered how they are written: more than a scrape of ours shows."""

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
    kept, own = _Kept(only), tuple(extra.items())
    found: dict[str, dict[Labels, float]] = {}
    for name, labels, value in (_openmetrics if text.rstrip().endswith("# EOF") else _lines)(text, own):
        if name in kept and math.isfinite(value):
            found.setdefault(name, {})[labels] = value
    return found


def _openmetrics(text: str, own: Labels) -> Iterator[tuple[str, Labels, float]]:
    for family in parse_openmetrics(text):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            yield sample.name, _with(sample.labels, own), float(sample.value)


def _lines(text: str, own: Labels) -> Iterator[tuple[str, Labels, float]]:
    """Yield the samples of the text format, line by line.

    From one scrape to the next only the values change, so how a series is written is read once.
    """
    lines = [line.strip() for line in text.split("\n")]
    _check("\n".join(line for line in lines if line.startswith("#")))
    for line in lines:
        if not line or line.startswith("#"):
            continue
        series, _, value = line.rpartition(" ")
        if _PLAIN.fullmatch(series) and _NUMBER.fullmatch(value):
            yield *_series(series, own), float(value)
        else:
            yield from _alone(line, own)


@lru_cache(maxsize=64)
def _check(comments: str) -> None:
    """Raise ValueError for words about metrics that no exposition has."""
    for _ in parse_text(comments):
        pass


@lru_cache(maxsize=_KNOWN_SERIES)
def _series(series: str, own: Labels) -> tuple[str, Labels]:
    """Return the name and the labels of a series as an exposition writes it."""
    ((name, labels, _),) = _alone(f"{series} 0", own)
    return name, labels


def _alone(line: str, own: Labels) -> Iterator[tuple[str, Labels, float]]:
    # Without the type of its metric the reader leaves the name of a counter as it is exposed, as Prometheus does.
    for family in parse_text(line):
        for sample in family.samples:
            yield sample.name, _with(sample.labels, own), float(sample.value)


def _with(labels: Mapping[str, str], own: Labels) -> Labels:
    return tuple(sorted({**labels, **dict(own)}.items()))


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
