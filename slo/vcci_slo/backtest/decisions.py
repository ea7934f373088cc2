"""The decisions of the rules and of the desk's evaluator, over a whole history at once.

A tier fires by `vcci_slo.burn.burns`; where its short window saw nothing, it cannot be judged. A test holds this to
the evaluator, moment by moment, and another to the generated rules in promtool.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from vcci_slo.backtest.episodes import UNKNOWN, Truths
from vcci_slo.backtest.grid import Grid
from vcci_slo.backtest.history import micros
from vcci_slo.plan import BurnTier, Slo
from vcci_slo.promql.burns import VANISHED

__all__ = ["burning", "silent"]

_MICROSECOND = timedelta(microseconds=1)


def burning(grid: Grid, slo: Slo, tier: BurnTier) -> Truths:
    """Return where a tier's condition holds: both windows above its threshold, with enough bad events in the long."""
    short, long = grid.window(tier.short), grid.window(tier.long)
    holds = short.above(tier.threshold) & long.above(tier.threshold) & (long.bad >= tier.min_bad)
    if tier.seen_for:
        holds &= _seen(grid, slo, tier)
    truths: Truths = holds.astype(np.int8)
    truths[short.known == 0] = UNKNOWN
    return truths


def _seen(grid: Grid, slo: Slo, tier: BurnTier) -> NDArray[np.bool_]:
    """Return where a promise is not new: measured in the long window that ended `seen_for` ago, or counted earlier."""
    end = grid.moments - tier.seen_for // _MICROSECOND
    seen = grid.known_between(end - tier.long // _MICROSECOND, end)
    if tier.infancy is not None:
        seen |= grid.window(slo.window).total > grid.window(tier.infancy).total
    return seen


def silent(grid: Grid, slo: Slo) -> Truths:
    """Return where nothing has been measured for as long as the promise tolerates.

    One account of several that has been gone for long is gone for good, as a cluster that was shut down is. A step of
    the history that is as long as that was measured all along, and is only told at its end: it is no silence.
    """
    history, after = grid.history, slo.no_data.after // _MICROSECOND
    ends = history.end[(history.known > 0) | (history.total > 0)]
    before = np.searchsorted(ends, grid.moments, side="right")
    silence = grid.moments - np.concatenate(([micros(history.first)], ends))[before]
    silence[_within_steps(grid, after)] = 0
    holds = silence >= after
    if slo.by:
        holds &= silence <= VANISHED * after
    truths: Truths = holds.astype(np.int8)
    return truths


def _within_steps(grid: Grid, least: int) -> NDArray[np.bool_]:
    """Return which moments lie within an increment that was observed and is at least so many microseconds long."""
    history = grid.history
    running = np.searchsorted(history.end, grid.moments, side="right")
    place = np.minimum(running, len(history) - 1)
    long = (history.known > 0) & (history.end - history.start >= least)
    return (running < len(history)) & long[place] & (history.start[place] < grid.moments)
