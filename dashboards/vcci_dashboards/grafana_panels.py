"""What each kind of panel looks like in Grafana's words: options, fields, overrides and transformations."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

from grafana_foundation_sdk.models import bargauge, common, heatmap, stat, statetimeline, table, text, timeseries

from vcci_dashboards.model import Column, Kind, Link, Meaning, Panel, Threshold

with warnings.catch_warnings():
    # The classic model announces its successor at import; file provisioning still needs the classic one.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    from grafana_foundation_sdk.models import dashboard as classic

__all__ = ["fields", "links", "options", "transformations"]

LAST = common.ReduceDataOptions(calcs=["lastNotNull"], fields="", values=False)
LEGEND = common.VizLegendOptions(
    display_mode=common.LegendDisplayMode.LIST, placement=common.LegendPlacement.BOTTOM, show_legend=True, calcs=[]
)
HOVER = common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)


def options(panel: Panel) -> object:
    """Return the options of a panel's kind."""
    return _OPTIONS[panel.kind](panel)


def fields(panel: Panel) -> classic.FieldConfigSource | None:
    """Return how values look: unit, colours, meanings, links, and what is said when there are none."""
    if panel.kind == "text":
        return None
    return classic.FieldConfigSource(
        defaults=classic.FieldConfig(
            unit=panel.unit,
            decimals=panel.decimals,
            min_val=panel.minimum,
            max_val=panel.maximum,
            mappings=_meanings(panel.meanings),
            thresholds=_thresholds(panel.thresholds or (Threshold(None, "green"),)),
            color=classic.FieldColor(mode=_color_mode(panel)),
            links=links(panel.links) if panel.kind in {"timeseries", "stat", "state-timeline", "bargauge"} else None,
            no_value=panel.nothing or None,
            custom=_custom(panel),
        ),
        overrides=[_override(column) for column in panel.columns],
    )


def transformations(panel: Panel, *, several: bool) -> list[classic.DataTransformerConfig]:
    """Return what makes one table of several queries: rows joined by their labels, columns in order."""
    if panel.kind != "table":
        return []
    order = {column.field: place for place, column in enumerate(panel.columns)}
    hidden = {column.field: True for column in panel.columns if column.hidden}
    organize = classic.DataTransformerConfig(
        id_val="organize", options={"excludeByName": hidden, "indexByName": order, "renameByName": {}}
    )
    merge = classic.DataTransformerConfig(id_val="merge", options={})
    return [merge, organize] if several else [organize]


def _color_mode(panel: Panel) -> classic.FieldColorModeId:
    by_series = panel.kind in {"timeseries", "heatmap"}
    return classic.FieldColorModeId.PALETTE_CLASSIC_BY_NAME if by_series else classic.FieldColorModeId.THRESHOLDS


def _custom(panel: Panel) -> object | None:
    match panel.kind:
        case "timeseries":
            return timeseries.FieldConfig(
                draw_style=common.GraphDrawStyle.LINE,
                line_width=1,
                fill_opacity=20 if panel.stacked else 8,
                show_points=common.VisibilityMode.NEVER,
                # A gap is not drawn as a value: silence is not health.
                span_nulls=False,
                stacking=common.StackingConfig(
                    mode=common.StackingMode.NORMAL if panel.stacked else common.StackingMode.NONE, group="A"
                ),
                thresholds_style=common.GraphThresholdsStyleConfig(
                    common.GraphThresholdsStyleMode.DASHED if panel.lines else common.GraphThresholdsStyleMode.OFF
                ),
            )
        case "state-timeline":
            return statetimeline.FieldConfig(line_width=0, fill_opacity=80, insert_nulls=False, span_nulls=False)
        case "heatmap":
            return heatmap.FieldConfig()
        case "table":
            return table.FieldConfig(align=common.FieldTextAlignment.AUTO, inspect=False)
        case _:
            return None


def _override(column: Column) -> classic.DashboardFieldConfigSourceOverrides:
    values: dict[str, object] = {"displayName": column.title}
    if column.unit:
        values["unit"] = column.unit
    if column.decimals is not None:
        values["decimals"] = column.decimals
    if column.thresholds:
        values["thresholds"] = _thresholds(column.thresholds)
    if column.texts:
        values["mappings"] = [
            classic.ValueMap(
                options={
                    value: classic.ValueMappingResult(text=value, color=color, index=place)
                    for place, (value, color) in enumerate(column.texts)
                }
            )
        ]
    if column.thresholds or column.texts:
        values["custom.cellOptions"] = common.TableColoredBackgroundCellOptions(
            mode=common.TableCellBackgroundDisplayMode.BASIC
        )
    if column.links:
        values["links"] = links(column.links)
    return classic.DashboardFieldConfigSourceOverrides(
        matcher=classic.MatcherConfig(id_val="byName", options=column.field),
        properties=[classic.DynamicConfigValue(id_val=name, value=value) for name, value in values.items()],
    )


