"""The dashboards' part of the plan: panels with their signals, titles, and the limits of the alerts on them."""

from __future__ import annotations

from vcci_slo import plan
from vcci_slo.resolve.findings import Findings
from vcci_slo.spec.document import Spec
from vcci_slo.spec.source import Path
from vcci_slo.spec.views import DashboardSpec, PanelSpec

__all__ = ["dashboards", "with_links"]

UID_LIMIT = 40
"""Grafana refuses longer uids without a word."""

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
    names = tuple(slo.name for slo in slos)
    found: list[plan.Dashboard] = []
    for uid, written in (spec.dashboards or _starter(components)).items():
        if len(uid) > UID_LIMIT:
            findings.add(("dashboards", uid), f"a uid of at most {UID_LIMIT} characters", f"{len(uid)} characters")
        rows: list[plan.Row] = []
        number = 0
        for title, panels in written.rows.items():
            row: list[plan.Panel] = []
            for index, panel in enumerate(panels):
                number += 1
                path: Path = ("dashboards", uid, "rows", title, index)
                row.append(_panel(path, number, panel, signals, names, alerts, findings))
            rows.append(plan.Row(title, tuple(row)))
        found.append(
            plan.Dashboard(
                uid=uid,
                title=written.title or uid.replace("-", " ").capitalize(),
                purpose=written.purpose or f"{spec.metadata.title or spec.metadata.name}: {uid.replace('-', ' ')}.",
                url=f"{links.grafana}/d/{uid}" if links.grafana else "",
                rows=tuple(rows),
                later=tuple(written.later.items()),
            )
        )
    return tuple(found)


def with_links(alert: plan.Alert, boards: tuple[plan.Dashboard, ...]) -> str:
    """Return where to look when an alert fires: the first panel that draws its limits, or nothing."""
    for board in boards:
        for row in board.rows:
            for panel in row.panels:
                if alert.name in panel.alerts and board.url:
                    return f"{board.url}?viewPanel={panel.id}"
    return ""


def _starter(components: tuple[plan.Component, ...]) -> dict[str, DashboardSpec]:
    first: list[dict[str, str]] = [{"budget": "slos"}, {"state": "alerts"}, {"state": "components"}]
    rows: dict[str, list[dict[str, str]]] = {
        "Is it broken now?": first,
        "Promises": [{"burn": "slos"}, {"objective": "slos"}],
    }
    for component in components:
        panels: list[dict[str, str]] = []
        for signal in component.signals:
            if isinstance(signal, plan.EventsSignal):
                panels += [{"rate": signal.ref}, *([{"bad_ratio": signal.ref}] if signal.bad else [])]
                panels += [{"quantiles": signal.ref}] if signal.duration else []
            else:
                panels.append({"value": signal.ref})
        if panels:
            rows[component.title] = panels
    return {"slo-tracking": DashboardSpec.model_validate({"title": "SLO tracking", "rows": rows})}


def _panel(
    path: Path,
    number: int,
    written: PanelSpec,
    signals: dict[str, plan.Signal],
    slos: tuple[str, ...],
    alerts: tuple[plan.Alert, ...],
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
    related = tuple(alert for alert in alerts if _draws(view, ref, signal, alert.measure))
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
        slos=slos if view in _OF_SLOS else (),
        alerts=tuple(alert.name for alert in related),
        limits=tuple(limit for alert in related for limit in alert.limits),
    )


def _check_view(path: Path, view: str, signal: plan.Signal, findings: Findings) -> None:
    if (view == "value") != isinstance(signal, plan.ValueSignal):
        findings.add(path, "value of a value, another view of events", f"{view} of {signal.ref}")
    elif isinstance(signal, plan.EventsSignal):
        if view in {"quantiles", "heatmap"} and signal.duration is None:
            findings.add(path, "a signal with a duration histogram", repr(signal.ref))
        if view == "bad_ratio" and not signal.bad:
            findings.add(path, "a signal that says what is bad", repr(signal.ref))


def _draws(view: str, ref: str, signal: plan.Signal | None, measure: plan.Measure) -> bool:
    """Return whether a panel shows the number that an alert compares."""
    match measure:
        case plan.ProbeDown():
            return (view, ref) == ("state", "components")
        case plan.BadRatio(of, _):
            return view == "bad_ratio" and of == signal
        case plan.Quantile(of, _, _):
            return view == "quantiles" and of == signal
        case plan.Value(of, _, _):
            return view == "value" and of == signal
