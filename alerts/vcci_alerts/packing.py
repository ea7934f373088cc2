"""The rules cut to what takes them: groups of so many rules, files or Kubernetes objects of so many bytes.

Order is kept: what a rule reads is recorded in the same group or in an earlier one. The groups that one is split into
are evaluated each by itself, so a rule may then read a value that is one evaluation old.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from vcci_alerts.errors import AlertsError
from vcci_alerts.model import AlertRule, Group, Recording, rules_document
from vcci_alerts.rules import SIGNALS, rule_files
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.plan import Plan

__all__ = ["MANIFESTS", "RULES", "Manifests", "Packing", "packed"]

RULES = "rules"
MANIFESTS = "prometheus-rules"
ALL = "rules/all.yml"
LONGEST_SUFFIX = ":99999"

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/
LONGEST_NAME = 253
LONGEST_LABEL = 63
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

Rule = Recording | AlertRule


@dataclass(frozen=True)
class Manifests:
    """Rules as PrometheusRule objects: of which namespace, None for that of whoever applies them, with which labels."""

    namespace: str | None = None
    labels: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.namespace is not None and not NAMESPACE.fullmatch(self.namespace):
            raise AlertsError("namespace", "1 to 63 of a-z, 0-9 and -, with none of - at an end", repr(self.namespace))
        for key, value in self.labels:
            if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
                raise AlertsError("label", "KEY=VALUE as Kubernetes allows them", repr(f"{key}={value}"))


@dataclass(frozen=True)
class Packing:
    """Limits: rules of a group, bytes of a file or object; whether all rules go into one file; files or objects."""

    max_rules: int | None = None
    max_bytes: int | None = None
    one_file: bool = False
    manifests: Manifests | None = None

    def __bool__(self) -> bool:
        return self != Packing()


def packed(plan: Plan, packing: Packing) -> Mapping[str, str]:
    """Return every file of rules by its path, cut to the limits.

    Raises AlertsError for a rule that alone takes more bytes than a file may have.
    """
    whole = rule_files(plan)
    # Recorded signals come first: promises and alerts read them.
    ordered = {path: whole[path] for path in sorted(whole, key=lambda path: path != SIGNALS)}
    stems = {ALL: tuple(ordered.values())} if packing.one_file else {path: (group,) for path, group in whole.items()}
    made: dict[str, str] = {}
    for path, groups in stems.items():
        pieces = [piece for group in groups for piece in _by_rules(group, packing.max_rules)]
        files = _by_bytes(plan, packing, path, pieces) if packing.max_bytes else [pieces]
        for place, content in enumerate(_numbered(files), start=1):
            stem = PurePosixPath(path).stem + (f".{place}" if len(files) > 1 else "")
            where, text = _written(plan, packing, stem, content)
            made[where] = text
    return made


def _by_rules(group: Group, most: int | None) -> Iterator[Group]:
    """Yield a group in pieces of at most so many rules, all under its name."""
    step = most or len(group.rules)
    for start in range(0, len(group.rules), step):
        yield Group(group.name, group.rules[start : start + step])


def _by_bytes(plan: Plan, packing: Packing, path: str, pieces: Iterable[Group]) -> list[list[Group]]:
    """Return the pieces by file; one that fits into no file is cut further, others are kept whole."""
    most = packing.max_bytes or 0
    files: list[list[Group]] = []
    room = 0
    for piece in pieces:
        measure = _Measure(plan, packing, PurePosixPath(path).stem, piece)
        if not files or (sum(measure.rules) + measure.group > room >= 0):
            files.append([])
            room = most - measure.file
        taken: list[Rule] = []
        room -= measure.group
        for rule, size in zip(piece.rules, measure.rules, strict=True):
            if size > room:
                if size > most - measure.file - measure.group:
                    raise AlertsError(piece.name, f"files of at most {most} bytes", _alone(rule, size, measure))
                files[-1] += [Group(piece.name, tuple(taken))] if taken else []
                files += [[]]
                taken, room = [], most - measure.file - measure.group
            taken.append(rule)
            room -= size
        files[-1].append(Group(piece.name, tuple(taken)))
    return [file for file in files if file]


def _alone(rule: Rule, size: int, measure: _Measure) -> str:
    name = rule.record if isinstance(rule, Recording) else rule.alert
    return f"the rule {name}, whose file takes {size + measure.file + measure.group} bytes with nothing else in it"


@dataclass(frozen=True)
class _Measure:
    """How many bytes the parts of a file take: they add up, since each line of YAML stands for itself."""

    plan: Plan
    packing: Packing
    stem: str
    piece: Group

    def _size(self, groups: Sequence[Group]) -> int:
        longest = [replace(group, name=group.name + LONGEST_SUFFIX) for group in groups]
        return len(_written(self.plan, self.packing, self.stem + LONGEST_SUFFIX, longest)[1].encode())

    @cached_property
    def rules(self) -> tuple[int, ...]:
        """What each rule takes."""
        first = self.piece.rules[0]
        small = self._size([Group(self.piece.name, (first,))])
        return tuple(self._size([Group(self.piece.name, (first, rule))]) - small for rule in self.piece.rules)

    @cached_property
    def group(self) -> int:
        """What a group takes beside its rules."""
        one = Group(self.piece.name, self.piece.rules[:1])
        return self._size([one, one]) - self._size([one]) - self.rules[0]

    @cached_property
    def file(self) -> int:
        """What a file takes beside its groups."""
        return self._size([Group(self.piece.name, self.piece.rules[:1])]) - self.group - self.rules[0]


def _numbered(files: Iterable[Sequence[Group]]) -> list[list[Group]]:
    """Return the pieces of each group that was split under names of their own."""
    files = [list(file) for file in files]
    times: dict[str, int] = {}
    for group in (group for file in files for group in file):
        times[group.name] = times.get(group.name, 0) + 1
    seen: dict[str, int] = {}
    named: list[list[Group]] = []
    for file in files:
        named.append([])
        for group in file:
            seen[group.name] = seen.get(group.name, 0) + 1
            suffix = f":{seen[group.name]}" if times[group.name] > 1 else ""
            named[-1].append(replace(group, name=group.name + suffix))
    return named


def _written(plan: Plan, packing: Packing, stem: str, groups: Sequence[Group]) -> tuple[str, str]:
    """Return the path and the text of a file."""
    document: Mapping[str, Any] = rules_document(groups)
    if packing.manifests is None:
        return f"{RULES}/{stem}.yml", yaml_text(document, source=plan.source)
    name = _object_name(f"{plan.name}-{stem}")
    metadata: dict[str, Any] = {"name": name}
    if packing.manifests.namespace:
        metadata["namespace"] = packing.manifests.namespace
    metadata["labels"] = {
        "app.kubernetes.io/managed-by": "vcci",
        "app.kubernetes.io/part-of": _label_value(plan.name),
        **dict(packing.manifests.labels),
    }
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": document,
    }
    return f"{MANIFESTS}/{name}.yml", yaml_text(manifest, source=plan.source)


def _object_name(text: str) -> str:
    """Return a text as the name of an object; where that changes it, with a mark of the text, so that names differ.

    >>> _object_name("shop-slo-api.2"), _object_name("Shop_slo")
    ('shop-slo-api.2', 'shop-slo-24bd1df1')
    """
    name = re.sub(r"[^a-z0-9]*\.[^a-z0-9]*", ".", re.sub(r"[^a-z0-9.-]", "-", text.lower())).strip("-.")
    if name == text and len(name) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - len(mark) - 1].rstrip('-.') or 'rules'}-{mark}"


def _label_value(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text)[:LONGEST_LABEL].strip("-_.")
