"""References followed: every SLO with its indicator, policies, conditions and targets in place of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.formats.notes import Origin
from vcci_slo.formats.openslo.model import (
    AlertCondition,
    AlertPolicy,
    DataSource,
    Indicator,
    Metric,
    NotificationTarget,
    Object,
    Objective,
    RatioMetric,
    Service,
    Slo,
)
from vcci_slo.spec.section import nearest

__all__ = ["Catalogue", "inlined"]


class Catalogue:
    """The objects of all files by kind and name."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self.problems: list[SpecProblem] = []
        self.slos: list[Slo] = []
        self.indicators: dict[str, Indicator] = {}
        self.policies: dict[str, AlertPolicy] = {}
        self.conditions: dict[str, AlertCondition] = {}
        self.targets: dict[str, NotificationTarget] = {}
        self.services: dict[str, Service] = {}
        self.sources: dict[str, DataSource] = {}
        for one in objects:
            self._add(one)

    def _add(self, one: Object) -> None:
        name = one.metadata.name
        match one:
            case Slo():
                if any(known.metadata.name == name for known in self.slos):
                    self._wrong(one.origin, "each SLO once", f"{name!r} again")
                self.slos.append(one)
            case Indicator():
                self.indicators.setdefault(name, one)
            case AlertPolicy():
                self.policies.setdefault(name, one)
            case AlertCondition():
                self.conditions.setdefault(name, one)
            case NotificationTarget():
                self.targets.setdefault(name, one)
            case Service():
                self.services.setdefault(name, one)
            case DataSource():
                self.sources.setdefault(name, one)

    def _wrong(self, origin: Origin, expected: str, found: str, meant: str = "") -> None:
        self.problems.append(SpecProblem(origin.file, origin.line, 1, origin.where, expected, found, meant))

    def missing(self, origin: Origin, kind: str, name: str, known: Mapping[str, object]) -> None:
        """Remember a reference that leads nowhere."""
        self._wrong(origin, f"an {kind} in the files that are converted", repr(name), nearest(name, known))


def inlined(catalogue: Catalogue) -> tuple[Slo, ...]:
    """Return every SLO with its references followed. Raises SpecError for those that lead nowhere."""
    found = tuple(_slo(slo, catalogue) for slo in catalogue.slos)
    if catalogue.problems:
        raise SpecError(catalogue.problems)
    return found


def _slo(slo: Slo, known: Catalogue) -> Slo:
    return replace(
        slo,
        indicator=_indicator(slo.indicator, slo.origin, known),
        objectives=tuple(_objective(objective, slo.origin, known) for objective in slo.objectives),
        policies=tuple(
            policy for entry in slo.policies if isinstance(policy := _policy(entry, slo.origin, known), AlertPolicy)
        ),
    )


def _objective(objective: Objective, origin: Origin, known: Catalogue) -> Objective:
    return replace(objective, indicator=_indicator(objective.indicator, origin, known))


def _indicator(entry: Indicator | str | None, origin: Origin, known: Catalogue) -> Indicator | None:
    if isinstance(entry, str):
        if entry not in known.indicators:
            known.missing(origin, "SLI", entry, known.indicators)
            return None
        entry = known.indicators[entry]
    if entry is None:
        return None
    ratio = entry.ratio
    return replace(
        entry,
        threshold=_metric(entry.threshold, entry.origin, known),
        ratio=None
        if ratio is None
        else RatioMetric(
            ratio.counter,
            _metric(ratio.good, entry.origin, known),
            _metric(ratio.bad, entry.origin, known),
            _metric(ratio.total, entry.origin, known),
            _metric(ratio.raw, entry.origin, known),
            ratio.raw_type,
        ),
    )


def _metric(metric: Metric | None, origin: Origin, known: Catalogue) -> Metric | None:
    """Return a metric with the type of its source. A source that nobody declares is often kept elsewhere."""
    if metric is None or not metric.source_ref:
        return metric
    source = known.sources.get(metric.source_ref)
    return metric if source is None else replace(metric, source_type=metric.source_type or source.type)


def _policy(entry: AlertPolicy | str, origin: Origin, known: Catalogue) -> AlertPolicy | None:
    if isinstance(entry, str):
        if entry not in known.policies:
            known.missing(origin, "AlertPolicy", entry, known.policies)
            return None
        entry = known.policies[entry]
    conditions: list[AlertCondition | str] = []
    for condition in entry.conditions:
        if isinstance(condition, str) and condition not in known.conditions:
            known.missing(entry.origin, "AlertCondition", condition, known.conditions)
            continue
        conditions.append(known.conditions[condition] if isinstance(condition, str) else condition)
    targets: list[NotificationTarget | str] = []
    for target in entry.targets:
        if isinstance(target, str) and target not in known.targets:
            known.missing(entry.origin, "AlertNotificationTarget", target, known.targets)
            continue
        targets.append(known.targets[target] if isinstance(target, str) else target)
    return replace(entry, conditions=tuple(conditions), targets=tuple(targets))
