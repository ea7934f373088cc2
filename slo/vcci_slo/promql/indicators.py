"""What an indicator counts, as PromQL: bad and valid events in a raw window, the windows built from smaller ones.

Counting both separately keeps every ratio exact by events: windows add up, an idle hour weighs nothing, and a series
of errors that does not exist yet counts as zero errors, not as no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.plan import (
    WINDOW,
    EventsIndicator,
    EventsSignal,
    LatencyIndicator,
    LimitIndicator,
    ProbeIndicator,
    QueryIndicator,
    QuerySignal,
    Slo,
)
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.series import BAD

__all__ = [
    "PROBE_METRIC",
    "bad_now",
    "bucket_matcher",
    "errors_in",
    "events_matchers",
    "grouped",
    "slo_matchers",
    "timed_matchers",
    "total_in",
]

PROBE_METRIC = "probe_success"
SECOND, MOMENT = timedelta(seconds=1), timedelta(milliseconds=1)


def grouped(slo: Slo, aggregation: str = "sum") -> str:
    """Return an aggregation that keeps the labels by which a promise is kept apart."""
    return f"{aggregation} by ({', '.join(slo.by)}) " if slo.by else aggregation


@dataclass(frozen=True)
class _Range:
    """A raw window as a rule reads it, and the factor by which what it counted is that of the window itself.

    Prometheus extends what it sees to the edges of a range, so windows that meet would miss what happened between their
    last and first scrapes. A range that is longer by just less than one scrape holds the samples of exactly the window,
    at any phase and with open and closed ends alike, and the factor takes the extension back.
    """

    window: timedelta
    scrape: timedelta | None

    @property
    def length(self) -> timedelta:
        return self.window if self.scrape is None else self.window + self.scrape - MOMENT

    @property
    def text(self) -> str:
        return promql_duration(self.length)

    @property
    def factor(self) -> str:
        if self.scrape is None:
            return ""
        return f" * {number(self.window / SECOND)} / {number(self.length / SECOND)}"


def errors_in(  # noqa: PLR0911 - one answer for each kind of indicator
    slo: Slo, window: timedelta, *, scrape: timedelta | None = None, total: str = ""
) -> str:
    """Return bad events in the last `window`; zero, not nothing, while there are valid events and no bad ones.

    A rule gives how often is scraped, so that windows meet without a gap, and the recorded `total`, which is then not
    read from raw series again.
    """
    over, sum_of = _Range(window, scrape), grouped(slo)
    matching = f"on ({', '.join(slo.by)}) " if total else ""
    valid = total or total_in(slo, window, scrape=scrape)
    match slo.indicator:
        case EventsIndicator(signal, only):
            series = selector(signal.events, (*events_matchers(signal), *signal.bad, *only))
            return f"{sum_of}(increase({series}[{over.text}])){over.factor} or {matching}0 * {valid}"
        case LatencyIndicator(signal, within, only):
            if signal.native:
                share = f"histogram_fraction(0, {number(within)}, {_durations(slo, over)})"
                # The share of an empty histogram is NaN, which no comparison lets through.
                fast = f"{valid} * {matching}{share} >= 0 or {matching}0 * {valid}"
                return f"{valid} - {matching}({fast})"
            matchers = (*timed_matchers(signal), *only, bucket_matcher(within))
            fast = f"{sum_of}(increase({selector(f'{signal.duration}_bucket', matchers)}[{over.text}])){over.factor}"
            return f"{valid} - {matching}{fast}"
        case ProbeIndicator(_, matchers):
            series = selector(PROBE_METRIC, matchers)
            return f"{valid} - {matching}{sum_of}(sum_over_time({series}[{_open(window)}]))"
        case LimitIndicator():
            return f"{sum_of}(sum_over_time({selector(BAD, slo_matchers(slo))}[{_open(window)}]))"
        case QueryIndicator(signal):
            if signal.valid is None:
                return f"{_asked(signal.bad, window)} * {number(window / SECOND)} >= 0"
            counted = total or _events_of(signal, signal.valid, window)
            return f"{_events_of(signal, signal.bad, window)} >= 0 or {matching}0 * {counted}"


def total_in(  # noqa: PLR0911 - one answer for each kind of indicator
    slo: Slo, window: timedelta, *, scrape: timedelta | None = None
) -> str:
    """Return valid events in the last `window`; of a ratio alone, the seconds in which it was known."""
    over, sum_of = _Range(window, scrape), grouped(slo)
    match slo.indicator:
        case EventsIndicator(signal, only):
            series = selector(signal.events, (*events_matchers(signal), *only))
            return f"{sum_of}(increase({series}[{over.text}])){over.factor}"
        case LatencyIndicator(signal, _, only):
            if signal.native:
                return f"histogram_count({_durations(slo, over)}){over.factor}"
            series = selector(f"{signal.duration}_count", (*timed_matchers(signal), *only))
            return f"{sum_of}(increase({series}[{over.text}])){over.factor}"
        case ProbeIndicator(_, matchers):
            return f"{sum_of}(count_over_time({selector(PROBE_METRIC, matchers)}[{_open(window)}]))"
        case LimitIndicator():
            return f"{sum_of}(count_over_time({selector(BAD, slo_matchers(slo))}[{_open(window)}]))"
        case QueryIndicator(signal):
            if signal.valid is None:
                return f"0 * ({_asked(signal.bad, window)} >= 0) + {number(window / SECOND)}"
            return f"{_events_of(signal, signal.valid, window)} >= 0"


def _open(window: timedelta) -> str:
    """Return a window without its first moment.

    Where windows meet, Prometheus 2 counts what was seen at that moment in both of them; verdicts are even recorded at
    the moments at which windows are asked. Version 3 leaves the first moment out by itself.
    """
    return promql_duration(window - MOMENT)


def _durations(slo: Slo, over: _Range) -> str:
    """Return the native histogram of a range."""
    assert isinstance(slo.indicator, LatencyIndicator)  # noqa: S101 - callers look at the indicator first
    signal, only = slo.indicator.signal, slo.indicator.only
    series = selector(signal.duration or "", (*timed_matchers(signal), *only))
    return f"{grouped(slo)}(increase({series}[{over.text}]))"


def _asked(query: str, window: timedelta) -> str:
    return f"({query.replace(WINDOW, promql_duration(window))})"


def _events_of(signal: QuerySignal, query: str, window: timedelta) -> str:
    times = f" * {number(window / SECOND)}" if signal.per_second else ""
    return f"{_asked(query, window)}{times}"


def bad_now(slo: Slo) -> str | None:
    """Return the moment's verdict of a value under a limit, which a rule records; None for other indicators."""
    match slo.indicator:
        case LimitIndicator(signal, limit, side, only):
            if signal.simple is not None:
                aggregation, _, metric, matchers = signal.simple
                value = f"{grouped(slo, aggregation)}({selector(metric, (*matchers, *only))})"
            else:
                value = f"{'max' if side == 'below' else 'min'}({signal.series})"
            return f"{value} {'>=' if side == 'below' else '<'} bool {number(limit)}"
        case _:
            return None


def slo_matchers(slo: Slo) -> tuple[Matcher, ...]:
    """Return what finds the recorded series of one promise."""
    return (Matcher("slo", "=", slo.name),)


def events_matchers(signal: EventsSignal) -> tuple[Matcher, ...]:
    """Return what finds the valid events of a signal."""
    return (*signal.selector, *signal.where, *signal.valid)


def timed_matchers(signal: EventsSignal) -> tuple[Matcher, ...]:
    """Return what finds the durations that a latency promise covers."""
    return (*signal.selector, *signal.where, *signal.timed)


def bucket_matcher(seconds: float) -> Matcher:
    """Return a matcher of the bucket at `seconds` in every spelling: Prometheus 3 stores `1` as `1.0`.

    >>> str(bucket_matcher(1.0)), str(bucket_matcher(0.5))
    ('le=~"1(\\\\\\\\.0)?"', 'le="0.5"')
    """
    if seconds == int(seconds):
        return Matcher("le", "=~", rf"{int(seconds)}(\.0)?")
    return Matcher("le", "=", number(seconds))
