"""Promises from what Sloth reads: its own two inputs and OpenSLO v1alpha."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal

from vcci_slo.formats.notes import Notes, Origin, shown
from vcci_slo.formats.promise import Burn, ErrorRatio, Promise, Ratio, Sli, percent
from vcci_slo.formats.queries.counting import placed
from vcci_slo.formats.sloth import BUILT_IN, Document, OpenSloSpec, SliPlugin, SlothError, SlothSlo, SlothSpec, Windows
from vcci_slo.formats.sloth import Plugins as SloPlugins

__all__ = ["PAGE", "TICKET", "Plugins", "sloth_promises"]

PAGE, TICKET = ("fast", "slow"), ("steady", "creep")
"""Our tiers, which have the windows of Sloth's page and ticket."""

Plugins = Callable[[str], SliPlugin]
"""Finds a plugin by its id, or raises SlothError."""

MONTH = timedelta(days=30)
_OWNERS = ("owner", "team")


def _tiers(windows: Windows) -> tuple[Burn, ...]:
    """Return the tiers of a catalogue: ours by name where they are Sloth's own, else tiers of their own."""
    if windows == BUILT_IN.get(windows.period):
        return (*(Burn(name, "P1") for name in PAGE), *(Burn(name, "P2") for name in TICKET))
    return tuple(
        Burn(
            name.replace(" ", "-"),
            "P1" if name.startswith("page") else "P2",
            float(Decimal(repr(window.budget_percent)) / 100),
            window.long,
            window.short,
        )
        for name, window in windows.tiers.items()
    )


def sloth_promises(
    document: Document, file: str, notes: Notes, plugins: Plugins, windows: Windows = BUILT_IN[MONTH]
) -> tuple[Promise, ...]:
    """Return the promises of one document. The period is the caller's to say, with its `windows`."""
    origin = Origin(file, document.spec.service)
    for unknown in document.ignored:
        hint = f"; was {unknown.suggestion} meant?" if unknown.suggestion else ""
        notes.lost(origin, unknown.path, "the key", f"Sloth reads no such key, and ignores it{hint}")
    match document.spec:
        case SlothSpec() as spec:
            return _of_group(spec, origin, notes, plugins, windows)
        case OpenSloSpec() as spec:
            return _of_openslo(spec, origin, notes)


def _of_group(spec: SlothSpec, origin: Origin, notes: Notes, plugins: Plugins, windows: Windows) -> tuple[Promise, ...]:
    if spec.metadata is not None:
        _metadata(spec, origin, notes)
    _plugins("slo_plugins" if spec.metadata is None else "sloPlugins", spec.plugins, origin, notes)
    found: list[Promise] = []
    for slo in spec.slos:
        here = origin.at(f"slos.{slo.name}")
        _plugins("plugins", slo.plugins, here, notes)
        sli = _sli(slo, spec, here, notes, plugins)
        if sli is None:
            continue
        if not 0 < slo.objective <= 100:
            raise SlothError("objective must >0 and <=100").during(f'invalid slo "{spec.service}-{slo.name}"')
        labels = dict(spec.labels) | dict(slo.labels)
        found.append(
            Promise(
                origin=here,
                service=spec.service,
                name=slo.name,
                percent=percent(slo.objective, of=100),
                sli=sli,
                window=windows.period,
                burns=_burns(slo, windows),
                about=slo.description or None,
                labels=labels | _alert_labels(slo, labels, here, notes),
                owner=next((labels[key] for key in _OWNERS if labels.get(key)), None),
            )
        )
    return tuple(found)


def _metadata(spec: SlothSpec, origin: Origin, notes: Notes) -> None:
    metadata = spec.metadata
    if metadata is None:
        return
    where = metadata.name if not metadata.namespace else f"{metadata.namespace}/{metadata.name}"
    why = "a spec is no object of Kubernetes; the objects with its rules are made from the plan"
    notes.lost(origin, "metadata", f"the object {where}", why)
    for kind, entries in (("label", metadata.labels), ("annotation", metadata.annotations or {})):
        for name, value in entries.items():
            notes.lost(origin, f"metadata.{kind}s.{name}", f"the {kind} {name}: {shown(value)}", why)


