"""What a Prometheus holds, as values: jobs, their targets, their metrics, and a closer look at some of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.promql.durations import promql_duration

__all__ = ["Catalog", "Detail", "Job", "Target", "matching", "series_text", "span_text"]

_PLAIN_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OPERATOR = re.compile(r"=~|!~|!=|=")


@dataclass(frozen=True)
class Target:
    """Where a job is scraped. `discovered` says that a service discovery found it, so that its address may change."""

    address: str
    scheme: str
    path: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...]
    discovered: bool
    every: str


@dataclass(frozen=True)
class Detail:
    """A closer look at one metric: the values of its labels in the last days, and its buckets if it has any.

    `labels` holds the values of those labels that may matter; `others` are the names of the rest. `buckets` are the
    finite upper bounds of a classic histogram.
    """

    metric: str
    labels: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    native: bool = False


@dataclass(frozen=True)
class Job:
    """A job: its targets, the names of its metrics, and since when it is seen (seconds since 1970)."""

    name: str
    targets: tuple[Target, ...]
    metrics: frozenset[str]
    since: float
    details: Mapping[str, Detail]


@dataclass(frozen=True)
class Catalog:
    """Everything that was found. `now` is Prometheus' own clock; `left_out` tells what was not looked at, and why."""

    address: str
    version: str
    now: float
    retention: timedelta | None
    types: Mapping[str, str]
    jobs: tuple[Job, ...]
    left_out: tuple[str, ...]

    def span(self, job: Job) -> timedelta:
        """Return for how long a job has been seen, at least a minute."""
        return max(timedelta(seconds=int(self.now - job.since)), timedelta(minutes=1))


def matching(metric: str, job: str) -> str:
    """Return what finds the series of a job's metric, in every version of Prometheus, whatever its name.

    >>> matching("http.requests", "shop")
    '{__name__="http.requests",job="shop"}'
    """
    return f'{{__name__="{_escaped(metric)}",job="{_escaped(job)}"}}'


def series_text(metric: str, matchers: tuple[str, ...]) -> str:
    """Return a selector; names that are not plain are quoted as Prometheus 3 wants it. A matcher is `name="value"`.

    >>> series_text("a_total", ('job="x"',)), series_text("a.b", ('c.d=~"5.."',))
    ('a_total{job="x"}', '{"a.b","c.d"=~"5.."}')
    """
    inside = [_matcher(one) for one in matchers]
    if _PLAIN_METRIC.fullmatch(metric):
        return f"{metric}{{{','.join(inside)}}}" if inside else metric
    named = [f'"{_escaped(metric)}"', *inside]
    return f"{{{','.join(named)}}}"


def _matcher(text: str) -> str:
    found = _OPERATOR.search(text)
    name = text[: found.start()] if found else text
    return text if found is None or _PLAIN_LABEL.fullmatch(name) else f'"{_escaped(name)}"{text[found.start() :]}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def span_text(span: timedelta) -> str:
    """Return a span as one number and unit, cut down: `6d`, `13h`, `40m`.

    >>> span_text(timedelta(hours=50)), span_text(timedelta(seconds=4000))
    ('2d', '1h6m')
    """
    for unit, least in (
        (timedelta(days=1), timedelta(days=2)),
        (timedelta(hours=1), timedelta(hours=2)),
        (timedelta(minutes=1), timedelta(0)),
    ):
        if span >= least:
            return promql_duration(max(span // unit, 1) * unit)
    return "1m"
