"""What can be wrong with a dashboard and be seen without Grafana: a list of findings, empty for what we ship."""

from __future__ import annotations

from collections.abc import Mapping

from vcci_dashboards.expressions import Scope
from vcci_dashboards.lint import agreement, community, queries, shape
from vcci_dashboards.lint.catalogue import Catalogue
from vcci_dashboards.lint.page import Context, Finding, Page
from vcci_slo.plan import Plan

__all__ = ["RULES", "Catalogue", "Finding", "lint"]

RULES = {**community.RULES, **shape.RULES, **queries.RULES, **agreement.RULES}


def lint(files: Mapping[str, str], plan: Plan, catalogue: Catalogue | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with the dashboards among `files`, sorted; the plan says what they should show.

    A `catalogue` made from real expositions also finds labels that a metric does not have.
    """
    context = Context(
        plan=plan,
        pages=tuple(Page.read(path, text) for path, text in sorted(files.items()) if path.endswith(".json")),
        catalogue=catalogue or Catalogue.of(plan),
        scope=Scope.of(plan),
    )
    return tuple(sorted({finding for rule in RULES.values() for finding in rule(context)}))
