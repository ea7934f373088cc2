"""Every condition that the desk can judge by itself, and a list of those that it cannot, with the reason.

The thresholds are the plan's, so they are those of the Prometheus rules; what differs is only where the numbers come
from. Alerts whose measure needs an exporter or free PromQL are not evaluated here, and are said to be so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from vcci_platform.reliability.accounts import key_of_ratio, key_of_slower
from vcci_platform.reliability.groups import key_of_group, page_of_group
from vcci_platform.reliability.phrases import filled, measured
from vcci_platform.reliability.recorder import Observation
from vcci_platform.reliability.samples import Labels, aggregate, select
from vcci_platform.reliability.verdicts import Condition
from vcci_slo import Plan, burn
from vcci_slo.plan import (
    Alert,
    BadRatio,
    BurnTier,
    EventsIndicator,
    LatencyIndicator,
    Limit,
    LimitIndicator,
    ProbeDown,
    ProbeIndicator,
    Quantile,
    QueryIndicator,
    Slo,
    Value,
    ValueSignal,
)
from vcci_slo.promql.burns import VANISHED
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import rounded
from vcci_slo.promql.indicators import PROBE_METRIC
from vcci_slo.promql.matchers import Matcher
from vcci_slo.windows import Span, rolling

__all__ = ["Judge", "TrafficOf", "Unevaluated", "seen_before", "unevaluated", "without_rule"]

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
    found += [Unevaluated(slo.burn_alert, why) for slo in plan.slos if (why := _unknown(slo, targets, probed))]
    return tuple(found)


def _unknown(slo: Slo, targets: tuple[Mapping[str, str], ...], probed: frozenset[str]) -> str:
    """Return why the recorder cannot count what a promise is about, or nothing."""
    match slo.indicator:
        case ProbeIndicator(component, _):
            return "" if component in probed else f"{component} is not probed from here"
        case QueryIndicator():
            return "it is counted by PromQL that needs Prometheus"
        case LatencyIndicator(signal) | EventsIndicator(signal):
            if isinstance(slo.indicator, LatencyIndicator) and signal.native:
                return "it is measured by a native histogram, which needs Prometheus"
            return "" if _reachable(signal.selector, targets) else f"{signal.component} is not scraped here"
        case LimitIndicator(signal):
            if signal.simple is None:
                return "its value is PromQL that needs Prometheus"
            reached = _reachable(signal.simple[3], targets)
            return "" if reached else f"{signal.component} needs an exporter and Prometheus"


def seen_before(slo: Slo, tier: BurnTier, traffic: Callable[[Span], burn.Traffic], now: datetime) -> bool:
    """Return whether a promise is not new to a tier, as its rule has it.

    It was measured in the long window that ended when `seen_for` began; or events were counted before its infancy, as
    those of a service that paused for longer.
    """
    if not tier.seen_for or traffic(rolling(now - tier.seen_for, tier.long)).known > 0:
        return True
    return tier.infancy is not None and traffic(Span(now - slo.window, now - tier.infancy)).total > 0


def without_rule(plan: Plan, rules: Mapping[str, str]) -> tuple[Unevaluated, ...]:
    """Return the alerts that a Prometheus with these rules does not judge; each rule comes with its last error."""
    names = [name for slo in plan.slos for name in (*([slo.burn_alert] if slo.tiers else []), slo.no_data_alert)]
    found: list[Unevaluated] = []
    for name in (*names, *(alert.name for alert in plan.alerts)):
        if name not in rules:
            found.append(Unevaluated(name, "Prometheus has no rule of that name; load the generated rules"))
        elif rules[name]:
            found.append(Unevaluated(name, f"Prometheus fails to evaluate it: {rules[name]}"))
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
        self,
        seen: Observation,
        traffic: TrafficOf,
        last_end: Callable[[str, datetime], datetime | None],
        groups: Callable[[str], tuple[Labels, ...]] = lambda _account: (),
    ) -> tuple[Condition, ...]:
        """Return every condition with its truth at the moment of the observation.

        A promise that is kept apart by labels burns in each of its parts, as the rules have it; its silence is that of
        the whole, and of each part.
        """
        found: list[Condition] = []
        for slo in self._plan.slos:
            if slo.burn_alert in self._skip:
                continue
            parts = groups(slo.name) if slo.by else ()
            found.append(self._no_data(slo, seen.at, last_end(slo.name, seen.at)))
            for labels in parts:
                last = last_end(key_of_group(slo.name, labels), seen.at)
                found += [self._no_data(slo, seen.at, last, labels)]
            for labels in parts if slo.by else ((),):
                found += self._burns(slo, seen.at, traffic, labels)
        for alert in self._plan.alerts:
            if alert.name not in self._skip:
                found += self._alert(alert, seen, traffic)
        return tuple(found)

    def _burns(self, slo: Slo, now: datetime, traffic: TrafficOf, labels: Labels = ()) -> Iterator[Condition]:
        account, place = key_of_group(slo.name, labels), key_of_group("", labels)
        for tier in slo.tiers:
            short, long = (traffic(account, rolling(now, span)) for span in (tier.short, tier.long))
            holds = None
            if short.known > 0:
                holds = burn.burns(short, long, threshold=tier.threshold, min_bad=tier.min_bad)
                holds = holds and seen_before(slo, tier, partial(traffic, account), now)
            rate = burn.burn_rate(long, budget=slo.budget) or 0.0
            summary = (
                f"{account}: the error budget burns {rounded(rate)} times too fast; at {tier.factor:g} times "
                f"{tier.share:.0%} of it is gone in {words(tier.long)}, all of it in {words(tier.exhausts_in)}"
            )
            yield Condition(
                key=f"{slo.burn_alert}/{tier.name}{place}",
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
                dashboard_url=page_of_group(slo, labels),
                labels=(("slo", slo.name), ("tier", tier.name), ("team", slo.team), *slo.labels, *labels),
            )

    def _no_data(self, slo: Slo, now: datetime, last: datetime | None, labels: Labels = ()) -> Condition:
        silent_for = now - (last or self._started_at)
        holds = silent_for >= slo.no_data.after
        if labels:  # a part that has been gone for long is gone for good, as a cluster that was shut down is
            holds = holds and silent_for <= VANISHED * slo.no_data.after
        account, place = key_of_group(slo.name, labels), key_of_group("", labels)
        return Condition(
            key=slo.no_data_alert + place,
            alert=slo.no_data_alert,
            priority=slo.no_data.priority,
            system=slo.system,
            component=slo.component,
            holds=holds,
            wait=timedelta(0),
            hold=timedelta(0),
            summary=f"{account}: nothing was measured for {words(slo.no_data.after)}; silence is not health",
            description=f"Promise: {slo.words}.",
            runbook_url=slo.runbook_url,
            dashboard_url=page_of_group(slo, labels),
            labels=(("slo", slo.name), ("team", slo.team), *slo.labels, *labels),
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
