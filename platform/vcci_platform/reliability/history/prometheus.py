"""A history from Prometheus: range queries over what a promise counts, in bounded pieces, counted before they are sent.

Raw series are asked, with the expressions of the rules. Each counter is read over its step and one scrape more, and
scaled to the step: a plain `increase` over a step leaves out what happened between its last sample and the next step's
first, and makes up for it by extrapolation; this way every increment between two scrapes counts once. What counters
grew over a gap in the scrapes is asked for apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vcci_platform.asking import Asker, AskingError, Refused, TooMuch, data_of
from vcci_platform.reliability.history.recorded import HistoryUnreadable, Recorded
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_slo import burn
from vcci_slo.backtest import History
from vcci_slo.plan import EventsIndicator, LatencyIndicator, LimitIndicator, QueryIndicator, Slo
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import (
    bad_now,
    errors_in,
    events_matchers,
    slo_matchers,
    timed_matchers,
    total_in,
)
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.series import BAD, errors
from vcci_slo.promql.series import total as recorded_total
from vcci_slo.windows import Span

__all__ = ["MOST_QUERIES", "POINTS_PER_QUERY", "PrometheusHistory"]

POINTS_PER_QUERY = 5_000
"""Prometheus refuses more than 11,000 points of a series; half of that also fits where samples are dense."""

FEWEST_POINTS = 50
MOST_QUERIES = 1_000
MOST_POINTS = 1_500_000
MILLISECOND = timedelta(milliseconds=1)
LOOK_BACK = timedelta(hours=1)
MOST_GAPS = 100
LONGEST_GAP = timedelta(days=1)
TOO_DEAR = ("too many samples", "timed out", "exceeded maximum resolution")


@dataclass(frozen=True)
class _Question:
    """What is asked for each step; `times` makes the answer one of the step's length."""

    bad: str
    total: str
    times: float


