"""Rules about the page itself: ids, places, variables, links, marked events, and words where there is nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from vcci_dashboards.expressions import variables
from vcci_dashboards.grafana import SCHEMA_VERSION
from vcci_dashboards.grid import COLUMNS
from vcci_dashboards.lint.page import Context, Finding, Page
from vcci_slo.promql.durations import promql_duration

__all__ = ["RULES"]

# Grafana drops a dashboard whose uid is longer, without a word.
UID = re.compile(r"[a-zA-Z0-9_-]{1,40}")
QUERIES_PER_PAGE = 60
BYTES_PER_PAGE = 500_000
"""A ConfigMap holds a mebibyte with its frame, and nobody reads so much; what we ship has a seventh of this."""
KINDS = {"bargauge", "heatmap", "row", "stat", "state-timeline", "table", "text", "timeseries"}
_COMPONENT = "${__data.fields.component}"
_ADDRESS = re.compile(r"(?:https?://|/d/)[^)\s\"]+")


def _ids(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        ids = [panel.get("id") for panel in (*page.headings, *page.panels)]
        for number, times in Counter(ids).items():
            if times > 1 or not isinstance(number, int) or number < 1:
                yield Finding(
                    "panel-id", page.uid, "", f"expected an id of its own above 0, got {number} {times} times"
                )


def _places(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        placed = [(panel, panel.get("gridPos") or {}) for panel in (*page.headings, *page.panels)]
        for panel, at in placed:
            x, y, w, h = (at.get(side, -1) for side in "xywh")
            if not (x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= COLUMNS):
                yield Finding("grid", page.uid, _name(panel), f"expected a place within {COLUMNS} columns, got {at}")
        for (one, here), (other, there) in combinations(placed, 2):
            if _overlap(here, there):
                yield Finding("grid", page.uid, _name(one), f"expected a place of its own, overlaps {_name(other)}")


def _overlap(one: Mapping[str, int], other: Mapping[str, int]) -> bool:
    return all(
        one.get(edge, 0) < other.get(edge, 0) + other.get(size, 0)
        and other.get(edge, 0) < one.get(edge, 0) + one.get(size, 0)
        for edge, size in (("x", "w"), ("y", "h"))
    )


def _uids(context: Context) -> Iterator[Finding]:
    counted = Counter(page.json.get("uid") for page in context.pages)
    titles = Counter(page.json.get("title") for page in context.pages)
    for page in context.pages:
        if not UID.fullmatch(str(page.json.get("uid", ""))):
            yield Finding("uid", page.uid, "", "expected 1 to 40 letters, digits, - and _")
        if counted[page.json.get("uid")] > 1:
            yield Finding("uid", page.uid, "", "expected a uid of its own")
        if titles[page.json.get("title")] > 1:
            yield Finding("uid", page.uid, "", "expected a title of its own: two of one name overwrite each other")


def _page(context: Context) -> Iterator[Finding]:
    expected: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION, "graphTooltip": 1}
    for page in context.pages:
        for key, value in expected.items():
            if page.json.get(key) != value:
                yield Finding("page", page.uid, "", f"expected {key} {value}, got {page.json.get(key)}")
        for key in ("title", "description", "tags", "refresh", "time", "timezone", "links"):
            if not page.json.get(key):
                yield Finding("page", page.uid, "", f"expected {key}")
        if len(page.targets) > QUERIES_PER_PAGE:
            yield Finding("page", page.uid, "", f"expected at most {QUERIES_PER_PAGE} queries, got {len(page.targets)}")
        if page.size > BYTES_PER_PAGE:
            yield Finding("page", page.uid, "", f"expected at most {BYTES_PER_PAGE:,} bytes, got {page.size:,}")
        for panel in page.panels:
            if panel.get("type") not in KINDS:
                yield Finding("page", page.uid, _name(panel), f"expected one of {sorted(KINDS)}")


def _marks(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        on = {mark.get("name"): str(mark.get("expr")) for mark in page.annotations if mark.get("enable")}
        for name, part in (("Deployments", "_build_info"), ("Firing alerts", "ALERTS")):
            if part not in on.get(name, ""):
                yield Finding("annotations", page.uid, name, f"expected to be on, and to read {part}")


def _defined_variables(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        used = {name for name in variables(json.dumps(page.json)) if not name.startswith("__")}
        for name in sorted(used - page.variables.keys()):
            yield Finding("variables", page.uid, name, "expected a variable of this page")
        for name in sorted(page.variables.keys() - used):
            yield Finding("variables", page.uid, name, "expected to be used, or to be left out")


def _links(context: Context) -> Iterator[Finding]:
    pages = {page.uid for page in context.pages}
    promising = {slo.component for slo in context.plan.slos}
    links = context.plan.links
    known = tuple(value for value in vars(links).values() if value)
    tagged = Counter(tag for page in context.pages for tag in set(page.json.get("tags") or ()))
    for page in context.pages:
        for tag in (tag for link in page.json.get("links") or () for tag in link.get("tags") or ()):
            if tagged[tag] < len(context.pages):
                yield Finding("links", page.uid, "", f"expected every page to carry the tag {tag}")
        for where, url in _addresses(page):
            path = url.removeprefix(links.grafana) if links.grafana else url
            if path.startswith("/d/"):
                uid = path.removeprefix("/d/").partition("?")[0]
                wanted = {uid.replace(_COMPONENT, name) for name in promising} if _COMPONENT in uid else {uid}
                for missing in sorted(wanted - pages):
                    yield Finding("links", page.uid, where, f"expected a page of this set, {missing}, got {url}")
            elif not url.startswith(known):
                yield Finding("links", page.uid, where, f"expected a place that the spec names, got {url}")


def _addresses(page: Page) -> Iterator[tuple[str, str]]:
    for link in page.json.get("links") or ():
        if link.get("url"):
            yield "", link["url"]
    for panel in page.panels:
        for url in _ADDRESS.findall(json.dumps({key: panel.get(key) for key in ("links", "fieldConfig", "options")})):
            yield _name(panel), url


def _nothing(context: Context) -> Iterator[Finding]:
    every = promql_duration(context.plan.scrape_every)
    for page in context.pages:
        for panel in page.panels:
            if panel.get("type") == "text":
                continue
            defaults = (panel.get("fieldConfig") or {}).get("defaults", {})
            if not defaults.get("noValue"):
                yield Finding("no-data", page.uid, _name(panel), "expected words for when there is nothing to show")
            if panel.get("interval") != every:
                yield Finding(
                    "interval",
                    page.uid,
                    _name(panel),
                    f"expected {every}, the scrape interval, got {panel.get('interval')}",
                )


def _ref_ids(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for panel in page.panels:
            refs = [query.get("refId") for query in panel.get("targets") or ()]
            if len(set(refs)) < len(refs) or not all(refs):
                yield Finding(
                    "ref-id", page.uid, _name(panel), f"expected a letter of its own for each query, got {refs}"
                )


def _name(panel: Mapping[str, Any]) -> str:
    return str(panel.get("title") or panel.get("id"))


RULES = {
    "panel-id": _ids,
    "grid": _places,
    "uid": _uids,
    "page": _page,
    "annotations": _marks,
    "variables": _defined_variables,
    "links": _links,
    "no-data": _nothing,
    "ref-id": _ref_ids,
}