def _thresholds(steps: Iterable[Threshold]) -> classic.ThresholdsConfig:
    return classic.ThresholdsConfig(
        mode=classic.ThresholdsMode.ABSOLUTE, steps=[classic.Threshold(step.start, step.color) for step in steps]
    )


def _meanings(meanings: Iterable[Meaning]) -> list[classic.ValueMapping]:
    """Return single values as values, and stretches as ranges."""
    found: list[classic.ValueMapping] = []
    for place, meaning in enumerate(meanings):
        result = classic.ValueMappingResult(text=meaning.text, color=meaning.color or None, index=place)
        if meaning.low == meaning.high:
            found.append(classic.ValueMap(options={f"{meaning.low:g}": result}))
        else:
            span = classic.DashboardRangeMapOptions(from_val=meaning.low, to=meaning.high, result=result)
            found.append(classic.RangeMap(options=span))
    return found


def links(found: Iterable[Link]) -> list[classic.DashboardLink] | None:
    """Return links of a panel or a value; they open beside the page, so that nobody loses it."""
    return [_DataLink(title=link.title, url=link.url, target_blank=True) for link in found] or None


class _DataLink(classic.DashboardLink):
    """A link of a panel or a value: the model knows the links of pages only, which have more to say."""

    def to_json(self) -> dict[str, object]:
        return {"title": self.title, "url": self.url, "targetBlank": self.target_blank}


def _timeseries(_: Panel) -> object:
    return timeseries.Options(legend=LEGEND, tooltip=HOVER)


def _stat(_: Panel) -> object:
    return stat.Options(
        graph_mode=common.BigValueGraphMode.AREA,
        color_mode=common.BigValueColorMode.VALUE,
        justify_mode=common.BigValueJustifyMode.AUTO,
        text_mode=common.BigValueTextMode.AUTO,
        reduce_options=LAST,
        orientation=common.VizOrientation.AUTO,
    )


def _bargauge(_: Panel) -> object:
    return bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        value_mode=common.BarGaugeValueMode.COLOR,
        name_placement=common.BarGaugeNamePlacement.LEFT,
        reduce_options=LAST,
        orientation=common.VizOrientation.HORIZONTAL,
    )


def _heatmap(panel: Panel) -> object:
    return heatmap.Options(
        calculate=False,
        color=heatmap.HeatmapColorOptions(
            mode=heatmap.HeatmapColorMode.SCHEME, scheme="Oranges", fill="dark-orange", exponent=0.5, steps=64
        ),
        # Buckets that nothing fell into stay empty.
        filter_values=heatmap.FilterValueRange(le=1e-9),
        show_value=common.VisibilityMode.NEVER,
        y_axis=heatmap.YAxisConfig(unit=panel.unit, axis_placement=common.AxisPlacement.LEFT),
        legend=heatmap.HeatmapLegend(show=True),
        tooltip=heatmap.HeatmapTooltip(mode=common.TooltipDisplayMode.SINGLE, y_histogram=True, show_color_scale=True),
        exemplars=heatmap.ExemplarConfig(color="rgba(255,0,255,0.7)"),
    )


def _state_timeline(_: Panel) -> object:
    return statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        row_height=0.8,
        merge_values=True,
        align_value=common.TimelineValueAlignment.LEFT,
        legend=LEGEND,
        tooltip=HOVER,
    )


def _table(panel: Panel) -> object:
    sort_by = [common.TableSortByFieldState(panel.sort_by, desc=False)] if panel.sort_by else []
    return table.Options(show_header=True, cell_height=common.TableCellHeight.SM, sort_by=sort_by)


def _text(panel: Panel) -> object:
    return text.Options(mode=text.TextMode.MARKDOWN, content=panel.text)


_OPTIONS: dict[Kind, Callable[[Panel], object]] = {
    "timeseries": _timeseries,
    "stat": _stat,
    "bargauge": _bargauge,
    "heatmap": _heatmap,
    "state-timeline": _state_timeline,
    "table": _table,
    "text": _text,
}
