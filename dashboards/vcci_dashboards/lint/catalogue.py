"""Which series there are, and which labels they have: what the plan says, and what was seen on an exposition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from vcci_dashboards.expressions import ALERTS, ALERTS_FOR_STATE, UP, metrics, parsed
from vcci_slo.plan import WINDOW, EventsSignal, Plan, QuerySignal, Signal, Value, ValueSignal
from vcci_slo.promql import series
from vcci_slo.promql.indicators import PROBE_METRIC

__all__ = ["Catalogue"]

HOUR = timedelta(hours=1)
_ON_ALERTS = frozenset({"alertname", "component", "priority", "severity", "slo", "system", "team", "tier"})


@dataclass(frozen=True)
class Catalogue:
    """The labels of every known metric; None where nobody has said which it has."""

    labels: Mapping[str, frozenset[str] | None]

    @classmethod
    def of(cls, plan: Plan) -> Catalogue:
        """Return what the plan itself names: its signals, what its rules record, and what Prometheus adds."""
        on_alerts = _ON_ALERTS | {label for slo in plan.slos for label in slo.by}
        known: dict[str, frozenset[str] | None] = {
            UP: frozenset({"job", "instance", *(matcher.label for matcher in plan.selector)}),
            ALERTS: on_alerts | {"alertstate"},
            ALERTS_FOR_STATE: on_alerts,
        }
        known |= dict.fromkeys((PROBE_METRIC, series.version_metric(plan.name)))
        known |= dict(_recorded(plan))
        for signal in _signals(plan):
            for name in _names(signal):
                known.setdefault(name, None)
            if isinstance(signal, ValueSignal) and signal.record:
                known[signal.record] = frozenset(signal.by)
        for board in plan.dashboards:
            for panel in (panel for row in board.rows for panel in row.panels if panel.promql):
                known |= {name: known.get(name) for name in metrics(parsed(panel.promql))}
        return cls(known)

    def exposed(self, seen: Mapping[str, frozenset[str]]) -> Catalogue:
        """Return the catalogue with what was seen: its labels were open until now.

        A metric of the plan that was not seen is no longer known.
        """
        closed = {name: labels for name, labels in self.labels.items() if labels is not None}
        return Catalogue(
            {**closed, **{name: seen[name] for name in self.labels if name in seen and name not in closed}}
        )


def _recorded(plan: Plan) -> Iterator[tuple[str, frozenset[str]]]:
    labels = frozenset({"slo", *(label for slo in plan.slos for label in slo.by)})
    yield from ((name, frozenset({"slo"})) for name in (series.OBJECTIVE, series.BUDGET))
    yield series.INFO, frozenset({"slo", "component", "window"})
    for name in (
        series.BURN_RATE,
        series.PERIOD_BURN_RATE,
        series.REMAINING,
        series.BAD,
        *((series.MONTH_ERRORS, series.MONTH_RATIO) if any(slo.calendar for slo in plan.slos) else ()),
    ):
        yield name, labels
    spans = {HOUR} if plan.time_scale == 1 else set()
    for slo in plan.slos:
        spans |= {slo.window, *(span for tier in slo.tiers for span in (tier.short, tier.long))}
    for span in spans:
        for record in (series.errors, series.total, series.ratio):
            yield record(span), labels


def _signals(plan: Plan) -> Iterator[Signal]:
    for component in plan.components:
        yield from component.signals
    for alert in plan.alerts:
        if isinstance(alert.measure, Value):
            yield alert.measure.signal


def _names(signal: Signal) -> frozenset[str]:
    if isinstance(signal, EventsSignal):
        parts = (f"{signal.duration}_{part}" for part in ("bucket", "count", "sum")) if signal.duration else ()
        return frozenset({signal.events, *parts})
    if isinstance(signal, QuerySignal):
        asked = (query.replace(WINDOW, "5m") for query in (signal.bad, signal.valid) if query)
        return frozenset().union(*(metrics(parsed(query)) for query in asked))
    return metrics(parsed(signal.promql))
