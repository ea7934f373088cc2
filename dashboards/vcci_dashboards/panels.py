"""One function for each view of a signal: what is asked, how it is drawn, what it says when there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from vcci_dashboards import promises, states
from vcci_dashboards.colours import BAD, CALM, GOOD, NEUTRAL, steps
from vcci_dashboards.drawing import BYTES_PER_SECOND, COMPANIONS, UNITS, Drawing, window_of
from vcci_dashboards.errors import PanelError
from vcci_dashboards.expressions import functions, gives_one
from vcci_dashboards.model import Meaning, Panel, Query, Threshold
from vcci_slo import plan
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import events_matchers, timed_matchers
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.measures import measured

__all__ = ["draw"]

QUANTILES = (0.5, 0.95, 0.99)
NOT_SCRAPED = "No series: {component} is not scraped, or has nothing to tell yet"
NO_EVENTS = "No {title} in this time, so there is nothing to judge"

View = Callable[[Drawing, plan.Panel], tuple[Panel, ...]]


def draw(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the panel of the plan as it is drawn, followed by the companions that its view adds.

    Raises PanelError for a panel that cannot be drawn, with the page and the panel's title.
    """
    view = _VIEWS.get(panel.view)
    if view is None:
        raise PanelError(drawing.board.uid, panel.title, f"expected one of {', '.join(_VIEWS)}, got {panel.view}")
    try:
        return view(drawing, panel)
    except ValueError as error:
        raise PanelError(drawing.board.uid, panel.title, str(error)) from None


