"""Rules about the whole: the line on a panel is the alert's limit, every alert has its panel, every link finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vcci_dashboards.colours import steps
from vcci_dashboards.lint.page import Context, Finding, Page
from vcci_slo.plan import Dashboard, Panel

__all__ = ["RULES"]


def _panels(context: Context) -> Iterator[Finding]:
    """Every panel of the plan is there, under its id."""
    for page, board in _pairs(context):
        if page is None:
            yield Finding("plan", board.uid, "", "expected a page for this dashboard")
            continue
        for panel in _of(board):
            found = page.panel(panel.id)
            if found is None or found.get("title") != panel.title:
                got = found and found.get("title")
                yield Finding("plan", board.uid, panel.title, f"expected at id {panel.id}, where {got!r} is")


def _thresholds(context: Context) -> Iterator[Finding]:
    for page, board in _pairs(context):
        for panel in _of(board):
            shown = page.panel(panel.id) if page is not None else None
            if shown is None or not panel.limits:
                continue
            expected = [(step.start, step.color) for step in steps(panel.limits)]
            found = [(step.get("value"), step.get("color")) for step in _steps(shown)]
            if found != expected:
                words = ", ".join(f"{limit.priority} {limit.side} {limit.words}" for limit in panel.limits)
                yield Finding("threshold", board.uid, panel.title, f"expected the limits {words}, got {found}")


def _alerts(context: Context) -> Iterator[Finding]:
    """Every alert is drawn somewhere, and the link on its page opens that panel."""
    plan = context.plan
    drawn = {name for board in plan.dashboards for panel in _of(board) for name in panel.alerts}
    promised = {name for board in plan.dashboards for panel in _of(board) for name in panel.slos}
    pages = {page.uid: page for page in context.pages}
    for alert in plan.alerts:
        if alert.name not in drawn:
            yield Finding("alert-panel", "", alert.name, "expected a panel that draws what this alert compares")
        if alert.dashboard_url:
            yield from _opens(pages, alert.name, alert.dashboard_url)
    for slo in plan.slos:
        if slo.name not in promised:
            yield Finding("alert-panel", "", slo.burn_alert, "expected a panel of promises that shows this budget")
        if slo.dashboard_url:
            chosen = "".join(f"&var-{label}=any" for label in slo.by if "?" in slo.dashboard_url)
            yield from _opens(pages, slo.burn_alert, slo.dashboard_url + chosen)


def _opens(pages: Mapping[str, Page], alert: str, url: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    page = pages.get(parts.path.rpartition("/")[2])
    if page is None:
        yield Finding("alert-link", "", alert, f"expected a page of this set at {url}")
        return
    asked = parse_qs(parts.query)
    for number in asked.get("viewPanel", ()):
        if page.panel(int(number)) is None:
            yield Finding("alert-link", page.uid, alert, f"expected a panel with the id {number}")
    for name in (key.removeprefix("var-") for key in asked if key.startswith("var-")):
        if name not in page.variables:
            yield Finding("alert-link", page.uid, alert, f"expected a variable {name}, so that {url} opens filtered")


def _runbooks(context: Context) -> Iterator[Finding]:
    for page, board in _pairs(context):
        for panel in _of(board):
            shown = page.panel(panel.id) if page is not None else None
            urls = {link.get("url") for link in (shown or {}).get("links") or ()}
            for name in panel.alerts:
                runbook = context.plan.alert(name).runbook_url
                if runbook and runbook not in urls:
                    yield Finding("runbook-link", board.uid, panel.title, f"expected a link to {runbook}")


def _still_to_come(context: Context) -> Iterator[Finding]:
    for page, board in _pairs(context):
        for name, _ in board.later:
            if page is not None and name not in str(page.json.get("description")):
                yield Finding("later", board.uid, name, "expected to be named as still to come")


def _pairs(context: Context) -> Iterator[tuple[Page | None, Dashboard]]:
    pages = {page.uid: page for page in context.pages}
    for board in context.plan.dashboards:
        yield pages.get(board.uid), board


def _of(board: Dashboard) -> Iterator[Panel]:
    return (panel for row in board.rows for panel in row.panels)


def _steps(panel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    thresholds = ((panel.get("fieldConfig") or {}).get("defaults") or {}).get("thresholds") or {}
    return list(thresholds.get("steps") or ())


RULES = {
    "plan": _panels,
    "threshold": _thresholds,
    "alert-panel": _alerts,
    "runbook-link": _runbooks,
    "later": _still_to_come,
}
