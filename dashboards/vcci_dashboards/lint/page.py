"""A generated dashboard as the rules read it: the JSON that Grafana will load, not the model it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import promql_parser as promql

from vcci_dashboards.expressions import Scope, parsed, substituted
from vcci_dashboards.lint.catalogue import Catalogue
from vcci_slo.plan import Plan

__all__ = ["Context", "Finding", "Page", "Target"]

RATE_SECONDS = 4711
"""A duration that nobody would write, which stands for Grafana's rate interval while a query is parsed."""

_BUILT_IN = {"__rate_interval": f"{RATE_SECONDS}s", "__interval": "4710s", "__range": "4712s", "__to": "11"}


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: by which rule, on which page and panel, and what was expected."""

    rule: str
    page: str
    panel: str
    message: str

    def __str__(self) -> str:
        place = f"{self.page}: {self.panel}" if self.panel else self.page
        return f"{self.rule}: {place}: {self.message}"


@dataclass(frozen=True)
class Target:
    """One query of a panel, or the expression of an annotation (`panel` is then its name)."""

    page: Page
    panel: Mapping[str, Any]
    query: Mapping[str, Any]

    @property
    def expr(self) -> str:
        return str(self.query.get("expr", ""))

    @property
    def title(self) -> str:
        return str(self.panel.get("title", self.panel.get("name", "")))

    @cached_property
    def tree(self) -> promql.Expr | None:
        """The syntax tree after the variables are replaced; None if it does not parse, which is a rule of its own."""
        try:
            return self.parse()
        except (KeyError, ValueError):
            return None

    def parse(self) -> promql.Expr:
        """Return the syntax tree, or raise what is wrong."""
        values = {name: f"${name}" for name in self.page.variables} | _BUILT_IN
        return parsed(substituted(self.expr, values))


@dataclass(frozen=True)
class Page:
    """One dashboard's JSON."""

    path: str
    json: Mapping[str, Any]
    size: int

    @classmethod
    def read(cls, path: str, text: str) -> Page:
        return cls(path, json.loads(text), len(text.encode()))

    @property
    def uid(self) -> str:
        return str(self.json.get("uid", self.path))

    @cached_property
    def headings(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(panel for panel in self.json.get("panels", []) if panel.get("type") == "row")

    @cached_property
    def panels(self) -> tuple[Mapping[str, Any], ...]:
        """Every panel but headings, also those inside a collapsed row."""
        listed = self.json.get("panels", [])
        inside = (panel for row in listed for panel in row.get("panels") or ())
        return (*(panel for panel in listed if panel.get("type") != "row"), *inside)

    @cached_property
    def variables(self) -> dict[str, Mapping[str, Any]]:
        return {str(variable.get("name")): variable for variable in self.json.get("templating", {}).get("list", [])}

    @cached_property
    def annotations(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self.json.get("annotations", {}).get("list", []))

    def panel(self, number: int) -> Mapping[str, Any] | None:
        """Return the panel with an id, None if there is none."""
        return next((panel for panel in self.panels if panel.get("id") == number), None)

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """The queries of all panels."""
        return tuple(Target(self, panel, query) for panel in self.panels for query in panel.get("targets") or ())

    @cached_property
    def marks(self) -> tuple[Target, ...]:
        """The expressions of the annotations."""
        return tuple(Target(self, mark, mark) for mark in self.annotations if mark.get("expr"))

    def __hash__(self) -> int:
        return hash(self.path)


@dataclass(frozen=True)
class Context:
    """What rules compare: every page, the plan they were made from, and the series that exist."""

    plan: Plan
    pages: tuple[Page, ...]
    catalogue: Catalogue
    scope: Scope

    def targets(self) -> Iterator[Target]:
        """Yield every query of every page, those of annotations too."""
        for page in self.pages:
            yield from page.targets
            yield from page.marks
