"""Addresses: which page has which, which other names lead to it, and that no two pages share one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vcci_runbooks_site.errors import PageNameError
from vcci_slo.plan import Plan

__all__ = ["OWN_PAGES", "RUN_AN_INCIDENT", "WATCHDOG", "component_page", "moved", "names_of", "pages"]

WATCHDOG: Final = "Watchdog"
RUN_AN_INCIDENT: Final = "procedures/run-an-incident"
"""The page with every act from the page to the review, where the site has procedures."""
OWN_PAGES: Final[Mapping[str, str]] = {
    "index": "the first page",
    "alerts": "the list of alerts",
    "promises": "the list of promises",
    "severities": "the list by severity",
    "services": "the list by service",
    "escalation": "the page of escalation",
    "watchdog": "the page of the Watchdog",
    "components": "the folder of components",
    "procedures": "the folder of procedures",
    "decisions": "the folder of decisions",
    "reviews": "the folder of incident reviews",
    "assets": "the folder of the theme",
    "404": "the page of wrong addresses",
    "search": "the site's search",
    "sitemap": "the site's map",
    "runbooks": "the site's index for programs",
}
"""What has an address beside the pages of alerts and promises."""


def pages(plan: Plan) -> Mapping[str, str]:
    """Return the page of every alert and promise: its slug, and what it belongs to.

    Raises PageNameError if two things would have the same page, or one the address of another page.
    """
    found: dict[str, str] = {}
    for alert in plan.alerts:
        _take(found, f"alerts.{alert.name}", alert.runbook)
    for slo in plan.slos:
        owner = f"slos.{slo.declared}"
        if found.get(slo.runbook) != owner:
            _take(found, owner, slo.runbook)
    return found


def _take(found: dict[str, str], owner: str, slug: str) -> None:
    other = OWN_PAGES.get(slug) or found.get(slug)
    if other:
        raise PageNameError(owner, slug, other)
    found[slug] = owner


def names_of(plan: Plan) -> Mapping[str, str]:
    """Return the other names that lead to a page: those of alerts and promises, as they are written, to the slug."""
    found: dict[str, str] = {WATCHDOG: "watchdog"}
    for alert in plan.alerts:
        found[alert.name] = alert.runbook
        if alert.missing:
            found[f"{alert.name}NoData"] = alert.runbook
    for slo in plan.slos:
        found |= {slo.name: slo.runbook, slo.burn_alert: slo.runbook, slo.no_data_alert: slo.runbook}
    return {name: slug for name, slug in found.items() if name != slug}


def component_page(name: str) -> str:
    """Return the file of a component's page."""
    return f"components/{name}.md"


def moved(path: str) -> str:
    """Return where a hand-written page ends: guides stand at the top, everything else keeps its folder.

    >>> moved("alerts/high-error-rate.md"), moved("procedures/deploy.md")
    ('high-error-rate.md', 'procedures/deploy.md')
    """
    folder, _, rest = path.partition("/")
    return rest if folder in {"alerts", "slos"} and rest else path
