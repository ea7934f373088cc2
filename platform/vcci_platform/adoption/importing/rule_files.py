"""Prometheus' rule files, read as they are: groups in YAML, bare or inside PrometheusRule objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from vcci_platform.errors import PlatformError
from vcci_slo.promql.durations import parse_duration

__all__ = ["Rule", "RuleFileError", "Skipped", "read_rules"]

LIMIT_BYTES = 8 * 1024 * 1024
MOST_RULES = 5000


class RuleFileError(PlatformError):
    """A file that holds no rules, or is no YAML."""

    exit_code = 2


@dataclass(frozen=True)
class Rule:
    """One rule. `record` is the name of a recorded series, empty on an alert."""

    file: str
    group: str
    name: str
    record: str
    expression: str
    lasts: timedelta
    keep_firing_for: timedelta
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]

    @property
    def place(self) -> str:
        return f"{self.file}, group {self.group}"


@dataclass(frozen=True)
class Skipped:
    """An entry that could not be read as a rule, and why."""

    place: str
    name: str
    reason: str


def read_rules(text: str, file: str) -> tuple[Rule | Skipped, ...]:
    """Return every rule of a file in its order; an entry that is none says why.

    Raises RuleFileError for what is no rule file at all.
    """
    if len(text.encode()) > LIMIT_BYTES:
        raise RuleFileError(f"{file}: expected a rule file of at most {LIMIT_BYTES // 1024 // 1024} MiB")
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise RuleFileError(f"{file}{where}: expected YAML, found {getattr(error, 'problem', None) or error}") from None
    except (RecursionError, ValueError) as error:
        raise RuleFileError(f"{file}: expected YAML, found {error}") from None
    groups = [group for document in documents for group in _groups(document)]
    if not groups:
        raise RuleFileError(f"{file}: expected `groups:` with rules, or PrometheusRule objects, found neither")
    found: list[Rule | Skipped] = []
    for number, group in enumerate(groups, start=1):
        named = str(group.get("name") or f"number {number}")
        rules = group.get("rules")
        for index, entry in enumerate(rules if isinstance(rules, list) else [], start=1):
            if len(found) >= MOST_RULES:
                raise RuleFileError(f"{file}: expected at most {MOST_RULES} rules, found more")
            found.append(_rule(entry, file, named, index))
    return tuple(found)


def _groups(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the groups of a document: a rule file, a PrometheusRule, or a list of them."""
    if not isinstance(document, dict):
        return
    spec = document.get("spec")
    places: Iterable[Any] = (document.get("groups"), spec.get("groups") if isinstance(spec, dict) else None)
    for groups in places:
        yield from (group for group in groups if isinstance(group, dict)) if isinstance(groups, list) else ()
    items = document.get("items")
    for item in items if isinstance(items, list) and document.get("kind") in {"List", "PrometheusRuleList"} else ():
        if isinstance(item, dict) and "items" not in item:
            yield from _groups(item)


def _rule(entry: Any, file: str, group: str, index: int) -> Rule | Skipped:
    place = f"{file}, group {group}"
    if not isinstance(entry, dict):
        return Skipped(place, f"rule {index}", "it is no map")
    name, record = entry.get("alert"), entry.get("record")
    called = str(name or record or f"rule {index}")
    if (name is None) == (record is None):
        return Skipped(place, called, "it has neither `alert` nor `record`, or both")
    if "expr" not in entry or isinstance(entry["expr"], dict | list) or entry["expr"] is None:
        return Skipped(place, called, "it has no expression")
    try:
        lasts, keep = _duration(entry.get("for")), _duration(entry.get("keep_firing_for"))
    except ValueError as error:
        return Skipped(place, called, str(error))
    return Rule(
        file=file,
        group=group,
        name="" if name is None else str(name),
        record="" if record is None else str(record),
        expression=str(entry["expr"]).strip(),
        lasts=lasts,
        keep_firing_for=keep,
        labels=_pairs(entry.get("labels")),
        annotations=_pairs(entry.get("annotations")),
    )


def _duration(value: Any) -> timedelta:
    if value is None or value in (0, "0"):
        return timedelta(0)
    return parse_duration(str(value))


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        return ()
    return tuple((str(key), "" if inner is None else str(inner).strip()) for key, inner in value.items())
