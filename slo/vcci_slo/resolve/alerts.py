"""The alerts' part of the plan: measures filled in, limits in the measure's unit, severities with their reason."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo import plan
from vcci_slo.promql.matchers import Matcher
from vcci_slo.resolve.components import probe_matchers
from vcci_slo.resolve.findings import Findings, Pace, camel, kebab
from vcci_slo.spec.document import Spec
from vcci_slo.spec.promises import AlertSpec, MeasureSpec
from vcci_slo.spec.source import Path
from vcci_slo.spec.units import Quantity

__all__ = ["alerts"]

NO_WAIT = timedelta(0)
P0_MARGIN = timedelta(minutes=1)


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
    pages = {severity.priority for severity in severities if severity.page}
    lingering = _lingering(slos, pages, pace)
    found: list[plan.Alert] = []
    for name, written in spec.alerts.items():
        alert = _declared(name, written, spec, components, links, pages, lingering, pace, findings)
        if alert is not None:
            found.append(alert)
    common = findings.matchers(("metadata", "selector"), spec.metadata.selector)
    for component in components:
        if component.probe is not None and component.probe.fails_for:
            found.append(_probe(component, component.probe, common, links, lingering))
    return tuple(found)


def _lingering(slos: tuple[plan.Slo, ...], pages: set[plan.Priority], pace: Pace) -> timedelta:
    """Return how long a lower page may outlast the fault: its short window and its hold.

    A P0 stays firing for that long, so that the burn it caused does not ring again once it is over.
    """
    tiers = [tier for slo in slos for tier in slo.tiers if tier.priority in pages and tier.priority != "P0"]
    longest = max((tier.short + tier.keep_firing_for for tier in tiers), default=NO_WAIT)
    return longest + pace.of(P0_MARGIN) if longest else NO_WAIT


def _declared(
    name: str,
    written: AlertSpec,
    spec: Spec,
    components: tuple[plan.Component, ...],
    links: plan.Links,
    pages: set[plan.Priority],
    lingering: timedelta,
    pace: Pace,
    findings: Findings,
) -> plan.Alert | None:
    path: Path = ("alerts", name)
    found = _measure((*path, "measure"), name, written.measure, components, pace, findings)
    if found is None:
        return None
    component, measure, unit = found
    limits = _limits(path, written, unit, lingering, pace, findings)
    loud = [limit.priority for limit in limits if limit.priority in pages]
    symptom = isinstance(measure, plan.BadRatio | plan.Quantile)
    if loud and not symptom and written.pages_because is None:
        findings.add(path, f"pages_because, since {' and '.join(loud)} wakes someone for a cause", "nothing")
    floor = written.min_bad if written.min_bad is not None else written.min_events
    if floor and not symptom:
        findings.add(path, "min_bad or min_events only on ratios and quantiles of events", str(floor))
    if written.owner is not None:
        findings.lookup((*path, "owner"), "a team", written.owner, spec.teams)
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
        missing=tuple(plan.NoData(pace.of(after), priority) for priority, after in sorted(written.missing.items())),
        min_events=floor or 0,
        summary=written.summary,
        description=written.description or written.summary,
        because=written.because or "",
        pages_because=written.pages_because or "",
        runbook=runbook,
        runbook_url=f"{links.runbooks}/{runbook}" if links.runbooks else "",
        dashboard_url="",
        proof=plan.Proof(_series(written.proof.fires), _series(written.proof.silent)) if written.proof else None,
    )


def _series(table: dict[str, int | float | str]) -> tuple[tuple[str, str], ...]:
    return tuple((series, values if isinstance(values, str) else f"{values:g}") for series, values in table.items())


def _measure(
    path: Path,
    alert: str,
    written: MeasureSpec,
    components: tuple[plan.Component, ...],
    pace: Pace,
    findings: Findings,
) -> tuple[plan.Component, plan.Measure, plan.Unit] | None:
    known = {component.name: component for component in components}
    if written.promql is not None:
        component = findings.lookup((*path, "component"), "a component", written.component or "", known)
        if component is None:
            return None
        unit: plan.Unit = written.unit or "count"
        text = written.promql.replace("SELECTOR", ",".join(str(matcher) for matcher in component.selector))
        free = plan.ValueSignal(component.name, kebab(alert), alert, text, unit, None, None, (), None)
        return component, plan.Value(free), unit
    ref = written.value or written.bad_ratio or written.of or written.share or ""
    owner, _, wanted = ref.partition(".")
    component = findings.lookup(path, "a component", owner, known)
    if component is None:
        return None
    signal = findings.lookup(
        path, f"a signal of {owner}", wanted, {signal.name: signal for signal in component.signals}
    )
    if signal is None:
        return None
    over = pace.maybe(written.over)
    if isinstance(signal, plan.EventsSignal):
        if written.bad_ratio and over and signal.bad:
            return component, plan.BadRatio(signal, over), "ratio"
        if written.quantile and over and signal.duration:
            return component, plan.Quantile(signal, written.quantile.ratio, over), "seconds"
        findings.add(path, f"bad_ratio or a quantile of the events {ref}", repr(ref))
        return None
    if written.bad_ratio or written.quantile:
        findings.add(path, "a signal of events", repr(ref))
        return None
    if written.share:
        return component, plan.Value(signal, over, pace.maybe(written.every)), "ratio"
    return component, plan.Value(signal), signal.unit


def _limits(
    path: Path, written: AlertSpec, unit: plan.Unit, lingering: timedelta, pace: Pace, findings: Findings
) -> tuple[plan.Limit, ...]:
    side = "above" if written.above else "below"
    table = written.above or written.below
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
                lasts=pace.of(written.lasts or NO_WAIT),
                keep_firing_for=lingering if priority == "P0" else NO_WAIT,
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


def _probe(
    component: plan.Component,
    probe: plan.Probe,
    common: tuple[Matcher, ...],
    links: plan.Links,
    lingering: timedelta,
) -> plan.Alert:
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
            plan.Limit(priority, "below", 1.0, "no place reaches it", after, lingering if priority == "P0" else NO_WAIT)
            for priority, after in sorted(probe.fails_for, reverse=True)
        ),
        missing=(),
        min_events=0,
        summary=f"{component.title} cannot be reached from outside",
        description=f"Every probe of {probe.url} fails.",
        because="impact: nobody can use it",
        pages_because="a probe sees what a user sees",
        runbook=runbook,
        runbook_url=f"{links.runbooks}/{runbook}" if links.runbooks else "",
        dashboard_url="",
        proof=None,
    )
