"""What a promise of a plan counts, as queries with WINDOW that other formats can hold."""

from __future__ import annotations

from dataclasses import dataclass

from vcci_slo.plan import (
    EventsIndicator,
    EventsSignal,
    LatencyIndicator,
    LimitIndicator,
    ProbeIndicator,
    QueryIndicator,
    Slo,
)
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import PROBE_METRIC, bucket_matcher, events_matchers, grouped, timed_matchers
from vcci_slo.promql.matchers import selector

__all__ = ["Asked", "asked", "counters", "value_of"]


@dataclass(frozen=True)
class Asked:
    """Either bad and total events in WINDOW, each second or counted, or `ratio`, the share of errors."""

    bad: str = ""
    total: str = ""
    ratio: str = ""


def asked(slo: Slo) -> Asked:  # noqa: PLR0911 - one answer for each kind of indicator
    """Return the queries of a promise."""
    sum_of = f"{grouped(slo)}("
    match slo.indicator:
        case EventsIndicator() | LatencyIndicator(signal=EventsSignal(native=False)):
            bad, good, total = counters(slo)
            rate = f"{sum_of}rate({total}[WINDOW]))"
            if bad:
                return Asked(f"{sum_of}rate({bad}[WINDOW]))", rate)
            return Asked(f"{rate} - {sum_of}rate({good}[WINDOW]))", rate)
        case LatencyIndicator(signal, within, only):
            series = selector(signal.duration or "", (*timed_matchers(signal), *only))
            rates = f"{sum_of}rate({series}[WINDOW]))"
            return Asked(ratio=f"1 - histogram_fraction(0, {number(within)}, {rates})")
        case ProbeIndicator(_, matchers):
            series = selector(PROBE_METRIC, matchers)
            total = f"{sum_of}count_over_time({series}[WINDOW]))"
            return Asked(f"{total} - {sum_of}sum_over_time({series}[WINDOW]))", total)
        case LimitIndicator(_, limit, side, _):
            sign = ">=" if side == "below" else "<"
            return Asked(ratio=f"avg_over_time(({value_of(slo)} {sign} bool {number(limit)})[WINDOW:])")
        case QueryIndicator(signal):
            if signal.valid is None:
                return Asked(ratio=signal.bad)
            return Asked(signal.bad, signal.valid)


def counters(slo: Slo) -> tuple[str, str, str]:
    """Return the series of bad, good and all events of a promise on counters; either bad or good is empty."""
    match slo.indicator:
        case EventsIndicator(signal, only):
            valid = events_matchers(signal)
            return selector(signal.events, (*valid, *signal.bad, *only)), "", selector(signal.events, (*valid, *only))
        case LatencyIndicator(signal, within, only):
            matchers = (*timed_matchers(signal), *only)
            fast = selector(f"{signal.duration}_bucket", (*matchers, bucket_matcher(within)))
            return "", fast, selector(f"{signal.duration}_count", matchers)
        case _:
            return "", "", ""


def value_of(slo: Slo) -> str:
    """Return the value that a promise holds to a limit, as one series for each account of it."""
    match slo.indicator:
        case LimitIndicator(signal, _, side, only):
            if signal.simple is not None:
                aggregation, _, metric, matchers = signal.simple
                return f"{grouped(slo, aggregation)}({selector(metric, (*matchers, *only))})"
            return f"{'max' if side == 'below' else 'min'}({signal.promql})"
        case _:
            return ""
