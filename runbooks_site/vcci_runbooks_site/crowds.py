"""Lists that are too long for one page: then each component has a line, which leads to the list on its own page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from vcci_runbooks_site.markdown import badge, escape, link, table
from vcci_runbooks_site.names import component_page
from vcci_slo.plan import Plan

__all__ = ["MOST_ROWS", "counted", "in_navigation", "shown_or_counted"]

MOST_ROWS: Final = 200
"""What somebody who was just woken still scrolls through. Every page of a site also holds its whole navigation."""


def in_navigation(plan: Plan) -> bool:
    """Return whether the navigation names every alert and promise: beyond some it would be most of each page."""
    return len({slo.declared for slo in plan.slos}) + len(plan.alerts) + len(plan.components) <= MOST_ROWS


def shown_or_counted(
    plan: Plan, header: Sequence[str], rows: Sequence[Sequence[str]], owners: Iterable[tuple[str, Iterable[str]]]
) -> str:
    """Return a table of all rows, or of how many each component has where they are too many for a page.

    `owners` yields the component and the severities of each row.
    """
    return table(header, rows) if len(rows) <= MOST_ROWS else counted(plan, owners)


def counted(plan: Plan, owners: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Return a table of how many things each component has, and how serious they can be."""
    numbers: dict[str, int] = {}
    worst: dict[str, set[str]] = {}
    for component, priorities in owners:
        numbers[component] = numbers.get(component, 0) + 1
        worst.setdefault(component, set()).update(priorities)
    return table(("Component", "How many", "Severity"), _lines(plan, numbers, worst))


def _lines(plan: Plan, numbers: Mapping[str, int], worst: Mapping[str, set[str]]) -> Iterable[list[str]]:
    for component in plan.components:
        if component.name in numbers:
            page = f"{component_page(component.name)}#promises"
            severities = " ".join(badge(priority) for priority in sorted(worst[component.name]))
            yield [link(escape(component.title), page), f"{numbers[component.name]:,}", severities]
