"""What was built as the sections of a spec, each thing with a comment that says where it came from."""

from __future__ import annotations

from datetime import timedelta

from vcci_platform.adoption.importing.builder import RECORDED, Alert, Builder, Component
from vcci_platform.adoption.importing.recordings import Recorded
from vcci_platform.adoption.importing.rule_files import Rule, Skipped
from vcci_platform.adoption.importing.shapes import Whole
from vcci_platform.adoption.names import Names
from vcci_platform.adoption.yaml_lines import Entry, flow_map, quoted
from vcci_slo.promql.durations import promql_duration
from vcci_slo.resolve.findings import kebab

__all__ = ["head", "sections"]


def head(rules: tuple[Rule | Skipped, ...]) -> tuple[str, ...]:
    """Return the comments at the top of the file."""
    files = dict.fromkeys(rule.file for rule in rules if isinstance(rule, Rule))
    return (
        "yaml-language-server: $schema=./generated/vcci.schema.json",
        f"Written by `vcci import rules {' '.join(files)}`. What changed on the way stands above each alert.",
    )


def sections(builder: Builder, recorded: tuple[Recorded, ...]) -> tuple[Entry, ...]:
    """Return the sections of the spec; recorded series stand first, since alerts read them."""
    owners = sorted({alert.drafts[0].owner for alert in builder.alerts.values()} - {""})
    teams = tuple(Entry(name, "{}") for name in dict.fromkeys(["my-team", *owners])) if owners else ()
    components = [_component(one) for one in builder.components.values()]
    if recorded:
        components.insert(0, _recorded(recorded))
    return (
        Entry("spec", "vcci/v1"),
        Entry("metadata", "{name: my-platform, owner: my-team}", "call them what they are called"),
        *((Entry("teams", teams),) if teams else ()),
        Entry("components", tuple(components)),
        Entry("alerts", tuple(_alert(one) for one in builder.alerts.values())),
    )


def _component(one: Component) -> Entry:
    entries = [Entry("kind", one.kind)]
    if one.job is not None:
        entries.append(Entry("selector", quoted(str(one.job))))
    if one.signals:
        entries.append(Entry("signals", tuple(one.signals.values())))
    return Entry(one.name, tuple(entries))


def _recorded(recorded: tuple[Recorded, ...]) -> Entry:
    names = Names()
    signals = tuple(
        Entry(
            names.give(kebab(one.name), "series"),
            (Entry("value", quoted(one.expression)), Entry("unit", "count"), Entry("record", quoted(one.name))),
            f"from {one.rules[0].place}",
        )
        for one in recorded
    )
    return Entry(RECORDED, (Entry("kind", "other"), Entry("signals", signals)), "series that imported alerts read")


def _alert(alert: Alert) -> Entry:
    first = alert.drafts[0]
    ordered = sorted(alert.drafts, key=lambda one: one.priority, reverse=True)
    limits: dict[str, str] = {one.priority: one.limit for one in ordered}
    entries = [Entry("measure", alert.measure), Entry(first.shape.side, flow_map(limits), _severities(alert))]
    if first.lasts > timedelta(0):
        entries.append(Entry("for", promql_duration(first.lasts)))
    if first.keep_firing_for > timedelta(0):
        entries.append(Entry("keep_firing_for", promql_duration(first.keep_firing_for)))
    entries.append(Entry("summary", quoted(first.summary)))
    if first.description:
        entries.append(Entry("description", quoted(first.description)))
    gravest = ordered[-1]
    if gravest.priority in {"P0", "P1"} and isinstance(first.shape.kind, Whole):
        entries.append(Entry("pages_because", quoted(f"it was of severity {gravest.severity or 'unknown'} before")))
    if first.runbook:
        entries.append(Entry("runbook", first.runbook))
    if first.owner:
        entries.append(Entry("owner", quoted(first.owner)))
    if alert.proof is not None:
        entries.append(Entry("proof", (_series("fires", alert.proof.fires), _series("silent", alert.proof.silent))))
    above = tuple(dict.fromkeys(change for one in alert.drafts for change in one.changes))
    return Entry(alert.name, tuple(entries), first.rule.place, above)


def _severities(alert: Alert) -> str:
    return ", ".join(f"{one.severity or 'no severity'} → {one.priority}" for one in alert.drafts)


def _series(key: str, series: tuple[tuple[str, str], ...]) -> Entry:
    if not series:
        return Entry(key, "{}")
    return Entry(key, tuple(Entry(name, quoted(values)) for name, values in series))
