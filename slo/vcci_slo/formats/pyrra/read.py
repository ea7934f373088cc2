"""ServiceLevelObjectives from plain data, held to the rules of Pyrra's admission webhook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import cast

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.documents import objects
from vcci_slo.formats.notes import Notes, Origin, shown
from vcci_slo.formats.pyrra.model import Kind, PyrraSlo
from vcci_slo.formats.queries.nodes import Selector
from vcci_slo.formats.queries.syntax import parse
from vcci_slo.formats.queries.tokens import NotUnderstood
from vcci_slo.formats.severities import priority_of
from vcci_slo.plan.organisation import Priority
from vcci_slo.promql.durations import parse_duration
from vcci_slo.spec.source import Source

__all__ = ["read_pyrra"]

VERSION = "pyrra.dev/v1alpha1"
KINDS: tuple[Kind, ...] = ("ratio", "latency", "latencyNative", "bool_gauge")
_SEVERITIES = ("fastBurn", "mediumBurn", "slowBurn", "longTermBurn")
_USUAL: tuple[Priority, Priority, Priority, Priority] = ("P1", "P1", "P2", "P2")
_SPEC = (
    *("target", "window", "description", "indicator", "alerting"),
    *("partial_response_strategy", "performanceOverAccuracy", "ruleOutput"),
)
_ALERTING = ("disabled", "burnrates", "absent", "name", "absentName", "severities")
_RULES = {
    "partial_response_strategy": "it is Thanos Ruler's",
    "performanceOverAccuracy": "our rules are exact and cheap",
    "ruleOutput": "the labels of our rules follow from the plan",
}


def read_pyrra(source: Source, notes: Notes) -> tuple[PyrraSlo, ...]:
    """Return the objectives of one document, or of its list. Raises SpecError with everything that is wrong."""
    problems: list[SpecProblem] = []
    found = tuple(
        _slo(cursor, source.file, notes)
        for path, data in objects(source)
        for cursor in _each(Cursor(data, source, path, problems))
    )
    if problems:
        raise SpecError(problems)
    return found


def _each(cursor: Cursor) -> Iterator[Cursor]:
    if cursor.is_map() and str(cursor.data.get("kind")) in {"ServiceLevelObjectiveList", "List"}:
        yield from cursor.items("items")
    elif isinstance(cursor.data, dict):
        yield cursor


def _slo(cursor: Cursor, file: str, notes: Notes) -> PyrraSlo:
    cursor.choice("apiVersion", (VERSION,), needed=True)
    cursor.choice("kind", ("ServiceLevelObjective",), needed=True)
    metadata, spec = cursor.at("metadata"), cursor.at("spec")
    name = metadata.text("name", needed=True)
    origin = Origin(file, f"ServiceLevelObjective {name}", cursor.line)
    if spec.data is None:
        cursor.refuse("the key spec", "no such key", key="spec")
    for key, meant in spec.unknown(_SPEC):
        told = f"the key {key}: {shown(spec.at(key).data)}"
        notes.lost(origin, f"spec.{key}", told, f"Pyrra has no such key{f'; was {meant} meant?' if meant else ''}")
    for key, why in _RULES.items():
        if spec.has(key):
            notes.lost(origin, f"spec.{key}", f"{key}: {shown(spec.at(key).data)}", why)
    kind, part, total, within, grouping = _indicator(spec.at("indicator"))
    alerting = spec.at("alerting")
    severities = alerting.at("severities")
    inner = (("alerting", alerting, _ALERTING), ("alerting.severities", severities, (*_SEVERITIES, "absent")))
    for where, part_of, keys in inner:
        for key, meant in part_of.unknown(keys):
            why = f"Pyrra has no such key{f'; was {meant} meant?' if meant else ''}"
            notes.lost(origin, f"spec.{where}.{key}", f"the key {key}: {shown(part_of.at(key).data)}", why)
    return PyrraSlo(
        origin=origin,
        name=name,
        namespace=metadata.text("namespace"),
        labels=metadata.texts("labels"),
        annotations=metadata.texts("annotations"),
        description=spec.text("description"),
        target=_target(spec, origin, notes),
        window=_duration(spec, "window") or timedelta(days=28),
        kind=kind,
        part=part,
        total=total,
        within=within,
        grouping=grouping,
        alerts=alerting.flag("burnrates", default=True) and not alerting.flag("disabled"),
        absent=alerting.flag("absent", default=True) and not alerting.flag("disabled"),
        alert_name=alerting.text("name"),
        absent_name=alerting.text("absentName"),
        priorities=cast(
            "tuple[Priority, Priority, Priority, Priority]",
            tuple(
                _priority(severities, key, usual, origin, notes) for key, usual in zip(_SEVERITIES, _USUAL, strict=True)
            ),
        ),
        absent_priority=_priority(severities, "absent", "P1", origin, notes),
    )


def _priority(cursor: Cursor, key: str, usual: Priority, origin: Origin, notes: Notes) -> Priority:
    word = cursor.text(key)
    found = priority_of(word) if word else usual
    if found is None:
        notes.changed(origin, f"spec.alerting.severities.{key}", f"the severity {word}", "it is none of ours", usual)
    return found or usual


def _target(spec: Cursor, origin: Origin, notes: Notes) -> str:
    value = spec.at("target").data
    if value is None or value == "":
        spec.refuse("the key target", "no such key", key="target")
        return "99"
    text = repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    try:
        share = Decimal(text) if isinstance(text, str) else Decimal("NaN")
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 <= share <= 100:
        spec.refuse("a percentage from 0 to 100 as text, such as '99.5'", value, key="target")
        return "99"
    if 0 < share < 1:
        why = f"a target is from 0 to 100; was {(share * 100).normalize():f} meant?"
        notes.changed(origin, "spec.target", f"the target {text}", why, f"{share:f}%, as it is written")
    return f"{share:f}"


def _duration(cursor: Cursor, key: str) -> timedelta | None:
    text = cursor.text(key, needed=True)
    try:
        return parse_duration(text) if text else None
    except ValueError:
        cursor.refuse("a duration such as 4w", repr(text), key=key)
        return None


def _indicator(cursor: Cursor) -> tuple[Kind, str, str, timedelta | None, tuple[str, ...]]:
    given: list[Kind] = [kind for kind in KINDS if cursor.has(kind)]
    if len(given) != 1:
        cursor.refuse(f"exactly one of {', '.join(KINDS)}", " and ".join(given) or "none of them")
        return "ratio", "x", "y", None, ()
    kind = given[0]
    here = cursor.at(kind)
    here.is_map()
    within = _duration(here, "latency") if kind == "latencyNative" else None
    grouping = here.at("grouping").data or ()
    if not isinstance(grouping, list | tuple) or not all(isinstance(label, str) for label in grouping):
        here.refuse("a list of labels", grouping, key="grouping")
        grouping = ()
    match kind:
        case "ratio":
            part, total = _metric(here.at("errors")), _metric(here.at("total"))
        case "latency":
            part, total = _metric(here.at("success"), bucket=True), _metric(here.at("total"))
        case "latencyNative":
            part, total = "", _metric(here.at("total"))
        case _:
            part, total = "", _metric(here)
    return kind, part, total, within, tuple(grouping)


def _metric(cursor: Cursor, *, bucket: bool = False) -> str:
    """Return a series selector; Pyrra takes nothing else."""
    text = cursor.text("metric", needed=True).strip()
    if not text:
        return "x"
    try:
        node = parse(text)
    except NotUnderstood as error:
        cursor.refuse("a selector of series such as up{job='x'}", f"{text!r}: {error}", key="metric")
        return "x"
    if not isinstance(node, Selector) or node.window is not None:
        cursor.refuse("a selector of series such as up{job='x'}", repr(text), key="metric")
    elif bucket and not any(matcher.label == "le" and _is_number(matcher.value) for matcher in node.matchers):
        cursor.refuse("a matcher of the label le with a number", repr(text), key="metric")
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
