"""A history seen from a row of moments: what any window before each of them counted, by running sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from vcci_slo.backtest.excluding import Excluded
from vcci_slo.backtest.history import Amounts, History, HistoryError, Moments, micros

__all__ = ["MOST_EVALUATIONS", "Counted", "Grid", "evaluations"]

MOST_EVALUATIONS = 2_000_000
"""A year at 15 seconds."""

_CACHE_BYTES = 64 * 1024 * 1024
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class Counted:
    """What the window before each moment counted. `known` is the share of it that was observed, from 0 to 1."""

    bad: Amounts
    total: Amounts
    known: Amounts

    def above(self, ratio: float) -> NDArray[np.bool_]:
        """Return where more than this share was bad; never where nothing happened."""
        return (self.total > 0) & (
            np.divide(self.bad, self.total, out=np.zeros_like(self.bad), where=self.total > 0) > ratio
        )


def evaluations(history: History, every: timedelta) -> Moments:
    """Return the moments at which a history is judged: the first a step after it begins, the last not after its end.

    Raises HistoryError if there are too many.
    """
    first, last, step = micros(history.first), micros(history.last), every // _MICROSECOND
    count = max((last - first) // step, 1)
    if count > MOST_EVALUATIONS:
        wanted = -((first - last) // (MOST_EVALUATIONS * 1_000_000))
        raise HistoryError(f"at most {MOST_EVALUATIONS:,} evaluations", f"{count:,}; one every {wanted} s would fit")
    return first + step * np.arange(1, count + 1, dtype=np.int64)


class Grid:
    """Moments over a history. Any window is two look-ups; those that fit into a bounded memory are kept.

    What is `excluded` does not count in `counting`, the same moments for accounts; decisions are made by all there is.
    """

    def __init__(self, history: History, moments: Moments, excluded: Excluded | None = None) -> None:
        self.history = history
        self.moments = moments
        self.excluded = excluded
        self.counting = Grid(excluded.without(history), moments) if excluded else self
        self._sums = tuple(
            np.concatenate(([0.0], np.cumsum(column))) for column in (history.bad, history.total, history.known)
        )
        self._arrived = np.searchsorted(history.end, moments, side="right")
        self._kept: dict[int, Counted] = {}

    def until(self, moments: Moments) -> tuple[Amounts, Amounts, Amounts]:
        """Return bad events, all events and observed seconds before each moment.

        An increment that goes on after a moment counts by its share of time. Events of which nobody knows when in a
        gap they happened count from its start on, so that a window has all of them or, like the rules, none.
        """
        return self._until(moments, np.full(moments.shape, len(self.history)))

    def _until(self, moments: Moments, arrived: NDArray[np.intp]) -> tuple[Amounts, Amounts, Amounts]:
        """Return the same of the first `arrived` increments."""
        history = self.history
        after = np.searchsorted(history.end, moments, side="right")
        inside = np.minimum(after, len(history) - 1)
        start, end = history.start[inside], history.end[inside]
        length = np.maximum(end - start, 1)
        share = np.where(history.known[inside] > 0, np.maximum(moments - start, 0) / length, moments > start)
        share = np.where(after < arrived, share, 0.0)
        bad, total, known = (
            sums[after] + share * column[inside]
            for sums, column in zip(self._sums, (history.bad, history.total, history.known), strict=True)
        )
        return bad, total, known

    def since(self, starts: Moments, lengths: Moments | int) -> Counted:
        """Return what was counted from some moments, in the order of the grid's, up to each of the grid's.

        As for the recorder, an increment is known once it has ended: nobody decides by what is still to come.
        """
        before = self._until(starts, self._arrived)
        bad, total, known = (
            np.maximum(sums[self._arrived] - begin, 0.0) for sums, begin in zip(self._sums, before, strict=True)
        )
        return Counted(np.minimum(bad, total), total, np.minimum(known * 1e6 / np.maximum(lengths, 1), 1.0))

    def window(self, span: timedelta) -> Counted:
        """Return what the window of this length counted before each moment."""
        length = span // _MICROSECOND
        if length in self._kept:
            return self._kept[length]
        found = self.since(self.moments - length, length)
        if (len(self._kept) + 1) * 24 * self.moments.size <= _CACHE_BYTES:
            self._kept[length] = found
        return found

    def known_between(self, starts: Moments, ends: Moments) -> NDArray[np.bool_]:
        """Return where some time of a span before each moment is known at that moment."""
        return self._until(ends, self._arrived)[2] > self._until(starts, self._arrived)[2]

    def between(self, start: int, end: int) -> tuple[float, float]:
        """Return bad and all events of a span."""
        bad, total, _ = self.until(np.array([start, max(start, end)], dtype=np.int64))
        return max(float(bad[1] - bad[0]), 0.0), max(float(total[1] - total[0]), 0.0)
