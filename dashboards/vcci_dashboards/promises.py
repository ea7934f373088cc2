"""The panels of promises: what is promised and kept, what is left of each budget, how fast it is spent.

All of them read what the recording rules write; none of them reads a month of raw series.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from vcci_dashboards.colours import BAD, GOOD, NEUTRAL, OF
from vcci_dashboards.drawing import COMPANIONS, UNITS, Drawing
from vcci_dashboards.model import Column, Link, Panel, Query, Threshold
from vcci_slo import plan
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher, selector
from vcci_slo.promql.series import BUDGET, BURN_RATE, OBJECTIVE, REMAINING, errors, ratio, total

__all__ = ["budget", "burn", "objective"]

CHOICE = Matcher("slo", "=~", "$slo")
NOT_RECORDED = "Not recorded: the rules of the promises are not loaded, or have seen nothing yet"
HOUR = timedelta(hours=1)
ALERTS_NAMED = 4
CAUTION_SHARE = 0.1
"""Yellow when less is left than one tier may spend before it alerts; this much if there is no tier."""


def objective(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the table of all promises: promised, kept, left, spent how fast, gone when."""
    slos = _slos(drawing, panel)
    remaining, rate = _one_each(drawing, REMAINING), _one_each(drawing, BURN_RATE)
    kept = " or ".join(f"1 - {_one_each(drawing, ratio(window), among)}" for window, among in _grouped(slos))
    lasts = " or ".join(
        f"clamp_min({_one_each(drawing, REMAINING, among)}, 0) * {number(window.total_seconds())} / "
        f"({_one_each(drawing, BURN_RATE, among)} > 0)"
        for window, among in _grouped(slos)
    )
    expressions = (_one_each(drawing, OBJECTIVE), kept, remaining, rate, lasts)
    page = drawing.slo_page
    here = (Link("Only this promise", f"{page}?var-slo=${{__data.fields.slo}}&${{__url_time_range}}"),) if page else ()
    return (
        Panel(
            id=panel.id,
            kind="table",
            title=panel.title,
            description=drawing.describe(
                panel,
                "Normal is kept above promised, and a budget that lasts longer than the window",
                "At a burn rate of 1 a budget lasts exactly its window; nothing stands where it is not spent",
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
                Column("Value #A", "Promised", UNITS["ratio"], decimals=3),
                Column("Value #B", "Kept", UNITS["ratio"], decimals=3),
                Column("Value #C", "Budget left", UNITS["ratio"], thresholds=_of_budget(slos), decimals=1),
                Column("Value #D", "Burn rate", "none", thresholds=_of_burn(slos), decimals=2),
                Column("Value #E", "At this pace it lasts", "dtdurations"),
            ),
            sort_by="Promise",
            wide=True,
            height=max(6, min(16, len(slos) + 3)),
        ),
    )


