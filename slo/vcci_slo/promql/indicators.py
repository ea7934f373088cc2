"""What an indicator counts, as PromQL: bad and valid events in a raw window, the windows built from smaller ones.

Counting both separately keeps every ratio exact by events: windows add up, an idle hour weighs nothing, and a series
of errors that does not exist yet counts as zero errors, not as no answer.
"""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.plan import EventsIndicator, EventsSignal, LatencyIndicator, LimitIndicator, ProbeIndicator, Slo
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.series import BAD

__all__ = ["bad_now", "bucket_matcher", "errors_in", "events_matchers", "slo_matchers", "timed_matchers", "total_in"]

PROBE_METRIC = "probe_success"


def errors_in(slo: Slo, window: timedelta) -> str:
    """Return bad events in the last `window`; zero, not nothing, while there are valid events and no bad ones."""
    span = promql_duration(window)
    match slo.indicator:
        case EventsIndicator(signal, only):
            series = selector(signal.events, (*events_matchers(signal), *signal.bad, *only))
            return f"sum(increase({series}[{span}])) or 0 * {total_in(slo, window)}"
        case LatencyIndicator(signal, within, only):
            matchers = (*timed_matchers(signal), *only)
            fast = selector(f"{signal.duration}_bucket", (*matchers, bucket_matcher(within)))
            return f"{total_in(slo, window)} - sum(increase({fast}[{span}]))"
        case ProbeIndicator(_, matchers):
            series = selector(PROBE_METRIC, matchers)
            return f"{total_in(slo, window)} - sum(sum_over_time({series}[{span}]))"
        case LimitIndicator():
            return f"sum(sum_over_time({selector(BAD, slo_matchers(slo))}[{span}]))"


def total_in(slo: Slo, window: timedelta) -> str:
    """Return valid events in the last `window`."""
    span = promql_duration(window)
    match slo.indicator:
        case EventsIndicator(signal, only):
            return f"sum(increase({selector(signal.events, (*events_matchers(signal), *only))}[{span}]))"
        case LatencyIndicator(signal, _, only):
            series = selector(f"{signal.duration}_count", (*timed_matchers(signal), *only))
            return f"sum(increase({series}[{span}]))"
        case ProbeIndicator(_, matchers):
            return f"sum(count_over_time({selector(PROBE_METRIC, matchers)}[{span}]))"
        case LimitIndicator():
            return f"sum(count_over_time({selector(BAD, slo_matchers(slo))}[{span}]))"


def bad_now(slo: Slo) -> str | None:
    """Return the moment's verdict of a value under a limit, which a rule records; None for other indicators."""
    match slo.indicator:
        case LimitIndicator(signal, below, only):
            if signal.simple is not None:
                aggregation, _, metric, matchers = signal.simple
                value = f"{aggregation}({selector(metric, (*matchers, *only))})"
            else:
                value = f"max({signal.series})"
            return f"{value} >= bool {number(below)}"
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
