"""The components' part of the plan: selectors joined, signals filled in, references followed."""

from __future__ import annotations

import re
from datetime import timedelta

from vcci_slo import plan
from vcci_slo.promql.matchers import Matcher
from vcci_slo.resolve.findings import Findings, Pace
from vcci_slo.spec.components import ComponentSpec, RunsSpec, SignalSpec
from vcci_slo.spec.document import Spec

__all__ = ["components", "probe_matchers"]

PROBE_TIMEOUT = timedelta(seconds=5)
_SIMPLE = re.compile(
    r"(?P<aggregation>min|max|sum|avg|count)\s*(?:by\s*\((?P<by>[^)]*)\)\s*)?\(\s*"
    r"(?P<metric>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<matchers>[^}]*)\})?\s*\)"
)
BUCKET = "le"
"""What names a histogram's buckets: a quantile is reckoned from all of them, and is not split by it."""

_BY = re.compile(r"\bby\s*\(([^)]*)\)")


def components(spec: Spec, pace: Pace, findings: Findings) -> tuple[plan.Component, ...]:
    """Return every component in the order written."""
    common = findings.matchers(("metadata", "selector"), spec.metadata.selector)
    return tuple(_component(name, written, spec, common, pace, findings) for name, written in spec.components.items())


def probe_matchers(component: plan.Component, common: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    """Return what finds the probes of a component from outside."""
    return (Matcher("job", "=", f"probe-{component.name}"), *common)


def _component(
    name: str, written: ComponentSpec, spec: Spec, common: tuple[Matcher, ...], pace: Pace, findings: Findings
) -> plan.Component:
    path = ("components", name)
    for index, need in enumerate(written.needs):
        findings.lookup((*path, "needs", index), "a component", need, spec.components)
    team = written.owner or spec.metadata.owner
    if written.owner is not None:
        findings.lookup((*path, "owner"), "a team", written.owner, spec.teams or {spec.metadata.owner: None})
    own = findings.matchers((*path, "selector"), written.selector)
    selector = (*own, *(matcher for matcher in common if matcher.label not in {mine.label for mine in own}))
    scrape = written.scrape
    probe = written.probe
    return plan.Component(
        name=name,
        title=written.title or (name.upper() if len(name) <= 3 else name.replace("-", " ").capitalize()),
        kind=written.kind,
        system=written.system or spec.metadata.name,
        team=team,
        selector=selector,
        needs=tuple(written.needs),
        queues=tuple(written.queues),
        runs=_runs(written.runs) if written.runs else None,
        scrape=plan.Scrape(
            targets=tuple(scrape.targets),
            path=scrape.path,
            params=tuple((key, tuple(values)) for key, values in scrape.params.items()),
            scheme=scrape.scheme,
        )
        if scrape
        else None,
        probe=plan.Probe(
            url=probe.url,
            module=probe.module or ("tcp_connect" if probe.url.startswith("tcp") else "http_2xx"),
            places=probe.places,
            fails_for=tuple((priority, pace.of(after)) for priority, after in sorted(probe.fails_for.items())),
            timeout=probe.timeout or PROBE_TIMEOUT,
        )
        if probe
        else None,
        signals=tuple(
            _signal((*path, "signals", key), name, key, signal, selector, spec, findings)
            for key, signal in written.signals.items()
        ),
    )


def _runs(written: RunsSpec) -> plan.Runs:
    return plan.Runs(
        deployment=written.deployment,
        replicas=(int(written.replicas.low), int(written.replicas.high)),
        cpu=(written.cpu.low, written.cpu.high) if written.cpu else None,
        memory_bytes=(int(written.memory.low), int(written.memory.high)) if written.memory else None,
    )


def _signal(
    path: tuple[str, ...],
    component: str,
    name: str,
    written: SignalSpec,
    selector: tuple[Matcher, ...],
    spec: Spec,
    findings: Findings,
) -> plan.Signal:
    title = written.title or name.replace("-", " ")
    each = _each(path, written, spec, findings)
    if written.events is not None:
        return plan.EventsSignal(
            component=component,
            name=name,
            title=title,
            events=written.events,
            duration=written.duration,
            selector=selector,
            where=findings.matchers((*path, "where"), written.where),
            valid=findings.matchers((*path, "valid"), written.valid),
            bad=findings.matchers((*path, "bad"), written.bad),
            timed=findings.matchers((*path, "timed"), written.timed),
            buckets=tuple(bucket.total_seconds() for bucket in written.buckets),
            each=each,
            native=written.native,
        )
    filled = ",".join(str(matcher) for matcher in selector)
    if written.value is None:
        return plan.QuerySignal(
            component=component,
            name=name,
            title=title,
            bad=(written.errors or written.error_ratio or "").replace("SELECTOR", filled),
            valid=None if written.total is None else written.total.replace("SELECTOR", filled),
            per_second=written.per_second,
        )
    promql = written.value.replace("SELECTOR", filled)
    found = _SIMPLE.fullmatch(promql)
    by = _BY.search(promql)
    unit: plan.Unit = written.unit or "count"
    return plan.ValueSignal(
        component=component,
        name=name,
        title=title,
        promql=promql,
        unit=unit,
        each=each,
        record=written.record,
        by=tuple(label for label in _labels(by[1]) if label != BUCKET) if by else (),
        simple=(
            found["aggregation"],
            _labels(found["by"] or ""),
            found["metric"],
            findings.matchers((*path, "value"), found["matchers"] or ""),
        )
        if found
        else None,
    )


def _labels(text: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in text.split(",") if label.strip())


def _each(
    path: tuple[str, ...], written: SignalSpec, spec: Spec, findings: Findings
) -> tuple[str, tuple[str, ...]] | None:
    """Return the label that splits a signal and its values, which stand at the component that is referred to."""
    for label, ref in written.each.items():
        place = (*path, "each", label)
        owner, _, field = ref.partition(".")
        component = findings.lookup(place, "a component", owner, spec.components)
        if component is None:
            return None
        if field != "queues" or not component.queues:
            findings.add(place, f"a list of the component such as {owner}.queues", repr(ref))
            return None
        return label, tuple(component.queues)
    return None
