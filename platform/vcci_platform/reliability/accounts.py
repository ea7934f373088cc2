"""Accounts: what must be counted so that every promise and every alert of the platform's own signals can be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vcci_platform.reliability.groups import LONGEST_KEY, MOST_GROUPS, key_of_group
from vcci_platform.reliability.samples import Labels, Samples, aggregate, changed, select
from vcci_slo import Plan
from vcci_slo.plan import (
    Alert,
    BadRatio,
    EventsIndicator,
    EventsSignal,
    Indicator,
    LatencyIndicator,
    Limit,
    LimitIndicator,
    ProbeIndicator,
    Quantile,
    QueryIndicator,
    ValueSignal,
)
from vcci_slo.promql.indicators import PROBE_METRIC, events_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher

Matchers = tuple[Matcher, ...]

__all__ = ["Account", "Count", "accounts", "count", "counts", "key_of_ratio", "key_of_slower", "metrics_of"]


@dataclass(frozen=True)
class Account:
    """Something that is counted under a key: bad and valid events of an indicator, also for each value of `by`."""

    key: str
    indicator: Indicator
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """What one look added: bad and valid events."""

    bad: float
    total: float


def key_of_ratio(signal: EventsSignal) -> str:
    """Return the key under which all events of a signal are counted."""
    return f"signal:{signal.ref}"


def key_of_slower(signal: EventsSignal, limit: Limit) -> str:
    """Return the key under which the events slower than an alert's limit are counted."""
    return f"slower:{signal.ref}:{limit.value:g}"


def accounts(plan: Plan) -> tuple[Account, ...]:
    """Return an account for each promise, and for each alert on a ratio or a quantile of events.

    A quantile above its limit means that more than the rest is slower than it, which is exact at a bucket.
    """
    found = {slo.name: Account(slo.name, slo.indicator, slo.by) for slo in plan.slos}
    for alert in plan.alerts:
        for account in _of_alert(alert):
            found[account.key] = account
    return tuple(found.values())


def _of_alert(alert: Alert) -> list[Account]:
    match alert.measure:
        case BadRatio(signal, _):
            return [Account(key_of_ratio(signal), EventsIndicator(signal, ()))]
        case Quantile(signal, _, _):
            return [
                Account(key_of_slower(signal, limit), LatencyIndicator(signal, limit.value, ()))
                for limit in alert.limits
                if not signal.buckets or limit.value in signal.buckets
            ]
        case _:
            return []


def metrics_of(plan: Plan) -> frozenset[str]:
    """Return the metrics that accounts and simple values are computed from."""
    names = {PROBE_METRIC, "process_start_time_seconds", "vcci_build_info"}
    for account in accounts(plan):
        match account.indicator:
            case EventsIndicator(signal, _):
                names.add(signal.events)
            case LatencyIndicator(signal, _, _):
                names |= {f"{signal.duration}_count", f"{signal.duration}_bucket"}
            case _:
                continue  # a probe is always kept, a value is among the simple ones below
    for component in plan.components:
        names |= {signal.simple[2] for signal in component.signals if isinstance(signal, ValueSignal) and signal.simple}
    return frozenset(names)


def counts(account: Account, before: Samples | None, after: Samples) -> dict[str, Count]:
    """Return what happened between two looks under the key of the account and those of its parts.

    The whole of an account that is kept apart by labels is the sum of its parts. Beyond a number of parts, and where
    the values of labels are too long to be kept, only the whole is told.
    """
    if not account.by:
        found = count(account, before, after)
        return {account.key: found} if found is not None else {}
    parts = {
        labels: found
        for labels in _parts(account, after)
        if (found := count(_narrowed(account, labels), before, after)) is not None
    }
    if not parts:
        return {}
    whole = Count(sum(part.bad for part in parts.values()), sum(part.total for part in parts.values()))
    keys = {key_of_group(account.key, labels): part for labels, part in list(parts.items())[:MOST_GROUPS]}
    return {account.key: whole} | {key: part for key, part in keys.items() if len(key) <= LONGEST_KEY}


def _parts(account: Account, after: Samples) -> list[Labels]:
    """Return the values of the labels that keep an account apart, as far as they are there now."""
    match account.indicator:
        case EventsIndicator(signal, only):
            metric, matchers = signal.events, (*events_matchers(signal), *only)
        case LatencyIndicator(signal, _, only):
            metric, matchers = f"{signal.duration}_count", (*timed_matchers(signal), *only)
        case ProbeIndicator(_, only):
            metric, matchers = PROBE_METRIC, only
        case LimitIndicator(signal, _, _, only):
            if signal.simple is None:
                return []
            metric, matchers = signal.simple[2], (*signal.simple[3], *only)
        case QueryIndicator():
            return []
    return sorted(aggregate(select(after, metric, matchers), "count", account.by))


def _narrowed(account: Account, labels: Labels) -> Account:
    only = tuple(Matcher(label, "=", value) for label, value in labels)
    match account.indicator:
        case QueryIndicator() as indicator:
            return Account(account.key, indicator)
        case ProbeIndicator() as indicator:
            return Account(account.key, replace(indicator, matchers=(*indicator.matchers, *only)))
        case indicator:
            return Account(account.key, replace(indicator, only=(*indicator.only, *only)))


def count(account: Account, before: Samples | None, after: Samples) -> Count | None:
    """Return what happened between two looks, or None if it cannot be known.

    Counters need a look before; gauges and probes are judged by what they show now. Events without any series are
    unknown, not zero: a service that exposes nothing has not promised anything kept.
    """
    match account.indicator:
        case EventsIndicator(signal, only):
            return _events(signal.events, (*events_matchers(signal), *only), signal.bad, before, after)
        case LatencyIndicator(signal, within, only):
            return _slower(signal, within, only, before, after)
        case ProbeIndicator(_, matchers):
            probes = select(after, PROBE_METRIC, matchers)
            return Count(sum(1 for value in probes.values() if value < 1), len(probes)) if probes else None
        case LimitIndicator(signal, _, _, only) as indicator:
            if signal.simple is None:
                return None
            how, _, metric, matchers = signal.simple
            values = aggregate(select(after, metric, (*matchers, *only)), how, ())
            return Count(float(indicator.bad(values[()])), 1.0) if values else None
        case QueryIndicator():
            return None  # free PromQL needs Prometheus


def _events(metric: str, valid: Matchers, bad: Matchers, before: Samples | None, after: Samples) -> Count | None:
    series = select(after, metric, valid)
    if before is None or not series:
        return None
    grown = {labels: changed(before.get(metric, {}).get(labels), value) for labels, value in series.items()}
    failed = sum(growth for labels, growth in grown.items() if _holds(bad, labels))
    return Count(failed, sum(grown.values()))


def _holds(matchers: Matchers, labels: Labels) -> bool:
    named = dict(labels)
    return bool(matchers) and all(matcher.holds(named) for matcher in matchers)


def _slower(
    signal: EventsSignal, within: float, only: Matchers, before: Samples | None, after: Samples
) -> Count | None:
    matchers = (*timed_matchers(signal), *only)
    counts, buckets = f"{signal.duration}_count", f"{signal.duration}_bucket"
    every = _events(counts, matchers, (), before, after)
    if every is None or before is None:
        return None
    fast = {
        labels: value
        for labels, value in select(after, buckets, matchers).items()
        if float(dict(labels).get("le", "nan")) == within
    }
    if not fast:
        return None
    quick = sum(changed(before.get(buckets, {}).get(labels), value) for labels, value in fast.items())
    return Count(max(every.total - quick, 0.0), every.total)
