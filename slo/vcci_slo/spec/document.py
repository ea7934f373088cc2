"""The whole spec, and the way from text to it: read, validate, list every problem with its place."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from vcci_slo.errors import MOST_PROBLEMS, SpecError, SpecProblem
from vcci_slo.spec import source
from vcci_slo.spec.accounting import BudgetPolicySpec, CorrectionSpec
from vcci_slo.spec.components import ComponentSpec
from vcci_slo.spec.defaults import with_defaults
from vcci_slo.spec.incidents import IncidentsSpec
from vcci_slo.spec.inheritance import inherited
from vcci_slo.spec.operations import BackupSpec, BaselineSpec, CapacitySpec, ChangesSpec, ChecksSpec, SecuritySpec
from vcci_slo.spec.organisation import (
    CalendarSpec,
    ContactSpec,
    EscalationSpec,
    LinksSpec,
    MetadataSpec,
    MonitoringSpec,
    NotifySpec,
    OnCallSpec,
    SeveritySpec,
    TeamSpec,
    WatchdogSpec,
)
from vcci_slo.spec.promises import AlertSpec, BurnPolicySpec, DefaultsSpec, SloSpec
from vcci_slo.spec.section import Name, Priority, Section, nearest
from vcci_slo.spec.source import Path, Source
from vcci_slo.spec.units import describe
from vcci_slo.spec.views import DashboardSpec, StatusPageSpec

__all__ = ["Document", "Malformed", "Spec", "parse"]


class Spec(Section):
    """Everything that a team says about its platform. Only `spec`, `metadata` and one component are needed."""

    spec: Literal["vcci/v1"]
    metadata: MetadataSpec
    calendar: CalendarSpec = Field(default_factory=lambda: CalendarSpec.model_validate({}))
    monitoring: MonitoringSpec = Field(default_factory=lambda: MonitoringSpec.model_validate({}))
    links: LinksSpec = Field(default_factory=lambda: LinksSpec.model_validate({}))
    contacts: dict[Name, ContactSpec] = Field(default_factory=dict)
    teams: dict[Name, TeamSpec] = Field(default_factory=dict)
    on_call: dict[Name, OnCallSpec] = Field(default_factory=dict)
    notify: dict[Name, NotifySpec] = Field(default_factory=dict)
    watchdog: WatchdogSpec | None = None
    severities: dict[Priority, SeveritySpec] = Field(default_factory=dict)
    escalation: EscalationSpec | None = None
    components: dict[Name, ComponentSpec] = Field(min_length=1)
    burn_policies: dict[Name, BurnPolicySpec] = Field(default_factory=dict)
    defaults: DefaultsSpec = Field(default_factory=lambda: DefaultsSpec.model_validate({}))
    budget_policies: dict[Name, BudgetPolicySpec] = Field(default_factory=dict)
    corrections: dict[Name, CorrectionSpec] = Field(default_factory=dict)
    slos: dict[Name, SloSpec] = Field(default_factory=dict)
    alerts: dict[Name, AlertSpec] = Field(default_factory=dict)
    dashboards: dict[Name, DashboardSpec] = Field(default_factory=dict)
    status_page: StatusPageSpec | None = None
    incidents: IncidentsSpec | None = None
    checks: ChecksSpec | None = None
    capacity: CapacitySpec | None = None
    backups: dict[Name, BackupSpec] = Field(default_factory=dict)
    security: SecuritySpec | None = None
    changes: ChangesSpec | None = None
    baselines: dict[Name, BaselineSpec] = Field(default_factory=dict)


class Document:
    """A valid spec and where each of its values stands."""

    def __init__(self, spec: Spec, origin: Source) -> None:
        self.spec = spec
        self.source = origin


class Malformed(SpecError):
    """A text in which some entries are no spec. `rest` is the spec without them, so that it can be checked too.

    `missing` are the names of the entries that were left out: a reference to one of them is no mistake of its own.
    """

    def __init__(self, problems: Iterable[SpecProblem], rest: Document | None, missing: frozenset[str]) -> None:
        super().__init__(problems)
        self.rest = rest
        self.missing = missing


def parse(text: str, *, file: str = "spec.yaml", include: Callable[[str], str] | None = None) -> Document:
    """Return the spec that `text` says.

    `include` reads a file that the spec names in `include: {section: file}`; without it such a spec is refused.
    Raises SpecError with every problem of the text at once; Malformed, if some of it can still be checked.
    """
    origin = source.read(text, file)
    if not isinstance(origin.data, dict):
        raise SpecError([origin.problem((), "a map that starts with `spec: vcci/v1`", describe(origin.data))])
    origin = _with_includes(origin, include)
    data, lost = inherited(
        with_defaults({key: value for key, value in origin.data.items() if value is not None}), origin
    )
    problems = [*origin.problems, *lost]
    try:
        document = Document(Spec.model_validate(data), origin)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems += [_problem(detail, origin) for detail in details[: MOST_PROBLEMS + 1]]
        if len(details) > MOST_PROBLEMS:
            raise SpecError(problems) from None
        rest, missing = _without(data, [_known(detail["loc"], origin) for detail in details])
        raise Malformed(problems, _document(rest, origin), missing) from None
    if problems:
        raise Malformed(problems, document, frozenset())
    return document


def _document(data: dict[str, Any], origin: Source) -> Document | None:
    try:
        return Document(Spec.model_validate(data), origin)
    except ValidationError:
        return None


def _without(data: dict[str, Any], paths: list[Path]) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the data without the entries of sections that the paths lead into, and the names of those entries."""
    rest = {key: dict(value) if isinstance(value, dict) else value for key, value in data.items()}
    missing: set[str] = set()
    for path in paths:
        section = rest.get(str(path[0])) if path else None
        if len(path) > 1 and isinstance(section, dict):
            missing.add(str(path[1]))
            section.pop(str(path[1]), None)
        elif path:
            rest.pop(str(path[0]), None)
    return with_defaults(rest), frozenset(missing)


