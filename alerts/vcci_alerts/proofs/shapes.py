"""Series for a wanted value of what the spec describes as events: a share of failures, a quantile, probes.

Every shape comes with decoys: series that one matcher keeps out, and that would turn the verdict if it did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from vcci_alerts.errors import AlertsError
from vcci_alerts.proofs.examples import labels_for, values_for, violation
from vcci_alerts.proofs.series import Native, Series
from vcci_slo.plan import EventsSignal
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import PROBE_METRIC, events_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher

__all__ = ["bad_events", "probes", "quantile_of", "slow_events"]

HEAVY = 100
"""How much heavier a decoy is than what it lies beside."""

PODS = ("a", "b")


def _replica(matchers: Iterable[Matcher]) -> str:
    taken = {matcher.label for matcher in matchers}
    return next(name for name in ("pod", "replica", "copy", "shard") if name not in taken)


def _decoys(matchers: tuple[Matcher, ...], labels: Mapping[str, str]) -> Iterable[dict[str, str]]:
    """Yield labels that break one matcher each."""
    for matcher in dict.fromkeys(matchers):
        value = violation(matcher, matchers)
        if value is not None:
            yield {**labels, matcher.label: value}


def bad_events(
    owner: str, signal: EventsSignal, only: tuple[Matcher, ...], *, share: float, events: float, bad: bool, steps: int
) -> tuple[Series, ...]:
    """Return events of which `share` are bad, `events` in a step; decoys are healthy if `bad`, else failures."""
    valid = (*events_matchers(signal), *only)
    wrong = labels_for(owner, (*valid, *signal.bad))
    right = _good(owner, signal, valid)
    replica = _replica((*valid, *signal.bad))
    half = events / len(PODS)
    found = [
        Series(signal.events, {**labels, replica: pod}, ((half * weight, steps),), counts=True)
        for pod in PODS
        for labels, weight in ((right, 1 - share), (wrong, share))
    ]
    found += [
        Series(signal.events, labels, ((HEAVY * events, steps),), counts=True, decoy=True)
        for labels in _decoys(valid, right if bad else wrong)
    ]
    return tuple(found)


def _good(owner: str, signal: EventsSignal, valid: tuple[Matcher, ...]) -> dict[str, str]:
    """Return labels of a valid event that is not bad."""
    for matcher in signal.bad:
        value = violation(matcher, valid)
        candidates = [*([value] if value else []), *values_for(matcher.label, valid, ("200", "ok", "succeeded"))]
        for candidate in candidates:
            labels = {**labels_for(owner, [one for one in valid if one.label != matcher.label])}
            labels[matcher.label] = candidate
            if all(one.holds(labels) for one in valid) and not matcher.holds(labels):
                return {label: text for label, text in labels.items() if text}
    raise AlertsError(owner, "an event that is valid and not bad", f"none for {signal.ref}")


def slow_events(
    owner: str,
    signal: EventsSignal,
    only: tuple[Matcher, ...],
    within: float,
    *,
    share: float,
    events: float,
    bad: bool,
    steps: int,
) -> tuple[Series, ...]:
    """Return a histogram, as the signal has it, in which `share` of the events take longer than `within` seconds."""
    timed = (*timed_matchers(signal), *only)
    labels = labels_for(owner, timed)
    replica = _replica(timed)
    timing = _native if signal.native else _classic
    found: list[Series] = []
    for pod in PODS:
        found += timing(signal, {**labels, replica: pod}, within, events / len(PODS), share, steps)
    for decoy in _decoys(timed, labels):
        found += timing(signal, decoy, within, HEAVY * events, 0.0 if bad else 1.0, steps, decoy=True)
    return tuple(found)


def _classic(
    signal: EventsSignal,
    labels: Mapping[str, str],
    within: float,
    growth: float,
    slow: float,
    steps: int,
    *,
    decoy: bool = False,
) -> Iterable[Series]:
    return _histogram(signal, labels, {within: growth * (1 - slow)}, growth, steps, decoy=decoy)


def _native(
    signal: EventsSignal,
    labels: Mapping[str, str],
    within: float,
    growth: float,
    slow: float,
    steps: int,
    *,
    decoy: bool = False,
) -> Iterable[Series]:
    yield Native(signal.duration or "", labels, ((growth, steps),), True, decoy, within=within, slow=(slow,))


def _histogram(
    signal: EventsSignal,
    labels: Mapping[str, str],
    below: Mapping[float, float],
    total: float,
    steps: int,
    *,
    decoy: bool = False,
) -> Iterable[Series]:
    name = f"{signal.duration}_bucket"
    for bound, events in sorted(below.items()):
        yield Series(name, {**labels, "le": number(bound)}, ((events, steps),), counts=True, decoy=decoy)
    yield Series(name, {**labels, "le": "+Inf"}, ((total, steps),), counts=True, decoy=decoy)
    yield Series(f"{signal.duration}_count", labels, ((total, steps),), counts=True, decoy=decoy)


def quantile_of(
    owner: str, signal: EventsSignal, quantile: float, value: float, *, events: float, bad: bool, steps: int
) -> tuple[Series, ...]:
    """Return a histogram whose quantile is `value`, as Prometheus interpolates it in the bucket that holds it."""
    timed = timed_matchers(signal)
    labels = labels_for(owner, timed)
    replica = _replica(timed)
    bounds = signal.buckets or (value / 2, value * 2)
    low, high = next(
        ((lower, upper) for lower, upper in pairwise((0.0, *bounds)) if lower < value <= upper), (bounds[-1], 0.0)
    )
    if not high:
        raise AlertsError(
            owner, f"a bucket above {number(value)}s so that the quantile can be there", f"{bounds[-1]:g}s"
        )
    within = (value - low) / (high - low)
    share_low = 1 - (1 - quantile) / (1 - within) if within < 1 else 0.0
    share_high = 1.0
    if share_low < 0:
        share_low, share_high = 0.0, quantile / within
    half = events / len(PODS)
    shares = {bound: 0.0 if bound < low else share_low if bound < high else share_high for bound in bounds}
    found: list[Series] = []
    for pod in PODS:
        found += _histogram(
            signal, {**labels, replica: pod}, {bound: half * share for bound, share in shares.items()}, half, steps
        )
    for decoy in _decoys(timed, labels):
        heavy = dict.fromkeys(bounds, HEAVY * events if bad else 0.0)
        found += _histogram(signal, decoy, heavy, HEAVY * events, steps, decoy=True)
    return tuple(found)


def probes(
    owner: str, matchers: tuple[Matcher, ...], values: Iterable[float], *, bad: bool, steps: int
) -> tuple[Series, ...]:
    """Return the results of probes, one for each place; decoys succeed if `bad`, else fail."""
    labels = labels_for(owner, matchers)
    found = [
        Series(PROBE_METRIC, {**labels, "place": str(place)}, ((value, steps),))
        for place, value in enumerate(values, start=1)
    ]
    for decoy in _decoys(matchers, labels):
        found += [
            Series(PROBE_METRIC, {**decoy, "place": str(place)}, ((float(bad), steps),), decoy=True)
            for place in range(1, 6)
        ]
    return tuple(found)
