"""Where SLIs come from: the desk's own recorder, or the Prometheus that watches the platform."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from vcci_platform.asking import Asker, AskingError, data_of
from vcci_platform.errors import PlatformError
from vcci_platform.reliability.groups import key_of_group
from vcci_platform.reliability.samples import Labels
from vcci_platform.reliability.store import KEEP, IncrementStore
from vcci_slo.burn import Traffic
from vcci_slo.plan import Slo
from vcci_slo.promql import series
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.indicators import errors_in, slo_matchers, total_in
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.windows import Span, calendar_month

__all__ = ["Point", "PrometheusSource", "RecorderSource", "Source", "SourceUnavailable", "equal_runs"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS_OF_FIRST = 60


class SourceUnavailable(PlatformError):
    """The place where SLIs come from does not answer."""


@dataclass(frozen=True)
class Point:
    """The traffic of one step of a history, which ends at `at`."""

    at: datetime
    traffic: Traffic


class Source(Protocol):
    """Someone who knows what was counted. `self_reported` figures were not seen by anyone else.

    `keeps` is how far back it remembers, None where that is for somebody else to say; `resolution` says how finely.
    """

    name: str
    self_reported: bool
    keeps: timedelta | None
    resolution: str

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        """Return bad and valid events of a span; `known` is the share of it that was observed."""
        ...

    def each(self, slo: Slo, spans: Sequence[Span]) -> tuple[Traffic, ...]:
        """Return the traffic of each of these spans, such as the days of a month, in few questions."""
        ...

    def history(self, slo: Slo, span: Span, step: timedelta) -> tuple[Point, ...]:
        """Return the traffic of each step."""
        ...

    def groups(self, slo: Slo, span: Span) -> Mapping[Labels, Traffic]:
        """Return the traffic of each part of a promise that is kept apart by labels; nothing for any other."""
        ...

    def first_seen(self, slo: Slo, span: Span, labels: Labels = ()) -> datetime | None:
        """Return from when on a promise, or a part of it, was measured in a span, or None if it was not."""
        ...

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        """Return what is pending or firing there, in the form of Prometheus' API; nothing where nobody decides."""
        ...


class RecorderSource:
    """The desk's own store."""

    name = "the desk's recorder"
    self_reported = True
    keeps: timedelta | None = KEEP
    resolution = (
        "Counts older than four days are kept by the hour; "
        "a midnight within such an hour divides it by its share of time."
    )

    def __init__(self, store: IncrementStore) -> None:
        self._store = store

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        return self._store.traffic(slo.name, span)

    def each(self, slo: Slo, spans: Sequence[Span]) -> tuple[Traffic, ...]:
        return tuple(self.traffic(slo, span) for span in spans)

    def history(self, slo: Slo, span: Span, step: timedelta) -> tuple[Point, ...]:
        found: list[Point] = []
        end = span.start + step
        while end <= span.end:
            found.append(Point(end, self._store.traffic(slo.name, Span(end - step, end))))
            end += step
        return tuple(found)

    def groups(self, slo: Slo, span: Span) -> Mapping[Labels, Traffic]:
        parts = self._store.groups(slo.name)
        return {labels: self._store.traffic(key_of_group(slo.name, labels), span) for labels in parts}

    def first_seen(self, slo: Slo, span: Span, labels: Labels = ()) -> datetime | None:
        return self._store.first(key_of_group(slo.name, labels), span)

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        return ()


