"""The pictures of a report: compliance by day, the budget as it went, all promises by day. Light, dark and hatched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from vcci_platform.charts import Bar, Chart, Limit, Line, draw
from vcci_platform.reliability.reports import figures
from vcci_platform.reliability.reports.document import Picture
from vcci_platform.reliability.reports.grid import Cell, Grid, draw_grid
from vcci_platform.reliability.reports.letters import budget_bars, calendar, strip
from vcci_platform.reliability.reports.model import DayAccount, PromiseAccount, Report, Verdict
from vcci_platform.reliability.reports.periods import Period
from vcci_platform.reliability.reports.plain import one_line
from vcci_platform.reliability.reports.sayings import MARKS, left_of, sli_of

__all__ = ["CHART_STYLE", "budget_of", "days_of_all", "days_of_one"]

# Dark is bad, light is good, hatched was not observed: it reads the same on a printer without colours. The same rules
# style the pictures inside a page and those that stand alone, so they name no variables.
CHART_STYLE: Final = """
.chart text { font-family: "Libertinus Serif", system-ui, "Segoe UI", sans-serif;
  font-size: 13px; fill: #4b5563; }
.chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
.chart .grid { stroke: #e5e7eb; stroke-width: 1; } .chart .stub { stroke: #9ca3af; stroke-width: 1; }
.chart .hatch { stroke: #9ca3af; stroke-width: 2.4; } .chart .unseen { stroke: none; }
.chart .limit { stroke: #111827; stroke-width: 1.3; stroke-dasharray: 6 4; fill: none; }
.chart .limit.even { stroke: #6b7280; stroke-dasharray: 2 3; } .chart .limit.spent { stroke-dasharray: none; }
.chart text.label { fill: #111827; } .chart text.name { fill: #111827; }
.chart .day { fill: #8ecabf; } .chart .day.missed { fill: #7f1d1d; }
.chart text.mark.missed { fill: #7f1d1d; font-size: 14px; }
.chart .line { fill: none; stroke: #0f5f58; stroke-width: 2; stroke-linejoin: round; }
.chart .area { fill: #8ecabf; fill-opacity: .35; }
.chart .dot { fill: #0f5f58; }
.chart .cell { stroke: #ffffff; stroke-width: 1; } .chart .cell.kept { fill: #a9d6cd; }
.chart .cell.missed { fill: #7f1d1d; } .chart .cell.none { fill: #f3f4f6; stroke: #d1d5db; }
.chart text.cross { fill: #ffffff; font-size: 11px; text-anchor: middle; }
"""

CELLS: Final[Mapping[Verdict, str]] = {
    "kept": "kept",
    "missed": "missed",
    "unknown": "unknown",
    "no traffic": "none",
    "taken out": "none",
}
AXES = (2.0, 4.0, 10.0)
"""How many times the budget below 100% the axis may begin; what lies deeper is cut off there, and marked."""


def days_of_one(report: Report, promise: PromiseAccount, number: int) -> Picture:
    """Return the SLI of each day as it hangs below 100%: what reaches below the objective is missed."""
    slo, period = promise.slo, report.period
    seen = [day for day in promise.days if day.account.sli is not None and day.account.known > 0]
    worst = min((1.0 if day.account.sli is None else day.account.sli for day in seen), default=1.0)
    low = max(1 - next((axis for axis in AXES if worst >= 1 - axis * slo.budget), AXES[-1]) * slo.budget, 0.0)
    title = "Compliance by day"
    words = _day_words(promise)
    chart = Chart(
        name=f"days-{number}",
        title=one_line(f"{title}: {slo.name}"),
        words=words,
        start=period.span.start,
        end=period.span.end,
        low=low,
        high=1.0,
        ticks=tuple(_tick(low + (1 - low) * part / 4, slo.budget) for part in range(5)),
        lines=(),
        bars=tuple(_bar(day, low) for day in seen),
        limits=(Limit("objective", f"objective {slo.percent}", slo.objective),),
        times=_times(period),
        unseen=_unseen(promise),
    )
    return Picture(title, words, draw(chart), calendar(promise.days))


def budget_of(report: Report, promise: PromiseAccount, number: int) -> Picture:
    """Return what was left of the budget after each day, beside the line of spending it evenly."""
    slo, period = promise.slo, report.period
    left, points, lows = 1.0, list[tuple[datetime, float | None]](), [0.0]
    steps: list[tuple[date, float | None]] = []
    for day in promise.days:
        if day.account.known == 0:
            points.append((day.span.start, None))
            steps.append((day.day, None))
            continue
        points.append((day.span.start, left))
        left -= promise.share(day.account.bad) or 0.0
        points.append((day.span.end, left))
        steps.append((day.day, left))
        lows.append(left)
    low = max(min(lows), -1.0)
    known = promise.whole.known > 0
    words = f"{left_of(promise.whole)} of the budget is left." if known else "Nothing was observed."
    even = (Limit("even", "spent evenly", 1.0, to=0.0),) if report.over else ()
    ticks = tuple((part / 4, f"{part * 25}%") for part in range(-4, 5, 1 if low > -0.5 else 2) if low <= part / 4)
    title = "Budget left"
    chart = Chart(
        name=f"budget-{number}",
        title=one_line(f"{title}: {slo.name}"),
        words=words,
        start=period.span.start,
        end=period.span.end,
        low=low,
        high=1.0,
        ticks=ticks,
        lines=(Line("left", tuple(points), area=low == 0),),
        limits=(*even, *((Limit("spent", "all spent", 0.0),) if low < 0 else ())),
        times=_times(period),
        unseen=_unseen(promise),
    )
    return Picture(title, words, draw(chart), budget_bars(steps))


def days_of_all(report: Report) -> Picture:
    """Return one row of days for each promise."""
    missed = sum(promise.count("missed") for promise in report.promises)
    unknown = sum(promise.count("unknown") for promise in report.promises)
    days = sum(len(promise.days) for promise in report.promises)
    words = f"Of {days} days of all promises, {missed} were missed and {unknown} are unknown."
    title = "Every promise by day"
    rows = tuple(
        (one_line(promise.slo.name), tuple(Cell(CELLS[day.verdict], MARKS[day.verdict]) for day in promise.days))
        for promise in report.promises
    )
    times = tuple((period_day - report.period.first).days for period_day, _ in _labels(report.period))
    labels = tuple(label for _, label in _labels(report.period))
    grid = Grid("all-days", title, words, report.period.count, rows, tuple(zip(times, labels, strict=True)))
    return Picture(title, words, draw_grid(grid), strip(rows))


def _day_words(promise: PromiseAccount) -> str:
    if promise.whole.known == 0:
        return "No day was observed."
    kept, missed, unknown = (promise.count(verdict) for verdict in ("kept", "missed", "unknown"))
    text = f"{kept} days kept, {missed} missed, {unknown} unknown."
    worst = promise.worst[0] if promise.worst else None
    return text if worst is None else f"{text} Worst: {figures.day(worst.day)} with {sli_of(worst.account)}."


def _bar(day: DayAccount, low: float) -> Bar:
    sli = 1.0 if day.account.sli is None else day.account.sli
    missed = day.verdict == "missed"
    css = "day missed" if missed else "day"
    return Bar(css, day.span.start, day.span.end, 1.0, max(sli, low), MARKS["missed"] if missed else "")


def _tick(value: float, budget: float) -> tuple[float, str]:
    text = f"{value * 100:.{figures.digits(budget)}f}"
    return value, f"{text.rstrip('0').rstrip('.')}%"


def _unseen(promise: PromiseAccount) -> tuple[tuple[datetime, datetime], ...]:
    found: list[tuple[datetime, datetime]] = []
    for day in promise.days:
        if day.verdict != "unknown":
            continue
        if found and found[-1][1] == day.span.start:
            found[-1] = (found[-1][0], day.span.end)
        else:
            found.append((day.span.start, day.span.end))
    return tuple(found)


def _times(period: Period) -> tuple[tuple[datetime, str], ...]:
    """Return the days that stand below a chart, each at its noon."""
    half = timedelta(hours=12)
    return tuple((period.of(day).start + half, label) for day, label in _labels(period))


def _labels(period: Period) -> list[tuple[date, str]]:
    """Return which days are named: all of a month by number, the halves of months, or months."""
    if period.count <= 35:
        named = [day for day in period.days if day == period.first or day.day == 1]
        beside = {day + timedelta(days=1) for day in named}  # a name with its month needs the room of two days
        return [
            (day, figures.short_day(day) if day in named else str(day.day))
            for day in period.days
            if day in named or day not in beside
        ]
    if period.count <= 130:
        return [(day, figures.short_day(day)) for day in period.days if day.day in {1, 15}]
    return [(day, f"{day:%b}") for day in period.days if day.day == 1]
