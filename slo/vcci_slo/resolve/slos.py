"""The promises' part of the plan: one promise for each part and queue, its tiers, and what it is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vcci_slo import plan
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher
from vcci_slo.promql.series import RESERVED
from vcci_slo.resolve.accounting import budget_policy
from vcci_slo.resolve.ceilings import with_ceilings
from vcci_slo.resolve.components import probe_matchers
from vcci_slo.resolve.findings import Findings, camel, kebab
from vcci_slo.resolve.tiers import Watch, tiers, with_infancy
from vcci_slo.spec.document import Spec
from vcci_slo.spec.promises import SloSpec
from vcci_slo.spec.source import Path
from vcci_slo.spec.units import Percentage
from vcci_slo.windows import month_offsets

__all__ = ["slos"]

WINDOW = timedelta(days=30)
MONTH = "month"
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
MOST_SLOS = 10_000
"""Their rules and tests are half a gigabyte of text; who has more has more than one team, and a spec for each."""

SHORTEST_WINDOW = timedelta(days=1)
LONGEST_WINDOW = timedelta(days=366)
LEAST_BUDGET = 1e-7
"""Seven nines: a failed event in ten million. Beyond that no count of events is long enough to tell."""

NO_DATA = plan.NoData(timedelta(minutes=10), "P1")


@dataclass(frozen=True)
class _Part:
    """One promise of a declaration: what is added to its name, its labels, its objective and what it counts."""

    suffix: str
    labels: tuple[tuple[str, str], ...]
    objective: Percentage
    indicator: plan.Indicator
    words: str


def slos(
    spec: Spec, components: tuple[plan.Component, ...], links: plan.Links, watch: Watch, findings: Findings
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
            if len(found) + len(parts) > MOST_SLOS:
                findings.add(("slos", name), f"at most {MOST_SLOS:,} promises in one spec", "more")
                break
            made = [_slo(name, written, component, part, spec, links, watch, findings) for part in parts]
            # Windows that do not fit together are findings already.
            found += made if findings.problems else [with_infancy(slo, watch.pace) for slo in made]
    return with_ceilings(found, components, spec.slos, findings)


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
    if isinstance(signal, plan.QuerySignal):
        return _query(name, written, signal, findings)
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
        if not signal.native and signal.buckets and seconds not in signal.buckets:
            buckets = ", ".join(f"{bucket:g}s" for bucket in signal.buckets)
            findings.add((*path, share), f"a bucket of {signal.duration} ({buckets})", promql_duration(limit))
        words = (
            f"{objective.text} of the {signal.title} of {signal.component} are answered within {promql_duration(limit)}"
        )
        suffix = f"p{objective.text.rstrip('%').replace('.', '')}"
        parts.append(_Part(suffix, (), objective, plan.LatencyIndicator(signal, seconds, ()), words))
    return parts


def _query(name: str, written: SloSpec, signal: plan.QuerySignal, findings: Findings) -> list[_Part]:
    if written.good is None or written.objective is None:
        findings.add(("slos", name, "holds"), "a signal with a value", f"{signal.ref!r}, which counts")
        return []
    for exception in written.objective.exceptions:
        findings.add(("slos", name, "objective", exception), "one objective for all", exception)
    objective = written.objective.default
    return [_Part("", (), objective, plan.QueryIndicator(signal), f"{objective.text} of the {signal.title} succeed")]


def _by_each(
    name: str, written: SloSpec, signal: plan.EventsSignal | plan.ValueSignal, findings: Findings
) -> list[_Part]:
    assert written.objective is not None  # noqa: S101 - the spec's own validation
    label, values = signal.each or ("", ())
    for exception in written.objective.exceptions:
        if exception not in values:
            findings.lookup(
                ("slos", name, "objective", exception), f"a {label or 'part'}", exception, dict.fromkeys(values)
            )
    if not isinstance(signal, plan.EventsSignal) and (values or written.by) and signal.simple is None:
        what = "by" if written.by else "each"
        findings.add(
            ("slos", name, _kind(written)),
            f"a value of the form max(metric{{SELECTOR}}) where {what} splits it",
            signal.promql,
        )
        return []
    parts: list[_Part] = []
    for value in values or ("",):
        objective = written.objective.exceptions.get(value, written.objective.default)
        only = (Matcher(label, "=", value),) if value else ()
        of = f" of {value}" if value else ""
        indicator: plan.Indicator
        if isinstance(signal, plan.EventsSignal):
            if not signal.bad:
                findings.add(("slos", name, "good"), "a signal that says what is bad", repr(signal.ref))
            indicator = plan.EventsIndicator(signal, only)
            words = f"{objective.text} of the {signal.title}{of} succeed"
        else:
            indicator, words = _limit(name, written, signal, only, f"{signal.title}{of}", objective, findings)
        labels = ((label, value),) if value else ()
        parts.append(_Part(kebab(value) if value else "", labels, objective, indicator, words))
    return parts


def _limit(
    name: str,
    written: SloSpec,
    signal: plan.ValueSignal,
    only: tuple[Matcher, ...],
    title: str,
    objective: Percentage,
    findings: Findings,
) -> tuple[plan.LimitIndicator, str]:
    """Return the indicator of a value: on one side of a limit, or a flag that is up."""
    if written.good is not None:
        if signal.unit != "boolean":
            findings.add(("slos", name, "good"), "a signal of events, or one with the unit boolean", repr(signal.ref))
        return plan.LimitIndicator(signal, 1.0, "above", only), f"{title}, {objective.text} of the time"
    side: Literal["below", "above"] = "below" if written.below is not None else "above"
    limit = written.below or written.above
    assert limit is not None  # noqa: S101 - the spec's own validation
    if not _fits(limit.unit, signal.unit):
        findings.add(("slos", name, side), f"a limit in {signal.unit}", repr(limit.text))
    place = "under" if side == "below" else "at least"
    words = f"the {title} is {place} {limit.text} for {objective.text} of the time"
    return plan.LimitIndicator(signal, limit.value, side, only), words


def _fits(unit: str, measured: plan.Unit) -> bool:
    return unit == measured or (unit == "number" and measured not in {"ratio", "seconds", "bytes"})


def _slo(
    declared: str,
    written: SloSpec,
    component: plan.Component,
    part: _Part,
    spec: Spec,
    links: plan.Links,
    watch: Watch,
    findings: Findings,
) -> plan.Slo:
    path: Path = ("slos", declared)
    name = f"{declared}-{part.suffix}" if part.suffix else declared
    window, window_name, calendar = _window(written, spec, watch, findings, path)
    if not LEAST_BUDGET <= part.objective.complement < 1:
        found = part.objective.text if len(part.objective.text) < 30 else "more digits than can be counted"
        findings.add((*path, "objective"), "an objective above 0% and below 100%, of at most seven nines", found)
    _check_resolution(part, window, spec, watch, findings, path)
    policy_name = written.policy or ("user-facing" if component.kind == "http" else "background")
    policy = findings.lookup((*path, "policy"), "a burn policy", policy_name, spec.burn_policies) or {}
    if written.owner is not None:
        findings.lookup((*path, "owner"), "a team", written.owner, spec.teams)
    _check_labels(written, part, findings, path)
    silence = written.no_data
    no_data = plan.NoData(silence.after, silence.priority) if silence else NO_DATA
    counted = not (isinstance(part.indicator, plan.QueryIndicator) and part.indicator.signal.valid is None)
    return plan.Slo(
        name=name,
        declared=declared,
        words=part.words + (f", for each {' and '.join(written.by)}" if written.by else ""),
        labels=(*part.labels, *written.labels.items()),
        component=component.name,
        system=component.system,
        team=written.owner or component.team,
        by=tuple(written.by),
        objective=part.objective.ratio,
        budget=part.objective.complement,
        percent=part.objective.text,
        ceiling=None,
        window=watch.pace.of(window),
        window_name=window_name,
        calendar=calendar,
        indicator=part.indicator,
        tiers=tiers(
            written,
            policy,
            part.objective,
            window,
            counted=counted,
            looked_every=_looked_every(part.indicator, component, spec, watch),
            watch=watch,
            findings=findings,
            path=path,
        ),
        budget_policy=budget_policy(written.budget_policy, spec, path, findings),
        no_data=plan.NoData(watch.pace.of(no_data.after), no_data.priority),
        burn_alert=f"{camel(name)}BudgetBurn",
        no_data_alert=f"{camel(name)}NoData",
        runbook=kebab(declared),
        runbook_url=f"{links.runbooks}/{kebab(declared)}" if links.runbooks else "",
        dashboard_url="",
    )


def _looked_every(indicator: plan.Indicator, component: plan.Component, spec: Spec, watch: Watch) -> timedelta | None:
    """Return how often there is a look to count; None for what counts by itself, as often as it is used."""
    match indicator:
        case plan.ProbeIndicator():
            return watch.scrape_every / max(component.probe.places if component.probe else 1, 1)
        case plan.LimitIndicator():
            return spec.monitoring.evaluate or watch.scrape_every
        case _:
            return None


def _window(
    written: SloSpec, spec: Spec, watch: Watch, findings: Findings, path: Path
) -> tuple[timedelta, str, str | None]:
    """Return the window for burn rates, what it is called, and the zone whose months it is."""
    if written.window is None:
        return WINDOW, promql_duration(WINDOW), None
    if written.window.month is not None:
        zone = written.window.month or spec.calendar.timezone
        try:
            month_offsets(zone)
        except ValueError as error:
            findings.add((*path, "window"), "a time zone whose months begin alike every year", str(error))
        return WINDOW, MONTH, zone if watch.pace.scale == 1 else None  # months have no other pace
    window = written.window.length or WINDOW
    if not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        expected = f"a window from {promql_duration(SHORTEST_WINDOW)} to {promql_duration(LONGEST_WINDOW)}"
        findings.add((*path, "window"), expected, promql_duration(window))
    return window, promql_duration(window), None


def _check_resolution(part: _Part, window: timedelta, spec: Spec, watch: Watch, findings: Findings, path: Path) -> None:
    """Note what Prometheus cannot support: a window longer than its memory, a budget smaller than one look."""
    kept = spec.monitoring.retention
    if kept is not None and kept < window:
        expected = f"a window of at most {promql_duration(kept)}, for which monitoring.retention keeps data"
        findings.add((*path, "window"), expected, promql_duration(window))
    looks = window / watch.scrape_every
    if isinstance(part.indicator, plan.ProbeIndicator | plan.LimitIndicator) and looks * part.objective.complement < 1:
        expected = f"a budget of at least one look of the {looks:,.0f} in {promql_duration(window)}"
        findings.add(
            (*path, "objective"),
            expected,
            f"{part.objective.text} at a look each {watch.scrape_every.total_seconds():g}s",
        )


def _check_labels(written: SloSpec, part: _Part, findings: Findings, path: Path) -> None:
    """Note labels that would take the place of one that the rules need."""
    of_parts = dict(part.labels)
    for label in written.labels:
        if label in RESERVED or label in of_parts:
            findings.add((*path, "labels", label), "a label that the rules do not use themselves", label)
    for index, label in enumerate(written.by):
        if LABEL.fullmatch(label) is None or label in RESERVED or label in of_parts or label in written.labels:
            findings.add((*path, "by", index), "the name of a label that the rules do not use themselves", repr(label))
    if len(set(written.by)) < len(written.by):
        findings.add((*path, "by"), "each label once", ", ".join(written.by))
    if (
        written.by
        and isinstance(part.indicator, plan.QueryIndicator)
        and not all(label in part.indicator.signal.bad for label in written.by)
    ):
        findings.add((*path, "by"), f"queries that keep {', '.join(written.by)}", part.indicator.signal.bad)