class PrometheusHistory:
    """Asks one Prometheus. `told` hears how many queries there will be, before the first of them."""

    def __init__(self, asker: Asker, told: Callable[[str], None] = lambda sentence: None) -> None:
        self._asker = asker
        self._url = asker.url
        self._told = told

    def read(
        self, slo: Slo, span: Span, step: timedelta, scrape_every: timedelta, group: Mapping[str, str] | None = None
    ) -> Recorded:
        """Return the history of a promise over a span, in steps. `group` names the account of a promise kept `by`.

        Raises HistoryUnreadable if that is too much to ask or if nothing is there, SourceUnavailable if Prometheus
        does not answer.
        """
        points = span.length // step
        pieces = -(-points // POINTS_PER_QUERY)
        if points < 2:
            raise HistoryUnreadable(
                f"expected a span of at least two steps of {words(step)}, found {words(span.length)}"
            )
        if points > MOST_POINTS or 2 * pieces > MOST_QUERIES:
            least = promql_duration(timedelta(seconds=math.ceil(span.length.total_seconds() / MOST_POINTS)))
            raise HistoryUnreadable(
                f"expected at most {MOST_POINTS:,} steps, found {points:,}; steps of {least} would fit, with --step"
            )
        scraped = self._scraped(slo, span.end) or scrape_every
        question = self._question(slo, span.end, step, scraped)
        self._told(f"{2 * pieces} queries to {self._url}, {points:,} steps of {words(step)}")
        history = self._history(question, slo, span, step, group)
        if history is not None:
            history = self._with_gaps(history, slo, step, scraped, group)
            return Recorded(history, f"Prometheus at {self._url}", _notes(slo, step, scraped))
        bad, total = (
            selector(name, slo_matchers(slo)) for name in (errors(burn.CURRENT), recorded_total(burn.CURRENT))
        )
        recorded = _Question(bad, total, 1.0)
        history = self._history(recorded, slo, span, burn.CURRENT, group)
        if history is None:
            raise HistoryUnreadable(
                f"expected samples of {slo.name} in Prometheus at {self._url} from {span.start:%Y-%m-%d %H:%M} to "
                f"{span.end:%Y-%m-%d %H:%M}, found none; it was asked for {question.total}"
            )
        note = f"no raw series were found, so the recorded windows of {words(burn.CURRENT)} were read"
        return Recorded(history, f"the series that Prometheus at {self._url} recorded", (note,))

    def _history(
        self, question: _Question, slo: Slo, span: Span, step: timedelta, group: Mapping[str, str] | None
    ) -> History | None:
        """Return what was answered; steps to which there is no answer are unknown. None if none has one."""
        seconds = step.total_seconds()
        first = math.ceil(span.start.timestamp() / seconds + 1) * seconds
        points = max(int((span.end.timestamp() - first) // seconds) + 1, 0)
        total = self._column(question.total, first, step, points, slo, group)
        bad = self._column(question.bad, first, step, points, slo, group)
        known = np.isfinite(total) & np.isfinite(bad)
        if not known.any():
            return None
        moments = np.round((first + seconds * np.arange(points)) * 1e6).astype(np.int64)[known]
        counted = np.maximum(total[known] * question.times, 0.0)
        failed = np.clip(bad[known] * question.times, 0.0, counted)
        return History.of_arrays(moments - step // timedelta(microseconds=1), moments, failed, counted)

    def _with_gaps(
        self, history: History, slo: Slo, step: timedelta, scraped: timedelta, group: Mapping[str, str] | None
    ) -> History:
        """Return the history with what counters grew while nobody scraped, as a window over the gap has it."""
        places = np.flatnonzero(history.start[1:] > history.end[:-1])[:MOST_GAPS].tolist()
        if not places or not isinstance(slo.indicator, EventsIndicator | LatencyIndicator):
            return history
        self._told(f"{2 * len(places)} queries more, for what happened in {len(places)} gaps")
        found: list[tuple[int, int, float, float]] = []
        for place in places:
            since, until = int(history.end[place]), int(history.start[place + 1])
            window = timedelta(microseconds=until - since) + 2 * step + scraped - MILLISECOND
            if window > LONGEST_GAP:
                continue
            at = int(history.end[place + 1]) / 1e6
            grown = [
                (self._value(query(slo, window), at, slo, group) or 0.0) * ((window - scraped) / window)
                - float(column[place] + column[place + 1])
                for query, column in ((errors_in, history.bad), (total_in, history.total))
            ]
            total = max(grown[1], 0.0)
            if total:
                found.append((since, until, min(max(grown[0], 0.0), total), total))
        start, end, bad, total_column = zip(*found, strict=True) if found else ((), (), (), ())
        return History.of_arrays(
            np.concatenate((history.start, np.array(start, dtype=np.int64))),
            np.concatenate((history.end, np.array(end, dtype=np.int64))),
            np.concatenate((history.bad, np.array(bad))),
            np.concatenate((history.total, np.array(total_column))),
            np.concatenate((history.known, np.zeros(len(found)))),
        )

    def _value(self, query: str, at: float, slo: Slo, group: Mapping[str, str] | None) -> float | None:
        found = _one(self._ask("query", {"query": query, "time": f"{at:.3f}"}), slo, group)
        value = float(found[0][1]) if found else math.nan
        return value if math.isfinite(value) else None

    def _question(self, slo: Slo, at: datetime, step: timedelta, scraped: timedelta) -> _Question:
        match slo.indicator:
            case EventsIndicator() | LatencyIndicator():
                window = step + scraped - MILLISECOND  # without it, a range closed on the left has a sample too many
                return _Question(errors_in(slo, window), total_in(slo, window), step / window)
            case LimitIndicator() if not self._has(selector(BAD, slo_matchers(slo)), at):
                verdict = f"({bad_now(slo)})[{promql_duration(step - MILLISECOND)}:{promql_duration(scraped)}]"
                return _Question(f"sum_over_time({verdict})", f"count_over_time({verdict})", 1.0)
            case QueryIndicator():
                return _Question(errors_in(slo, step), total_in(slo, step), 1.0)
            case _:
                window = step - MILLISECOND
                return _Question(errors_in(slo, window), total_in(slo, window), 1.0)

    def _has(self, series: str, at: datetime) -> bool:
        return bool(self._ask("query", {"query": f"count({series})", "time": number(at.timestamp())}))

    def _scraped(self, slo: Slo, end: datetime) -> timedelta | None:
        """Return how often the series of a promise are scraped: the usual time between two samples of an hour.

        Asked of the series with the most samples. A series may be minutes old, so its number alone says nothing.
        """
        match slo.indicator:
            case EventsIndicator(signal, only):
                name, matchers = signal.events, (*events_matchers(signal), *only)
            case LatencyIndicator(signal, _, only) if not signal.native:
                name, matchers = f"{signal.duration}_count", (*timed_matchers(signal), *only)
            case _:
                return None
        span, at = promql_duration(LOOK_BACK), {"time": number(end.timestamp())}
        most = self._ask("query", {"query": f"topk(1, count_over_time({selector(name, matchers)}[{span}]))", **at})
        if not most:
            return None
        labels = tuple(Matcher(label, "=", value) for label, value in most[0]["metric"].items() if label != "__name__")
        found = self._ask("query", {"query": f"{selector(name, labels)}[{span}]", **at})
        times = [float(moment) for moment, _ in found[0]["values"]] if found else []
        between = sorted(after - before for before, after in pairwise(times))
        return timedelta(seconds=max(round(between[len(between) // 2]), 1)) if between else None

    def _column(
        self, query: str, first: float, step: timedelta, points: int, slo: Slo, group: Mapping[str, str] | None
    ) -> NDArray[np.float64]:
        values = np.full(points, np.nan)
        pieces = [(start, min(start + POINTS_PER_QUERY, points)) for start in range(0, points, POINTS_PER_QUERY)]
        while pieces:
            start, end = pieces.pop()
            try:
                found = self._range(query, first, step, start, end)
            except _TooMuch as refusal:
                if end - start <= FEWEST_POINTS:
                    raise HistoryUnreadable(f"{refusal}; try a longer --step or a shorter --last") from None
                middle = (start + end) // 2
                pieces += [(start, middle), (middle, end)]
                continue
            for moment, value in _one(found, slo, group):
                place = round((moment - first) / step.total_seconds())
                if start <= place < end:
                    values[place] = float(value)
        return values

    def _range(self, query: str, first: float, step: timedelta, start: int, end: int) -> list[dict[str, Any]]:
        seconds = step.total_seconds()
        limits = {"start": first + start * seconds, "end": first + (end - 1) * seconds, "step": seconds}
        return self._ask("query_range", {"query": query, **{name: f"{value:.3f}" for name, value in limits.items()}})

    def _ask(self, what: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        try:
            data = data_of(self._asker, what, parameters)
        except TooMuch as error:
            raise _TooMuch(str(error)) from None
        except Refused as refusal:
            dear = any(sign in str(refusal) for sign in TOO_DEAR)
            raise (_TooMuch if dear else SourceUnavailable)(str(refusal)) from None
        except AskingError as error:
            raise SourceUnavailable(str(error)) from None
        if not isinstance(data, dict) or not isinstance(data.get("result"), list):
            raise SourceUnavailable(str(self._asker.odd("its answer to a query has another form")))
        result: list[dict[str, Any]] = data["result"]
        return result


class _TooMuch(SourceUnavailable):
    """A query that loads more than Prometheus allows; a smaller piece may do."""


def _one(found: list[dict[str, Any]], slo: Slo, group: Mapping[str, str] | None) -> list[tuple[float, str]]:
    """Return the values of the one series that is meant."""
    wanted = dict(group or {})
    matching = [item for item in found if wanted.items() <= item["metric"].items()]
    if len(matching) > 1:
        shown = "; ".join(
            ", ".join(f"{label}={item['metric'].get(label, '')}" for label in slo.by) for item in matching[:5]
        )
        raise HistoryUnreadable(
            f"expected one account of {slo.name}, found {len(matching)}: {shown}; choose with --group"
        )
    if not matching:
        return []
    pairs = matching[0]["values"] if "values" in matching[0] else [matching[0]["value"]]
    return [(float(moment), value) for moment, value in pairs]


def _notes(slo: Slo, step: timedelta, scraped: timedelta) -> tuple[str, ...]:
    if isinstance(slo.indicator, EventsIndicator | LatencyIndicator) and step < 2 * scraped:
        return (
            f"a step of {words(step)} is shorter than two scrapes of {words(scraped)}: some steps may seem unknown",
        )
    return ()
