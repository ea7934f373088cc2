"""The dashboards' part of the plan: panels with their signals, titles, and the limits of the alerts on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vcci_slo import plan
from vcci_slo.resolve.findings import Findings
from vcci_slo.resolve.pages import UID_LIMIT, Page, pages
from vcci_slo.spec.document import Spec
from vcci_slo.spec.source import Path
from vcci_slo.spec.views import PanelSpec

__all__ = ["dashboards", "with_links", "with_pages"]

_OF_SLOS = {
    "budget": ("Error budget remaining", "Share of each promise's budget that is unspent in its window; 0 is spent."),
    "burn": ("Burn rate", "How many times faster than evenly each budget is spent, against the tiers that alert."),
    "objective": ("Compliance", "The share of good events in the window, beside what is promised."),
}
_OF_STATE = {
    "alerts": ("Firing alerts", "What is firing now. Empty is good, as long as the Watchdog fires."),
    "components": ("Components", "Whether each component answers a probe or a scrape."),
}
_ABOUT = {
    "rate": "{title} of {component} per second.",
    "bad_ratio": "Share of {title} of {component} that fail, among the valid ones.",
    "quantiles": "How long {title} of {component} take: half, 95 % and 99 % are faster. Failed ones are not counted.",
    "heatmap": "How the durations of {title} of {component} spread over time.",
    "count": "{title} of {component} in the last hour.",
    "value": "{title} of {component}, now.",
}
_TITLES = {
    "rate": "{title} per second",
    "bad_ratio": "{title} that fail",
    "quantiles": "Duration of {title}",
    "heatmap": "Duration of {title}, spread",
    "count": "{title} in an hour",
    "value": "{title}",
}
_UNITS: dict[str, plan.Unit] = {
    "rate": "per-second",
    "bad_ratio": "ratio",
    "quantiles": "seconds",
    "heatmap": "seconds",
    "count": "count",
    "budget": "ratio",
    "burn": "count",
    "objective": "ratio",
    "state": "state",
}


def dashboards(
    spec: Spec,
    components: tuple[plan.Component, ...],
    slos: tuple[plan.Slo, ...],
    alerts: tuple[plan.Alert, ...],
    links: plan.Links,
    findings: Findings,
) -> tuple[plan.Dashboard, ...]:
    """Return every dashboard; a spec that names none gets one that answers whether anything is broken."""
    signals = {signal.ref: signal for component in components for signal in component.signals}
    drawn: dict[tuple[str, str], list[plan.Alert]] = {}
    for alert in alerts:
        drawn.setdefault(_drawn(alert.measure), []).append(alert)
    found: list[plan.Dashboard] = []
    for page in pages(spec.dashboards, components, slos):
        uid, written = page.uid, page.written
        if len(uid) > UID_LIMIT:
            findings.add(("dashboards", uid), f"a uid of at most {UID_LIMIT} characters", f"{len(uid)} characters")
        rows: list[plan.Row] = []
        number = 0
        for title, panels in written.rows.items():
            row: list[plan.Panel] = []
            for index, panel in enumerate(panels):
                number += 1
                path: Path = ("dashboards", uid, "rows", title, index)
                row.append(_panel(path, number, panel, page, signals, drawn, findings))
            rows.append(plan.Row(title, tuple(row)))
        found.append(
            plan.Dashboard(
                uid=uid,
                title=written.title or uid.replace("-", " ").capitalize(),
                purpose=written.purpose or f"{spec.metadata.title or spec.metadata.name}: {uid.replace('-', ' ')}.",
                url=f"{links.grafana}/d/{uid}" if links.grafana else "",
                rows=tuple(rows),
                later=tuple(written.later.items()),
                component=page.component,
            )
        )
    return tuple(found)


def with_links(alerts: tuple[plan.Alert, ...], boards: tuple[plan.Dashboard, ...]) -> tuple[plan.Alert, ...]:
    """Return the alerts with where to look when they fire: the first panel that draws their limits, or nothing."""
    found: dict[str, str] = {}
    for board in boards:
        for panel in (panel for row in board.rows for panel in row.panels if board.url):
            for name in panel.alerts:
                found.setdefault(name, f"{board.url}?viewPanel={panel.id}")
    return tuple(replace(alert, dashboard_url=found.get(alert.name, "")) for alert in alerts)


def with_pages(slos: tuple[plan.Slo, ...], boards: tuple[plan.Dashboard, ...]) -> tuple[plan.Slo, ...]:
    """Return the promises with the page that shows them: that of the component, or one where they can be chosen."""
    shown = {board.url: {panel.view for row in board.rows for panel in row.panels} for board in boards if board.url}
    choosing = next((url for url, views in shown.items() if views & {"burn", "objective"}), "")
    page = choosing or next((url for url, views in shown.items() if "budget" in views), "")
    own = {
        name: board.url
        for board in boards
        for row in board.rows
        for panel in row.panels
        if board.component and board.url
        for name in panel.slos
    }
    found = {slo.name: own.get(slo.name) or choosing for slo in slos}
    return tuple(
        replace(slo, dashboard_url=f"{url}?var-slo={slo.name}" if (url := found[slo.name]) else page) for slo in slos
    )


def _panel(
    path: Path,
    number: int,
    written: PanelSpec,
    page: Page,
    signals: dict[str, plan.Signal],
    drawn: Mapping[tuple[str, str], Sequence[plan.Alert]],
    findings: Findings,
) -> plan.Panel:
    view = written.view
    ref = str(getattr(written, view))
    signal = None
    title, about, unit = written.title or "", written.about or "", written.unit
    if view in _OF_SLOS:
        title, about = title or _OF_SLOS[view][0], about or _OF_SLOS[view][1]
    elif view == "state":
        title, about = title or _OF_STATE[ref][0], about or _OF_STATE[ref][1]
    elif view != "promql":
        signal = findings.lookup(path, "a signal", ref, signals)
        if signal is not None:
            _check_view(path, view, signal, findings)
            words = {"title": signal.title, "component": signal.component}
            title = title or _TITLES[view].format(**words)
            title = title[:1].upper() + title[1:]
            about = about or _ABOUT[view].format(**words)
            about = about[:1].upper() + about[1:]
            unit = unit or (signal.unit if view == "value" else None)
    # Free PromQL may be named like a signal and is another number.
    related = tuple(
        alert
        for alert in drawn.get((view, ref), ())
        if (_probed_on(page, alert) if isinstance(alert.measure, plan.ProbeDown) else alert.measure.signal == signal)
    )
    return plan.Panel(
        id=number,
        view={"state": f"state-{ref}", "bad_ratio": "bad-ratio"}.get(view, view),
        title=title,
        description=about,
        unit=unit or _UNITS.get(view, "count"),
        signal=signal,
        by=tuple(written.by),
        promql=written.promql or "",
        text="",
        slos=page.slos if view in _OF_SLOS else (),
        worst={"budget": page.worst, "burn": page.worst, "objective": page.worst}.get(
            view, page.worst_components if ref == "components" else None
        ),
        alerts=tuple(alert.name for alert in related),
        limits=tuple(limit for alert in related for limit in alert.limits),
    )


def _probed_on(page: Page, alert: plan.Alert) -> bool:
    """Return whether a page judges a component's probe: its own one where there are many, else that of the whole."""
    return alert.component == page.component if page.component else page.worst_components is None


def _check_view(path: Path, view: str, signal: plan.Signal, findings: Findings) -> None:
    if isinstance(signal, plan.QuerySignal):
        if view != "bad_ratio":
            findings.add(path, "bad_ratio of free PromQL that counts, another view of events or a value", signal.ref)
    elif (view == "value") != isinstance(signal, plan.ValueSignal):
        findings.add(path, "value of a value, another view of events", f"{view} of {signal.ref}")
    elif isinstance(signal, plan.EventsSignal):
        if view in {"quantiles", "heatmap"} and signal.duration is None:
            findings.add(path, "a signal with a duration histogram", repr(signal.ref))
        if view == "bad_ratio" and not signal.bad:
            findings.add(path, "a signal that says what is bad", repr(signal.ref))


def _drawn(measure: plan.Measure) -> tuple[str, str]:
    """Return the view, and what it is of, that shows the number which an alert compares."""
    match measure:
        case plan.ProbeDown():
            return "state", "components"
        case plan.BadRatio(of, _):
            return "bad_ratio", of.ref
        case plan.Quantile(of, _, _):
            return "quantiles", of.ref
        case plan.Value(of, _, _):
            return "value", of.ref
