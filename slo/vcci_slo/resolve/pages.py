"""Which dashboards there are: those that the spec writes, a starter where it writes none, and one for each component.

A page that people read and Grafana loads has an end: where promises, components or signals are many, the pages of the
whole show the worst, and each component has pages of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vcci_slo import plan
from vcci_slo.spec.views import DashboardSpec

__all__ = ["UID_LIMIT", "Page", "pages"]

UID_LIMIT = 40
"""Grafana refuses longer uids without a word."""

WORST = 20
"""How many promises a page of the whole shows where there are many: what fits on a screen."""

PROMISES_ON_A_PAGE = 40
COMPONENTS_ON_A_PAGE = 16
"""Each is asked for by a probe and by a scrape."""

QUERIES_OF_SIGNALS = 32
"""What the promises at the top of a page leave of sixty queries, which is what the lint of the dashboards allows."""

QUERIES_OF_STARTER = 40
"""The same for the starter, whose promises ask less, with what it asks about components."""

Panels = list[dict[str, str]]


@dataclass(frozen=True)
class Page:
    """A dashboard before its panels are resolved: what is on it, which promises it shows, and of which component.

    `worst` and `worst_components` are how many of the promises and components are drawn, None for all. A page that
    shows some components leaves the alerts of their probes to their own pages.
    """

    uid: str
    written: DashboardSpec
    slos: tuple[str, ...]
    component: str = ""
    worst: int | None = None
    worst_components: int | None = None


def pages(
    written: Mapping[str, DashboardSpec], components: Sequence[plan.Component], slos: Sequence[plan.Slo]
) -> Iterator[Page]:
    """Yield every page, those of the whole first."""
    names = tuple(slo.name for slo in slos)
    worst = WORST if len(slos) > PROMISES_ON_A_PAGE else None
    worst_components = WORST if len(components) > COMPONENTS_ON_A_PAGE else None
    signals = {component.name: [] if written else list(_signals(component)) for component in components}
    asked = sum(_queries(panel) for panels in signals.values() for panel in panels) + 2 * len(components)
    apart = bool(worst or worst_components) or asked > QUERIES_OF_STARTER
    whole = written or {"slo-tracking": _starter(components, {} if apart else signals, promised=bool(slos))}
    for uid, page in whole.items():
        yield Page(uid, page, names, "", worst, worst_components)
    if apart:
        yield from _of_components(components, slos, signals, whole)


def _of_components(
    components: Sequence[plan.Component],
    slos: Sequence[plan.Slo],
    signals: Mapping[str, Panels],
    whole: Mapping[str, DashboardSpec],
) -> Iterator[Page]:
    promised: dict[str, list[str]] = {}
    for slo in slos:
        promised.setdefault(slo.component, []).append(slo.name)
    titles = {page.title: "" for page in whole.values()}
    for component in components:
        drawn = list(_filled(signals[component.name]))
        names = promised.get(component.name, [])
        parts = [names[start : start + PROMISES_ON_A_PAGE] for start in range(0, len(names), PROMISES_ON_A_PAGE)]
        title = component.title
        if titles.setdefault(title, component.name) != component.name:
            title = f"{title} ({component.name})"
        # A component that only answers a probe has a page too: the alert of the probe opens it.
        for number in range(max(len(drawn), len(parts), int(component.probe is not None))):
            shown = parts[number] if number < len(parts) else []
            rows: dict[str, Panels] = {} if number else {"Is it broken now?": [*_STATES]}
            if shown:
                rows["Promises"] = [{"objective": "slos"}, {"budget": "slos"}, {"burn": "slos"}]
            if number < len(drawn):
                rows["Signals"] = drawn[number]
            page = {
                "title": f"{title}, page {number + 1}" if number else title,
                "purpose": f"What does {component.title} promise, and how is it doing?",
                "rows": rows,
            }
            uid = _uid(component.name, number, whole)
            yield Page(uid, DashboardSpec.model_validate(page), tuple(shown), component.name)


_STATES: Panels = [{"state": "alerts"}, {"state": "components"}]


def _starter(components: Iterable[plan.Component], signals: Mapping[str, Panels], *, promised: bool) -> DashboardSpec:
    """Return the dashboard of a spec that names none; what nobody promises is not drawn."""
    rows: dict[str, Panels] = {"Is it broken now?": [*([{"budget": "slos"}] if promised else []), *_STATES]}
    if promised:
        rows["Promises"] = [{"burn": "slos"}, {"objective": "slos"}]
    for component in components:
        if panels := signals.get(component.name):
            title = component.title if component.title not in rows else f"{component.title} ({component.name})"
            rows[title] = panels
    return DashboardSpec.model_validate({"title": "SLO tracking", "rows": rows})


def _signals(component: plan.Component) -> Iterator[dict[str, str]]:
    for signal in component.signals:
        if isinstance(signal, plan.EventsSignal):
            yield {"rate": signal.ref}
            if signal.bad:
                yield {"bad_ratio": signal.ref}
            if signal.duration:
                yield {"quantiles": signal.ref}
        elif isinstance(signal, plan.ValueSignal):
            yield {"value": signal.ref}
        else:
            yield {"bad_ratio": signal.ref}


def _filled(panels: Panels) -> Iterator[Panels]:
    """Cut the panels of signals into pages."""
    page: Panels = []
    asked = 0
    for panel in panels:
        if page and asked + _queries(panel) > QUERIES_OF_SIGNALS:
            yield page
            page, asked = [], 0
        page.append(panel)
        asked += _queries(panel)
    if page:
        yield page


def _queries(panel: Mapping[str, str]) -> int:
    return 3 if "quantiles" in panel else 1


def _uid(component: str, number: int, taken: Container[str]) -> str:
    """Return the uid of a component's page: its name where Grafana's limit allows it, and no page is called so."""
    prefix = f"component{number + 1 if number else ''}-"
    if len(prefix + component) <= UID_LIMIT and prefix + component not in taken:
        return prefix + component
    mark = hashlib.sha256(component.encode()).hexdigest()[:8]
    return f"{prefix}{component[: UID_LIMIT - len(prefix) - len(mark) - 1]}-{mark}"