class PrometheusSource:
    """The HTTP API of Prometheus, over the series that the generated rules record."""

    name = "Prometheus"
    self_reported = False
    keeps: timedelta | None = None
    resolution = (
        "Days are read from the recorded series at each local midnight; Prometheus extrapolates increases to the edges "
        "of a window, so events may have fractions. What its retention has forgotten is shown as unknown."
    )

    def __init__(self, asker: Asker, evaluate_every: timedelta) -> None:
        self._asker = asker
        self._evaluate_every = evaluate_every

    def traffic(self, slo: Slo, span: Span) -> Traffic:
        for bad, total in _ways(slo, span):
            counted, valid = self._value(bad, span.end), self._value(total, span.end)
            if counted is not None and valid is not None:
                return Traffic(min(max(counted, 0.0), valid), valid, self._known(slo, span))
        return Traffic(0, 0, 0)

    def each(self, slo: Slo, spans: Sequence[Span]) -> tuple[Traffic, ...]:
        """Return the traffic of each span; a run of equal ones takes three questions, whatever its length."""
        found: list[Traffic] = []
        for run in equal_runs(spans):
            found += self._run(slo, run) if len(run) > 1 else [self._odd(slo, run[0])]
        return tuple(found)

    def _run(self, slo: Slo, run: Sequence[Span]) -> list[Traffic]:
        """Return the traffic of spans that follow each other, all equally long."""
        whole, length = Span(run[0].start, run[-1].end), run[0].length
        bad, total = (self._range(query, whole, length) for query in _counts(slo, length))
        seen = self._range(_looks(slo, length), whole, length)
        found: list[Traffic] = []
        for index in range(len(run)):
            valid, failed = total.get(index), bad.get(index)
            if valid is None or failed is None:
                found.append(Traffic(0, 0, 0))
                continue
            known = min(seen.get(index, 0.0) * (self._evaluate_every / length), 1.0)
            found.append(Traffic(min(max(failed, 0.0), valid), valid, known))
        return found

    def _odd(self, slo: Slo, span: Span) -> Traffic:
        """Return the traffic of one span. A day on which the clocks change is a recorded one, an hour more or less."""
        if not {HOUR, DAY} <= _recorded(slo) or abs(span.length - DAY) != HOUR:
            return self.traffic(slo, span)
        day, longer = self.traffic(slo, Span(span.end - DAY, span.end)), span.length > DAY
        edge = Span(span.start, span.start + HOUR) if longer else Span(span.start - HOUR, span.start)
        hour = self.traffic(slo, edge)
        sign = 1 if longer else -1
        total = max(day.total + sign * hour.total, 0.0)
        seen = day.known * (DAY / HOUR) + sign * hour.known
        known = min(max(seen / (span.length / HOUR), 0.0), 1.0)
        return Traffic(min(max(day.bad + sign * hour.bad, 0.0), total), total, known)

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

    def groups(self, slo: Slo, span: Span) -> Mapping[Labels, Traffic]:
        """Return the traffic of each part, in three questions for all of them."""
        if not slo.by:
            return {}
        ways = _ways(slo, span, apart=True)
        found = ((self._vector(bad, slo, span.end), self._vector(total, slo, span.end)) for bad, total in ways)
        bad, valid = next((pair for pair in found if pair[0] and pair[1]), ({}, {}))
        seen = self._vector(_looks(replace(slo, by=()), span.length), slo, span.end)
        share = self._evaluate_every / span.length
        return {
            labels: Traffic(min(max(bad[labels], 0.0), count), count, min(seen.get(labels, 0.0) * share, 1.0))
            for labels, count in sorted(valid.items())
            if labels in bad
        }

    def first_seen(self, slo: Slo, span: Span, labels: Labels = ()) -> datetime | None:
        """Return it in two questions, each to within a sixtieth of its span: of a month that is twelve minutes."""
        for _ in range(2):
            step = span.length / STEPS_OF_FIRST
            seen = self._range(_looks(slo, step, labels), span, step)
            if not seen:
                return None
            first = span.start + min(seen) * step
            span = Span(first, first + step)
        return span.start

    def alerts(self) -> tuple[Mapping[str, Any], ...]:
        with self._understood():
            found = self._ask("alerts", {})["alerts"]
            return tuple({"labels": {}, "annotations": {}, **dict(alert)} for alert in found)

    def rules(self) -> Mapping[str, str]:
        """Return the alerts that it evaluates, each with what went wrong the last time, or nothing."""
        with self._understood():
            groups = self._ask("rules", {"type": "alert"})["groups"]
            return {rule["name"]: str(rule.get("lastError", "")) for group in groups for rule in group["rules"]}

    def _known(self, slo: Slo, span: Span) -> float:
        seen = self._value(_looks(slo, span.length), span.end)
        return min((seen or 0.0) * (self._evaluate_every / span.length), 1.0)

    def _vector(self, query: str, slo: Slo, at: datetime) -> dict[Labels, float]:
        """Return the values by the labels that keep a promise apart."""
        with self._understood():
            data = self._ask("query", {"query": query, "time": f"{at.timestamp():.3f}"})
            found = {
                tuple((label, str(item["metric"].get(label, ""))) for label in slo.by): float(item["value"][1])
                for item in data["result"]
            }
        return {labels: value for labels, value in found.items() if math.isfinite(value)}

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
            raise SourceUnavailable(str(self._asker.odd(f"{type(error).__name__}: {error}"))) from None

    def _ask(self, what: str, parameters: dict[str, str]) -> Any:
        try:
            return data_of(self._asker, what, parameters)
        except AskingError as error:
            raise SourceUnavailable(str(error)) from None


