"""What is promised about a component, and which alerts it gets: what history kept, and a comment about the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from vcci_platform.adoption.catalog import Job, span_text
from vcci_platform.adoption.events import Events
from vcci_platform.adoption.exporters import Limit, Reading
from vcci_platform.adoption.measuring import Counted, Read
from vcci_platform.adoption.promises import Measured, bucket_text, limit_above, objective_of, percent
from vcci_platform.adoption.yaml_lines import Entry, flow_map, quoted
from vcci_slo.resolve.findings import camel

__all__ = ["Found", "alarmed", "amount", "promised", "within_name"]

AGE_OBJECTIVES = ("99%", "98%", "95%")


@dataclass(frozen=True)
class Found:
    """A job with what was guessed about it and what the guesses were worth.

    `silent` are readings without a value now, `more` the counters that could be signals too.
    """

    job: Job
    events: tuple[tuple[Events, Counted], ...]
    readings: tuple[tuple[Reading, Read], ...]
    silent: tuple[str, ...]
    more: tuple[str, ...]


def promised(name: str, one: Found) -> Iterator[Entry]:
    """Yield the promises about a component, and a comment for each that history did not keep."""
    for events, counted in one.events:
        named = _named(name, events.name)
        if events.bad or events.errors:
            kept = objective_of(counted.ended)
            said = _said(counted.ended)
            if kept.objective:
                yield Entry(f"{named}-errors", f"{{good: {name}.{events.name}, objective: {kept.objective}}}", said)
            else:
                yield Entry("", "", above=(f"{named}-errors: {kept.why}{f': {said}' if said else ''}",))
        if counted.latencies and events.has_free_duration:
            said = f"kept by {counted.timed:,.0f} in the last {span_text(counted.span)}"
            for share, seconds in counted.latencies:
                promise = f"{{good: {name}.{within_name(events, seconds)}, objective: {share}}}"
                yield Entry(f"{named}-latency-p{share.rstrip('%')}", promise, said)
        elif counted.latencies:
            within = flow_map({share: bucket_text(bucket) for share, bucket in counted.latencies})
            said = f"kept by {counted.timed:,.0f} in the last {span_text(counted.span)}"
            yield Entry(f"{named}-latency", f"{{fast: {name}.{events.name}, within: {within}}}", said)
    for reading, read in one.readings:
        yield from _held(name, reading, read)


def _named(component: str, signal: str) -> str:
    """Return the name of a promise about a signal, without saying the component twice."""
    if signal == "requests":
        return component
    return signal if f"{signal}-".startswith(f"{component}-") else f"{component}-{signal}"[:50].strip("-")


def _said(measured: Measured | None) -> str:
    if measured is None or measured.total <= 0:
        return ""
    return f"{percent(measured.good)} of {measured.total:,.0f} in the last {span_text(measured.span)}"


def _held(name: str, reading: Reading, read: Read) -> Iterator[Entry]:
    """Yield the promise that something answers its probes, or stays young, if it did."""
    if reading.needs == ("probe_success",) and read.answered is not None:
        kept = objective_of(read.answered)
        if kept.objective:
            promise = f"{{holds: {name}.{reading.name}, above: 1, objective: {kept.objective}}}"
            yield Entry(f"{name}-reachable", promise, f"at worst {_said(read.answered)}")
        else:
            yield Entry("", "", above=(f"{name}-reachable: {kept.why}: {_said(read.answered)}",))
    if reading.unit != "seconds" or reading.limit is not None or read.past is None or reading.name == "answer-time":
        return
    limit = limit_above(read.past.highest)
    moments = read.past.span / timedelta(minutes=1)
    kept = objective_of(Measured(0.0, moments, read.past.span), AGE_OBJECTIVES)
    said = f"at most {amount(read.past.highest, 'seconds')} in the last {span_text(read.past.span)}"
    slo = _named(name, reading.name)
    if limit and kept.objective and read.past.lowest >= 0:
        holds = f"{{holds: {name}.{reading.name}, below: {limit}, objective: {kept.objective}}}"
        yield Entry(slo, holds, said)
    else:
        yield Entry("", "", above=(f"{slo}: {said}, so no limit is promised yet",))


# --- alerts -----------------------------------------------------------------------------------------------------------


def alarmed(name: str, one: Found, taken: set[str]) -> Iterator[Entry]:
    """Yield the alerts of a component that would have been silent, and a comment for each other; `taken` are names."""
    for reading, read in one.readings:
        limit = reading.limit
        if limit is None:
            continue
        if read.past is None or _broken(limit, read):
            seen = _extreme(limit, read)
            why = (
                f"it was at {amount(seen, reading.unit)}, so it would have fired"
                if read.past
                else "its past is not known"
            )
            yield Entry("", "", above=(f"{limit.name} for {name} ({reading.name} {limit.side} {limit.value}): {why}",))
            continue
        alert = limit.name if limit.name not in taken else f"{limit.name}{camel(name)}"
        taken.add(alert)
        worst = amount(_extreme(limit, read), reading.unit)
        said = f"{'lowest' if limit.side == 'below' else 'highest'} in the last {span_text(read.past.span)}: {worst}"
        entries = (
            Entry("measure", f"{name}.{reading.name}"),
            Entry(limit.side, flow_map({"P2": limit.value}), said),
            Entry("for", limit.lasts),
            Entry("summary", quoted(limit.summary)),
        )
        yield Entry(alert, entries)


def _extreme(limit: Limit, read: Read) -> float:
    if read.past is None:
        return read.now
    return min(read.past.lowest, read.now) if limit.side == "below" else max(read.past.highest, read.now)


def _broken(limit: Limit, read: Read) -> bool:
    value = _extreme(limit, read)
    return value < limit.number if limit.side == "below" else value > limit.number


def within_name(events: Events, seconds: float) -> str:
    """Return the name of the signal that counts what took longer."""
    return f"{events.name}-within-{bucket_text(seconds)}"


def amount(value: float, unit: str) -> str:
    """Return a value as a comment shows it."""
    match unit:
        case "ratio":
            return f"{value * 100:.3g}%"
        case "seconds":
            return f"{value:.3g}s" if abs(value) < 120 else span_text(timedelta(seconds=min(abs(value), 1e9)))
        case "bytes":
            return f"{value / 1024 / 1024:.4g} MiB"
        case _:
            return f"{value:.6g}"
