"""The alerts' part of the plan: measures filled in, limits in the measure's unit, severities with their reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo import plan
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher
from vcci_slo.resolve.components import probe_matchers
from vcci_slo.resolve.findings import Findings, Pace, camel, kebab
from vcci_slo.resolve.tiers import SCRAPE_EVERY, SCRAPES_IN_SHORT
from vcci_slo.spec.document import Spec
from vcci_slo.spec.promises import AlertSpec, MeasureSpec
from vcci_slo.spec.source import Path
from vcci_slo.spec.units import Quantity

__all__ = ["alerts"]

NO_WAIT = timedelta(0)
P0_MARGIN = timedelta(minutes=5)
"""For the last failures of a fault, too few for a P0 and enough for the burn that it caused."""

PROBE_HOLD = timedelta(minutes=5)
"""How long a probe's page stays after it sees the component again: long enough for who was away to hear of it."""


@dataclass(frozen=True)
class _Context:
    """What every alert of one spec shares. `lingering` is how long a P0 stays firing after its last sign."""

    spec: Spec
    components: Mapping[str, plan.Component]
    links: plan.Links
    pages: frozenset[plan.Priority]
    lingering: timedelta
    pace: Pace
    findings: Findings

    def runbook_url(self, slug: str) -> str:
        return f"{self.links.runbooks}/{slug}" if self.links.runbooks else ""


def alerts(
    spec: Spec,
    components: tuple[plan.Component, ...],
    slos: tuple[plan.Slo, ...],
    severities: tuple[plan.Severity, ...],
    links: plan.Links,
    pace: Pace,
    findings: Findings,
) -> tuple[plan.Alert, ...]:
    """Return the declared alerts, and one for each probe that must not fail for long."""
    pages: frozenset[plan.Priority] = frozenset(severity.priority for severity in severities if severity.page)
    context = _Context(
        spec=spec,
        components={component.name: component for component in components},
        links=links,
        pages=pages,
        lingering=_lingering(slos, pages, pace),
        pace=pace,
        findings=findings,
    )
    declared = (_declared(name, written, context) for name, written in spec.alerts.items())
    common = findings.matchers(("metadata", "selector"), spec.metadata.selector)
    probed = (
        _probe(component, component.probe, common, context)
        for component in components
        if component.probe is not None and component.probe.fails_for
    )
    return (*(alert for alert in declared if alert is not None), *probed)


def _lingering(slos: tuple[plan.Slo, ...], pages: frozenset[plan.Priority], pace: Pace) -> timedelta:
    """Return how long a lower page may outlast the fault: its short window and its hold.

    A P0 stays firing for that long, so that the burn it caused does not ring again once it is over.
    """
    tiers = [tier for slo in slos for tier in slo.tiers if tier.priority in pages and tier.priority != "P0"]
    longest = max((tier.short + tier.keep_firing_for for tier in tiers), default=NO_WAIT)
    return longest + pace.of(P0_MARGIN) if longest else NO_WAIT


def _declared(name: str, written: AlertSpec, context: _Context) -> plan.Alert | None:
    path: Path = ("alerts", name)
    findings = context.findings
    found = _measure((*path, "measure"), name, written.measure, context)
    if found is None:
        return None
    component, measure, unit = found
    limits = _limits(path, written, unit, context)
    loud = [limit.priority for limit in limits if limit.priority in context.pages]
    symptom = isinstance(measure, plan.BadRatio | plan.Quantile)
    if loud and not symptom and written.pages_because is None:
        findings.add(path, f"pages_because, since {' and '.join(loud)} wakes someone for a cause", "nothing")
    floor = written.min_bad if written.min_bad is not None else written.min_events
    if floor and not symptom:
        findings.add(path, "min_bad or min_events only on ratios and quantiles of events", str(floor))
    if written.owner is not None:
        findings.lookup((*path, "owner"), "a team", written.owner, context.spec.teams)
    runbook = written.runbook or kebab(name)
    return plan.Alert(
        name=name,
        source="declared",
        component=component.name,
        system=component.system,
        team=written.owner or component.team,
        measure=measure,
        unit=unit,
        limits=limits,
        missing=tuple(
            plan.NoData(context.pace.of(after), priority) for priority, after in sorted(written.missing.items())
        ),
        min_events=floor or 0,
        summary=written.summary,
        description=written.description or written.summary,
        because=written.because or "",
        pages_because=written.pages_because or "",
        runbook=runbook,
        runbook_url=context.runbook_url(runbook),
        dashboard_url="",
        proof=plan.Proof(_series(written.proof.fires), _series(written.proof.silent)) if written.proof else None,
    )


def _series(table: dict[str, int | float | str]) -> tuple[tuple[str, str], ...]:
    return tuple((series, values if isinstance(values, str) else f"{values:g}") for series, values in table.items())


Measured = tuple[plan.Component, plan.Measure, plan.Unit]


