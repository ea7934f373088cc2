"""What is firing now, and which components answer: the first things to see."""

from __future__ import annotations

from urllib.parse import quote

from vcci_dashboards.colours import BAD, GOOD, OF, steps
from vcci_dashboards.drawing import UNITS, Drawing
from vcci_dashboards.expressions import ALERTS, ALERTS_FOR_STATE, UP
from vcci_dashboards.model import Column, Link, Meaning, Panel, Query, Threshold
from vcci_dashboards.promise_queries import labels_of
from vcci_slo import plan
from vcci_slo.promql.indicators import PROBE_METRIC
from vcci_slo.promql.matchers import Matcher, selector

__all__ = ["FIRING", "alerts", "components"]

WATCHDOG = "Watchdog"
"""It fires as long as all is well, so it is no news."""

_FIRING = (Matcher("alertstate", "=", "firing"), Matcher("alertname", "!=", WATCHDOG))
FIRING = selector(ALERTS, _FIRING)
SHOWN = ("priority", "alertname", "component", "slo")


def alerts(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the table of firing alerts, the most serious first, each with its links."""
    links = drawing.plan.links
    by = labels_of(drawing.slos)
    firing = FIRING
    if drawing.board.component:
        firing = selector(ALERTS, (*_FIRING, Matcher("component", "=", drawing.board.component)))
    since = f"time() - {ALERTS_FOR_STATE} and ignoring (alertstate) {firing}"
    # The site leads from the name of every alert to its page.
    where = [Link("Runbook", f"{links.runbooks}/${{__data.fields.alertname}}")] if links.runbooks else []
    if links.alertmanager:
        matcher = quote('{alertname="', safe="") + "${__data.fields.alertname}" + quote('"}', safe="")
        where.append(Link("In Alertmanager", f"{links.alertmanager}/#/alerts?filter={matcher}"))
    budget = drawing.slo_page
    parts = "".join(f"&var-{label}=${{__data.fields.{label}}}" for label in drawing.parts)
    page = (Link("Its budget", f"{budget}?var-slo=${{__data.fields.slo}}{parts}"),) if budget else ()
    return (
        Panel(
            id=panel.id,
            kind="table",
            title=panel.title,
            description=drawing.describe(panel, f"{WATCHDOG} is left out: its silence pages by itself", unwatched=""),
            unit="none",
            queries=(Query(f"max by ({', '.join((*SHOWN, *by))}) ({since})", form="table", at_once=True),),
            thresholds=(Threshold(None, "text"),),
            links=(Link("Alertmanager", links.alertmanager),) if links.alertmanager else (),
            nothing="Nothing fires",
            columns=(
                Column("Time", "Time", hidden=True),
                Column("priority", "Priority", texts=tuple(OF.items())),
                Column("alertname", "Alert", links=tuple(where)),
                Column("component", "Component"),
                Column("slo", "Promise", links=page),
                *(Column(label, label.replace("_", " ").capitalize()) for label in by if label not in SHOWN),
                Column("Value", "Active for", unit="dtdurations"),
            ),
            sort_by="Priority",
        ),
    )


def components(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return states over time: what a probe from outside sees, and which scraped processes answer."""
    queries = _each(drawing) if panel.worst is None else _worst(drawing, panel.worst)
    if not queries:
        queries.append(Query(drawing.asked(f"avg by (job) ({selector(UP, drawing.plan.selector)})"), "{{job}}"))
    few = f"The {panel.worst} that answer least now; each component has a page of its own" if panel.worst else ""
    return (
        Panel(
            id=panel.id,
            kind="state-timeline",
            title=panel.title,
            description=drawing.describe(panel, "Some: a part of its processes does not answer", few),
            unit=UNITS[panel.unit],
            queries=tuple(queries),
            thresholds=steps(panel.limits) or (Threshold(None, BAD), Threshold(1, GOOD)),
            meanings=(Meaning(0, 0, "down"), Meaning(0.000001, 0.999999, "some", "orange"), Meaning(1, 1, "up")),
            links=drawing.links(panel),
            nothing="No component is scraped or probed",
        ),
    )


def _each(drawing: Drawing) -> list[Query]:
    """Return one question for each component of the page."""
    queries: list[Query] = []
    found = [drawing.plan.component(drawing.board.component)] if drawing.board.component else drawing.plan.components
    for component in found:
        for alert in drawing.plan.alerts_of(component.name):
            if isinstance(alert.measure, plan.ProbeDown):
                seen = f"max({selector(PROBE_METRIC, alert.measure.matchers)})"
                queries.append(Query(drawing.asked(seen), f"{component.title}, from outside"))
        if any(matcher.label == "job" for matcher in component.selector):
            up = f"avg({selector(UP, component.selector)})"
            queries.append(Query(drawing.asked(up), component.title))
    return queries


def _worst(drawing: Drawing, count: int) -> list[Query]:
    """Return what asks for the jobs that answer least at the end of what is shown; the graph keeps to these."""
    queries: list[Query] = []
    for metric, aggregation in ((PROBE_METRIC, "max"), (UP, "avg")):
        series = selector(metric, drawing.plan.selector)
        now = f"bottomk({count}, {aggregation} by (job) ({series} @ end()))"
        queries.append(Query(drawing.asked(f"{aggregation} by (job) ({series}) and on (job) {now}"), "{{job}}"))
    return queries
