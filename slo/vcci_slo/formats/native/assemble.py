"""Promises joined to one spec: components from services, signals shared where they are the same, defaults said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vcci_slo.formats.names import Names, made
from vcci_slo.formats.native.components import Component, components_of
from vcci_slo.formats.native.labels import labels_of
from vcci_slo.formats.native.policies import Policies, unreachable
from vcci_slo.formats.native.signals import Measured, WhyNot, measured
from vcci_slo.formats.notes import Notes, Origin
from vcci_slo.formats.promise import Promise
from vcci_slo.formats.yaml_text import Flow
from vcci_slo.promql.durations import promql_duration

__all__ = ["assembled"]

LONGEST_LINE = 1000
_NOBODY = "owner"
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(days=1), timedelta(days=366)
USUAL_WINDOW = "30d"
MOST_PERCENT, LEAST_PERCENT = "99.99999%", "0.00001%"


def assembled(promises: Iterable[Promise], notes: Notes, why_not: WhyNot, *, name: str) -> dict[str, Any]:
    """Return the data of a spec; what it cannot say is in the notes."""
    bounded = (_bounded(promise, notes) for promise in promises)
    found = [(promise, what) for promise in bounded if (what := measured(promise, notes, why_not)) is not None]
    owner, teams = _owners([promise for promise, _ in found])
    files = list(dict.fromkeys(promise.origin.file for promise, _ in found))
    for file in files:
        if owner == _NOBODY:
            notes.added(Origin(file), "metadata.owner", "an owner", "a spec names who is woken", owner)
        notes.added(Origin(file), "", "an alert when a promise has had no data for 10m", "silence is not health")
    components = components_of(found)
    policies = Policies()
    slos = _slos(found, components, policies, notes)
    for slo in slos.values() if not teams else ():
        slo.pop("owner", None)
    if not components:
        components = {"service": Component("service", "service")}
    spec: dict[str, Any] = {"spec": "vcci/v1", "metadata": {"name": made(name, "converted"), "owner": owner}}
    if teams:
        spec["teams"] = {team: {} for team in teams}
    spec["components"] = {component.name: component.data() for component in components.values()}
    if policies.written:
        spec["burn_policies"] = policies.written
    common = _common(list(slos.values()))
    own = {name: _without(slo, common) for name, slo in slos.items()}
    if common.get("window") == USUAL_WINDOW:
        common.pop("window")
    if common:
        spec["defaults"] = {"slos": common}
    if own:
        spec["slos"] = own
    return spec


def _owners(promises: Sequence[Promise]) -> tuple[str, tuple[str, ...]]:
    """Return the owner of most promises, and all owners if they are several."""
    counts = Counter(made(promise.owner) for promise in promises if promise.owner)
    if not counts:
        return _NOBODY, ()
    return counts.most_common(1)[0][0], tuple(counts) if len(counts) > 1 else ()


def _slos(
    found: Sequence[tuple[Promise, Measured]], components: Mapping[str, Component], policies: Policies, notes: Notes
) -> dict[str, dict[str, Any]]:
    names = Names()
    slos: dict[str, dict[str, Any]] = {}
    wishes = Counter(made(promise.name) for promise, _ in found)
    for promise, what in found:
        component = components[promise.service]
        wish = made(promise.name)
        # The same name in two services is told apart in both, whichever comes first.
        twice = wishes[wish] > 1
        name = names.take(made(f"{component.name}-{wish}") if twice else wish)
        if name != promise.name:
            why = "another promise has it" if twice else "it is no valid name"
            notes.changed(promise.origin, "name", f"the name {promise.name}", why, name)
        slos[name] = _slo(promise, what, component, policies, notes, named=name)
    return slos


def _bounded(promise: Promise, notes: Notes) -> Promise:
    """Return the promise with an objective and a window that a spec of ours can have."""
    share = Decimal(promise.percent.rstrip("%"))
    if not Decimal(LEAST_PERCENT.rstrip("%")) <= share <= Decimal(MOST_PERCENT.rstrip("%")):
        instead = MOST_PERCENT if share > 50 else LEAST_PERCENT
        why = "it leaves no budget that can be counted" if share > 50 else "it promises nothing"
        notes.lost(promise.origin, "objective", f"the objective {promise.percent}", why, instead)
        promise = replace(promise, percent=instead)
    window = promise.window
    if isinstance(window, timedelta) and not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        nearest = SHORTEST_WINDOW if window < SHORTEST_WINDOW else LONGEST_WINDOW
        why = "windows are from 1d to 366d"
        notes.lost(promise.origin, "window", f"the window {promql_duration(window)}", why, promql_duration(nearest))
        promise = replace(promise, window=nearest)
    return promise


def _slo(
    promise: Promise, what: Measured, component: Component, policies: Policies, notes: Notes, *, named: str
) -> dict[str, Any]:
    slo: dict[str, Any] = {}
    if promise.title or promise.name != named:
        slo["title"] = _line(promise.title or promise.name, promise.origin, "title", notes)
    if promise.about:
        slo["about"] = _line(promise.about, promise.origin, "description", notes)
    ref = f"{component.name}.{component.signal(what)}"
    if what.latency:
        slo |= {"fast": ref, "within": Flow(what.keys["within"])}
    elif "value" in what.signal:
        slo |= {"holds": ref, **what.keys, "objective": promise.percent}
    else:
        slo |= {"good": ref, "objective": promise.percent}
    slo["window"] = promql_duration(promise.window) if isinstance(promise.window, timedelta) else _month(promise.window)
    slo["policy"] = policies.name_of(promise.burns)
    silent = unreachable(promise, notes)
    if silent:
        slo["tiers"] = Flow(dict.fromkeys(silent, "off"))
    if what.by:
        slo["by"] = list(what.by)
    labels = labels_of(promise.labels, promise.origin, notes, what.by)
    if labels:
        slo["labels"] = Flow(labels)
    if promise.silence is not None:
        after, priority = promise.silence
        slo["no_data"] = Flow(after=promql_duration(after), priority=priority)
    if promise.owner:
        slo["owner"] = made(promise.owner)
    return slo


def _month(zone: str) -> Any:
    return Flow(month=zone)


def _line(text: str, origin: Origin, key: str, notes: Notes) -> str:
    line = text.strip()
    if len(line) > LONGEST_LINE:
        notes.lost(origin, key, "its end", f"a sentence has at most {LONGEST_LINE} characters", "its beginning")
    return line[:LONGEST_LINE].strip()


def _common(slos: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what every promise says alike, which is then said once; what is the default anyway is not said."""
    common: dict[str, Any] = {}
    for key in ("window", "policy", "no_data"):
        values = [slo.get(key) for slo in slos]
        if values and values[0] is not None and all(value == values[0] for value in values):
            common[key] = values[0]
    if slos:
        first: Mapping[str, str] = slos[0].get("labels", {})
        shared = {
            name: value
            for name, value in first.items()
            if all(slo.get("labels", {}).get(name) == value for slo in slos)
        }
        if shared:
            common["labels"] = Flow(shared)
    return common


def _without(slo: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(slo)
    for key, value in common.items():
        if key == "labels":
            own = {name: text for name, text in found["labels"].items() if name not in value}
            found.pop("labels")
            if own:
                found["labels"] = Flow(own)
        else:
            found.pop(key)
    return found