def _rate(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    signal = _events(panel)
    expr = f"sum{_by(panel)}(rate({selector(signal.events, _counted(signal))}[{drawing.rate_window()}]))"
    return (
        _graph(
            drawing,
            panel,
            (Query(drawing.asked(expr), _legend(panel.by, signal.title)),),
            raw=expr,
            nothing=_not_scraped(drawing, signal),
            stacked=bool(panel.by),
        ),
    )


def _bad_ratio(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    if isinstance(panel.signal, plan.QuerySignal):
        return (_asked_ratio(drawing, panel, panel.signal),)
    signal = _events(panel)
    by, window = _by(panel), drawing.rate_window()
    valid = selector(signal.events, events_matchers(signal))
    bad = selector(signal.events, (*events_matchers(signal), *signal.bad))
    all_of_them = f"sum{by}(rate({valid}[{window}]))"
    # A series of failures that does not exist yet is no failure, not no answer.
    expr = f"(sum{by}(rate({bad}[{window}])) or 0 * {all_of_them}) / ({all_of_them} > 0)"
    queries = [Query(drawing.asked(expr), _legend(panel.by, "share that fails"))]
    if not panel.by:
        queries += [
            Query(
                drawing.asked(f"sum(increase({bad}[{span}])) / (sum(increase({valid}[{span}])) > 0)"),
                f"over {span}, as {alert.name} sees it",
            )
            for alert in _alerts(drawing, panel)
            if isinstance(alert.measure, plan.BadRatio)
            for span in [promql_duration(alert.measure.over)]
        ]
    nothing = NO_EVENTS.format(title=signal.title)
    return (_graph(drawing, panel, tuple(queries), raw=expr, nothing=nothing),)


def _asked_ratio(drawing: Drawing, panel: plan.Panel, signal: plan.QuerySignal) -> Panel:
    """Return what free PromQL counts as bad, as a share of what it counts, for each part of a promise about it."""
    window = drawing.rate_window()
    expr = signal.bad.replace(plan.WINDOW, window)
    if signal.valid is not None:
        valid = signal.valid.replace(plan.WINDOW, window)
        expr = f"(({expr}) or 0 * ({valid})) / (({valid}) > 0)"
    promised = (slo for slo in drawing.plan.slos if isinstance(slo.indicator, plan.QueryIndicator))
    by = next((slo.by for slo in promised if slo.indicator == plan.QueryIndicator(signal)), ())
    query = Query(drawing.asked(expr), _legend(by, "share that fails"))
    return _graph(drawing, panel, (query,), raw=expr, nothing=NO_EVENTS.format(title=signal.title))


def _quantiles(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    signal = _events(panel)
    buckets = selector(f"{signal.duration}_bucket", timed_matchers(signal))
    by = ", ".join(("le", *panel.by))
    watched = [alert.measure for alert in _alerts(drawing, panel) if isinstance(alert.measure, plan.Quantile)]
    ranks = sorted({*QUANTILES, *(measure.quantile for measure in watched)})
    suffix = "".join(f" {{{{{label}}}}}" for label in panel.by)
    queries = [
        Query(
            drawing.asked(f"histogram_quantile({number(rank)}, sum by ({by}) (rate({buckets}[1m])))"),
            f"p{number(rank * 100)}{suffix}",
            exemplars=True,
        )
        for rank in ranks
    ]
    if not panel.by:
        queries += [
            Query(
                drawing.asked(
                    f"histogram_quantile({number(alert.measure.quantile)}, "
                    f"sum by (le) (increase({buckets}[{promql_duration(alert.measure.over)}])))"
                ),
                f"p{number(alert.measure.quantile * 100)} over {promql_duration(alert.measure.over)}, "
                f"as {alert.name} sees it",
            )
            for alert in _alerts(drawing, panel)
            if isinstance(alert.measure, plan.Quantile)
        ]
    raw = f"histogram_quantile(0.95, sum by ({by}) (rate({buckets}[{drawing.rate_window()}])))"
    nothing = NO_EVENTS.format(title=signal.title)
    return (_graph(drawing, panel, tuple(queries), raw=raw, nothing=nothing),)


def _heatmap(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    signal = _events(panel)
    buckets = selector(f"{signal.duration}_bucket", timed_matchers(signal))
    expr = f"sum by (le) (rate({buckets}[{drawing.rate_window()}]))"
    return (
        Panel(
            id=panel.id,
            kind="heatmap",
            title=panel.title,
            description=drawing.describe(panel, "A second band is a second kind of request, or a store that is slow"),
            unit=UNITS[panel.unit],
            queries=(Query(drawing.asked(expr), "{{le}}", form="heatmap", exemplars=True),),
            links=drawing.links(panel, expr),
            nothing=NO_EVENTS.format(title=signal.title),
        ),
    )


def _count(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    signal = _events(panel)
    expr = f"sum{_by(panel)}(increase({selector(signal.events, _counted(signal))}[1h]))"
    query = Query(drawing.asked(expr), _legend(panel.by, signal.title))
    return (_graph(drawing, panel, (query,), raw=expr, nothing=_not_scraped(drawing, signal), stacked=bool(panel.by)),)


def _value(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    signal = _number(panel)
    query = Query(drawing.asked(signal.series), _legend(signal.by, signal.title))
    nothing = _not_scraped(drawing, signal)
    if panel.unit == "boolean":
        shares = [
            alert
            for alert in _alerts(drawing, panel)
            if isinstance(alert.measure, plan.Value) and alert.measure.share_over
        ]
        return (
            _yes_or_no(drawing, panel, query, signal, nothing),
            *(_share(drawing, panel, alert, signal, place) for place, alert in enumerate(shares, start=1)),
        )
    if not signal.by and not panel.limits and gives_one(signal.promql):
        return (_figure(drawing, panel, query, signal.series, nothing),)
    return (_graph(drawing, panel, (query,), raw=signal.series, nothing=nothing),)


def _free(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    query = Query(drawing.asked(panel.promql), _legend(panel.by, "" if panel.by else panel.title))
    return (_graph(drawing, panel, (query,), raw=panel.promql, nothing="No series answers this expression"),)


def _text(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    return (Panel(panel.id, "text", panel.title, drawing.describe(panel), unit="none", text=panel.text, height=4),)


def _graph(
    drawing: Drawing,
    panel: plan.Panel,
    queries: tuple[Query, ...],
    *,
    raw: str,
    nothing: str,
    stacked: bool = False,
) -> Panel:
    return Panel(
        id=panel.id,
        kind="timeseries",
        title=panel.title,
        description=drawing.describe(panel),
        unit=_unit(panel, raw),
        queries=queries,
        thresholds=steps(panel.limits),
        lines=bool(panel.limits),
        links=drawing.links(panel, raw),
        nothing=nothing,
        # What is counted has no less than nothing; time until an end may be past it.
        minimum=None if any(limit.side == "below" and limit.value > 1 for limit in panel.limits) else 0,
        stacked=stacked,
    )


def _figure(drawing: Drawing, panel: plan.Panel, query: Query, raw: str, nothing: str) -> Panel:
    return Panel(
        id=panel.id,
        kind="stat",
        title=panel.title,
        description=drawing.describe(panel),
        unit=_unit(panel, raw),
        queries=(query,),
        thresholds=(Threshold(None, CALM),),
        links=drawing.links(panel, raw),
        nothing=nothing,
        minimum=0,
    )


def _yes_or_no(drawing: Drawing, panel: plan.Panel, query: Query, signal: plan.ValueSignal, nothing: str) -> Panel:
    """Return states over time. Without an alert a boolean states the wish, as `reachable` does: yes is good."""
    watched = bool(panel.limits)
    return Panel(
        id=panel.id,
        kind="state-timeline",
        title=panel.title,
        description=drawing.describe(panel),
        unit=UNITS[panel.unit],
        queries=(query,),
        thresholds=steps(panel.limits) or (Threshold(None, NEUTRAL),),
        meanings=(Meaning(0, 0, "no", "" if watched else BAD), Meaning(1, 1, "yes", "" if watched else GOOD)),
        links=drawing.links(panel, signal.series),
        nothing=nothing,
    )


def _share(drawing: Drawing, panel: plan.Panel, alert: plan.Alert, signal: plan.ValueSignal, place: int) -> Panel:
    """Return the share of time that an alert judges, beside the states it is made of."""
    expr = measured(alert.measure)
    over = words(window_of(alert.measure) or timedelta(0))
    return Panel(
        id=panel.id * COMPANIONS + place,
        kind="timeseries",
        title=f"{panel.title}, share of {over}",
        description=drawing.describe(panel, f"The share of the last {over}, which {alert.name} judges"),
        unit=UNITS["ratio"],
        queries=(Query(drawing.asked(expr), _legend(signal.by, signal.title)),),
        thresholds=steps(alert.limits),
        lines=True,
        links=drawing.links(panel, expr),
        nothing=_not_scraped(drawing, signal),
        minimum=0,
        maximum=1,
    )


def _unit(panel: plan.Panel, expr: str) -> str:
    """Return Grafana's unit; bytes that are a rate are bytes per second."""
    is_rate = bool(functions(expr) & {"rate", "irate", "deriv"})
    return BYTES_PER_SECOND if panel.unit == "bytes" and is_rate else UNITS[panel.unit]


def _events(panel: plan.Panel) -> plan.EventsSignal:
    match panel.signal:
        case plan.EventsSignal():
            return panel.signal
        case _:
            raise ValueError(f"expected a signal of events, got {panel.signal}")


def _number(panel: plan.Panel) -> plan.ValueSignal:
    match panel.signal:
        case plan.ValueSignal():
            return panel.signal
        case _:
            raise ValueError(f"expected a signal with a value, got {panel.signal}")


def _alerts(drawing: Drawing, panel: plan.Panel) -> list[plan.Alert]:
    return [drawing.plan.alert(name) for name in panel.alerts]


def _counted(signal: plan.EventsSignal) -> tuple[Matcher, ...]:
    """Return what finds all events, also those that are not valid: a flood of refusals is traffic too."""
    return (*signal.selector, *signal.where)


def _by(panel: plan.Panel) -> str:
    return f" by ({', '.join(panel.by)}) " if panel.by else ""


def _legend(by: tuple[str, ...], otherwise: str) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in by) or otherwise


def _not_scraped(drawing: Drawing, signal: plan.Signal) -> str:
    return NOT_SCRAPED.format(component=drawing.plan.component(signal.component).title)


_VIEWS: dict[str, View] = {
    "rate": _rate,
    "bad-ratio": _bad_ratio,
    "quantiles": _quantiles,
    "heatmap": _heatmap,
    "count": _count,
    "value": _value,
    "promql": _free,
    "text": _text,
    "budget": promises.budget,
    "burn": promises.burn,
    "objective": promises.objective,
    "state-alerts": states.alerts,
    "state-components": states.components,
}
