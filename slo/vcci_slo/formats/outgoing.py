"""The promises of a spec on their way to other formats: the plan's numbers, and the words that only the spec has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from vcci_slo.formats.names import original
from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.series import RESERVED
from vcci_slo.spec.document import Document

__all__ = ["Leaving", "leaving", "unsaid"]

RENAMED = "source_"
"""Stands in front of labels that our rules set themselves, when they come from another format."""

_SAID = frozenset(
    {
        *("spec", "metadata", "components", "burn_policies", "defaults", "slos"),  # each promise has what they say
        *("alerts", "dashboards", "include"),
    }
)


@dataclass(frozen=True)
class Leaving:
    """A promise, its service and its name as the other format may have known them."""

    origin: Origin
    slo: Slo
    service: str
    name: str
    title: str | None
    about: str
    labels: Mapping[str, str]
    silence: bool
    """Whether missing data are an alert because its author said so."""


def leaving(document: Document, plan: Plan) -> tuple[Leaving, ...]:
    """Return every promise of a spec, in its order."""
    parts = Counter(slo.declared for slo in plan.slos)
    found: list[Leaving] = []
    for slo in plan.slos:
        written = document.spec.slos[slo.declared]
        component = document.spec.components[slo.component]
        alone = parts[slo.declared] == 1
        # A promise of one part has the name of its declaration, whatever its part adds to it.
        name = original(slo.declared, written.title, slo.component) if alone else slo.name
        found.append(
            Leaving(
                origin=Origin(document.source.file, f"slos.{slo.declared}"),
                slo=slo,
                service=original(slo.component, component.title),
                name=name,
                title=written.title if name != written.title else None,
                about=written.about or "",
                labels={_label(name): value for name, value in slo.labels},
                silence=written.no_data is not None,
            )
        )
    return tuple(found)


def _label(name: str) -> str:
    bare = name.removeprefix(RENAMED)
    return bare if bare in RESERVED else name


def unsaid(document: Document, plan: Plan, format_: str, notes: Notes, *, silence: bool) -> None:
    """Note what no promise can take along into a format, once for the file and not once for each."""
    origin = Origin(document.source.file)
    why = f"{format_} has no word for it"
    if plan.slos:
        notes.lost(origin, "", "how many bad events a tier needs (min_bad)", why, "every tier fires on a single event")
        notes.lost(origin, "", "for how long an alert goes on firing (keep_firing_for)", why)
        notes.lost(origin, "", "how long a service must have been measured (seen_for)", why)
    if silence:
        for after, priority in dict.fromkeys((slo.no_data.after, slo.no_data.priority) for slo in plan.slos):
            what = f"the {priority} when there have been no data for {promql_duration(after)}"
            notes.lost(origin, "no_data", what, why)
    for section in ("alerts", "dashboards"):
        for name in getattr(document.spec, section):
            notes.lost(origin, section, name, why)
    told = {slo.component for slo in plan.slos}
    for name in document.spec.components:
        if name not in told:
            notes.lost(origin, "components", name, "no promise is about it")
    for section in document.source.data:
        if section not in _SAID:
            notes.lost(origin, section, f"the section {section}", why)