def _measure(path: Path, alert: str, written: MeasureSpec, context: _Context) -> Measured | None:
    """Return the component that an alert is about, what it measures, and the unit of its limits."""
    if written.promql is not None:
        owner, wanted = written.component or "", ""
    else:
        owner, _, wanted = (written.value or written.bad_ratio or written.of or written.share or "").partition(".")
    component = context.findings.lookup(path, "a component", owner, context.components)
    if component is None:
        return None
    if written.promql is not None:
        unit: plan.Unit = written.unit or "count"
        text = written.promql.replace("SELECTOR", ",".join(str(matcher) for matcher in component.selector))
        free = plan.ValueSignal(component.name, kebab(alert), alert, text, unit, None, None, (), None)
        return component, plan.Value(free), unit
    signals = {signal.name: signal for signal in component.signals}
    signal = context.findings.lookup(path, f"a signal of {owner}", wanted, signals)
    if signal is None:
        return None
    _check_window(path, written, context)
    found = _of_signal(written, signal, context.pace)
    if isinstance(signal, plan.EventsSignal) and signal.native and written.quantile is not None:
        expected = "a classic histogram; what a native one promises is `fast` with `within`, and alerts by itself"
        context.findings.add(path, expected, f"the native histogram of {signal.ref!r}")
        return None
    if found is None:
        events = isinstance(signal, plan.EventsSignal)
        expected = "bad_ratio, or a quantile of a duration, of these events" if events else "a signal of events"
        context.findings.add(path, expected, repr(signal.ref))
        return None
    return component, *found


def _check_window(path: Path, written: MeasureSpec, context: _Context) -> None:
    """Note a window in which a lost scrape leaves no rate."""
    least = SCRAPES_IN_SHORT * (context.spec.monitoring.scrape or SCRAPE_EVERY)
    if written.over is not None and written.over < least:
        expected = f"a window of at least {SCRAPES_IN_SHORT} scrapes, {promql_duration(least)}"
        context.findings.add((*path, "over"), expected, promql_duration(written.over))


def _of_signal(written: MeasureSpec, signal: plan.Signal, pace: Pace) -> tuple[plan.Measure, plan.Unit] | None:
    """Return the measure of a signal, or None if the signal has no such measure."""
    over = pace.maybe(written.over)
    match signal:
        case plan.EventsSignal() if written.bad_ratio and over and signal.bad:
            return plan.BadRatio(signal, over), "ratio"
        case plan.EventsSignal() if written.quantile and over and signal.duration:
            return plan.Quantile(signal, written.quantile.ratio, over), "seconds"
        case plan.ValueSignal() if written.share:
            return plan.Value(signal, over, pace.maybe(written.every)), "ratio"
        case plan.ValueSignal() if written.value:
            return plan.Value(signal), signal.unit
        case _:
            return None


def _limits(path: Path, written: AlertSpec, unit: plan.Unit, context: _Context) -> tuple[plan.Limit, ...]:
    findings = context.findings
    side = "above" if written.above else "below"
    table = written.above or written.below
    asked = context.pace.maybe(written.keep_firing_for)
    found: list[plan.Limit] = []
    for priority, limit in sorted(table.items(), reverse=True):
        if not _fits(limit, unit):
            findings.add((*path, side, priority), f"a limit in {unit}", repr(limit.text))
        found.append(
            plan.Limit(
                priority=priority,
                side="above" if side == "above" else "below",
                value=limit.value,
                words=limit.text,
                lasts=context.pace.of(written.lasts or NO_WAIT),
                keep_firing_for=asked if asked is not None else context.lingering if priority == "P0" else NO_WAIT,
            )
        )
    values = [limit.value for limit in found]
    if values != sorted(values, reverse=side == "below"):
        findings.add(
            (*path, side), "a limit that is stricter the higher the severity", ", ".join(item.words for item in found)
        )
    return tuple(found)


def _fits(limit: Quantity, unit: plan.Unit) -> bool:
    if unit in {"ratio", "seconds", "bytes"}:
        return limit.unit == unit
    return limit.unit == "number"


def _probe(component: plan.Component, probe: plan.Probe, common: tuple[Matcher, ...], context: _Context) -> plan.Alert:
    name = f"{camel(component.name)}ProbeDown"
    runbook = kebab(name)
    return plan.Alert(
        name=name,
        source="probe",
        component=component.name,
        system=component.system,
        team=component.team,
        measure=plan.ProbeDown(component.name, probe_matchers(component, common)),
        unit="boolean",
        limits=tuple(
            plan.Limit(priority, "below", 1.0, "no place reaches it", after, _probe_hold(priority, context))
            for priority, after in sorted(probe.fails_for, reverse=True)
        ),
        missing=(),
        min_events=0,
        summary=f"{component.title} cannot be reached from outside",
        description=f"Every probe of {probe.url} fails.",
        because="impact: nobody can use it",
        pages_because="a probe sees what a user sees",
        runbook=runbook,
        runbook_url=context.runbook_url(runbook),
        dashboard_url="",
        proof=None,
    )


def _probe_hold(priority: plan.Priority, context: _Context) -> timedelta:
    """Return how long the alert outlasts the failure.

    What pages for the desk must not be over before the desk, back again, was told of it: it ends the page.
    """
    if priority == "P0":
        return context.lingering
    return context.pace.of(PROBE_HOLD) if priority in context.pages else NO_WAIT
