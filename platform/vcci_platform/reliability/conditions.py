"""Every condition that the desk can judge by itself, and a list of those that it cannot, with the reason.

The thresholds are the plan's, so they are those of the Prometheus rules; what differs is only where the numbers come
from. Alerts whose measure needs an exporter or free PromQL are not evaluated here, and are said to be so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vcci_platform.reliability.accounts import key_of_ratio, key_of_slower
from vcci_platform.reliability.phrases import filled, measured
from vcci_platform.reliability.recorder import Observation
from vcci_platform.reliability.samples import Labels, aggregate, select
from vcci_platform.reliability.verdicts import Condition
from vcci_slo import Plan, burn
from vcci_slo.plan import Alert, BadRatio, Limit, ProbeDown, Quantile, Slo, Value, ValueSignal
from vcci_slo.promql.durations import words
from vcci_slo.promql.indicators import PROBE_METRIC
from vcci_slo.promql.matchers import Matcher
from vcci_slo.windows import Span, rolling

__all__ = ["Judge", "TrafficOf", "Unevaluated", "unevaluated"]

TrafficOf = Callable[[str, Span], burn.Traffic]
"""Looks up what an account counted in a span."""


@dataclass(frozen=True)
class Unevaluated:
    """An alert that needs a real Prometheus, and why."""

    alert: str
    reason: str


def unevaluated(plan: Plan, targets: tuple[Mapping[str, str], ...], probed: frozenset[str]) -> tuple[Unevaluated, ...]:
    """Return the alerts that cannot be judged from the targets with these labels and the components probed."""
    found = [Unevaluated(alert.name, reason) for alert in plan.alerts if (reason := _reason(alert, targets, probed))]
    found += [
        Unevaluated(slo.burn_alert, f"{slo.component} is not probed from here")
        for slo in plan.slos
        if getattr(slo.indicator, "component", None) is not None and slo.component not in probed
    ]
    return tuple(found)


def _reason(alert: Alert, targets: tuple[Mapping[str, str], ...], probed: frozenset[str]) -> str:
    match alert.measure:
        case ProbeDown(component, _):
            return "" if component in probed else f"{component} cannot be probed from inside itself"
        case BadRatio(signal, _):
            return "" if _reachable(signal.selector, targets) else f"{signal.component} is not scraped here"
        case Quantile(signal, _, _):
            if signal.buckets and any(limit.value not in signal.buckets for limit in alert.limits):
                return "its limit is not a bucket of the histogram"
            return "" if _reachable(signal.selector, targets) else f"{signal.component} is not scraped here"
        case Value(signal, _, _):
            if signal.simple is None:
                return "its measure is PromQL that needs Prometheus"
            return (
                "" if _reachable(signal.simple[3], targets) else f"{signal.component} needs an exporter and Prometheus"
            )


def _reachable(matchers: tuple[Matcher, ...], targets: tuple[Mapping[str, str], ...]) -> bool:
    return any(all(matcher.holds(labels) for matcher in matchers if matcher.label in labels) for labels in targets)


class Judge:
    """Judges each condition of a plan. It remembers only what shares of time need."""

    def __init__(self, plan: Plan, skip: frozenset[str], started_at: datetime) -> None:
        self._plan = plan
        self._skip = skip
        self._started_at = started_at
        self._past: dict[tuple[str, Labels], deque[tuple[datetime, float]]] = {}

    def conditions(
        self, seen: Observation, traffic: TrafficOf, last_end: Callable[[str, datetime], datetime | None]
    ) -> tuple[Condition, ...]:
        """Return every condition with its truth at the moment of the observation."""
        found: list[Condition] = []
        for slo in self._plan.slos:
            if slo.burn_alert not in self._skip:
                found += self._burns(slo, seen.at, traffic)
                found.append(self._no_data(slo, seen.at, last_end(slo.name, seen.at)))
        for alert in self._plan.alerts:
            if alert.name not in self._skip:
                found += self._alert(alert, seen, traffic)
        return tuple(found)

    def _burns(self, slo: Slo, now: datetime, traffic: TrafficOf) -> Iterator[Condition]:
        for tier in slo.tiers:
            short, long = (traffic(slo.name, rolling(now, span)) for span in (tier.short, tier.long))
            holds = None
            if short.known > 0:
                holds = burn.burns(short, long, threshold=tier.threshold, min_bad=tier.min_bad)
            rate = burn.burn_rate(long, budget=slo.budget) or 0.0
            summary = (
                f"{slo.name}: the error budget burns {rate:.3g} times too fast; at {tier.factor:g} times "
                f"{tier.share:.0%} of it is gone in {words(tier.long)}, all of it in {words(tier.exhausts_in)}"
            )
            yield Condition(
                key=f"{slo.burn_alert}/{tier.name}",
                alert=slo.burn_alert,
                priority=tier.priority,
                system=slo.system,
                component=slo.component,
                holds=holds,
                wait=timedelta(0),
                hold=tier.keep_firing_for,
                summary=summary,
                description=f"Promise: {slo.words}.",
                runbook_url=slo.runbook_url,
                dashboard_url=slo.dashboard_url,
                labels=(("slo", slo.name), ("tier", tier.name), ("team", slo.team), *slo.labels),
            )

    def _no_data(self, slo: Slo, now: datetime, last: datetime | None) -> Condition:
        silent_for = now - (last or self._started_at)
        return Condition(
            key=slo.no_data_alert,
            alert=slo.no_data_alert,
            priority=slo.no_data.priority,
            system=slo.system,
            component=slo.component,
            holds=silent_for >= slo.no_data.after,
            wait=timedelta(0),
            hold=timedelta(0),
            summary=f"{slo.name}: nothing was measured for {words(slo.no_data.after)}; silence is not health",
            description=f"Promise: {slo.words}.",
            runbook_url=slo.runbook_url,
            dashboard_url=slo.dashboard_url,
            labels=(("slo", slo.name), ("team", slo.team), *slo.labels),
        )

    def _alert(self, alert: Alert, seen: Observation, traffic: TrafficOf) -> Iterator[Condition]:
        for limit in alert.limits:
            for labels, value, holds in self._judged(alert, limit, seen, traffic):
                named = dict(labels)
                place = ",".join(f"{label}={text}" for label, text in labels)
                yield Condition(
                    key=f"{alert.name}/{limit.priority}" + (f"/{place}" if place else ""),
                    alert=alert.name,
                    priority=limit.priority,
                    system=alert.system,
                    component=alert.component,
                    holds=holds,
                    wait=limit.lasts,
                    hold=limit.keep_firing_for,
                    summary=filled(alert.summary, measured(value, alert.unit), named),
                    description=filled(alert.description, measured(value, alert.unit), named),
                    runbook_url=alert.runbook_url,
                    dashboard_url=alert.dashboard_url,
                    labels=(("team", alert.team), *labels),
                )

    def _judged(
        self, alert: Alert, limit: Limit, seen: Observation, traffic: TrafficOf
    ) -> Iterator[tuple[Labels, float | None, bool | None]]:
        """Yield (labels, value, truth) for each series that the measure has; one without labels for ratios."""
        match alert.measure:
            case BadRatio(signal, over):
                counted = traffic(key_of_ratio(signal), rolling(seen.at, over))
                value = counted.bad / counted.total if counted.total else None
                holds = None if counted.known == 0 else _beyond(value, limit) and counted.bad >= alert.min_events
                yield (), value, holds
            case Quantile(signal, quantile, over):
                counted = traffic(key_of_slower(signal, limit), rolling(seen.at, over))
                slow = counted.total > 0 and counted.bad / counted.total > 1 - quantile
                holds = None if counted.known == 0 else slow and counted.total >= alert.min_events
                yield (), limit.value, holds
            case ProbeDown(_, matchers):
                answers = select(seen.samples, PROBE_METRIC, matchers)
                yield (), None, None if not answers else max(answers.values()) < 1
            case Value(signal, over, _):
                for labels, value in self._values(alert.name, signal, over, seen):
                    yield labels, value, _beyond(value, limit)

    def _values(
        self, alert: str, signal: ValueSignal, over: timedelta | None, seen: Observation
    ) -> Iterator[tuple[Labels, float]]:
        assert signal.simple is not None  # noqa: S101 - others are not evaluated
        how, by, metric, matchers = signal.simple
        for labels, value in aggregate(select(seen.samples, metric, matchers), how, by).items():
            if over is None:
                yield labels, value
                continue
            past = self._past.setdefault((alert, labels), deque())
            past.append((seen.at, value))
            while past[0][0] < seen.at - over:
                past.popleft()
            yield labels, sum(number for _, number in past) / len(past)


def _beyond(value: float | None, limit: Limit) -> bool:
    if value is None:
        return False
    return value > limit.value if limit.side == "above" else value < limit.value