def budget(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return what is left of each budget; where a promise can be chosen, also how the month burns down."""
    slos = _slos(drawing, panel)
    bars = Panel(
        id=panel.id,
        kind="bargauge",
        title=panel.title,
        description=drawing.describe(panel, "Normal is green; red is overspent", unwatched=_burn_alerts(slos)),
        unit=UNITS["ratio"],
        queries=(Query(_one_each(drawing, REMAINING), "{{slo}}", at_once=True),),
        thresholds=_of_budget(slos),
        links=(*drawing.links(panel), *((Link("All promises", drawing.slo_page),) if drawing.slo_page else ())),
        nothing=NOT_RECORDED,
        minimum=0,
        maximum=1,
        height=max(8, min(12, len(slos))),
    )
    return (bars, _burndown(drawing, panel, slos)) if drawing.chooses_slo else (bars,)


def burn(drawing: Drawing, panel: plan.Panel) -> tuple[Panel, ...]:
    """Return the burn of every window against every tier, then each tier over time against its factor."""
    slos = _slos(drawing, panel)
    windows = sorted({window for slo in slos for tier in slo.tiers for window in (tier.short, tier.long)})
    columns = [Column("Time", "Time", hidden=True), Column("slo", "Promise")]
    columns += [
        Column(_field(place, len(windows)), promql_duration(window), "none", _of_window(slos, window), decimals=2)
        for place, window in enumerate(windows)
    ]
    table = Panel(
        id=panel.id,
        kind="table",
        title=panel.title,
        description=drawing.describe(
            panel,
            "One column for each window; a colour means that a tier with this window may fire",
            "Normal is below 1",
            unwatched=_burn_alerts(slos),
        ),
        unit="none",
        queries=tuple(Query(_burned(drawing, window), form="table", at_once=True) for window in windows),
        thresholds=(Threshold(None, NEUTRAL),),
        links=drawing.links(panel),
        nothing=NOT_RECORDED,
        columns=tuple(columns),
        sort_by="Promise",
        wide=True,
        height=max(6, min(16, len(slos) + 3)),
    )
    return (table, *_tiers(drawing, panel, slos))


def _tiers(drawing: Drawing, panel: plan.Panel, slos: Sequence[plan.Slo]) -> list[Panel]:
    found: dict[tuple[str, timedelta, timedelta, float], list[tuple[plan.Slo, plan.BurnTier]]] = {}
    for slo in slos:
        for tier in slo.tiers:
            found.setdefault((tier.name, tier.short, tier.long, tier.factor), []).append((slo, tier))
    panels: list[Panel] = []
    for place, ((name, short, long, factor), members) in enumerate(found.items(), start=1):
        among = _among([slo for slo, _ in members], slos)
        slow, fast = _one_each(drawing, ratio(long), among), _one_each(drawing, ratio(short), among)
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
                # The smaller of two, promise by promise.
                queries=(
                    Query(f"(({slow} <= {fast}) or {fast}) / on (slo) {_one_each(drawing, BUDGET, among)}", "{{slo}}"),
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


def _burndown(drawing: Drawing, panel: plan.Panel, slos: Sequence[plan.Slo]) -> Panel:
    """Return the month's budget beside the line of an even pace; under a time scale a month means nothing."""
    scaled = drawing.plan.time_scale != 1
    month = " or ".join(_spent(drawing, window, among) for window, among in _grouped(slos))
    even = "1 - ((day_of_month() - 1) * 86400 + hour() * 3600 + minute() * 60) / (days_in_month() * 86400)"
    return Panel(
        id=panel.id * COMPANIONS + 1,
        kind="timeseries",
        title="Error budget remaining, over time" if scaled else "Burndown of this month",
        description=(
            "What is left of each budget in its window. Clocks run fast here, so there is no calendar month."
            if scaled
            else "Bad events of this calendar month (UTC) against what the traffic of one window allows. "
            "Normal is above the even pace: below it, the budget is gone before the month is. "
            "The alerts look at burn rates, not at this line."
        ),
        unit=UNITS["ratio"],
        queries=(Query(_one_each(drawing, REMAINING), "{{slo}}"),)
        if scaled
        else (Query(month, "{{slo}}"), Query(even, "even pace")),
        thresholds=(Threshold(None, BAD), Threshold(0, GOOD)),
        lines=True,
        links=drawing.links(panel),
        nothing=NOT_RECORDED,
        maximum=1,
        since="" if scaled else "now/M",
        points=120,
    )


def _spent(drawing: Drawing, window: timedelta, among: tuple[Matcher, ...]) -> str:
    """Return what this month leaves of a budget: its bad hours added up, against the traffic of a whole window.

    The hours are those that the rules recorded; before the first full hour nothing is spent.
    """
    bad = _chosen(drawing, errors(HOUR), among)
    this_month = "(month() == bool vector(${__to:date:M}))"
    hours = f"max by (slo) (sum_over_time(({bad} * on () group_left () {this_month})[32d:1h]))"
    allowed = f"{_one_each(drawing, BUDGET, among)} * on (slo) {_one_each(drawing, total(window), among)}"
    return f"1 - ({hours} or 0 * max by (slo) ({bad})) / on (slo) ({allowed} > 0)"


def _slos(drawing: Drawing, panel: plan.Panel) -> tuple[plan.Slo, ...]:
    if not panel.slos:
        raise ValueError("expected at least one promise to show, found none in the spec")
    return tuple(drawing.plan.slo(name) for name in panel.slos)


def _chosen(drawing: Drawing, series: str, among: tuple[Matcher, ...] = ()) -> str:
    return selector(series, (*((CHOICE,) if drawing.chooses_slo else ()), *among))


def _one_each(drawing: Drawing, series: str, among: tuple[Matcher, ...] = ()) -> str:
    """Return one number for each promise, whatever else the rules put on the series."""
    return f"max by (slo) ({_chosen(drawing, series, among)})"


def _burned(drawing: Drawing, window: timedelta, among: tuple[Matcher, ...] = ()) -> str:
    return f"{_one_each(drawing, ratio(window), among)} / on (slo) {_one_each(drawing, BUDGET, among)}"


def _grouped(slos: Sequence[plan.Slo]) -> list[tuple[timedelta, tuple[Matcher, ...]]]:
    """Return the promises' windows, each with the matcher that finds its promises (none if it is all of them)."""
    found: dict[timedelta, list[plan.Slo]] = {}
    for slo in slos:
        found.setdefault(slo.window, []).append(slo)
    return [(window, _among(members, slos)) for window, members in sorted(found.items())]


def _among(members: Sequence[plan.Slo], everyone: Sequence[plan.Slo]) -> tuple[Matcher, ...]:
    names = [slo.name for slo in members]
    return () if len(names) == len(everyone) else (Matcher("slo", "=~", "|".join(names)),)


def _field(place: int, count: int) -> str:
    """Return the field of the query at a place: Grafana names values after their query when there are several."""
    return f"Value #{chr(ord('A') + place)}" if count > 1 else "Value"


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
