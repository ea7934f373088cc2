"""The rules that Prometheus has loaded against the rules that the spec gives: missing, stale, edited, failing, slow."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vcci_alerts.model import AlertRule, Group, Recording
from vcci_platform.live.expressions import normalised, what_differs
from vcci_platform.live.finding import Drift
from vcci_platform.live.prometheus import LiveGroup, LiveRule
from vcci_slo.promql.durations import promql_duration, words

__all__ = ["group_troubles", "rule_drift"]

SLOW = 0.5
"""A group that needs more than half of its interval misses evaluations as soon as the machine is busy."""

LATE = 3
"""A group that was not evaluated for so many intervals has stopped."""

MOST_NAMED = 3
_PART = re.compile(r":[0-9]+$")
Rule = Recording | AlertRule
Key = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class _Loaded:
    group: LiveGroup
    rule: LiveRule

    @property
    def key(self) -> Key:
        return self.rule.kind, self.rule.name, frozenset(self.rule.labels.items())


def rule_drift(groups: Iterable[Group], live: Iterable[LiveGroup], systems: frozenset[str]) -> tuple[Drift, ...]:
    """Return each rule that is missing, differs, is loaded twice, or is one of ours that the spec no longer gives.

    `systems` are those of the spec: a group with a name of our kind, and alerts of these systems, is ours.
    """
    expected = tuple(groups)
    names = {group.name for group in expected}
    live = tuple(_whole(group, names) for group in live)
    waiting: dict[Key, list[_Loaded]] = defaultdict(list)
    for loaded in (_Loaded(group, rule) for group in live for rule in group.rules):
        waiting[loaded.key].append(loaded)
    found: list[Drift] = []
    unmatched: list[tuple[Group, Rule]] = []
    for group in expected:
        for rule in group.rules:
            same = [one for one in waiting[_key(rule)] if not _differences(rule, one.rule)]
            for one in same:
                waiting[_key(rule)].remove(one)
            if len(same) > 1:
                places = " and ".join(sorted({one.group.file or one.group.name for one in same}))
                found.append(Drift("rule", _called(rule), f"is loaded {len(same)} times, in {places}"))
            if not same:
                unmatched.append((group, rule))
    found += _unmatched(unmatched, waiting, {group.name: len(group.rules) for group in expected})
    rest = [one for several in waiting.values() for one in several]
    return (*found, *_extra([one for one in rest if _ours(one.group, names, systems)], names))


def _whole(group: LiveGroup, names: set[str]) -> LiveGroup:
    """Return a group under the name of the spec: one that was split to fit a limit is loaded as `name:1`, `name:2`."""
    name = _PART.sub("", group.name)
    return replace(group, name=name) if group.name not in names and name in names else group


def _unmatched(
    unmatched: list[tuple[Group, Rule]], waiting: dict[Key, list[_Loaded]], sizes: Mapping[str, int]
) -> Iterator[Drift]:
    """Yield what became of the rules that are not loaded as they are; many of one group are told at once."""
    gone: dict[str, list[Rule]] = defaultdict(list)
    namesakes: dict[tuple[str, str, str], list[_Loaded]] = defaultdict(list)
    for several in waiting.values():
        for one in several:
            namesakes[one.group.name, one.rule.kind, one.rule.name].append(one)
    for group, rule in unmatched:
        key = _key(rule)
        place = namesakes[group.name, key[0], key[1]]
        candidates = waiting.get(key) or place
        if not candidates:
            gone[group.name].append(rule)
            continue
        nearest = min(candidates, key=lambda one: len(_differences(rule, one.rule)))
        waiting[nearest.key].remove(nearest)
        namesakes[nearest.group.name, nearest.rule.kind, nearest.rule.name].remove(nearest)
        for field, wanted, has in _differences(rule, nearest.rule):
            yield Drift(
                "rule", _called(rule), f"{field} is not what the spec gives, in {nearest.group.file}", wanted, has
            )
    for name, rules in gone.items():
        alerts = list(dict.fromkeys(rule.alert for rule in rules if isinstance(rule, AlertRule)))
        named = f", with the alert{'s' if len(alerts) > 1 else ''} {_some(alerts)}" if alerts else ""
        if len(rules) == sizes[name] and len(rules) > 1:
            yield Drift("group", name, f"is not loaded: {len(rules)} rules{named}")
        elif len(rules) > MOST_NAMED:
            yield Drift("group", name, f"is loaded in part: {len(rules)} of its {sizes[name]} rules are missing{named}")
        else:
            for rule in rules:
                yield Drift("rule", _called(rule), f"is not loaded; it belongs to the group {name}")


def _extra(rest: list[_Loaded], names: set[str]) -> Iterator[Drift]:
    stale: dict[tuple[str, str], list[_Loaded]] = defaultdict(list)
    for one in rest:
        stale[one.group.name, one.group.file].append(one)
    for (name, file), several in stale.items():
        if name not in names:
            yield Drift("group", name, f"is loaded from {file}, and the spec does not give it: {len(several)} rules")
            continue
        for one in several:
            yield Drift(
                "rule", _named(one.rule.name, one.rule.labels), f"is loaded from {file}, and the spec does not give it"
            )


def _ours(group: LiveGroup, names: set[str], systems: frozenset[str]) -> bool:
    if group.name in names:
        return True
    alike = group.name.partition(":")[0] in {name.partition(":")[0] for name in names if ":" in name}
    return alike and any(rule.labels.get("system") in systems for rule in group.rules if rule.kind == "alert")


def _key(rule: Rule) -> Key:
    if isinstance(rule, Recording):
        return "record", rule.record, frozenset(rule.labels)
    return "alert", rule.alert, frozenset(rule.labels)


def _called(rule: Rule) -> str:
    return _named(rule.record if isinstance(rule, Recording) else rule.alert, dict(rule.labels))


def _named(name: str, labels: Mapping[str, str]) -> str:
    """Return a rule's name with the labels that tell it from its neighbours."""
    telling = ", ".join(labels[label] for label in ("slo", "tier", "priority") if label in labels)
    return f"{name} ({telling})" if telling else name


