"""The HTTP API of Prometheus, as far as the spec is held against it. https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from vcci_platform.asking import Asker, data_of

__all__ = ["LiveAlert", "LiveGroup", "LiveRule", "PrometheusApi", "Sample", "Target"]

QUERY_SECONDS = 15
"""Prometheus itself stops a query after this long, so that a question never costs it more."""


@dataclass(frozen=True)
class Sample:
    """A series and its value now. A value that is no number is none."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class LiveRule:
    """A rule as it is loaded. `keep_firing_for` is None where this Prometheus does not tell."""

    kind: Literal["alert", "record"]
    name: str
    expression: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    lasts: timedelta
    keep_firing_for: timedelta | None
    health: str
    error: str


@dataclass(frozen=True)
class LiveGroup:
    """A group as it is loaded, how often it should be evaluated, and how long the last time took."""

    name: str
    file: str
    interval: timedelta
    took: timedelta
    evaluated_at: datetime | None
    rules: tuple[LiveRule, ...]


@dataclass(frozen=True)
class LiveAlert:
    """An alert that is pending or firing."""

    name: str
    state: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: datetime
    value: float | None


@dataclass(frozen=True)
class Target:
    """Something that is scraped."""

    labels: Mapping[str, str]
    health: str
    error: str
    url: str


@dataclass
class PrometheusApi:
    """One Prometheus. Every question is bounded; every method raises AskingError if there is no answer."""

    asker: Asker
    _names: frozenset[str] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return self.asker.url

    def instant(self, query: str, at: datetime | None = None) -> tuple[Sample, ...]:
        """Return the value of each series of a query; a bare number is one without labels."""
        parameters = {"query": query, "timeout": f"{QUERY_SECONDS}s"}
        if at is not None:
            parameters["time"] = f"{at.timestamp():.3f}"
        data = data_of(self.asker, "query", parameters)
        with self._understood():
            if data["resultType"] in {"scalar", "string"}:
                return (Sample({}, float(data["result"][1])),)
            samples = (Sample(dict(one["metric"]), float(one["value"][1])) for one in data["result"])
            return tuple(sample for sample in samples if not math.isnan(sample.value))

    def value(self, query: str, at: datetime | None = None) -> float | None:
        """Return the value of a query with one result; None if it has none."""
        found = self.instant(query, at)
        return found[0].value if found else None

    def steps(self, query: str, start: datetime, end: datetime, step: timedelta) -> tuple[tuple[datetime, float], ...]:
        """Return the values of a query with one result over time."""
        limits = {"start": f"{start.timestamp():.3f}", "end": f"{end.timestamp():.3f}"}
        every = f"{max(step / timedelta(seconds=1), 0.001):.3f}"
        parameters = {"query": query, "timeout": f"{QUERY_SECONDS}s", "step": every, **limits}
        data = data_of(self.asker, "query_range", parameters)
        with self._understood():
            values = data["result"][0]["values"] if data["result"] else []
            pairs = ((datetime.fromtimestamp(float(at), start.tzinfo), float(value)) for at, value in values)
            return tuple((at, value) for at, value in pairs if math.isfinite(value))

    def metrics(self, since: datetime) -> frozenset[str]:
        """Return the name of every metric that was there since a moment; asked once."""
        if self._names is None:
            self._names = frozenset(self.label_values("__name__", since))
        return self._names

    def label_names(self, match: str, since: datetime) -> tuple[str, ...]:
        """Return the labels of the series that a selector has found since a moment."""
        return self._texts(data_of(self.asker, "labels", {"match[]": match, "start": f"{since.timestamp():.3f}"}))

    def label_values(self, label: str, since: datetime, match: str = "") -> tuple[str, ...]:
        """Return the values of a label since a moment, of the series that a selector finds if one is given."""
        matched = {"match[]": match} if match else {}
        return self._texts(
            data_of(self.asker, f"label/{label}/values", {"start": f"{since.timestamp():.3f}", **matched})
        )

    def kind(self, metric: str) -> str:
        """Return what a metric calls itself: counter, gauge, histogram; nothing where it does not say."""
        data = data_of(self.asker, "metadata", {"metric": metric, "limit": "1"})
        with self._understood():
            found = data.get(metric) or [{}]
            return str(found[0].get("type", ""))

    def groups(self) -> tuple[LiveGroup, ...]:
        """Return every group of rules that is loaded."""
        data = data_of(self.asker, "rules", {})
        with self._understood():
            return tuple(_group(group) for group in data["groups"])

    def alerts(self) -> tuple[LiveAlert, ...]:
        """Return what is pending or firing."""
        data = data_of(self.asker, "alerts", {})
        with self._understood():
            return tuple(_alert(found) for found in data["alerts"])

    def targets(self) -> tuple[Target, ...]:
        """Return everything that is scraped."""
        data = data_of(self.asker, "targets", {"state": "active"})
        with self._understood():
            return tuple(
                Target(dict(one["labels"]), one["health"], one.get("lastError", ""), one.get("scrapeUrl", ""))
                for one in data["activeTargets"]
            )

    def alertmanagers(self) -> tuple[str, ...]:
        """Return the addresses of the Alertmanagers that it tells."""
        data = data_of(self.asker, "alertmanagers", {})
        with self._understood():
            return tuple(str(one["url"]) for one in data["activeAlertmanagers"])

    def flags(self) -> Mapping[str, str]:
        """Return the flags with which it was started, and the defaults of the others."""
        data = data_of(self.asker, "status/flags", {})
        with self._understood():
            return {str(name): str(value) for name, value in data.items()}

    def configuration(self) -> str:
        """Return its configuration as YAML, without secrets."""
        data = data_of(self.asker, "status/config", {})
        with self._understood():
            return str(data["yaml"])

    def _texts(self, data: Any) -> tuple[str, ...]:
        if not isinstance(data, list):
            raise self.asker.odd("its list of names has another form")
        return tuple(str(item) for item in data)

    @contextmanager
    def _understood(self) -> Generator[None]:
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise self.asker.odd(f"JSON of another form ({type(error).__name__}: {error})") from None


