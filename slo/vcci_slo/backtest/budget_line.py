"""The budget over time: what was left of it at each moment, over its rolling window or its calendar month."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from vcci_slo.backtest.grid import Counted, Grid
from vcci_slo.backtest.history import Amounts, Moments, micros, moment
from vcci_slo.backtest.report import BudgetLine, Point
from vcci_slo.plan import Slo
from vcci_slo.windows import calendar_month

__all__ = ["POINTS", "account", "budget_line", "unspent"]

POINTS = 400


def account(grid: Grid, slo: Slo) -> Counted:
    """Return what the budget's window counted at each moment: the last days, or the month so far.

    What does not count is left out, and what is known is a share of the time that counts.
    """
    if slo.calendar is None and not grid.excluded:
        return grid.window(slo.window)
    length = slo.window // timedelta(microseconds=1)
    starts = grid.moments - length if slo.calendar is None else _months(grid, slo.calendar)
    lengths = grid.moments - starts
    if grid.excluded:
        lengths = lengths - grid.excluded.between(starts, grid.moments)
    return grid.counting.since(starts, np.maximum(lengths, 1))


def _months(grid: Grid, zone: str) -> Moments:
    """Return the start of the month of each moment."""
    span = calendar_month(moment(grid.moments[0]), zone)
    starts = [micros(span.start)]
    while micros(span.end) <= int(grid.moments[-1]):
        span = calendar_month(span.end, zone)
        starts.append(micros(span.start))
    edges = np.array(starts, dtype=np.int64)
    return edges[np.searchsorted(edges, grid.moments, side="right") - 1]


def unspent(counted: Counted, budget: float) -> Amounts:
    """Return the unspent share of the budget; no traffic spends nothing."""
    spent: Amounts = np.divide(
        counted.bad, counted.total * budget, out=np.zeros_like(counted.bad), where=counted.total > 0
    )
    return 1 - spent


def budget_line(grid: Grid, slo: Slo, every: timedelta) -> BudgetLine:
    """Return the budget over time."""
    counted = account(grid, slo)
    left = unspent(counted, slo.budget)
    count = grid.moments.size
    places = np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(np.int64))

    def point(index: int) -> Point:
        return Point(moment(grid.moments[index]), float(left[index]), float(counted.known[index]))

    return BudgetLine(
        points=tuple(point(int(index)) for index in places),
        lowest=point(int(np.argmin(left))),
        last=point(count - 1),
        exhausted_for=every * int((left <= 0).sum()),
    )