def _differences(rule: Rule, loaded: LiveRule) -> list[tuple[str, str, str]]:
    """Return what differs: (field, expected, found)."""
    found: list[tuple[str, str, str]] = []
    wanted, has = normalised(rule.expression), normalised(loaded.expression)
    if wanted != has:
        found.append(("the expression", *what_differs(" ".join(wanted.split()), " ".join(has.split()))))
    if isinstance(rule, AlertRule):
        if rule.lasts != loaded.lasts:
            found.append(("`for`", _span(rule.lasts), _span(loaded.lasts)))
        if loaded.keep_firing_for is not None and rule.keep_firing_for != loaded.keep_firing_for:
            found.append(("`keep_firing_for`", _span(rule.keep_firing_for), _span(loaded.keep_firing_for)))
        found += _pairs("annotation", dict(rule.annotations), loaded.annotations)
    return found + _pairs("label", dict(rule.labels), loaded.labels)


def _pairs(kind: str, wanted: Mapping[str, str], has: Mapping[str, str]) -> list[tuple[str, str, str]]:
    names = sorted(name for name in {*wanted, *has} if wanted.get(name) != has.get(name))
    return [(f"the {kind} `{name}`", wanted.get(name, "absent"), has.get(name, "absent")) for name in names]


def _span(duration: timedelta) -> str:
    return promql_duration(duration) if duration else "0s"


def _some(names: list[str]) -> str:
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def group_troubles(groups: Iterable[Group], live: Iterable[LiveGroup], now: datetime) -> tuple[Drift, ...]:
    """Return our groups that fail, are slow, or are no longer evaluated."""
    names = {group.name for group in groups}
    ours = (group for group in live if _whole(group, names).name in names)
    return tuple(trouble for group in ours for trouble in _troubles(group, now))


def _troubles(group: LiveGroup, now: datetime) -> Iterator[Drift]:
    failing = [rule for rule in group.rules if rule.health == "err" or rule.error]
    if failing:
        first = failing[0]
        several = (
            f"{len(failing)} of {len(group.rules)} rules fail, first {first.name}" if len(failing) > 1 else first.name
        )
        yield Drift("group", group.name, f"fails: {several}: {first.error}")
    if group.interval and group.took > SLOW * group.interval:
        yield Drift(
            "group", group.name, f"takes {group.took.total_seconds():.3g} s of its {words(group.interval)} to evaluate"
        )
    if group.evaluated_at is not None and now - group.evaluated_at > max(LATE * group.interval, timedelta(minutes=1)):
        yield Drift("group", group.name, f"was last evaluated {words(now - group.evaluated_at)} ago")
