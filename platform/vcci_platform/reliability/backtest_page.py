"""A backtest as one page that needs nothing else: figures, the budget of each form, and what fired when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from markupsafe import Markup

from vcci_platform.charts import Bar, Chart, Limit, Line, draw
from vcci_slo.backtest import Outcome, Report
from vcci_slo.promql.durations import words

__all__ = ["page"]

FLOOR = -1.0
"""A budget that is overspent more than twice is drawn at the edge; its figure stands in the table."""

LEAST_BAR = 0.004
"""The share of the width that an alert has at least, so that a short one is seen."""

PAGES, TICKETS = (1.0, 0.95), (0.94, 0.91)
"""Where the bars of alerts hang, those that page above those that do not."""

_STYLE = Markup(
    "<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;"
    "padding:0 1rem}table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.2rem .8rem .2rem 0;"
    "text-align:left;font-variant-numeric:tabular-nums}svg.chart{width:100%;height:auto;font-size:12px}"
    ".grid,.stub{stroke:#8886}.tick,.label{fill:currentColor}.tick.end{text-anchor:end}.tick.middle{text-anchor:middle}"
    ".line{fill:none;stroke:#2563a8;stroke-width:2}.dot{fill:#2563a8}.area{fill:#2563a822}"
    ".limit{stroke:#b3261e;stroke-dasharray:4 3}.hatch{stroke:#8888}rect.page{fill:#b3261e}rect.ticket{fill:#b58100}"
    "</style>"
)


def page(report: Report, source: str, notes: Iterable[str]) -> str:
    """Return the page."""
    slo = report.outcomes[0].slo
    said = Markup("").join(Markup("<li>{}</li>").format(note) for note in (*notes, *report.notes))
    body = Markup("").join(_section(number, outcome, report) for number, outcome in enumerate(report.outcomes))
    return str(
        Markup(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Backtest of {0}</title>{1}</head>'
            "<body><h1>Backtest of {0}</h1><p>{2}. {3}, from {4:%Y-%m-%d %H:%M} to {5:%Y-%m-%d %H:%M} UTC, judged "
            "every {6}.</p><ul>{7}</ul>{8}</body></html>\n"
        ).format(slo.name, _STYLE, slo.words, source, report.start, report.end, words(report.every), said, body)
    )


def _section(number: int, outcome: Outcome, report: Report) -> Markup:
    counts = outcome.counts
    figures = (
        ("pages", f"{counts.pages}, {counts.pages_in_vain} in vain"),
        ("tickets", f"{counts.tickets}, {counts.tickets_in_vain} in vain"),
        ("bad stretches that cost", f"{counts.stretches_that_cost}, {counts.missed} missed"),
        ("typical time from onset to page", "-" if counts.typical_delay is None else words(counts.typical_delay)),
        ("budget left at the end", f"{outcome.budget.last.remaining:.1%}"),
        ("lowest", f"{outcome.budget.lowest.remaining:.1%}, {outcome.budget.lowest.at:%Y-%m-%d %H:%M}"),
    )
    rows = Markup("").join(Markup("<tr><th>{}</th><td>{}</td></tr>").format(name, value) for name, value in figures)
    title = f"{outcome.title}: {outcome.slo.percent} over {outcome.slo.window_name}"
    return Markup("<h2>{}</h2><table>{}</table>{}{}").format(
        title, rows, draw(_budget(number, title, outcome, report)), _firings(outcome)
    )


def _budget(number: int, title: str, outcome: Outcome, report: Report) -> Chart:
    lowest = outcome.budget.lowest.remaining
    least = (report.end - report.start) * LEAST_BAR
    bars = tuple(
        Bar(
            "page" if firing.pages else "ticket",
            firing.fired_at,
            max(firing.over_at or report.end, firing.fired_at + least),
            *(PAGES if firing.pages else TICKETS),
        )
        for firing in outcome.firings
    )
    points = tuple((point.at, point.remaining) for point in outcome.budget.points)
    low = max(min(lowest, 0.0) * 1.05, FLOOR)
    return Chart(
        name=f"budget-{number}",
        title=f"Error budget, {title}",
        words=f"The budget fell to {lowest:.0%}; {outcome.counts.pages} pages, {outcome.counts.tickets} tickets.",
        start=report.start,
        end=report.end,
        low=low,
        high=1.0,
        ticks=tuple((value, f"{value:.0%}") for value in (low, 0.0, 0.5, 1.0) if value != 0.0 or low == 0.0),
        lines=(Line("budget", points),),
        bars=bars,
        limits=(Limit("spent", "spent", 0.0),),
    )


def _firings(outcome: Outcome) -> Markup:
    rows = Markup("").join(
        Markup("<tr><td>{}</td><td>{}</td><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
            _at(firing.fired_at),
            _at(firing.over_at),
            firing.priority,
            firing.tier,
            "-" if firing.delay is None else words(firing.delay),
            "-" if firing.spent is None else f"{firing.spent:.2%}",
            "in vain" if firing.in_vain else "",
        )
        for firing in outcome.firings
    )
    if not rows:
        return Markup("<p>Nothing fired.</p>")
    head = Markup("<tr><th>fired (UTC)</th><th>until</th><th>tier</th><th>after onset</th><th>spent</th><th></th></tr>")
    return Markup("<table>{}{}</table>").format(head, rows)


def _at(moment: datetime | None) -> str:
    return "still firing" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
