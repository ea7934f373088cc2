"""Promises from the SLOs of OpenSLO v1 and v2alpha, with their references followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from vcci_slo import burn
from vcci_slo.formats.notes import Notes, Origin, shown
from vcci_slo.formats.openslo.inline import Catalogue, inlined
from vcci_slo.formats.openslo.model import (
    AlertCondition,
    AlertPolicy,
    Indicator,
    Metric,
    NotificationTarget,
    Objective,
    RatioMetric,
    Slo,
)
from vcci_slo.formats.promise import Burn, ErrorRatio, Limit, Promise, Ratio, Sli, percent
from vcci_slo.formats.queries.counting import ranged
from vcci_slo.formats.severities import priority_of
from vcci_slo.plan.organisation import Priority
from vcci_slo.promql.durations import parse_duration, promql_duration

__all__ = ["OWNER", "STILL", "TIER", "openslo_promises"]

OWNER, STILL, TIER = "vcci/owner", "vcci/still", "vcci/tier"
"""Annotations by which our own objects say what OpenSLO has no word for."""

NO_DATA_AFTER = timedelta(minutes=10)
_QUERY_KEYS = ("query", "promql", "expr")
_PROMETHEUS = frozenset({"", "prometheus", "thanos", "mimir", "cortex", "victoriametrics", "amazonprometheus"})
_BUILT_IN = {tier.name: tier for tier in burn.TIERS}
_SHORTS_IN_LONG = 12
_SHORTEST = timedelta(minutes=5)


def openslo_promises(catalogue: Catalogue, notes: Notes) -> tuple[Promise, ...]:
    """Return a promise for each objective. Raises SpecError for references that lead nowhere."""
    return tuple(promise for slo in inlined(catalogue) for promise in _promises(slo, catalogue, notes))


def _promises(slo: Slo, catalogue: Catalogue, notes: Notes) -> list[Promise]:
    here = slo.origin
    if slo.budgeting != "Occurrences":
        why = "it counts slices of time; a budget of ours counts events"
        notes.lost(here, "spec.budgetingMethod", slo.budgeting, why, "Occurrences, by events")
    window = _window(slo, notes)
    service = catalogue.services.get(slo.service)
    if service is not None and service.description:
        what = f"the description of the service: {shown(service.description)}"
        notes.lost(service.origin, "spec.description", what, "components have none")
    nominal = window if isinstance(window, timedelta) else timedelta(days=30)
    burns = _burns(slo, nominal, notes)
    labels = _labels(slo, notes)
    silence = _silence(slo, notes)
    found: list[Promise] = []
    for index, objective in enumerate(slo.objectives):
        at = here.at(f"spec.objectives[{index}]")
        sli = _objective_sli(slo, objective, at, notes)
        if sli is None:
            continue
        found.append(
            Promise(
                origin=at if len(slo.objectives) > 1 else here,
                service=slo.service,
                name=_name(slo, index),
                percent=_percent(objective),
                sli=sli,
                window=window,
                burns=burns,
                title=_title(slo, objective, at, notes),
                about=slo.description or None,
                labels=labels,
                owner=slo.metadata.annotations.get(OWNER),
                silence=silence,
            )
        )
    return found


def _percent(objective: Objective) -> str:
    if objective.target_percent is not None:
        return percent(objective.target_percent, of=100)
    return percent(objective.target or 0.0, of=1)


def _name(slo: Slo, index: int) -> str:
    return slo.metadata.name if len(slo.objectives) == 1 else f"{slo.metadata.name}-{index}"


def _title(slo: Slo, objective: Objective, at: Origin, notes: Notes) -> str | None:
    title, part = slo.metadata.display_name, objective.display_name
    if len(slo.objectives) > 1 and part:
        return f"{title or slo.metadata.name}: {part}"
    if title and part and title != part:
        notes.lost(at, "displayName", f"the title {part}", "a promise has one title", title)
    return title or part or None


def _window(slo: Slo, notes: Notes) -> timedelta | str:
    window = slo.window
    if window is None or window.rolling:
        return window.length if window else timedelta(days=30)
    if window.text == "1M" and window.start.endswith("-01 00:00:00"):
        return window.zone
    why = "of the calendar, a window of ours can only be a month that begins on its first day"
    notes.lost(
        slo.origin,
        "spec.timeWindow[0].calendar",
        f"{window.text} from {window.start} in {window.zone}",
        why,
        f"a rolling window of {promql_duration(window.length)}",
    )
    return window.length


def _labels(slo: Slo, notes: Notes) -> Mapping[str, str]:
    for name, value in slo.metadata.annotations.items():
        if name not in {OWNER, STILL, TIER}:
            notes.lost(
                slo.origin, "metadata.annotations", f"the annotation {name}: {shown(value)}", "promises have none"
            )
    for name, values in slo.metadata.labels.items():
        if len(values) > 1:
            why = "a label of Prometheus has one value"
            notes.changed(slo.origin, "metadata.labels", f"the values of {name}", why, ",".join(values))
    return {name: ",".join(values) for name, values in slo.metadata.labels.items()}


def _objective_sli(slo: Slo, objective: Objective, at: Origin, notes: Notes) -> Sli | None:
    indicator = slo.indicator
    if objective.indicator is not None:
        indicator = objective.indicator
        weight = f" with its weight {objective.weight:g}" if objective.weight is not None else ""
        why = "promises are not joined to one"
        notes.lost(at, "", f"being a part of a composite{weight}", why, "a promise of its own")
    if not isinstance(indicator, Indicator):
        return None
    if slo.budgeting != "Occurrences" and objective.slice_window:
        target = f", good above {objective.slice_target:g}" if objective.slice_target is not None else ""
        why = "a budget of ours counts events"
        notes.lost(at, "timeSliceWindow", f"slices of {objective.slice_window}{target}", why)
    if indicator.ratio is not None:
        if objective.op or objective.value is not None:
            notes.changed(at, "op", "op and value", "they mean nothing beside a ratio")
        return _ratio(indicator.ratio, at, notes)
    return _limit(indicator.threshold, objective, at, notes) if indicator.threshold else None


def _ratio(ratio: RatioMetric, at: Origin, notes: Notes) -> Sli | None:
    if ratio.raw is not None:
        query = _query(ratio.raw, at, notes)
        if query is None:
            return None
        if "[" not in query:
            notes.changed(at, "raw", "a ratio of the moment", "windows need its mean", "avg_over_time")
            query = f"avg_over_time(({query})[WINDOW:])"
        found = ranged(query, counter=False)
        return ErrorRatio(found.query, good=ratio.raw_type == "success") if found else None
    part = ratio.good or ratio.bad
    if part is None or ratio.total is None:
        return None
    queries: list[str] = []
    for name, metric in (("good" if ratio.good else "bad", part), ("total", ratio.total)):
        query = _query(metric, at, notes)
        found = ranged(query, counter=ratio.counter) if query is not None else None
        if query is not None and found is None:
            notes.lost(at, name, "the whole promise", f"nobody can tell where a range goes in {_short(query)}")
        if found is None:
            return None
        if found.done:
            notes.changed(at, name, "a query without a window", found.done, _short(found.query))
        queries.append(found.query)
    return Ratio(queries[0], queries[1], good=ratio.good is not None)


def _limit(metric: Metric, objective: Objective, at: Origin, notes: Notes) -> Sli | None:
    query = _query(metric, at, notes)
    if query is None:
        return None
    if not objective.op or objective.value is None:
        notes.lost(at, "", "the whole promise", "its indicator is a value, and it has no op and value to compare with")
        return None
    side = "below" if objective.op in {"lt", "lte"} else "above"
    strict = objective.op in {"lt", "gt"}
    return Limit(query, "below" if side == "below" else "above", objective.value, strict)


def _query(metric: Metric, at: Origin, notes: Notes) -> str | None:
    kind = metric.source_type.lower().replace("-", "").replace("_", "")
    if kind not in _PROMETHEUS:
        notes.lost(at, "", "the whole promise", f"it asks {metric.source_type}, and rules are made for Prometheus")
        return None
    for key in _QUERY_KEYS:
        if isinstance(metric.spec.get(key), str) and metric.spec[key].strip():
            for other in metric.spec:
                if other != key:
                    what = f"{other} of the query: {shown(metric.spec[other])}"
                    notes.lost(at, f"spec.{other}", what, "only its PromQL is understood")
            return str(metric.spec[key]).strip()
    notes.lost(at, "", "the whole promise", f"no PromQL was found at {' or '.join(_QUERY_KEYS)} of its metric")
    return None


def _short(query: str) -> str:
    line = " ".join(query.split())
    return line if len(line) <= 120 else f"{line[:119]}…"


def _silence(slo: Slo, notes: Notes) -> tuple[timedelta, Priority] | None:
    for policy in slo.policies:
        if isinstance(policy, AlertPolicy) and policy.when_no_data:
            condition = policy.conditions[0] if policy.conditions else None
            word = condition.severity if isinstance(condition, AlertCondition) else ""
            notes.added(
                policy.origin, "spec.alertWhenNoData", "for how long data are missing", "OpenSLO has no word", "10m"
            )
            return NO_DATA_AFTER, priority_of(word) or "P2"
    return None


def _burns(slo: Slo, window: timedelta, notes: Notes) -> tuple[Burn, ...]:
    found: dict[str, Burn] = {}
    for policy in slo.policies:
        if not isinstance(policy, AlertPolicy):
            continue
        _targets(policy, notes)
        for condition in policy.conditions:
            if isinstance(condition, AlertCondition) and policy.when_breaching:
                tier = _burn(policy, condition, window, notes)
                if tier is not None:
                    found.setdefault(tier.name, tier)
        if policy.when_resolved:
            why = "Alertmanager tells of the end of every alert"
            notes.changed(policy.origin, "spec.alertWhenResolved", "an alert at the end", why)
    return tuple(found.values())


def _targets(policy: AlertPolicy, notes: Notes) -> None:
    for target in policy.targets:
        if isinstance(target, NotificationTarget):
            why = "who is told follows from the severity, in `notify`"
            notes.lost(policy.origin, "spec.notificationTargets", f"the target {target.target}", why)


def _burn(policy: AlertPolicy, condition: AlertCondition, window: timedelta, notes: Notes) -> Burn | None:
    here = condition.origin
    priority = priority_of(condition.severity)
    if priority is None:
        notes.changed(here, "spec.severity", f"the severity {condition.severity}", "it is none of ours", "P2")
        priority = "P2"
    if condition.op in {"lt", "lte"} or condition.threshold <= 0:
        why = "an alert of ours means that the budget is spent too fast"
        notes.lost(here, "spec.condition", f"a burn rate {condition.op} {condition.threshold:g}", why)
        return None
    share = condition.threshold * (condition.lookback / window)
    if share > 1 or condition.lookback >= window:
        why = f"more than the budget of {promql_duration(window)} would be gone"
        rate = f"a burn rate of {condition.threshold:g} in {promql_duration(condition.lookback)}"
        notes.lost(here, "spec.condition", rate, why)
        return None
    if condition.after is not None:
        why = "a second, shorter window says that it goes on"
        notes.changed(here, "spec.condition.alertAfter", f"waiting for {promql_duration(condition.after)}", why)
    built_in = _built_in(condition, window)
    if built_in is not None:
        return Burn(built_in, priority)
    still = _still(condition, notes)
    name = condition.metadata.annotations.get(TIER) or policy.metadata.name
    return Burn(name, priority, share, condition.lookback, still)


def _built_in(condition: AlertCondition, window: timedelta) -> str | None:
    for name, tier in _BUILT_IN.items():
        here = burn.scaled(tier, window)
        same = here.long == condition.lookback and abs(burn.factor(here, window) - condition.threshold) < 1e-6
        still = condition.metadata.annotations.get(STILL)
        if same and still in {None, promql_duration(here.short)}:
            return name
    return None


def _still(condition: AlertCondition, notes: Notes) -> timedelta:
    text = condition.metadata.annotations.get(STILL)
    if text:
        try:
            return parse_duration(text)
        except ValueError:
            notes.lost(condition.origin, f"metadata.annotations.{STILL}", text, "it is no duration")
    least = min(_SHORTEST, condition.lookback / 2)
    minutes = max(round(condition.lookback / _SHORTS_IN_LONG / timedelta(minutes=1)), 1)
    still = max(timedelta(minutes=minutes), least)
    why = "a tier of ours also looks whether the budget is still being spent"
    notes.added(condition.origin, "", "a shorter window", why, promql_duration(still))
    return still
