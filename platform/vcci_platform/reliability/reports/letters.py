"""Pictures in letters, for where nothing can be drawn: a calendar of verdicts, bars of what was left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from vcci_platform.reliability.reports import figures
from vcci_platform.reliability.reports.grid import Cell
from vcci_platform.reliability.reports.model import DayAccount
from vcci_platform.reliability.reports.sayings import MARKS

__all__ = ["LEGEND", "budget_bars", "calendar", "strip"]

LEGEND = ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items())
BAR = 24
EVERY = 7
NAME = 30


def calendar(days: Sequence[DayAccount]) -> str:
    """Return weeks as rows, from Monday to Sunday, with the sign of each day's verdict."""
    lines = ["             Mo  Tu  We  Th  Fr  Sa  Su"]
    weeks: dict[date, dict[int, str]] = {}
    for day in days:
        monday = day.day - timedelta(days=day.day.weekday())
        weeks.setdefault(monday, {})[day.day.weekday()] = MARKS[day.verdict]
    for monday, marks in weeks.items():
        signs = "   ".join(marks.get(weekday, " ") for weekday in range(7))
        lines.append(f"{monday.day:>2} {monday:%b %Y}   {signs}".rstrip())
    return "\n".join([*lines, LEGEND])


def budget_bars(steps: Sequence[tuple[date, float | None]]) -> str:
    """Return a bar of what was left after every seventh day and the last."""
    chosen = [step for number, step in enumerate(steps, start=1) if number % EVERY == 0 or number == len(steps)]
    lines: list[str] = []
    for day, left in chosen:
        full = round(min(max(left or 0.0, 0.0), 1.0) * BAR)
        bar = "\N{FULL BLOCK}" * full + "\N{LIGHT SHADE}" * (BAR - full) if left is not None else "?" * BAR
        lines.append(f"{figures.short_day(day):>6}  {bar}  {figures.share(left)}")
    return "\n".join(lines)


def strip(rows: Sequence[tuple[str, tuple[Cell, ...]]]) -> str:
    """Return one line of signs for each promise; names are in one line already."""
    width = min(max((len(name) for name, _ in rows), default=0), NAME)
    return "\n".join([*(f"{name:<{width}}  {''.join(cell.mark for cell in cells)}" for name, cells in rows), LEGEND])