def _sli(slo: SlothSlo, spec: SlothSpec, here: Origin, notes: Notes, plugins: Plugins) -> Sli | None:
    if slo.sli.plugin is not None:
        meta = {"service": spec.service, "slo": slo.name, "objective": f"{slo.objective:.6f}"}
        try:
            query = plugins(slo.sli.plugin.id)(meta, spec.labels, slo.sli.plugin.options)
        except SlothError as error:
            notes.lost(here, "sli.plugin", "the whole promise", f"its query is made by a plugin: {error}")
            return None
        notes.changed(here, "sli.plugin", f"the plugin {slo.sli.plugin.id}", "a spec holds the query itself", "PromQL")
        return ErrorRatio(placed(query))
    if slo.sli.events is not None:
        return Ratio(placed(slo.sli.events.error_query), placed(slo.sli.events.total_query))
    if slo.sli.raw is not None:
        return ErrorRatio(placed(slo.sli.raw.error_ratio_query))
    notes.lost(here, "sli", "the whole promise", "it has no indicator")
    return None


def _burns(slo: SlothSlo, windows: Windows) -> tuple[Burn, ...]:
    off = (
        slo.alerting.page.disable,
        slo.alerting.page.disable,
        slo.alerting.ticket.disable,
        slo.alerting.ticket.disable,
    )
    return tuple(burn for burn, disabled in zip(_tiers(windows), off, strict=True) if not disabled)


def _alert_labels(slo: SlothSlo, labels: Mapping[str, str], here: Origin, notes: Notes) -> dict[str, str]:
    """Return the labels of both alerts, which a promise of ours can have; note what belongs to one of them alone."""
    alerting = slo.alerting
    if alerting.page.disable and alerting.ticket.disable:
        return {}
    if alerting.name:
        why = "alerts are named after their promise"
        notes.lost(here, "alerting.name", f"the name {alerting.name}", why, "the name of the promise with BudgetBurn")
    for kind, alert in (("page_alert", alerting.page), ("ticket_alert", alerting.ticket)):
        if alert.disable:
            continue
        for name, value in alert.labels.items():
            why = "the labels of an alert follow from its severity, and routes from `notify`"
            notes.lost(here, f"alerting.{kind}.labels.{name}", f"the label {name}: {value}", why)
        for name, value in alert.annotations.items():
            _annotation(f"alerting.{kind}.annotations", name, value, here, notes)
    for name, value in alerting.annotations.items():
        _annotation("alerting.annotations", name, value, here, notes)
    added: dict[str, str] = {}
    for name, value in alerting.labels.items():
        if name in labels and labels[name] != value:
            why = "a promise and its alerts have the same labels"
            notes.lost(here, f"alerting.labels.{name}", f"the label {name}: {value}", why, labels[name])
            continue
        added[name] = value
        why = "a promise and its alerts have the same labels"
        notes.changed(here, f"alerting.labels.{name}", f"the label {name} of the alerts", why, "a label of the promise")
    return added


def _annotation(where: str, name: str, value: str, here: Origin, notes: Notes) -> None:
    why = "the words of an alert, its page and its links are made from the plan"
    notes.lost(here, f"{where}.{name}", f"the annotation {name}: {shown(value)}", why)


def _plugins(where: str, plugins: SloPlugins, origin: Origin, notes: Notes) -> None:
    why = "it changes Sloth's rules; ours come from the plan"
    if plugins.override_previous:
        notes.lost(origin, f"{where}.overridePrevious", "running no other plugins, not even the default ones", why)
    for use in plugins.chain:
        config = "" if use.config is None else f" with {shown(use.config)}"
        notes.lost(origin, where, f"the plugin {use.id}{config}", why)


def _of_openslo(spec: OpenSloSpec, origin: Origin, notes: Notes) -> tuple[Promise, ...]:
    found: list[Promise] = []
    window = spec.time_windows[0].count if spec.time_windows else 30
    if spec.budgeting_method not in {"", "Occurrences"}:
        why = "a budget of ours is counted by events"
        notes.lost(origin, "spec.budgetingMethod", spec.budgeting_method, why, "Occurrences")
    for index, objective in enumerate(spec.objectives):
        here = origin.at(f"{spec.name}.objectives[{index}]")
        if objective.target is None or objective.good is None or objective.total is None:
            notes.lost(here, "", "the whole promise", "it has no target, or no ratio of good and total events")
            continue
        if objective.value or objective.op:
            notes.changed(here, "value", "value and op", "they mean nothing beside a ratio")
        if objective.slice_target is not None:
            why = "a budget of ours counts events"
            notes.lost(here, "timeSliceTarget", f"slices of time, good above {objective.slice_target:g}", why)
        found.append(
            Promise(
                origin=here,
                service=spec.service,
                name=spec.name if len(spec.objectives) == 1 else f"{spec.name}-{index}",
                percent=percent(objective.target, of=1),
                sli=Ratio(placed(objective.good.query), placed(objective.total.query), good=True),
                window=timedelta(days=window),
                burns=(),
                title=": ".join(dict.fromkeys(filter(None, (spec.display_name, objective.display_name)))) or None,
                about=spec.description or None,
            )
        )
    return tuple(found)
