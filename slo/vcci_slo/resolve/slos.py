"""The promises' part of the plan: one promise for each part and queue, its tiers, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vcci_slo import burn, plan
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher
from vcci_slo.resolve.components import probe_matchers
from vcci_slo.resolve.findings import Findings, Pace, camel, kebab
from vcci_slo.spec.document import Spec
from vcci_slo.spec.promises import SloSpec
from vcci_slo.spec.source import Path
from vcci_slo.spec.units import Percentage

__all__ = ["slos"]

WINDOW = timedelta(days=30)
SHORTEST_WINDOW = timedelta(days=1)
LONGEST_WINDOW = timedelta(days=366)
LEAST_BUDGET = 1e-7
"""Seven nines: a failed event in ten million. Beyond that no count of events is long enough to tell."""

NO_DATA = plan.NoData(timedelta(minutes=10), "P1")
KEEP_FIRING = timedelta(minutes=5)
MIN_BAD = 5
"""Bad events, or moments, that a tier needs: one failed request of a quiet night, or one probe of a service that is
just starting, wakes nobody."""


@dataclass(frozen=True)
class _Part:
    """One promise of a declaration: what is added to its name, its labels, its objective and what it counts."""

    suffix: str
    labels: tuple[tuple[str, str], ...]
    objective: Percentage
    indicator: plan.Indicator
    words: str


def slos(
    spec: Spec, components: tuple[plan.Component, ...], links: plan.Links, pace: Pace, findings: Findings
) -> tuple[plan.Slo, ...]:
    """Return every promise, in the order written and then by part."""
    found: list[plan.Slo] = []
    known = {component.name: component for component in components}
    common = findings.matchers(("metadata", "selector"), spec.metadata.selector) if spec.metadata.selector else ()
    for name, written in spec.slos.items():
        ref = written.good or written.fast or written.holds or ""
        component = findings.lookup(("slos", name, _kind(written)), "a component", ref.partition(".")[0], known)
        if component is not None:
            parts = _parts(name, written, component, common, findings)
            found += [_slo(name, written, component, part, spec, links, pace, findings) for part in parts]
    return tuple(found)


def _kind(written: SloSpec) -> Literal["good", "fast", "holds"]:
    return "good" if written.good else "fast" if written.fast else "holds"


def _parts(
    name: str, written: SloSpec, component: plan.Component, common: tuple[Matcher, ...], findings: Findings
) -> list[_Part]:
    path = ("slos", name, _kind(written))
    wanted = (written.good or written.fast or written.holds or "").partition(".")[2]
    if written.good and wanted == "probe" and component.probe is not None and written.objective is not None:
        objective = written.objective.default
        indicator = plan.ProbeIndicator(component.name, probe_matchers(component, common))
        words = f"{objective.text} of the probes of {component.title} from outside succeed"
        return [_Part("", (), objective, indicator, words)]
    signals = {signal.name: signal for signal in component.signals}
    if component.probe is not None and wanted != "probe":
        signals.pop("probe", None)
    signal = findings.lookup(path, f"a signal of {component.name}", wanted, signals)
    if signal is None:
        return []
    if written.fast is not None:
        return _latencies(name, written, signal, findings)
    return _by_each(name, written, signal, findings)


def _latencies(name: str, written: SloSpec, signal: plan.Signal, findings: Findings) -> list[_Part]:
    path: Path = ("slos", name, "within")
    if not isinstance(signal, plan.EventsSignal) or signal.duration is None:
        findings.add(("slos", name, "fast"), "a signal with a duration histogram", repr(signal.ref))
        return []
    parts: list[_Part] = []
    for share, limit in written.within.items():
        objective = Percentage.parse(share)
        seconds = limit.total_seconds()
        if signal.buckets and seconds not in signal.buckets:
            buckets = ", ".join(f"{bucket:g}s" for bucket in signal.buckets)
            findings.add((*path, share), f"a bucket of {signal.duration} ({buckets})", promql_duration(limit))
        words = (
            f"{objective.text} of the {signal.title} of {signal.component} are answered within {promql_duration(limit)}"
        )
        suffix = f"p{objective.text.rstrip('%').replace('.', '')}"
        parts.append(_Part(suffix, (), objective, plan.LatencyIndicator(signal, seconds, ()), words))
    return parts


def _by_each(name: str, written: SloSpec, signal: plan.Signal, findings: Findings) -> list[_Part]:
    assert written.objective is not None  # noqa: S101 - the spec's own validation
    label, values = signal.each or ("", ())
    for exception in written.objective.exceptions:
        if exception not in values:
            findings.lookup(
                ("slos", name, "objective", exception), f"a {label or 'part'}", exception, dict.fromkeys(values)
            )
    if not isinstance(signal, plan.EventsSignal) and values and signal.simple is None:
        findings.add(
            ("slos", name, "holds"), "a value of the form max(metric{SELECTOR}) where each splits it", signal.promql
        )
        return []
    parts: list[_Part] = []
    for value in values or ("",):
        objective = written.objective.exceptions.get(value, written.objective.default)
        only = (Matcher(label, "=", value),) if value else ()
        labels = ((label, value),) if value else ()
        of = f" of {value}" if value else ""
        indicator: plan.Indicator
        if isinstance(signal, plan.EventsSignal):
            if not signal.bad:
                findings.add(("slos", name, "good"), "a signal that says what is bad", repr(signal.ref))
            indicator = plan.EventsIndicator(signal, only)
            words = f"{objective.text} of the {signal.title}{of} succeed"
        else:
            assert written.below is not None  # noqa: S101 - the spec's own validation
            if not _fits(written.below.unit, signal.unit):
                findings.add(("slos", name, "below"), f"a limit in {signal.unit}", repr(written.below.text))
            indicator = plan.LimitIndicator(signal, written.below.value, only)
            words = f"the {signal.title}{of} is under {written.below.text} for {objective.text} of the time"
        parts.append(_Part(kebab(value) if value else "", labels, objective, indicator, words))
    return parts


def _fits(unit: str, measured: plan.Unit) -> bool:
    return unit == measured or (unit == "number" and measured not in {"ratio", "seconds", "bytes"})


def _slo(
    declared: str,
    written: SloSpec,
    component: plan.Component,
    part: _Part,
    spec: Spec,
    links: plan.Links,
    pace: Pace,
    findings: Findings,
) -> plan.Slo:
    path: Path = ("slos", declared)
    name = f"{declared}-{part.suffix}" if part.suffix else declared
    window = written.window or WINDOW
    if not LEAST_BUDGET <= part.objective.complement < 1:
        found = part.objective.text if len(part.objective.text) < 30 else "more digits than can be counted"
        findings.add((*path, "objective"), "an objective above 0% and below 100%, of at most seven nines", found)
    if not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        expected = f"a window from {promql_duration(SHORTEST_WINDOW)} to {promql_duration(LONGEST_WINDOW)}"
        findings.add((*path, "window"), expected, promql_duration(window))
    policy_name = written.policy or ("user-facing" if component.kind == "http" else "background")
    policy = findings.lookup((*path, "policy"), "a burn policy", policy_name, spec.burn_policies)
    min_bad = written.min_bad if written.min_bad is not None else MIN_BAD
    priorities = policy.model_dump() if policy else {}
    if written.owner is not None:
        findings.lookup((*path, "owner"), "a team", written.owner, spec.teams)
    silence = written.no_data
    no_data = plan.NoData(silence.after, silence.priority) if silence else NO_DATA
    return plan.Slo(
        name=name,
        declared=declared,
        words=part.words,
        labels=part.labels,
        component=component.name,
        system=component.system,
        team=written.owner or component.team,
        objective=part.objective.ratio,
        budget=part.objective.complement,
        percent=part.objective.text,
        window=pace.of(window),
        window_name=promql_duration(window),
        indicator=part.indicator,
        tiers=tuple(
            _tier(tier, priorities[tier.name], part.objective, window, min_bad, pace, findings, path)
            for tier in burn.TIERS
            if priorities.get(tier.name) is not None
        ),
        no_data=plan.NoData(pace.of(no_data.after), no_data.priority),
        burn_alert=f"{camel(name)}BudgetBurn",
        no_data_alert=f"{camel(name)}NoData",
        runbook=kebab(declared),
        runbook_url=f"{links.runbooks}/{kebab(declared)}" if links.runbooks else "",
        dashboard_url=f"{links.grafana}/d/slo-tracking?var-slo={name}" if links.grafana else "",
    )


def _tier(
    tier: burn.Tier,
    priority: plan.Priority,
    objective: Percentage,
    window: timedelta,
    min_bad: int,
    pace: Pace,
    findings: Findings,
    path: Path,
) -> plan.BurnTier:
    factor = burn.factor(tier, window)
    threshold = round(factor * objective.complement, 12)
    if threshold >= 1:
        lowest = 100 * (1 - 1 / factor)
        findings.add(
            path,
            f"an objective above {lowest:.4g}% for the burn tier {tier.name} to be reachable, or a policy without it",
            f"{objective.text}, at which it fires above an error ratio of {threshold:g}",
        )
    return plan.BurnTier(
        name=tier.name,
        priority=priority,
        share=tier.share,
        short=pace.of(tier.short),
        long=pace.of(tier.long),
        factor=factor,
        threshold=threshold,
        min_bad=min_bad,
        keep_firing_for=pace.of(KEEP_FIRING),
        exhausts_in=pace.of(window / factor),
    )
