"""What an alert looks at, as PromQL; the panel of the same measure draws the same expression."""

from __future__ import annotations

from vcci_slo.plan import Alert, BadRatio, Limit, Measure, ProbeDown, Quantile, Value
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import PROBE_METRIC, events_matchers, timed_matchers
from vcci_slo.promql.matchers import selector

__all__ = ["condition", "evidence", "measured", "vanished"]


def measured(measure: Measure) -> str:
    """Return the expression of a measure."""
    match measure:
        case BadRatio(signal, over):
            span = promql_duration(over)
            valid = events_matchers(signal)
            bad = selector(signal.events, (*valid, *signal.bad))
            return f"sum(rate({bad}[{span}])) / (sum(rate({selector(signal.events, valid)}[{span}])) > 0)"
        case Quantile(signal, quantile, over):
            buckets = selector(f"{signal.duration}_bucket", timed_matchers(signal))
            return f"histogram_quantile({number(quantile)}, sum by (le) (rate({buckets}[{promql_duration(over)}])))"
        case Value(signal, None, _):
            return signal.series
        case Value(signal, over, step):
            span = promql_duration(over)
            return f"avg_over_time(({signal.series})[{span}:{promql_duration(step) if step else ''}])"
        case ProbeDown(_, matchers):
            return f"max({selector(PROBE_METRIC, matchers)})"


def evidence(alert: Alert) -> str | None:
    """Return the condition that there was enough to judge by, or None if a single observation is enough."""
    if alert.min_events == 0:
        return None
    match alert.measure:
        case BadRatio(signal, over):
            series = selector(signal.events, (*events_matchers(signal), *signal.bad))
        case Quantile(signal, _, over):
            series = selector(f"{signal.duration}_count", timed_matchers(signal))
        case _:
            return None
    return f"sum(increase({series}[{promql_duration(over)}])) >= {alert.min_events}"


def condition(alert: Alert, limit: Limit) -> str:
    """Return the expression of one limit: true exactly while the alert should be pending or firing."""
    sign = ">" if limit.side == "above" else "<"
    measure = measured(alert.measure)
    needs_brackets = any(mark in measure for mark in (" / ", " - ", " + ", " or ", " and ", " unless "))
    compared = (
        f"({measure}) {sign} {number(limit.value)}" if needs_brackets else f"{measure} {sign} {number(limit.value)}"
    )
    enough = evidence(alert)
    return f"{compared} and {enough}" if enough else compared


def vanished(alert: Alert) -> str:
    """Return the expression that is true while the measure has no series at all; an idle service has some."""
    if isinstance(alert.measure, BadRatio):
        signal, span = alert.measure.signal, promql_duration(alert.measure.over)
        return f"absent(sum(rate({selector(signal.events, events_matchers(signal))}[{span}])))"
    return f"absent({measured(alert.measure)})"
