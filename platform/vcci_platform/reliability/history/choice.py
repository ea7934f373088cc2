"""Which series belong to a promise: the choice of the rules, with the same matchers, bucket and aggregation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from vcci_platform.reliability.history.counters import CounterTally, Wanted
from vcci_platform.reliability.history.gauges import GaugeTally
from vcci_platform.reliability.history.recorded import HistoryUnreadable
from vcci_platform.reliability.history.tally import Tally
from vcci_slo.plan import EventsIndicator, LatencyIndicator, LimitIndicator, ProbeIndicator, Slo
from vcci_slo.promql.indicators import PROBE_METRIC, events_matchers, slo_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher
from vcci_slo.promql.series import BAD

__all__ = ["tally_of"]


def tally_of(slo: Slo, scrape_every: timedelta, group: Mapping[str, str] | None = None) -> Tally:
    """Return what counts for a promise; for one that is kept apart by labels, for the account that `group` names.

    Raises HistoryUnreadable if no account is named where there are several, or if counting takes a Prometheus.
    """
    chosen = _chosen(slo, group or {})
    match slo.indicator:
        case EventsIndicator(signal, only):
            valid = (*events_matchers(signal), *only, *chosen)
            return CounterTally(scrape_every, {signal.events: Wanted(valid, signal.bad)})
        case LatencyIndicator(signal, within, only) if not signal.native and signal.duration is not None:
            matchers = (*timed_matchers(signal), *only, *chosen)
            buckets = Wanted(matchers, within=within)
            return CounterTally(
                scrape_every, {f"{signal.duration}_count": Wanted(matchers), f"{signal.duration}_bucket": buckets}
            )
        case ProbeIndicator(_, matchers):
            return GaugeTally(scrape_every, {PROBE_METRIC: (*matchers, *chosen)}, None, "sum")
        case LimitIndicator(signal, _, _, only) as indicator:
            wanted: dict[str, tuple[Matcher, ...]] = {BAD: (*slo_matchers(slo), *chosen)}
            if signal.simple is None:
                return GaugeTally(scrape_every, wanted, None, "max")
            how, _, metric, matchers = signal.simple
            return GaugeTally(scrape_every, {**wanted, metric: (*matchers, *only, *chosen)}, indicator, how)
        case _:
            raise HistoryUnreadable(
                f"expected a promise that counts series, found {slo.name}, which only Prometheus can count: "
                "ask it with --prometheus, or give a CSV file"
            )


def _chosen(slo: Slo, group: Mapping[str, str]) -> tuple[Matcher, ...]:
    """Return what finds the series of one account of a promise that has several."""
    if set(group) != set(slo.by):
        expected = " and ".join(f"--group {label}=…" for label in slo.by) or "no --group"
        found = ", ".join(f"{label}={value}" for label, value in group.items()) or "none"
        raise HistoryUnreadable(f"expected {expected} for {slo.name}, found {found}")
    return tuple(Matcher(label, "=", group[label]) for label in slo.by)
