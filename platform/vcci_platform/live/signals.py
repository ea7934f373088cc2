"""Each signal of the spec as Prometheus has it: its series now, its value, and what is not as the spec says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from vcci_platform.asking import Refused
from vcci_platform.live.counters import buckets, resets
from vcci_platform.live.expressions import Look, looks
from vcci_platform.live.presence import Concern, presence
from vcci_platform.live.prometheus import PrometheusApi
from vcci_platform.reliability.phrases import measured
from vcci_slo.plan import (
    WINDOW,
    Component,
    EventsSignal,
    LatencyIndicator,
    Plan,
    QuerySignal,
    Signal,
    ValueSignal,
)
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.indicators import PROBE_METRIC, events_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.resolve.components import probe_matchers

__all__ = ["Seen", "probe_now", "signal_now"]

SHORT = timedelta(minutes=5)


@dataclass(frozen=True)
class Seen:
    """One signal now: how many series, what they say in words, and every concern. `series` None could not be asked."""

    ref: str
    series: int | None
    says: str
    concerns: tuple[Concern, ...]


def signal_now(api: PrometheusApi, plan: Plan, signal: Signal, now: datetime) -> Seen:
    """Return how a signal is now. Raises AskingError if Prometheus is not there; what it refuses is a concern."""
    match signal:
        case EventsSignal():
            return _events(api, plan, signal, now)
        case ValueSignal():
            return _value(api, signal, now)
        case QuerySignal():
            return _query(api, signal, now)


def probe_now(api: PrometheusApi, plan: Plan, component: Component, now: datetime) -> Seen:
    """Return how the probes of a component are now."""
    matchers = probe_matchers(component, plan.selector)
    found = presence(api, Look(PROBE_METRIC, matchers), now)
    concerns = list(found.concerns)
    places = component.probe.places if component.probe else 0
    if found.series and found.series < places:
        concerns.append(Concern(f"{found.series} of {places} places probe it"))
    return Seen(
        f"{component.name}.probe", found.series, _said(api, selector(PROBE_METRIC, matchers), "min"), tuple(concerns)
    )


def _events(api: PrometheusApi, plan: Plan, signal: EventsSignal, now: datetime) -> Seen:
    valid = Look(signal.events, events_matchers(signal))
    found = presence(api, valid, now)
    concerns = list(found.concerns)
    if found.series:
        concerns += _bad(api, signal, now)
        concerns += resets(api, valid, signal.selector, found.series)
        concerns += _parts(api, signal)
    if signal.duration is not None:
        concerns += _durations(api, plan, signal, now)
    rate = f"sum(rate({selector(valid.metric, valid.matchers)}[{promql_duration(SHORT)}]))"
    per_second = _said(api, rate) if found.series else ""
    return Seen(
        signal.ref, found.series, f"{per_second} a second" if per_second else "", tuple(dict.fromkeys(concerns))
    )


def _bad(api: PrometheusApi, signal: EventsSignal, now: datetime) -> Iterator[Concern]:
    if not signal.bad:
        return
    bad = presence(api, Look(signal.events, (*events_matchers(signal), *signal.bad)), now, needed=False)
    yield from (concern for concern in bad.concerns if concern.missing)
    if bad.series == 0 and not any(concern.missing for concern in bad.concerns):
        said = ", ".join(map(str, signal.bad))
        yield Concern(
            f"no failure ({said}) has a series yet; the first one is not counted unless the service starts it at zero",
            missing=False,
        )


def _parts(api: PrometheusApi, signal: EventsSignal) -> Iterator[Concern]:
    """Yield each part of a signal that is split, such as a queue, of which there is no series."""
    if signal.each is None:
        return
    label, values = signal.each
    try:
        samples = api.instant(f"count by ({label}) ({selector(signal.events, events_matchers(signal))})")
    except Refused as refused:
        yield Concern(f"the parts by {label} could not be counted: {refused}", missing=False)
        return
    there = {sample.labels.get(label, "") for sample in samples}
    for value in values:
        if value not in there:
            yield Concern(f'no series of {signal.events} has {label}="{value}"')


def _durations(api: PrometheusApi, plan: Plan, signal: EventsSignal, now: datetime) -> Iterator[Concern]:
    timed = timed_matchers(signal)
    if signal.native:
        found = presence(api, Look(signal.duration or "", timed), now)
        yield from found.concerns
        if found.series and not api.value(f"count(histogram_count({selector(signal.duration or '', timed)}))"):
            yield Concern(f"{signal.duration} is no native histogram here")
        return
    bucket = Look(f"{signal.duration}_bucket", timed)
    found = presence(api, bucket, now)
    yield from found.concerns
    yield from presence(api, Look(f"{signal.duration}_count", timed), now).concerns if found.series else ()
    if found.series:
        promised = [
            slo.indicator.within_seconds
            for slo in plan.slos
            if isinstance(slo.indicator, LatencyIndicator) and slo.indicator.signal == signal
        ]
        yield from buckets(api, bucket, (*signal.buckets, *promised))


def _value(api: PrometheusApi, signal: ValueSignal, now: datetime) -> Seen:
    series, concerns = _counted(api, signal.promql)
    if not series:
        for look in looks(signal.promql):
            concerns += presence(api, look, now).concerns
        if series == 0 and not concerns:
            concerns.append(Concern(f"{_short(signal.promql)} has no result, though its series are there"))
    if signal.each is not None and series:
        label, values = signal.each
        concerns += _missing_values(api, signal, label, values)
    says = ""
    if series:
        low, high = (_number(api, f"{how}({signal.promql})") for how in ("min", "max"))
        says = " to ".join(dict.fromkeys(measured(value, signal.unit) for value in (low, high) if value is not None))
    return Seen(signal.ref, series, says, tuple(dict.fromkeys(concerns)))


def _missing_values(api: PrometheusApi, signal: ValueSignal, label: str, values: tuple[str, ...]) -> Iterator[Concern]:
    if signal.simple is not None:
        _, _, metric, matchers = signal.simple
        for value in values:
            if not _number(api, f"count({selector(metric, (*matchers, Matcher(label, '=', value)))})"):
                yield Concern(f'no series of {metric} has {label}="{value}"')


def _query(api: PrometheusApi, signal: QuerySignal, now: datetime) -> Seen:
    """Return how free PromQL is now; an expression without a result may be right for what has not failed yet."""
    total = (signal.valid or signal.bad).replace(WINDOW, promql_duration(SHORT))
    series, concerns = _counted(api, total)
    if not series:
        for look in looks(total):
            concerns += presence(api, look, now).concerns
        if series == 0 and not concerns:
            concerns.append(Concern(f"{_short(total)} has no result"))
    bad = signal.bad.replace(WINDOW, promql_duration(SHORT))
    if signal.valid is not None:
        for look in looks(bad):
            concerns += [one for one in presence(api, look, now, needed=False).concerns if one.missing]
    return Seen(signal.ref, series, _said(api, f"sum({total})") if series else "", tuple(dict.fromkeys(concerns)))


def _counted(api: PrometheusApi, promql: str) -> tuple[int | None, list[Concern]]:
    try:
        return round(api.value(f"count({promql})") or 0), []
    except Refused as refused:
        return None, [Concern(f"{_short(promql)} could not be asked: {refused}")]


def _number(api: PrometheusApi, promql: str) -> float | None:
    try:
        return api.value(promql)
    except Refused:
        return None


def _said(api: PrometheusApi, promql: str, how: str = "") -> str:
    value = _number(api, f"{how}({promql})" if how else promql)
    return "" if value is None else f"{value:.4g}"


def _short(promql: str) -> str:
    text = " ".join(promql.split())
    return text if len(text) <= 80 else f"{text[:79]}…"
