"""Imported rules as one spec, and what became of each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import promql_parser as promql

from vcci_platform.adoption.importing.alerts import Draft, NotImportable, draft_of
from vcci_platform.adoption.importing.builder import RECORDED, Alert, Builder, proof_of
from vcci_platform.adoption.importing.checks import unproven
from vcci_platform.adoption.importing.proving import NoProof, prove
from vcci_platform.adoption.importing.recordings import needed, read_by
from vcci_platform.adoption.importing.report import Outcome, Report
from vcci_platform.adoption.importing.rule_files import Rule, Skipped
from vcci_platform.adoption.importing.sections import head, sections
from vcci_platform.adoption.importing.severities import NO_SEVERITY
from vcci_platform.adoption.settling import settled
from vcci_platform.adoption.yaml_lines import rendered
from vcci_platform.errors import PlatformError
from vcci_slo.resolve.findings import kebab
from vcci_slo.spec.section import Priority

__all__ = ["NothingImported", "imported"]

LONGEST_VALUE = 1000


class NothingImported(PlatformError):
    """Not one alert could be taken along."""


def imported(
    rules: Iterable[Rule | Skipped], severities: Mapping[str, Priority], file: str = "vcci.yaml"
) -> tuple[str, Report]:
    """Return a spec with the alerts of these rules, and what became of each. Raises NothingImported."""
    entries = tuple(rules)
    builder = Builder()
    outcomes: dict[int, Outcome] = {}
    for index, rule in enumerate(entries):
        outcomes[index] = _outcome(builder, rule, severities)
    _prove(builder, outcomes, file)
    read = [alert.drafts[0].condition.whole for alert in builder.alerts.values()]
    recording = [rule for rule in entries if isinstance(rule, Rule) and rule.record]
    recorded, refused = needed(recording, read)
    recorded = tuple(one for one in recorded if len(one.expression) <= LONGEST_VALUE)
    if not builder.alerts:
        raise NothingImported("\n".join(["none of these rules can be imported:", *_reasons(outcomes.values())]))
    dropped: dict[str, str] = {}

    def drop(path: str, reason: str) -> None:
        dropped.setdefault(path, reason)

    text = settled(sections(builder, recorded), head(entries), file, drop)
    names = {name for expression in read for name in read_by(expression)} | {
        name for one in recorded for name in read_by(one.expression)
    }
    taken = {one.name for one in recorded}
    judged = tuple(
        _of_alert(outcome, builder, dropped) if outcome.is_alert else _of_recording(outcome, names, taken, refused)
        for _, outcome in sorted(outcomes.items())
    )
    used = {one.severity or NO_SEVERITY: one.priority for alert in builder.alerts.values() for one in alert.drafts}
    return text, Report(judged, used)


def _outcome(builder: Builder, rule: Rule | Skipped, severities: Mapping[str, Priority]) -> Outcome:
    if isinstance(rule, Skipped):
        return Outcome(rule.place, rule.name, is_alert=True, reason=rule.reason)
    if rule.record:
        return Outcome(rule.place, rule.record, is_alert=False)
    try:
        draft = draft_of(rule, severities)
        name, changes = builder.add(draft)
    except NotImportable as error:
        return Outcome(rule.place, rule.name, is_alert=True, reason=str(error))
    return Outcome(
        rule.place, rule.name, is_alert=True, became=name, changes=(*changes, *draft.changes), lost=draft.lost
    )


def _prove(builder: Builder, outcomes: dict[int, Outcome], file: str) -> None:
    """Give a proof to each alert that the generated tests cannot prove by themselves, or take it out."""
    text = rendered(sections(builder, ()))
    for name, said in unproven(text, file).items():
        alert = builder.alerts[name]
        reason = said
        try:
            if len(alert.drafts) == 1:
                alert.proof = proof_of(alert.drafts[0])
                continue
            alert.proof = prove(
                promql.parse(alert.drafts[0].condition.whole),
                alert.drafts[0].shape.side,
                _gravest(alert).shape.value,
                alert.drafts[0].lasts,
            )
            continue
        except (NotImportable, NoProof) as error:
            reason = str(error)
        del builder.alerts[name]
        for index, outcome in outcomes.items():
            if outcome.became == name:
                outcomes[index] = replace(outcome, became="", reason=reason)


def _gravest(alert: Alert) -> Draft:
    return min(alert.drafts, key=lambda one: one.priority)


def _of_alert(outcome: Outcome, builder: Builder, dropped: Mapping[str, str]) -> Outcome:
    """Return the last word on an alert, once it is known what the spec refused."""
    if not outcome.became or f"alerts.{outcome.became}" not in dropped:
        return outcome
    measure = builder.alerts[outcome.became].measure
    signals = (
        why for path, why in dropped.items() if path.startswith("components.") and path.split(".")[-1] in measure
    )
    return replace(outcome, became="", reason=next(signals, dropped[f"alerts.{outcome.became}"]))


def _of_recording(
    outcome: Outcome, read: Collection[str], taken: Collection[str], refused: Mapping[str, str]
) -> Outcome:
    """Return the last word on a recording rule."""
    name = outcome.name
    if name in taken:
        return replace(outcome, became=f"{RECORDED}.{kebab(name)}")
    if name in refused:
        return replace(outcome, reason=f"{refused[name]}; keep recording it, since imported alerts read it")
    if name in read:
        return replace(
            outcome, reason="its expression is too long for a spec; keep recording it, imported alerts read it"
        )
    return replace(outcome, reason="no imported alert reads it; keep it if others do")


def _reasons(outcomes: Iterable[Outcome]) -> list[str]:
    return [f"  {one.name} ({one.place}): {one.reason or 'it is a recording rule'}" for one in outcomes]