def equal_runs(spans: Sequence[Span]) -> list[list[Span]]:
    """Return spans in runs of such as follow each other and are equally long; DST interrupts a run of days.

    >>> from datetime import UTC
    >>> midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    >>> ends = [midnight + timedelta(hours=hours) for hours in (-48, -24, 0, 25, 49)]
    >>> [len(run) for run in equal_runs([Span(*pair) for pair in zip(ends, ends[1:])])]
    [2, 1, 1]
    """
    runs: list[list[Span]] = []
    for span in spans:
        if runs and runs[-1][-1].end == span.start and runs[-1][-1].length == span.length:
            runs[-1].append(span)
        else:
            runs.append([span])
    return runs


def _counts(slo: Slo, length: timedelta) -> tuple[str, str]:
    """Return what counts bad and valid events: the recorded series where there is one, else the raw ones.

    Of a promise that is kept apart by labels, those of all of its parts.
    """
    return _whole(slo, *_apart(slo, length))


def _ways(slo: Slo, span: Span, *, apart: bool = False) -> tuple[tuple[str, str], ...]:
    """Return what counts bad and valid events of a span, the best way first; `apart` keeps the parts of a promise.

    The calendar month so far has series of its own, as far as the rules are loaded: a raw count of a month reads every
    sample in it, and Prometheus extrapolates it to the edges.
    """
    ways = [_apart(slo, span.length)]
    if slo.calendar is not None and _is_month(span, slo.calendar):
        ways.insert(0, _named(slo, series.MONTH_ERRORS, series.MONTH_TOTAL))
    return tuple(way if apart else _whole(slo, *way) for way in ways)


def _is_month(span: Span, zone: str) -> bool:
    month = calendar_month(span.start, zone)
    return span.start == month.start and span.end <= month.end


def _apart(slo: Slo, length: timedelta) -> tuple[str, str]:
    if length in _recorded(slo):
        return _named(slo, series.errors(length), series.total(length))
    return errors_in(slo, length), total_in(slo, length)


def _named(slo: Slo, errors: str, total: str) -> tuple[str, str]:
    return selector(errors, slo_matchers(slo)), selector(total, slo_matchers(slo))


def _whole(slo: Slo, bad: str, total: str) -> tuple[str, str]:
    return (f"sum({bad})", f"sum({total})") if slo.by else (bad, total)


def _looks(slo: Slo, length: timedelta, labels: Labels = ()) -> str:
    """Return what counts how often the shortest window was recorded; the whole is seen while any part is."""
    shortest = series.total(min((tier.short for tier in slo.tiers), default=length))
    matchers = (*slo_matchers(slo), *(Matcher(label, "=", value) for label, value in labels))
    looks = f"count_over_time({selector(shortest, matchers)}[{promql_duration(length)}])"
    return f"max({looks})" if slo.by else looks


def _recorded(slo: Slo) -> frozenset[timedelta]:
    """Return the windows that the generated rules record for a promise."""
    period = () if slo.calendar is not None else (slo.window,)
    return frozenset({*period, *(tier.long for tier in slo.tiers), *(tier.short for tier in slo.tiers)})
