"""Traces of single requests that failed or were slow, by the exemplars that the counters carry; and where all stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from vcci_platform.asking import Asker, AskingError, data_of
from vcci_platform.incidents.context.links import deployment_of, span_of
from vcci_platform.incidents.context.model import Fact, Question, Unavailable
from vcci_platform.wiring.affected import is_service
from vcci_slo import Plan
from vcci_slo.places import trace_at, traces_at
from vcci_slo.plan import EventsSignal, LatencyIndicator, Links
from vcci_slo.promql.indicators import events_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher, selector

__all__ = ["Exemplar", "ExemplarsOf", "ExposedExemplars", "PrometheusExemplars", "TraceSource"]

MOST: Final = 5
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0"
MOST_BYTES: Final = 8 * 1024 * 1024
TRACE_LABELS: Final = ("trace_id", "traceID", "traceId")
"""Under these names libraries put the id of a trace beside a count."""

METRICS_PATH: Final = "/health/metrics"


@dataclass(frozen=True)
class Exemplar:
    """One request that was counted as bad, and the trace that it left; `took` is set for one that was slow."""

    trace_id: str
    at: datetime
    endpoint: str = ""
    took: float | None = None

    @property
    def words(self) -> str:
        """It in words."""
        where = f" at {self.endpoint}" if self.endpoint else ""
        what = "a failed request" if self.took is None else f"a request of {self.took:.3g} s"
        return f"trace of {what}{where} ({self.at:%H:%M:%S} UTC)"


ExemplarsOf = Callable[[Question], Iterable[Exemplar]]
"""The requests of the systems concerned that failed or were slow, and left a trace. Raises Unavailable."""


@dataclass(frozen=True)
class TraceSource:
    """The traces of the time in question, in the store that the spec names, and those of single failed requests."""

    plan: Plan
    deployments: Mapping[str, str]
    exemplars: ExemplarsOf

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        where = self.plan.links
        if not where.traces:
            raise Unavailable("the spec names no place of traces")
        start, end = span_of(question)
        named = deployment_of(question, self.deployments)
        of = f" of {named}" if named else ""
        span = {"from": start.isoformat(), "to": end.isoformat()}
        place = Fact(f"traces{of} from {start:%H:%M} to {end:%H:%M} UTC", traces_at(where, named, start, end), span)
        return (place, *self._single(question, where))

    def _single(self, question: Question, where: Links) -> tuple[Fact, ...]:
        try:
            found = {each.trace_id: each for each in self.exemplars(question)}
        except Unavailable as why:
            return (Fact(f"traces of single requests: {why}"),)
        newest = sorted(found.values(), key=lambda each: (each.at, each.trace_id), reverse=True)[:MOST]
        return tuple(
            Fact(each.words, trace_at(where, each.trace_id), {"trace_id": each.trace_id, "at": each.at.isoformat()})
            for each in newest
        )


@dataclass(frozen=True)
class PrometheusExemplars:
    """Those that Prometheus keeps, where it keeps any (`--enable-feature=exemplar-storage`)."""

    plan: Plan
    prometheus: Asker

    def __call__(self, question: Question) -> Iterable[Exemplar]:
        """Ask for the exemplars of what failed or was slow, signal by signal."""
        start, end = span_of(question)
        span = {"start": f"{start.timestamp():.3f}", "end": f"{min(end, question.now).timestamp():.3f}"}
        for signal in _signals(self.plan, question):
            if signal.bad:
                yield from self._asked(selector(signal.events, (*events_matchers(signal), *signal.bad)), span)
            allowed = _allowed_seconds(self.plan, signal)
            if allowed is not None:
                yield from self._asked(selector(_durations(signal), timed_matchers(signal)), span, above=allowed)

    def _asked(self, query: str, span: Mapping[str, str], above: float | None = None) -> Iterator[Exemplar]:
        try:
            found = data_of(self.prometheus, "query_exemplars", {"query": query, **span})
        except AskingError as error:
            raise Unavailable(str(error)) from None
        for series in found:
            yield from _of_series(series, above)


@dataclass(frozen=True)
class ExposedExemplars:
    """Those that the service shows beside its figures: the last request of each series that left a trace."""

    plan: Plan
    client: httpx.Client
    service: str

    def __call__(self, question: Question) -> Iterable[Exemplar]:
        """Read them, as far as the service is concerned and they are of the time in question."""
        signals = [signal for signal in _signals(self.plan, question) if is_service(signal)]
        if not signals:
            return
        start, end = span_of(question)
        for name, labels, exemplar in self._shown():
            for signal in signals:
                found = _of_sample(signal, _allowed_seconds(self.plan, signal), name, labels, exemplar)
                if found is not None and start <= found.at <= end:
                    yield found

    def _shown(self) -> Iterator[tuple[str, Mapping[str, str], Any]]:
        try:
            answer = self.client.get(f"{self.service}{METRICS_PATH}", headers={"Accept": OPENMETRICS})
            if not answer.is_success or len(answer.content) > MOST_BYTES:
                raise Unavailable(f"the service answers {answer.status_code}")
            for family in parse_openmetrics(answer.text):  # type: ignore[no-untyped-call]
                for sample in family.samples:
                    if sample.exemplar is not None:
                        yield sample.name, sample.labels, sample.exemplar
        except httpx.HTTPError as error:
            raise Unavailable(f"the service does not answer: {type(error).__name__}") from None
        except ValueError:
            raise Unavailable("the service shows its figures in another form") from None


def _of_sample(
    signal: EventsSignal, allowed: float | None, name: str, labels: Mapping[str, str], exemplar: Any
) -> Exemplar | None:
    """Return the request that a sample of a signal names, None unless it failed or took more than is allowed."""
    failed = signal.bad and name == signal.events
    slow = allowed is not None and name == _durations(signal) and exemplar.value > allowed
    if failed and _holds((*signal.where, *signal.valid, *signal.bad), labels):
        return _one(exemplar.labels, exemplar.timestamp, labels)
    if slow and _holds((*signal.where, *signal.timed), labels):
        return _one(exemplar.labels, exemplar.timestamp, labels, took=exemplar.value)
    return None


def _signals(plan: Plan, question: Question) -> list[EventsSignal]:
    concerned = [one for one in plan.components if one.system in question.systems]
    named = [one for one in concerned if one.name in question.components] or concerned
    return [signal for one in named for signal in one.signals if isinstance(signal, EventsSignal)]


def _durations(signal: EventsSignal) -> str:
    """Return the series that carry the exemplars of how long things took."""
    return (signal.duration or "") + ("" if signal.native else "_bucket")


def _allowed_seconds(plan: Plan, signal: EventsSignal) -> float | None:
    """Return how long the slowest promise about a signal lets things take, None where nothing is promised."""
    asked = (slo.indicator for slo in plan.slos)
    latencies = (one for one in asked if isinstance(one, LatencyIndicator) and one.signal.ref == signal.ref)
    return max((one.within_seconds for one in latencies), default=None) if signal.duration else None


def _holds(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.holds(labels) for matcher in matchers)


def _of_series(series: Mapping[str, Any], above: float | None) -> Iterator[Exemplar]:
    """Yield the exemplars of a series; of durations those that took more seconds than `above`."""
    for each in series.get("exemplars", ()):
        took = None if above is None else float(each.get("value", "nan"))
        if took is not None and above is not None and not took > above:
            continue
        found = _one(each.get("labels", {}), each.get("timestamp"), series.get("seriesLabels", {}), took=took)
        if found is not None:
            yield found


def _one(
    labels: Mapping[str, str], timestamp: Any, of: Mapping[str, str], *, took: float | None = None
) -> Exemplar | None:
    trace_id = next((labels[name] for name in TRACE_LABELS if labels.get(name)), "")
    if not trace_id.isalnum() or timestamp is None:
        return None
    return Exemplar(trace_id, datetime.fromtimestamp(float(timestamp), UTC), of.get("endpoint", ""), took)
