"""The recorded series that alerts read: taken along, so that the spec stands alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vcci_platform.adoption.importing.promql_text import parsed, selectors, text_of
from vcci_platform.adoption.importing.rule_files import Rule

__all__ = ["Recorded", "needed", "read_by"]

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True)
class Recorded:
    """A recorded series as one expression, and the rules that it was made from."""

    name: str
    expression: str
    rules: tuple[Rule, ...]


def read_by(expression: str) -> frozenset[str]:
    """Return the names of the metrics that an expression reads; none of what is no PromQL."""
    try:
        return frozenset(one.name for one in selectors(parsed(expression)) if one.name)
    except ValueError:
        return frozenset()


def needed(rules: Iterable[Rule], expressions: Iterable[str]) -> tuple[tuple[Recorded, ...], Mapping[str, str]]:
    """Return the recorded series that expressions read, also through others, each after what it reads itself.

    The mapping tells why one cannot be taken: its name is free, its expression is no PromQL, it reads itself.
    """
    search = _Search(rules)
    for expression in expressions:
        for name in sorted(read_by(expression)):
            search.visit(name, ())
    return tuple(search.found.values()), search.refused


class _Search:
    """Walks from name to name, the deepest first."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_name: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_name.setdefault(rule.record, []).append(rule)
        self.found: dict[str, Recorded] = {}
        self.refused: dict[str, str] = {}

    def visit(self, name: str, path: tuple[str, ...]) -> None:
        """Take a name along, after those that it reads; `path` are those that led here."""
        if name in self.found or name in self.refused or name not in self._by_name:
            return
        if name in path:
            self.refused[name] = "it reads itself"
            return
        rules = self._by_name[name]
        reads = sorted({one for rule in rules for one in read_by(rule.expression)})
        for other in reads:
            self.visit(other, (*path, name))
        if name in self.refused:
            return
        if missing := [other for other in reads if other in self.refused]:
            self.refused[name] = f"it reads {missing[0]}, which cannot be taken along"
            return
        try:
            self.found[name] = Recorded(name, _joined(rules), tuple(rules))
        except ValueError as error:
            self.refused[name] = str(error)


def _joined(rules: list[Rule]) -> str:
    """Return one expression for all rules of a name; the labels that a rule adds are added by the expression."""
    if not _METRIC.fullmatch(rules[0].record):
        raise ValueError("its name needs quotes")
    parts: list[str] = []
    for rule in rules:
        try:
            text = text_of(parsed(rule.expression))
        except ValueError as error:
            raise ValueError(f"its expression is no PromQL: {error}") from None
        for label, value in rule.labels:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
            text = f'label_replace({text}, "{label}", "{escaped}", "", "")'
        parts.append(text)
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)
