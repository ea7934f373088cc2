"""Puts drafts where they belong: components by job or family, signals that alerts share, alerts with their limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import promql_parser as promql

from vcci_platform.adoption.importing.alerts import Draft, NotImportable
from vcci_platform.adoption.importing.promql_text import text_of
from vcci_platform.adoption.importing.proving import NoProof, Proof, prove
from vcci_platform.adoption.importing.shapes import Quantile, Ratio, Whole
from vcci_platform.adoption.names import Names
from vcci_platform.adoption.yaml_lines import Entry, flow_map, quoted
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher
from vcci_slo.resolve.findings import camel, kebab

__all__ = ["RECORDED", "Alert", "Builder", "Component", "proof_of"]

RECORDED = "recorded"
"""The component of the series that imported alerts read."""

_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass
class Component:
    """A component that fills."""

    name: str
    kind: str
    job: Matcher | None
    signals: dict[str, Entry] = field(default_factory=dict)
    names: Names = field(default_factory=Names)


@dataclass
class Alert:
    """An alert that is written: several rules of one name may be its limits."""

    name: str
    drafts: list[Draft]
    measure: str
    component: str
    proof: Proof | None = None


class Builder:
    """Puts drafts where they belong."""

    def __init__(self) -> None:
        self.components: dict[tuple[str, str], Component] = {}
        self.alerts: dict[str, Alert] = {}
        self._names = Names(frozenset({"index", "probe", RECORDED}))
        self._taken: set[str] = set()

    def add(self, draft: Draft) -> tuple[str, tuple[str, ...]]:
        """Return the name under which a draft is in the spec, and what changed by that. Raises NotImportable."""
        component = self._component(draft)
        proof: Proof | None = None
        if isinstance(draft.shape.kind, Whole) and not draft.shape.kind.plain:
            proof = proof_of(draft)
        measure = self._measure(component, draft)
        name = _NOT_IN_NAME.sub("", camel(draft.rule.name) if _NOT_IN_NAME.search(draft.rule.name) else draft.rule.name)
        name = re.sub(r"^[^A-Za-z]+", "", name)[:50] or "Imported"
        same = self.alerts.get(name)
        if same is not None and _is_another_limit(same, draft, measure):
            same.drafts.append(draft)
            has_own_words = (draft.summary, draft.description) != (same.drafts[0].summary, same.drafts[0].description)
            return name, ("is a limit of the alert of this name, whose words it now has",) if has_own_words else ()
        wanted, count = name, 2
        if kebab(name) in self._taken and draft.severity:
            name = f"{wanted}{camel(draft.severity)}"[:56]
        while kebab(name) in self._taken:
            name, count = f"{wanted}{count}", count + 1
        self._taken.add(kebab(name))
        self.alerts[name] = Alert(name, [draft], measure, component.name, proof)
        return name, (f"is called {name} in the spec",) if name != draft.rule.name else ()

    def _component(self, draft: Draft) -> Component:
        family = draft.family
        key = (family.called if family.job is None else "", str(family.job or ""))
        if key not in self.components:
            self.components[key] = Component(self._names.give(family.called, "component"), family.kind, family.job)
        return self.components[key]

    def _measure(self, component: Component, draft: Draft) -> str:
        kind = draft.shape.kind
        joined = component.job
        match kind:
            case Ratio(metric, valid, bad, over):
                where = tuple(one for one in valid if one != joined)
                entries = [Entry("events", metric), *_matchers("where", where), *_matchers("bad", bad)]
                signal = self._signal(component, metric, entries, draft)
                return flow_map({"bad_ratio": f"{component.name}.{signal}", "over": promql_duration(over)})
            case Quantile(metric, matchers, share, over):
                where = tuple(one for one in matchers if one != joined)
                entries = [Entry("events", f"{metric}_count"), Entry("duration", metric), *_matchers("where", where)]
                signal = self._signal(component, metric, entries, draft)
                quantile = f"{number(share * 100)}%"
                return flow_map(
                    {"quantile": quantile, "of": f"{component.name}.{signal}", "over": promql_duration(over)}
                )
            case Whole(plain):
                text = _joined_text(draft, joined)
                if not plain:
                    pairs = {"promql": quoted(text, flow=True), "component": component.name, "unit": draft.shape.unit}
                    return flow_map(pairs)
                entries = [Entry("value", quoted(text)), Entry("unit", draft.shape.unit)]
                return f"{component.name}.{self._signal(component, draft.rule.name, entries, draft)}"

    def _signal(self, component: Component, called: str, entries: list[Entry], draft: Draft) -> str:
        """Return the name of a signal that says this, a new one if there is none."""
        value = tuple(entries)
        for name, known in component.signals.items():
            if known.value == value:
                return name
        name = component.names.give(kebab(called) or "signal", "signal")
        component.signals[name] = Entry(name, value, f"from {draft.rule.name}")
        return name


def _matchers(key: str, matchers: Iterable[Matcher]) -> Iterator[Entry]:
    text = ", ".join(str(one) for one in matchers)
    if text:
        yield Entry(key, quoted(text))


def _joined_text(draft: Draft, job: Matcher | None) -> str:
    """Return the expression, with the component's own matcher written as SELECTOR."""
    condition = draft.condition
    return text_of(promql.parse(condition.whole), str(job)) if job is not None else condition.whole


def proof_of(draft: Draft) -> Proof:
    """Return a proof of a draft. Raises NotImportable where none is found."""
    try:
        whole = promql.parse(draft.condition.whole)
        return prove(whole, draft.shape.side, draft.shape.value, draft.lasts)
    except NoProof as error:
        raise NotImportable(f"its expression has no known shape, and it cannot be proven: {error}") from None


def _is_another_limit(same: Alert, draft: Draft, measure: str) -> bool:
    """Return whether a rule differs from an alert by priority and limit alone, and is stricter where it is graver."""
    first = same.drafts[0]
    known = (same.measure, first.shape.side, first.lasts, first.keep_firing_for)
    alike = known == (measure, draft.shape.side, draft.lasts, draft.keep_firing_for)
    if not alike or draft.priority in {one.priority for one in same.drafts} or draft.owner != first.owner:
        return False
    ordered = sorted([*same.drafts, draft], key=lambda one: one.priority, reverse=True)
    values = [one.shape.value for one in ordered]
    return values == sorted(values, reverse=draft.shape.side == "below")
