"""The stretches in which a promise was broken, whatever any alert said about them."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np

from vcci_slo.backtest.episodes import FALSE, TRUE, UNKNOWN, Truths, runs
from vcci_slo.backtest.grid import Grid
from vcci_slo.backtest.history import micros

__all__ = ["Stretch", "stretches"]


class Stretch(NamedTuple):
    """A time in which the promise was broken, in microseconds since 1970, and what it cost."""

    onset: int
    end: int
    bad: float
    total: float


def stretches(grid: Grid, *, budget: float, resolution: timedelta) -> list[Stretch]:
    """Return every stretch in which more failed than the objective allows.

    The promise is broken at a moment if more than `budget` of the events of the `resolution` before it were bad.
    Moments that follow each other so are one stretch; moments without events, or without knowledge, neither begin nor
    end one. A stretch begins, and this is the *onset*, where within the first of these windows the excess of bad events
    over the allowed ones starts to grow: at its lowest point. It ends at its highest point within the last of them.
    Faults less than `resolution` apart are thus one stretch, and chance failures just before one are no part of it.
    A gap in which more failed than allowed, as its end tells, is one from its start on.
    """
    window = grid.window(resolution)
    truths: Truths = window.above(budget).astype(np.int8)
    truths[window.total == 0] = UNKNOWN
    history = grid.history
    for index in np.flatnonzero((history.known == 0) & (history.bad > budget * history.total)).tolist():
        inside = slice(*np.searchsorted(grid.moments, (history.start[index], history.end[index]), side="right"))
        truths[inside] = TRUE
    edges = np.concatenate(([micros(grid.history.first)], grid.moments))
    bad, total, _ = grid.until(edges)
    excess = bad - budget * total
    reach = resolution // timedelta(microseconds=1)
    found: list[Stretch] = []
    taken = 0
    for first, last in _broken(truths):
        low = max(int(np.searchsorted(edges, grid.moments[first] - reach)), taken)
        onset = first - int(np.argmin(excess[low : first + 1][::-1])) if low <= first else first
        high = max(int(np.searchsorted(edges, grid.moments[last] - reach)), onset + 1)
        taken = high + int(np.argmax(excess[high : last + 2]))
        since, until = int(edges[onset]), int(edges[taken])
        found.append(Stretch(since, until, *grid.between(since, until)))
    return found


def _broken(truths: Truths) -> list[tuple[int, int]]:
    """Return the first and last moment of each run of broken ones; what is unknown in between does not end it."""
    found: list[tuple[int, int]] = []
    ended = True
    for truth, first, last in runs(truths):
        if truth == TRUE:
            since = first if ended else found.pop()[0]
            found.append((since, last))
            ended = False
        elif truth == FALSE:
            ended = True
    return found
