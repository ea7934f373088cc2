"""Every alert is pinned by its own tests: change a threshold, a wait, a grouping or a matcher, and one fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.promtool import failures, write
from vcci_alerts import rules
from vcci_alerts.limit_rules import limit_rule, missing_rule, signals_group
from vcci_alerts.model import AlertRule, Group, Recording, rules_document
from vcci_alerts.proofs.limits import alert_cases
from vcci_alerts.proofs.series import Case
from vcci_alerts.proofs.slos import slo_cases
from vcci_alerts.rule_tests import document_of
from vcci_alerts.slo_rules import burn_rule
from vcci_alerts.yaml_text import yaml_text
from vcci_slo import load_plan
from vcci_slo.plan import Alert, BurnTier, Plan, Slo
from vcci_slo.promql.durations import words

SPEC = Path(__file__).parents[2] / "slo/specs/vcci.yaml"
FARTHER, NEARER = 1.15, 0.85
MATCHER = re.compile(r'(\w+(?:=~|!~|!=|=)"(?:[^"\\]|\\.)*")')
WORD = re.compile(r"[\w:]+")
BY = re.compile(r"by \(([^)]*)\)")


@dataclass(frozen=True)
class Mutant:
    """Rules with one change, and the tests that must notice it."""

    name: str
    groups: tuple[Group, ...]
    cases: tuple[Case, ...]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SPEC.read_text(), file="slo/specs/vcci.yaml")


@pytest.mark.needs("prometheus")
def test_every_changed_limit_breaks_a_test(plan: Plan, tmp_path: Path):
    mutants = [mutant for alert in plan.alerts for mutant in limit_mutants(plan, alert)]

    assert {mutant.name.split()[0] for mutant in mutants} == {alert.name for alert in plan.alerts}
    assert survivors(mutants, tmp_path) == []


@pytest.mark.needs("prometheus")
def test_every_changed_tier_breaks_a_test(plan: Plan, tmp_path: Path):
    chosen = {type(slo.indicator): slo for slo in plan.slos}.values()  # one of each kind: they differ in names only
    mutants = [mutant for slo in chosen for mutant in slo_mutants(plan, slo)]

    assert {mutant.name.split()[0] for mutant in mutants} == {slo.name for slo in chosen}
    assert survivors(mutants, tmp_path) == []


@pytest.mark.needs("prometheus")
def test_the_tests_that_kill_mutants_let_the_true_rules_live(plan: Plan, tmp_path: Path):
    alert, slo = plan.alert("HighQueueDepth"), plan.slo("api-errors")
    true = [
        Mutant("alert", groups_of(plan, alert), alert_cases(plan, alert)),
        Mutant("slo", (rules.rule_files(plan)[rules.slo_file(slo)],), threshold_cases(plan, slo, "fast")),
    ]

    assert survivors(true, tmp_path) == ["alert", "slo"]


def survivors(mutants: list[Mutant], folder: Path) -> list[str]:
    files: dict[str, str] = {}
    for number, mutant in enumerate(mutants):
        groups = asked(mutant)
        files[f"rules/{number}.yml"] = yaml_text(rules_document(groups), source="a mutant")
        for case in mutant.cases:
            assert case.step == mutant.cases[0].step
        document = document_of([f"../rules/{number}.yml"], groups, mutant.cases)
        files[f"tests/{number}.yml"] = yaml_text(document, source="a mutant")
    write(folder, files)
    killed = failures(folder, [f"tests/{number}.yml" for number in range(len(mutants))])
    for path, said in killed.items():
        # A mutant that is no PromQL proves nothing: it must be an assertion that fails.
        assert "exp:" in said, (mutants[int(Path(path).stem)].name, said)
    return [mutant.name for number, mutant in enumerate(mutants) if f"tests/{number}.yml" not in killed]


def asked(mutant: Mutant) -> tuple[Group, ...]:
    """Return the rules that the cases ask about and those that these read: promtool evaluates every rule each step."""
    wanted = {word for case in mutant.cases for word in WORD.findall(str(case.document()))}
    groups: list[Group] = []
    for group in reversed(mutant.groups):
        kept: list[Recording | AlertRule] = []
        for rule in reversed(group.rules):
            if (rule.alert if isinstance(rule, AlertRule) else rule.record) in wanted:
                kept.append(rule)
                wanted.update(WORD.findall(str(rule.document())))
        groups.append(Group(group.name, tuple(reversed(kept))))
    return tuple(group for group in reversed(groups) if group.rules)


# --- alerts ----------------------------------------------------------------------------------------------------------


def groups_of(plan: Plan, alert: Alert) -> tuple[Group, ...]:
    own = [limit_rule(plan, alert, limit) for limit in alert.limits]
    own += [missing_rule(plan, alert, silence) for silence in alert.missing]
    return (signals_group(plan), Group("alerts", tuple(own)))


def limit_mutants(plan: Plan, alert: Alert) -> Iterator[Mutant]:
    cases = alert_cases(plan, alert)
    signals, group = groups_of(plan, alert)
    for index, limit in enumerate(alert.limits):
        for factor in (FARTHER, NEARER):
            changed = limit_rule(plan, alert, replace(limit, value=limit.value * factor))
            yield Mutant(
                f"{alert.name} {limit.priority} at {factor}", (signals, changed_rule(group, index, changed)), cases
            )
    for index, rule in enumerate(group.alerts):
        for field in ("lasts", "keep_firing_for"):
            if span := getattr(rule, field):
                for other in (span * 2, span / 2):
                    changed = replace(rule, **{field: other})
                    yield Mutant(f"{alert.name} {field} {other}", (signals, changed_rule(group, index, changed)), cases)
    if alert.min_events:
        for factor in (FARTHER, NEARER):
            fewer = replace(alert, min_events=round(alert.min_events * factor))
            yield Mutant(f"{alert.name} events {factor}", groups_of(plan, fewer), cases)
    yield from text_mutants(alert.name, (used_signals(signals, group), group), cases)


def used_signals(signals: Group, group: Group) -> Group:
    """Return the recordings that these alerts read."""
    text = " ".join(rule.expression for rule in group.rules)
    return Group(
        "signals", tuple(rule for rule in signals.rules if isinstance(rule, Recording) and rule.record in text)
    )


def changed_rule(group: Group, index: int, rule: AlertRule) -> Group:
    return replace(group, rules=(*group.rules[:index], rule, *group.rules[index + 1 :]))


# --- promises --------------------------------------------------------------------------------------------------------


def threshold_cases(plan: Plan, slo: Slo, tier: str) -> tuple[Case, ...]:
    starts = (f"{slo.name} {tier} fires", f"{slo.name} {tier} is silent", f"{slo.name}: a moment")
    cases = [case for case in slo_cases(plan, slo) if case.name.startswith(starts)]
    return tuple(case for case in cases if case.step == cases[-1].step)


def named(plan: Plan, slo: Slo, tier: BurnTier, *ends: str) -> tuple[Case, ...]:
    return tuple(
        case
        for case in slo_cases(plan, slo)
        if case.name.startswith(f"{slo.name} {tier.name}") and case.name.endswith(ends)
    )


def slo_mutants(plan: Plan, slo: Slo) -> Iterator[Mutant]:
    group = rules.rule_files(plan)[rules.slo_file(slo)]
    for tier in slo.tiers:
        index = group.rules.index(burn_rule(plan, slo, tier))
        for factor in (FARTHER, NEARER):
            changed = burn_rule(plan, slo, replace(tier, threshold=tier.threshold * factor))
            cases = threshold_cases(plan, slo, tier.name)
            yield Mutant(f"{slo.name} {tier.name} at {factor}", (changed_rule(group, index, changed),), cases)
    for index, rule in enumerate(group.rules):
        if isinstance(rule, AlertRule) and rule.lasts:
            cases = tuple(case for case in slo_cases(plan, slo) if case.name.endswith("silence is told"))
            for other in (rule.lasts * 2, rule.lasts / 2):
                changed = replace(rule, lasts=other)
                yield Mutant(f"{slo.name} silent for {other}", (changed_rule(group, index, changed),), cases)
    for tier in slo.tiers:
        index = group.rules.index(burn_rule(plan, slo, tier))
        ends = (f"over {tier.min_bad} bad events", f"under {tier.min_bad} bad events")
        floor = named(plan, slo, tier, *ends)
        for count in (tier.min_bad + 1, tier.min_bad - 1) if floor else ():
            changed = burn_rule(plan, slo, replace(tier, min_bad=count))
            yield Mutant(f"{slo.name} {tier.name} {count} bad events", (changed_rule(group, index, changed),), floor)
        for seen in (tier.seen_for * 2, timedelta(0)):
            changed = burn_rule(plan, slo, replace(tier, seen_for=seen))
            waits = named(plan, slo, tier, f"waits until the service is {words(tier.seen_for)} old")
            yield Mutant(f"{slo.name} {tier.name} new for {seen}", (changed_rule(group, index, changed),), waits)
        paused = tuple(case for case in slo_cases(plan, slo) if f"{tier.name} is not new after a pause" in case.name)
        assert bool(paused) == (tier == slo.tiers[0])
        if paused:
            forgets = burn_rule(plan, slo, replace(tier, infancy=None))
            yield Mutant(f"{slo.name} {tier.name} forgets", (changed_rule(group, index, forgets),), paused)
    yield from text_mutants(slo.name, (group,), threshold_cases(plan, slo, "fast"), kept='slo="')


# --- matchers and groupings ------------------------------------------------------------------------------------------


def text_mutants(
    name: str, groups: tuple[Group, ...], cases: tuple[Case, ...], *, kept: str = "\0"
) -> Iterator[Mutant]:
    texts = [rule.expression for group in groups for rule in group.rules]
    for matcher in dict.fromkeys(found for text in texts for found in MATCHER.findall(text)):
        if not matcher.startswith(kept):
            yield Mutant(
                f"{name} without {matcher}", rewritten(groups, lambda text, m=matcher: without(text, m)), cases
            )
    for labels in dict.fromkeys(found for text in texts for found in BY.findall(text)):
        for label in labels.split(", "):
            rest = ", ".join(other for other in labels.split(", ") if other != label)
            changed = rewritten(groups, lambda text, old=labels, new=rest: text.replace(f"by ({old})", f"by ({new})"))
            yield Mutant(f"{name} not by {label} of {labels}", changed, cases)


def without(text: str, matcher: str) -> str:
    return text.replace(f"{matcher},", "").replace(f",{matcher}", "").replace(f"{{{matcher}}}", "")


def rewritten(groups: tuple[Group, ...], change) -> tuple[Group, ...]:
    def rules_of(group: Group) -> Iterable[Recording | AlertRule]:
        for rule in group.rules:
            yield replace(rule, expression=change(rule.expression))

    return tuple(replace(group, rules=tuple(rules_of(group))) for group in groups if group.rules)
