"""Series for a wanted value of a measured value: its expression is solved backwards, label by label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import parse
from vcci_alerts.proofs.examples import labels_for, values_for, violation
from vcci_alerts.proofs.series import Series
from vcci_alerts.proofs.steady import Leaf, Steady, Unreadable
from vcci_slo.promql.matchers import Matcher

__all__ = ["Solved", "ValueShape"]

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Solved:
    """Values of the series of one group with which the expression has a wanted value."""

    labels: Labels
    values: Mapping[str, float]


class ValueShape:
    """How to make series for an expression whose result has the labels `by`."""

    def __init__(
        self,
        owner: str,
        expression: str,
        by: Iterable[str],
        recorded: Mapping[str, str],
        step: timedelta,
        each: tuple[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.owner = owner
        self._step = step
        self._by = tuple(by)
        self._each = each
        known = {name: parse(owner, text) for name, text in recorded.items()}
        self.steady = Steady(parse(owner, expression), known, step)
        try:
            self._leaves = {leaf.text: (leaf, names) for leaf, names in self.steady.leaves()}
            self.alternatives = self.steady.alternatives()
        except Unreadable as error:
            raise self._refusal(str(error)) from error

    def _refusal(self, found: str) -> AlertsError:
        return AlertsError(
            self.owner, "an expression that can be solved for its threshold, or `proof: {fires, silent}`", found
        )

    def groups(self, needed: frozenset[str]) -> tuple[Labels, ...]:
        """Return the labels of one or two results; two where a label can have two values."""
        choices = {label: self._choices(label, needed) for label in self._by}
        first = {label: values[0] for label, values in choices.items()}
        second = {label: values[-1] for label, values in choices.items()}
        return (first,) if first == second else (first, second)

    def _choices(self, label: str, needed: frozenset[str]) -> tuple[str, ...]:
        preferred = self._each[1] if self._each and self._each[0] == label else ()
        allowed: tuple[str, ...] | None = None
        for text in sorted(needed):
            leaf, names = self._leaves[text]
            own = names.get(label, label)
            renamed = tuple(Matcher(label, one.operator, one.value) for one in leaf.matchers if one.label == own)
            values = [value for value in values_for(label, renamed, preferred) if value]
            allowed = tuple(values) if allowed is None else tuple(one for one in allowed if one in values)
        if not allowed:
            raise self._refusal(f"no value of {label} that every selector finds")
        return allowed[:2]

    def solve(self, group: Labels, needed: frozenset[str], targets: Iterable[float], at: float) -> Solved:
        """Return values for the first of the wanted results that can be had."""
        tried: list[str] = []
        for target in targets:
            try:
                values = self.steady.solve(needed, target, at)
            except Unreadable as error:
                raise self._refusal(str(error)) from error
            if values is not None:
                return Solved(group, values)
            tried.append(f"{target:g}")
        raise self._refusal(f"no series that give {' or '.join(tried)}")

    def value(self, solved: Solved, at: float) -> float | None:
        """Return the result of a group `at` seconds after the beginning."""
        return self.steady.value(solved.values, at)

    def series(self, solved: Solved, steps: int) -> tuple[Series, ...]:
        """Return the series of a group."""
        found = tuple(self._one(self._leaves[text][0], solved, text, steps) for text in sorted(solved.values))
        for one in found:
            finders = [leaf for leaf, _ in self._leaves.values() if leaf.selects(one.metric, one.labels)]
            if len({leaf.text for leaf in finders}) > 1:
                raise self._refusal(f"{one.name}, which two selectors find")
        return found

    def _one(self, leaf: Leaf, solved: Solved, text: str, steps: int) -> Series:
        labels = labels_for(self.owner, leaf.matchers, self._own(text, solved.labels))
        return self._written(leaf, labels, solved.values[text], steps)

    def _own(self, text: str, labels: Labels) -> dict[str, str]:
        names = self._leaves[text][1]
        return {names.get(label, label): value for label, value in labels.items()}

    def _written(self, leaf: Leaf, labels: Labels, value: float, steps: int, *, decoy: bool = False) -> Series:
        level = value * self._step.total_seconds() if leaf.grows else value
        return Series(leaf.metric, labels, ((level, steps),), counts=leaf.grows, decoy=decoy)

    def decoys(self, solved: Solved, steps: int) -> tuple[Series, ...]:
        """Return the group again for each matcher, with a label that breaks it; no selector finds the result."""
        found: dict[str, Series] = {}
        used = {text: self._leaves[text][0] for text in sorted(solved.values)}
        for matcher in dict.fromkeys(matcher for leaf in used.values() for matcher in leaf.matchers):
            value = violation(matcher, [one for leaf in used.values() for one in leaf.matchers])
            if value is None:
                continue
            for text, leaf in used.items():
                if matcher not in leaf.matchers:
                    continue
                true = labels_for(self.owner, leaf.matchers, self._own(text, solved.labels))
                labels = {label: one for label, one in {**true, matcher.label: value}.items() if one}
                if any(other.selects(leaf.metric, labels) for other, _ in self._leaves.values()):
                    continue
                series = self._written(leaf, labels, solved.values[text], steps, decoy=True)
                found.setdefault(series.name, series)
        return tuple(found.values())