def _with_includes(origin: Source, include: Callable[[str], str] | None) -> Source:
    data = dict(origin.data)
    wanted = data.pop("include", None)
    if wanted is None:
        return origin
    if not isinstance(wanted, dict):
        raise SpecError([origin.problem(("include",), "a map of sections to files", describe(wanted))])
    places = dict(origin.places)
    problems: list[SpecProblem] = []
    found: list[SpecProblem] = []
    for section, name in wanted.items():
        path: Path = ("include", section)
        if section not in Spec.model_fields or section in {"spec", "metadata"}:
            meant = nearest(section, Spec.model_fields)
            problems.append(origin.problem(path, "a section of the spec", repr(section), meant))
        elif section in data:
            problems.append(origin.problem(path, f"{section} either here or in a file", "both"))
        elif not isinstance(name, str) or include is None:
            problems.append(origin.problem(path, "a file beside the spec", describe(name)))
        else:
            try:
                part = source.read(include(name), name)
            except OSError as error:
                problems.append(origin.problem(path, f"the file {name}", str(error.strerror or error)))
                continue
            except ValueError as error:  # no name of a file, or no text
                problems.append(origin.problem(path, "the name of a file in UTF-8", f"{describe(name)}: {error}"))
                continue
            data[section] = part.data
            found += part.problems
            places |= {(section, *inner): place for inner, place in part.places.items()}
    if problems:
        raise SpecError(problems)
    return Source(data, places, origin.file, (*origin.problems, *found))


_EXPECTED: Mapping[str, str] = {
    "missing": "this key",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "too_short": "at least one entry",
}


def _problem(detail: ErrorDetails, origin: Source) -> SpecProblem:
    """Return what the author must know about one of pydantic's findings."""
    path = _known(detail["loc"], origin)
    kind, found, context = detail["type"], describe(detail["input"]), detail.get("ctx", {})
    if kind == "vcci":
        return origin.problem(path, context["expected"], context["found"], context["suggestion"])
    if kind == "extra_forbidden":
        keys = _keys_at(path[:-1])
        meant = nearest(str(path[-1]), keys)
        return origin.problem(path, f"one of {', '.join(keys)}" if keys else "a known key", repr(path[-1]), meant)
    if kind == "missing":
        missing = str(detail["loc"][-1])
        return origin.problem(
            path, f"the key {missing}", "nothing" if not isinstance(detail["input"], dict) else "no such key"
        )
    if kind == "literal_error":
        choices = str(context["expected"]).replace("'", "")
        meant = nearest(str(detail["input"]), choices.replace(" or ", ", ").split(", "))
        return origin.problem(path, f"one of {choices}", found, meant)
    if kind == "string_pattern_mismatch":
        return origin.problem(path, f"text of the form {context['pattern']}", found)
    return origin.problem(path, _EXPECTED.get(kind, _sentence(detail["msg"])), found)


def _sentence(message: str) -> str:
    text = message.removeprefix("Input should be ").removeprefix("Value error, ")
    return text[0].lower() + text[1:]


def _known(loc: tuple[int | str, ...], origin: Source) -> Path:
    """Return the part of pydantic's location that is a path of the file: no union members, no shorthand keys."""
    path: Path = ()
    for part in loc:
        if part == "[key]":
            continue
        if (*path, part) in origin.places:
            path = (*path, part)
    return path


def _keys_at(path: Path) -> list[str]:
    """Return the keys that the section at a path may have."""
    kinds: list[Any] = [Spec]
    for part in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)]
    models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return sorted({info.alias or name for model in models for name, info in model.model_fields.items()})


def _inside(kind: Any, part: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if part in {name, info.alias}:
                return _members(info.annotation)
        return []
    origin = typing.get_origin(kind)
    if origin in {dict, list}:
        return _members(typing.get_args(kind)[-1])
    return []


def _members(annotation: Any) -> list[Any]:
    """Return what a value of this annotation may be, without wrappers."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin in {typing.Union, types.UnionType}:
        return [member for inner in typing.get_args(annotation) for member in _members(inner)]
    return [annotation]
