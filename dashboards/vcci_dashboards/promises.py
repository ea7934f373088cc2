"""The panels of promises: what is promised and kept, what is left of each budget, how fast it is spent.

All of them read what the recording rules write; none of them reads a month of raw series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from vcci_dashboards.colours import BAD, GOOD, NEUTRAL, OF
from vcci_dashboards.drawing import COMPANIONS, UNITS, Drawing
from vcci_dashboards.model import Column, Link, Panel, Query, Threshold, ref_id
from vcci_dashboards.promise_queries import (
    Asked,
    components,
    even_pace,
    families,
    kept,
    labels_of,
    lasts,
    least_left,
    month_left,
    promised,
)
from vcci_slo import plan
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.series import BURN_RATE, REMAINING

__all__ = ["budget", "burn", "objective"]

NOT_RECORDED = "Not recorded: the rules of the promises are not loaded, or have seen nothing yet"
UTC = "UTC"
ALERTS_NAMED = 4
MOST_WINDOWS = 12
"""Columns of one table; a catalogue of one's own may name more, and the most common are drawn."""
CAUTION_SHARE = 0.1
"""Yellow when less is left than one tier may spend before it alerts; this much if there is no tier."""


def objective(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the table of all promises: promised, kept, left, spent how fast, gone when."""
    slos = _slos(drawing, panel)
    everyone, named = Asked.of(drawing, slos), panel.worst is None
    expressions = [
        promised(drawing, slos),
        kept(drawing, slos, named=named),
        everyone.each(REMAINING),
        everyone.each(BURN_RATE),
        lasts(drawing, slos, named=named),
    ]
    if panel.worst is not None:
        least = least_left(drawing, slos, panel.worst)
        expressions = [everyone.only(expr, least) for expr in expressions]
        expressions.append(Asked(drawing).only(components(drawing), least))
    page = drawing.board.url if drawing.board.component else drawing.slo_page
    parts = "".join(f"&var-{label}=${{__data.fields.{label}}}" for label in everyone.by if label in drawing.parts)
    address = f"{page}?var-slo=${{__data.fields.slo}}{parts}&${{__url_time_range}}"
    here = (Link("Only this part of the promise" if parts else "Only this promise", address),) if page else ()
    return (
        Panel(
            id=panel.id,
            kind="table",
            title=panel.title,
            description=drawing.describe(
                panel,
                "Normal is kept above promised, and a budget that lasts longer than the window",
                "At a burn rate of 1 a budget lasts exactly its window; nothing stands where it is not spent",
                _few(panel, slos, "with the least budget left"),
                unwatched=_burn_alerts(slos),
            ),
            unit=UNITS["ratio"],
            queries=tuple(Query(expr, form="table", at_once=True) for expr in expressions),
            thresholds=(Threshold(None, NEUTRAL),),
            links=drawing.links(panel),
            nothing=NOT_RECORDED,
            columns=(
                Column("Time", "Time", hidden=True),
                Column("slo", "Promise", links=here),
                *_parts(slos),
                Column("Value #A", "Promised", UNITS["ratio"], decimals=3),
                Column("Value #B", "Kept", UNITS["ratio"], decimals=3),
                Column("Value #C", "Budget left", UNITS["ratio"], thresholds=_of_budget(slos), decimals=1),
                Column("Value #D", "Burn rate", "none", thresholds=_of_burn(slos), decimals=2),
                Column("Value #E", "At this pace it lasts", "dtdurations"),
                *(_components(drawing) if panel.worst else ()),
            ),
            sort_by="Budget left" if panel.worst else "Promise",
            wide=True,
            height=_rows_high(slos),
        ),
    )


def budget(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return what is left of each budget; where a promise can be chosen, also how the month burns down."""
    slos = _slos(drawing, panel)
    if panel.worst is None:
        queries = tuple(Query(asked.each(REMAINING), asked.legend, at_once=True) for asked in _asked(drawing, slos))
    else:
        queries = (Query(least_left(drawing, slos, panel.worst), Asked.of(drawing, slos).legend, at_once=True),)
    bars = Panel(
        id=panel.id,
        kind="bargauge",
        title=panel.title,
        description=drawing.describe(
            panel,
            "Normal is green; red is overspent",
            _few(panel, slos, "with the least budget left"),
            unwatched=_burn_alerts(slos),
        ),
        unit=UNITS["ratio"],
        queries=queries,
        thresholds=_of_budget(slos),
        links=(*drawing.links(panel), *((Link("All promises", drawing.slo_page),) if drawing.slo_page else ())),
        nothing=NOT_RECORDED,
        minimum=0,
        maximum=1,
        height=max(8, min(12, len(slos))),
    )
    return (bars, *_burndowns(drawing, panel, slos)) if drawing.chooses_slo and panel.worst is None else (bars,)


def burn(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the burn of every window against every tier, then each tier over time against its factor.

    Where only the worst are drawn, their course over time is left to the pages of components.
    """
    slos = _slos(drawing, panel)
    counted = Counter(window for slo in slos for tier in slo.tiers for window in (tier.short, tier.long))
    # With every tier switched off, what is left to see is the pace of the whole window.
    counted = counted or Counter(slo.window for slo in slos)
    windows = sorted(window for window, _ in counted.most_common(MOST_WINDOWS))
    columns = [Column("Time", "Time", hidden=True), Column("slo", "Promise"), *_parts(slos)]
    columns += [
        Column(_field(place, len(windows)), promql_duration(window), "none", _of_window(slos, window), decimals=2)
        for place, window in enumerate(windows)
    ]
    everyone = Asked.of(drawing, slos)
    expressions = [everyone.burned(window) for window in windows]
    if panel.worst is not None:
        fastest = f"topk({panel.worst}, {everyone.each(BURN_RATE)})"
        expressions = [everyone.only(expr, fastest) for expr in expressions]
    table = Panel(
        id=panel.id,
        kind="table",
        title=panel.title,
        description=drawing.describe(
            panel,
            "One column for each window; a colour means that a tier with this window may fire",
            "Normal is below 1",
            _few(panel, slos, "that burn fastest now"),
            unwatched=_burn_alerts(slos),
        ),
        unit="none",
        queries=tuple(Query(expr, form="table", at_once=True) for expr in expressions),
        thresholds=(Threshold(None, NEUTRAL),),
        links=drawing.links(panel),
        nothing=NOT_RECORDED,
        columns=tuple(columns),
        sort_by="Promise",
        wide=True,
        height=_rows_high(slos),
    )
    return (table, *_tiers(drawing, panel, slos)) if panel.worst is None else (table,)


def _tiers(drawing: Drawing, panel: plan.Panel, slos: Sequence[plan.Slo]) -> list[Panel]:
    found: dict[tuple[str, timedelta, timedelta, float], list[tuple[plan.Slo, plan.BurnTier]]] = {}
    for slo in slos:
        for tier in slo.tiers:
            found.setdefault((tier.name, tier.short, tier.long, tier.factor), []).append((slo, tier))
    panels: list[Panel] = []
    for place, ((name, short, long, factor), members) in enumerate(found.items(), start=1):
        share = members[0][1].share
        severities = sorted({tier.priority for _, tier in members})
        panels.append(
            Panel(
                id=panel.id * COMPANIONS + place,
                kind="timeseries",
                title=f"Burn of the {name} tier: {promql_duration(short)} and {promql_duration(long)}",
                description=(
                    f"The lower of two burn rates, over {words(short)} and over {words(long)}: a tier "
                    f"fires while both are high. "
                    f"Above {number(factor)} the budget alert of a promise fires ({' or '.join(severities)}): "
                    f"{number(share * 100)} % of a budget is gone after {words(long)} at that pace, all of it after "
                    f"{words(members[0][1].exhausts_in)}. Normal is below 1."
                ),
                unit="none",
                queries=tuple(
                    Query(asked.burned_in_both(short, long), asked.legend)
                    for asked in _asked(drawing, [slo for slo, _ in members])
                ),
                thresholds=(Threshold(None, GOOD), Threshold(factor, OF[severities[0]])),
                lines=True,
                links=drawing.links(panel),
                nothing="No traffic in these windows, or the rules of the promises are not loaded",
                minimum=0,
                decimals=2,
            )
        )
    return panels


def _burndowns(drawing: Drawing, panel: plan.Panel, slos: Sequence[plan.Slo]) -> list[Panel]:
    """Return the month's budget beside the line of an even pace, one panel for each zone whose months are promised."""
    if drawing.plan.time_scale != 1:
        return [_course(drawing, panel, slos)]
    found: dict[str | None, list[plan.Slo]] = {}
    for slo in slos:
        found.setdefault(slo.calendar, []).append(slo)
    zones = sorted(found, key=lambda zone: zone or "")
    return [_burndown(drawing, panel, place, zone, found[zone]) for place, zone in enumerate(zones, start=1)]


def _burndown(drawing: Drawing, panel: plan.Panel, place: int, zone: str | None, slos: Sequence[plan.Slo]) -> Panel:
    elsewhere = f"The month is that of {zone}; the clock of this page is UTC. " if zone and zone != UTC else ""
    return Panel(
        id=panel.id * COMPANIONS + place,
        kind="timeseries",
        title=f"Burndown of this month in {zone}" if zone else "Burndown of this month",
        description=(
            f"Bad events of this calendar month ({zone or UTC}) against what the traffic of one window allows. "
            f"{elsewhere}Normal is above the even pace: below it, the budget is gone before the month is. "
            "The alerts look at burn rates, not at this line."
        ),
        unit=UNITS["ratio"],
        queries=(
            *(Query(month_left(drawing, members), Asked.of(drawing, members).legend) for members in families(slos)),
            Query(even_pace(zone or UTC), "even pace"),
        ),
        thresholds=(Threshold(None, BAD), Threshold(0, GOOD)),
        lines=True,
        links=drawing.links(panel),
        nothing=NOT_RECORDED,
        maximum=1,
        since="now/M",
        points=120,
    )


def _course(drawing: Drawing, panel: plan.Panel, slos: Sequence[plan.Slo]) -> Panel:
    """Return what is left over time; under a time scale a month means nothing."""
    return Panel(
        id=panel.id * COMPANIONS + 1,
        kind="timeseries",
        title="Error budget remaining, over time",
        description=("What is left of each budget in its window. Clocks run fast here, so there is no calendar month."),
        unit=UNITS["ratio"],
        queries=tuple(Query(asked.each(REMAINING), asked.legend) for asked in _asked(drawing, slos)),
        thresholds=(Threshold(None, BAD), Threshold(0, GOOD)),
        lines=True,
        links=drawing.links(panel),
        nothing=NOT_RECORDED,
        maximum=1,
        points=120,
    )


def _asked(drawing: Drawing, slos: Sequence[plan.Slo]) -> list[Asked]:
    """Return one question for the promises of each kind of legend."""
    return [Asked.of(drawing, members) for members in families(slos)]


def _few(panel: plan.Panel, slos: Sequence[plan.Slo], which: str) -> str:
    """Return which promises are drawn where there are too many for one page."""
    if panel.worst is None:
        return ""
    return f"Of {len(slos):,} promises the {panel.worst} {which}; the pages of components show the others"


def _components(drawing: Drawing) -> list[Column]:
    """Return the column of the component of each promise, which leads to its page; its value is of no interest."""
    page = drawing.component_page
    links = (Link("All promises of this component", f"{page}?${{__url_time_range}}"),) if page else ()
    return [Column("component", "Component", links=links), Column("Value #F", "", hidden=True)]


def _parts(slos: Sequence[plan.Slo]) -> list[Column]:
    """Return the columns that tell the parts of promises apart."""
    return [Column(label, label.replace("_", " ").capitalize()) for label in labels_of(slos)]


def _rows_high(slos: Sequence[plan.Slo]) -> int:
    """Return the height of a table; how many parts there are is known to Prometheus alone."""
    return 16 if labels_of(slos) else max(6, min(16, len(slos) + 3))


def _slos(drawing: Drawing, panel: plan.Panel) -> tuple[plan.Slo, ...]:
    if not panel.slos:
        raise ValueError("expected at least one promise to show, found none in the spec")
    return tuple(drawing.plan.slo(name) for name in panel.slos)


def _field(place: int, count: int) -> str:
    """Return the field of the query at a place: Grafana names values after their query when there are several."""
    return f"Value #{ref_id(place)}" if count > 1 else "Value"


def _of_budget(slos: Iterable[plan.Slo]) -> tuple[Threshold, ...]:
    caution = max((tier.share for slo in slos for tier in slo.tiers), default=CAUTION_SHARE)
    return (Threshold(None, BAD), Threshold(0, "yellow"), Threshold(caution, GOOD))


def _of_burn(slos: Iterable[plan.Slo]) -> tuple[Threshold, ...]:
    return _worst({(tier.factor, tier.priority) for slo in slos for tier in slo.tiers})


def _of_window(slos: Iterable[plan.Slo], window: timedelta) -> tuple[Threshold, ...]:
    tiers = (tier for slo in slos for tier in slo.tiers if window in (tier.short, tier.long))
    return _worst({(tier.factor, tier.priority) for tier in tiers})


def _worst(factors: set[tuple[float, plan.Priority]]) -> tuple[Threshold, ...]:
    """Return one step for each factor, in the colour of the most serious tier that has it."""
    best = dict(sorted(factors, reverse=True))
    return (Threshold(None, GOOD), *(Threshold(factor, OF[best[factor]]) for factor in sorted(best)))


def _burn_alerts(slos: Sequence[plan.Slo]) -> str:
    names = [slo.burn_alert for slo in slos]
    shown = ", ".join(names) if len(names) <= ALERTS_NAMED else f"{names[0]} and {len(names) - 1} more"
    return f"Watched by the budget alerts of the promises: {shown}."
