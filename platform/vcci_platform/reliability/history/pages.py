"""Sums by step over a time that is not known beforehand: pages of steps, made when something falls on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vcci_platform.reliability.history.recorded import HistoryUnreadable
from vcci_slo.backtest.history import MOST_INCREMENTS

__all__ = ["Pages"]

PAGE = 8192


class Pages:
    """One column of numbers by step; `reduce` joins what falls on the same step."""

    def __init__(self, reduce: np.ufunc = np.add, empty: float = 0.0) -> None:
        self._reduce = reduce
        self._empty = empty
        self._pages: dict[int, NDArray[np.float64]] = {}

    def put(self, steps: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Join values to their steps. Raises HistoryUnreadable if they lie too far apart to be one history."""
        numbers = steps // PAGE
        for number in np.unique(numbers).tolist():
            page = self._pages.get(number)
            if page is None:
                if (len(self._pages) + 1) * PAGE > 2 * MOST_INCREMENTS:
                    raise HistoryUnreadable(f"expected a history of at most {MOST_INCREMENTS:,} steps")
                page = self._pages[number] = np.full(PAGE, self._empty)
            here = numbers == number
            self._reduce.at(page, steps[here] - number * PAGE, values[here])

    def span(self) -> tuple[int, int]:
        """Return the first step of the first page, and the one after the last page; (0, 0) if there is none."""
        return (min(self._pages) * PAGE, (max(self._pages) + 1) * PAGE) if self._pages else (0, 0)

    def column(self, first: int, end: int) -> NDArray[np.float64]:
        """Return the values of all steps from one up to, and without, another; both are the edges of pages."""
        if end - first > 4 * MOST_INCREMENTS:
            raise HistoryUnreadable(f"expected a history of at most {MOST_INCREMENTS:,} steps")
        blank = np.full(PAGE, self._empty)
        parts = [self._pages.get(number, blank) for number in range(first // PAGE, end // PAGE)]
        return np.concatenate(parts) if parts else np.empty(0)
