"""Where SLIs come from: the desk's own recorder, or the Prometheus that watches the platform."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx

from vcci_platform.errors import PlatformError
from vcci_platform.reliability.store import IncrementStore
from vcci_slo.burn import Traffic
from vcci_slo.plan import Slo
from vcci_slo.promql import series
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.indicators import errors_in, slo_matchers, total_in
from vcci_slo.promql.matchers import selector
from vcci_slo.windows import Span

__all__ = ["Point", "PrometheusSource", "RecorderSource", "Source", "SourceUnavailable"]


class SourceUnavailable(PlatformError):
    """The place where SLIs come from does not answer."""


@dataclass(frozen=True)
class Point:
    """The traffic of one step of a history, which ends at `at`."""

    at: datetime
    traffic: Traffic


class Source(Protocol):
    """Someone who knows what was counted. `self_reported` figures were not seen by anyone else."""

    name: str
    self_reported: bool

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        """Return bad and valid events of a span; `known` is the share of it that was observed."""
        ...

    def history(self, slo: Slo, span: Span, step: timedelta) -> tuple[Point, ...]:
        """Return the traffic of each step."""
        ...

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        """Return what is pending or firing there, in the form of Prometheus' API; nothing where nobody decides."""
        ...


class RecorderSource:
    """The desk's own store."""

    name = "the desk's recorder"
    self_reported = True

    def __init__(self, store: IncrementStore) -> None:
        self._store = store

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        return self._store.traffic(slo.name, span)

    def history(self, slo: Slo, span: Span, step: timedelta) -> tuple[Point, ...]:
        found: list[Point] = []
        end = span.start + step
        while end <= span.end:
            found.append(Point(end, self._store.traffic(slo.name, Span(end - step, end))))
            end += step
        return tuple(found)

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        return ()


class PrometheusSource:
    """The HTTP API of Prometheus, over the series that the generated rules record."""

    name = "Prometheus"
    self_reported = False

    def __init__(self, client: httpx.Client, url: str, evaluate_every: timedelta) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._evaluate_every = evaluate_every

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        windows = {slo.window, *(tier.long for tier in slo.tiers), *(tier.short for tier in slo.tiers)}
        if span.length in windows:
            matchers = slo_matchers(slo)
            bad = selector(series.errors(span.length), matchers)
            total = selector(series.total(span.length), matchers)
        else:
            bad, total = errors_in(slo, span.length), total_in(slo, span.length)
        at = span.end
        counted, valid = self._value(bad, at), self._value(total, at)
        if counted is None or valid is None:
            return Traffic(0, 0, 0)
        return Traffic(min(max(counted, 0.0), valid), valid, self._known(slo, span))

    def history(self, slo: Slo, span: Span, step: timedelta) -> tuple[Point, ...]:
        bad = self._range(errors_in(slo, step), span, step)
        total = self._range(total_in(slo, step), span, step)
        found: list[Point] = []
        for index in range(span.length // step):
            valid = total.get(index)
            failed = min(max(bad.get(index, 0.0), 0.0), valid or 0.0)
            counted = Traffic(failed, valid, 1.0) if valid is not None else Traffic(0, 0, 0)
            found.append(Point(span.start + (index + 1) * step, counted))
        return tuple(found)

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        with self._understood():
            found = self._ask("alerts", {})["alerts"]
            return tuple({"labels": {}, "annotations": {}, **dict(alert)} for alert in found)

    def _known(self, slo: Slo, span: Span) -> float:
        shortest = min((tier.short for tier in slo.tiers), default=span.length)
        recorded = selector(series.total(shortest), slo_matchers(slo))
        seen = self._value(f"count_over_time({recorded}[{promql_duration(span.length)}])", span.end)
        return min((seen or 0.0) * (self._evaluate_every / span.length), 1.0)

    def _value(self, query: str, at: datetime) -> float | None:
        with self._understood():
            data = self._ask("query", {"query": query, "time": f"{at.timestamp():.3f}"})
            value = float(data["result"][0]["value"][1]) if data["result"] else math.nan
        return value if math.isfinite(value) else None

    def _range(self, query: str, span: Span, step: timedelta) -> dict[int, float]:
        """Return the values by the number of their step. Prometheus counts in whole milliseconds, so we do too."""
        first = round((span.start + step).timestamp() * 1000)
        every = max(round(step / timedelta(milliseconds=1)), 1)
        last = first + every * (span.length // step - 1)
        limits = {"start": f"{first / 1000:.3f}", "end": f"{last / 1000:.3f}", "step": f"{every / 1000:.3f}"}
        with self._understood():
            data = self._ask("query_range", {"query": query, **limits})
            pairs = [
                (float(moment), float(value)) for moment, value in (data["result"] or [{"values": []}])[0]["values"]
            ]
        return {round((moment * 1000 - first) / every): value for moment, value in pairs if math.isfinite(value)}

    @contextmanager
    def _understood(self) -> Generator[None]:
        """Say that Prometheus is not there when what answers has another form: a proxy's page, for example."""
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise SourceUnavailable(f"{self._url} does not answer as Prometheus does: {reason}") from None

    def _ask(self, what: str, parameters: dict[str, str]) -> Any:
        try:
            answer = self._client.get(f"{self._url}/api/v1/{what}", params=parameters)
        except httpx.HTTPError as error:
            raise SourceUnavailable(f"Prometheus at {self._url} does not answer: {error}") from None
        if not answer.is_success:
            raise SourceUnavailable(
                f"Prometheus at {self._url} refused a query: {answer.status_code} {answer.text[:200]}"
            )
        return answer.json()["data"]
