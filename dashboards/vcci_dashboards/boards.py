"""The page around the panels: choices, marked events, links to its sisters, and what is still to come."""

from __future__ import annotations

from datetime import timedelta

from vcci_dashboards import colours, states
from vcci_dashboards.drawing import Drawing
from vcci_dashboards.expressions import UP, Scope
from vcci_dashboards.model import Annotation, Dashboard, Link, Panel, Row, Variable
from vcci_dashboards.panels import draw
from vcci_slo import plan
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.series import OBJECTIVE

__all__ = ["DATASOURCE", "board", "version_metric"]

DATASOURCE = "prometheus"
"""The uid of the data source that is provisioned beside the dashboards."""

SHOWS = timedelta(hours=6)
SHORTEST = timedelta(minutes=5)
REFRESH = timedelta(seconds=30)
APPEARED = timedelta(minutes=5)
ROWS = 10_000
SIGNPOST = 20_000
"""Ids of headings and of the signpost lie above those of panels and their companions."""


def board(spec: plan.Plan, drawn: plan.Dashboard) -> Dashboard:
    """Return one page of the plan as it is drawn."""
    drawing = Drawing(spec, drawn, Scope.of(spec))
    rows = [
        Row(ROWS + place, row.title, tuple(shown for panel in row.panels for shown in draw(drawing, panel)))
        for place, row in enumerate(drawn.rows, start=1)
    ]
    if drawn == spec.dashboards[0] and rows and len(spec.dashboards) > 1:
        rows[0] = Row(rows[0].id, rows[0].title, (*rows[0].panels, _signpost(spec)))
    fast = spec.time_scale != 1
    return Dashboard(
        uid=drawn.uid,
        title=f"{drawn.title} (clocks {number(spec.time_scale)} times fast)" if fast else drawn.title,
        description=_description(spec, drawn),
        family=spec.name,
        tags=(spec.name, spec.team, *(("fast-clocks",) if fast else ())),
        rows=tuple(rows),
        variables=_variables(spec, drawing),
        annotations=_annotations(spec, drawing),
        links=tuple(
            Link(title, url)
            for title, url in (
                ("Runbooks", spec.links.runbooks),
                ("Alertmanager", spec.links.alertmanager),
                ("Logs", spec.links.logs),
                ("Status page", spec.links.status_page),
            )
            if url
        ),
        every=promql_duration(spec.scrape_every),
        refresh=promql_duration(_scaled(REFRESH, spec, timedelta(seconds=5))),
        shows=promql_duration(_scaled(SHOWS, spec, SHORTEST)),
    )


def version_metric(name: str) -> str:
    """Return the metric whose label `version` tells what runs, after the custom of `<name>_build_info`.

    >>> version_metric("vcci")
    'vcci_build_info'
    """
    return f"{name.replace('-', '_')}_build_info"


def _scaled(duration: timedelta, spec: plan.Plan, shortest: timedelta) -> timedelta:
    """Return how much to show at the speed of the plan's clocks, in whole seconds."""
    return max(timedelta(seconds=round(duration.total_seconds() / spec.time_scale)), shortest)


def _description(spec: plan.Plan, drawn: plan.Dashboard) -> str:
    parts = [drawn.purpose, f"Owner: {spec.team}.", f"Generated from {spec.source}; change it there."]
    if spec.time_scale != 1:
        parts.append(f"Clocks run {number(spec.time_scale)} times fast: a demonstration, not what is promised.")
    if drawn.later:
        parts.append("Still to come: " + "; ".join(f"{panel} ({reason})" for panel, reason in drawn.later) + ".")
    return " ".join(parts)


def _variables(spec: plan.Plan, drawing: Drawing) -> tuple[Variable, ...]:
    found = [Variable("datasource", "Data source", about="The Prometheus that is asked.")]
    narrowing: list[Matcher] = []
    chosen = {matcher.label: matcher.value for matcher in spec.selector if matcher.operator == "="}
    labels = [label for _, label in drawing.scope.fixed]
    for label in (*labels, "job", "instance"):
        query = f"label_values({selector(UP, narrowing)}, {label})"
        found.append(Variable(label, label.capitalize(), query, chosen.get(label, "") if label in labels else ""))
        narrowing.append(Matcher(label, "=~", f"${label}"))
    if drawing.chooses_slo:
        found.append(Variable("slo", "SLO", f"label_values({OBJECTIVE}, slo)", about="The promises that are shown."))
    return tuple(found)


def _annotations(spec: plan.Plan, drawing: Drawing) -> tuple[Annotation, ...]:
    version = drawing.asked(selector(version_metric(spec.name), spec.selector))
    appeared = promql_duration(APPEARED)
    step = promql_duration(max(spec.scrape_every, timedelta(seconds=1)))
    return (
        Annotation(
            name="Deployments",
            expr=f"count by (job, version) ({version}) unless count by (job, version) ({version} offset {appeared})",
            color=colours.CALM,
            title="{{job}} runs {{version}}",
            text="First seen within the last 5 minutes",
            tags=("version",),
            step=step,
        ),
        Annotation(
            name="Firing alerts",
            expr=f"max by (alertname, priority, component) ({states.FIRING})",
            color=colours.BAD,
            title="{{priority}} {{alertname}}",
            text="{{component}}",
            tags=("priority", "component"),
            step=step,
        ),
    )


def _signpost(spec: plan.Plan) -> Panel:
    """Return where to look next, by the question that each page answers; links keep the time and the choices."""
    lines = [
        f"- **[{other.title}]({other.url or '/d/' + other.uid}?${{__url_time_range}}&${{__all_variables}})**: "
        f"{other.purpose}"
        for other in spec.dashboards[1:]
    ]
    if spec.links.runbooks:
        lines.append(f"- **[Runbooks]({spec.links.runbooks})**: An alert fires: what do I do first?")
    return Panel(
        id=SIGNPOST,
        kind="text",
        title="Where to look next",
        description="The question that each page answers. Links keep the time and the choices of this page.",
        unit="none",
        text="\n".join(lines),
    )
