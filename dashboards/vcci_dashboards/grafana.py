"""The adapter to Grafana: the drawn dashboard in its classic JSON, schema version 42, which every version reads."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, prometheus

from vcci_dashboards import grafana_panels
from vcci_dashboards.grid import Place, places
from vcci_dashboards.model import Annotation, Dashboard, Link, Panel, Query, Row, Variable, ref_id

with warnings.catch_warnings():
    # The classic model announces its successor at import; file provisioning still needs the classic one.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    from grafana_foundation_sdk.models import dashboard as classic

__all__ = ["SCHEMA_VERSION", "text"]

SCHEMA_VERSION = 42
SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
ALL_VALUES = ".+"
REFRESH_CHOICES = ["5s", "10s", "30s", "1m", "5m", "15m", "1h"]


class _PageLink(classic.DashboardLink):
    """A link at the top of the page; the model would always hide it in a menu."""

    def to_json(self) -> dict[str, object]:
        return {key: value for key, value in super().to_json().items() if key != "placement"}


class _Mark(classic.AnnotationQuery):
    """An annotation with its switch at the top of the page; the model would always hide it in a menu."""

    def to_json(self) -> dict[str, object]:
        return {key: value for key, value in super().to_json().items() if key != "placement"}


def text(board: Dashboard) -> str:
    """Return the file of a dashboard: two spaces, keys in order, a newline at the end."""
    return json.dumps(_dashboard(board), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _dashboard(board: Dashboard) -> classic.Dashboard:
    return classic.Dashboard(
        uid=board.uid,
        title=board.title,
        description=board.description,
        tags=list(board.tags),
        # Everyone in an incident reads the same times, and PromQL's months are those of UTC.
        timezone="utc",
        editable=False,
        graph_tooltip=classic.DashboardCursorSync.CROSSHAIR,
        time=classic.DashboardDashboardTime(f"now-{board.shows}", "now"),
        timepicker=classic.TimePickerConfig(refresh_intervals=REFRESH_CHOICES),
        refresh=board.refresh,
        schema_version=SCHEMA_VERSION,
        panels=list(_panels(board)),
        templating=classic.DashboardDashboardTemplating([_variable(variable) for variable in board.variables]),
        annotations=classic.AnnotationContainer([_annotation(annotation) for annotation in board.annotations]),
        links=[_sisters(board.family), *(_page(link) for link in board.links)],
    )


def _panels(board: Dashboard) -> Iterator[classic.Panel | classic.RowPanel]:
    """Yield headings and panels. Rows stay open: an alert's link must find its panel, and pages are short."""
    where = places(board.rows)
    for row in board.rows:
        yield _heading(row, where[row.id])
        for panel in row.panels:
            yield _panel(panel, where[panel.id], board.every)


def _heading(row: Row, place: Place) -> classic.RowPanel:
    return classic.RowPanel(collapsed=False, title=row.title, grid_pos=_grid(place), id_val=row.id, panels=[])


def _panel(panel: Panel, place: Place, every: str) -> classic.Panel:
    several = len(panel.queries) > 1
    return classic.Panel(
        type_val=panel.kind,
        id_val=panel.id,
        title=panel.title,
        description=panel.description,
        grid_pos=_grid(place),
        links=grafana_panels.links(panel.links),
        datasource=SOURCE if panel.queries else None,
        targets=[_target(query, ref_id(place)) for place, query in enumerate(panel.queries)] or None,
        interval=every if panel.queries else None,
        max_data_points=panel.points,
        time_from=panel.since or None,
        transformations=grafana_panels.transformations(panel, several=several) or None,
        options=grafana_panels.options(panel),
        field_config=grafana_panels.fields(panel),
    )


def _grid(place: Place) -> classic.GridPos:
    return classic.GridPos(h=place.h, w=place.w, x=place.x, y=place.y)


def _target(query: Query, ref: str) -> prometheus.Dataquery:
    return prometheus.Dataquery(
        ref_id=ref,
        datasource=SOURCE,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=query.expr,
        format_val=prometheus.PromQueryFormat(query.form),
        legend_format=query.legend or None,
        instant=query.at_once,
        range_val=not query.at_once,
        exemplar=query.exemplars or None,
    )


def _variable(variable: Variable) -> classic.VariableModel:
    if not variable.query:
        return classic.VariableModel(
            type_val=classic.VariableType.DATASOURCE,
            name=variable.name,
            label=variable.label,
            description=variable.about or None,
            query="prometheus",
        )
    chosen = variable.chosen
    return classic.VariableModel(
        type_val=classic.VariableType.QUERY,
        name=variable.name,
        label=variable.label,
        description=variable.about or None,
        datasource=SOURCE,
        definition=variable.query,
        query={"qryType": 5, "query": variable.query, "refId": variable.name},
        current=classic.VariableOption(
            selected=True, text=[chosen] if chosen else ["All"], value=[chosen] if chosen else ["$__all"]
        ),
        multi=True,
        include_all=True,
        all_value=ALL_VALUES,
        refresh=classic.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=classic.VariableSort.ALPHABETICAL_ASC,
    )


def _annotation(annotation: Annotation) -> classic.AnnotationQuery:
    return _Mark(
        name=annotation.name,
        datasource=SOURCE,
        enable=True,
        hide=False,
        icon_color=annotation.color,
        expr=annotation.expr,
        step=annotation.step,
        title_format=annotation.title,
        text_format=annotation.text,
        tag_keys=",".join(annotation.tags),
        use_value_for_time=False,
    )


def _sisters(family: str) -> classic.DashboardLink:
    return _PageLink(
        title="Dashboards",
        type_val=classic.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip="The other pages, at the same time and with the same choices",
        tags=[family],
        as_dropdown=True,
        include_vars=True,
        keep_time=True,
    )


def _page(link: Link) -> classic.DashboardLink:
    return _PageLink(
        title=link.title,
        type_val=classic.DashboardLinkType.LINK,
        icon="doc",
        tooltip=link.title,
        url=link.url,
        tags=[],
        target_blank=True,
    )
