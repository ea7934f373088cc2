"""What is firing now, and which components answer: the first things to see."""

from __future__ import annotations

from urllib.parse import quote

from vcci_dashboards.colours import BAD, GOOD, OF, steps
from vcci_dashboards.drawing import UNITS, Drawing
from vcci_dashboards.expressions import ALERTS, ALERTS_FOR_STATE, UP
from vcci_dashboards.model import Column, Link, Meaning, Panel, Query, Threshold
from vcci_slo import plan
from vcci_slo.promql.indicators import PROBE_METRIC
from vcci_slo.promql.matchers import Matcher, selector

__all__ = ["FIRING", "alerts", "components"]

WATCHDOG = "Watchdog"
"""It fires as long as all is well, so it is no news."""

FIRING = selector(ALERTS, (Matcher("alertstate", "=", "firing"), Matcher("alertname", "!=", WATCHDOG)))
SHOWN = ("priority", "alertname", "component", "slo")


def alerts(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the table of firing alerts, the most serious first, each with its links."""
    links = drawing.plan.links
    since = f"time() - {ALERTS_FOR_STATE} and ignoring (alertstate) {FIRING}"
    # The site leads from the name of every alert to its page.
    where = [Link("Runbook", f"{links.runbooks}/${{__data.fields.alertname}}")] if links.runbooks else []
    if links.alertmanager:
        matcher = quote('{alertname="', safe="") + "${__data.fields.alertname}" + quote('"}', safe="")
        where.append(Link("In Alertmanager", f"{links.alertmanager}/#/alerts?filter={matcher}"))
    budget = drawing.slo_page
    page = (Link("Its budget", f"{budget}?var-slo=${{__data.fields.slo}}"),) if budget else ()
    return (
        Panel(
            id=panel.id,
            kind="table",
            title=panel.title,
            description=drawing.describe(panel, f"{WATCHDOG} is left out: its silence pages by itself", unwatched=""),
            unit="none",
            queries=(Query(f"max by ({', '.join(SHOWN)}) ({since})", form="table", at_once=True),),
            thresholds=(Threshold(None, "text"),),
            links=(Link("Alertmanager", links.alertmanager),) if links.alertmanager else (),
            nothing="Nothing fires",
            columns=(
                Column("Time", "Time", hidden=True),
                Column("priority", "Priority", texts=tuple(OF.items())),
                Column("alertname", "Alert", links=tuple(where)),
                Column("component", "Component"),
                Column("slo", "Promise", links=page),
                Column("Value", "Active for", unit="dtdurations"),
            ),
            sort_by="Priority",
        ),
    )


def components(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return states over time: what a probe from outside sees, and which scraped processes answer."""
    queries: list[Query] = []
    probes = {
        alert.component: alert.measure.matchers
        for alert in drawing.plan.alerts
        if isinstance(alert.measure, plan.ProbeDown)
    }
    for component in drawing.plan.components:
        if component.name in probes:
            seen = f"max({selector(PROBE_METRIC, probes[component.name])})"
            queries.append(Query(drawing.asked(seen), f"{component.title}, from outside"))
        if any(matcher.label == "job" for matcher in component.selector):
            up = f"avg({selector(UP, component.selector)})"
            queries.append(Query(drawing.asked(up), component.title))
    if not queries:
        queries.append(Query(drawing.asked(f"avg by (job) ({selector(UP, drawing.plan.selector)})"), "{{job}}"))
    return (
        Panel(
            id=panel.id,
            kind="state-timeline",
            title=panel.title,
            description=drawing.describe(panel, "Some: a part of its processes does not answer"),
            unit=UNITS[panel.unit],
            queries=tuple(queries),
            thresholds=steps(panel.limits) or (Threshold(None, BAD), Threshold(1, GOOD)),
            meanings=(Meaning(0, 0, "down"), Meaning(0.000001, 0.999999, "some", "orange"), Meaning(1, 1, "up")),
            links=drawing.links(panel),
            nothing="No component is scraped or probed",
        ),
    )