def _group(found: Mapping[str, Any]) -> LiveGroup:
    return LiveGroup(
        name=found["name"],
        file=found.get("file", ""),
        interval=timedelta(seconds=float(found["interval"])),
        took=timedelta(seconds=float(found.get("evaluationTime", 0))),
        evaluated_at=_moment(found.get("lastEvaluation")),
        rules=tuple(_rule(rule) for rule in found["rules"]),
    )


def _rule(found: Mapping[str, Any]) -> LiveRule:
    keeps = found.get("keepFiringFor")
    return LiveRule(
        kind="alert" if found["type"] == "alerting" else "record",
        name=found["name"],
        expression=found["query"],
        labels=dict(found.get("labels") or {}),
        annotations=dict(found.get("annotations") or {}),
        lasts=timedelta(seconds=float(found.get("duration") or 0)),
        keep_firing_for=None if keeps is None else timedelta(seconds=float(keeps)),
        health=found.get("health", ""),
        error=found.get("lastError", ""),
    )


def _alert(found: Mapping[str, Any]) -> LiveAlert:
    labels = dict(found["labels"])
    value = float(found.get("value", "nan"))
    return LiveAlert(
        name=labels["alertname"],
        state=found["state"],
        labels=labels,
        annotations=dict(found.get("annotations") or {}),
        since=datetime.fromisoformat(found["activeAt"]),
        value=None if math.isnan(value) else value,
    )


def _moment(text: str | None) -> datetime | None:
    """Return a moment of Go; its zero time, year 1, is none."""
    found = datetime.fromisoformat(text) if text else None
    return found if found is not None and found.year > 1 else None
