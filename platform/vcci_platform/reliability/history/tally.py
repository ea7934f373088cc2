"""From samples to increments: what a promise counts, summed by step while the samples pass by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from vcci_platform.reliability.history.pages import Pages
from vcci_platform.reliability.history.recorded import HistoryUnreadable
from vcci_platform.reliability.recorder import GAP_IN_ROUNDS
from vcci_slo.backtest.history import MOST_INCREMENTS, History

__all__ = ["MOST_SERIES", "NEVER", "Numbers", "Tally", "Whole"]

MOST_SERIES = 200_000
CHUNK = 1 << 18
FIRST_LOOK = 2_000
NEVER = -1

Whole = NDArray[np.int64]
Numbers = NDArray[np.float64]


class Tally(ABC):
    """Sums by step of the series that belong to a promise. Samples come in any order of series."""

    counts = True
    """Whether values are those of counters."""

    def __init__(self, scrape_every: timedelta) -> None:
        self.samples = 0
        self._least = max(scrape_every // timedelta(microseconds=1), 1)
        self._step = 0
        self._origin = 0
        self._last_at: Whole = np.zeros(0, dtype=np.int64)
        self._last_value: Numbers = np.zeros(0)
        self._roles: list[int] = []
        self._waiting: tuple[list[int], list[int], list[float]] = ([], [], [])

    @property
    @abstractmethod
    def metrics(self) -> frozenset[str]:
        """The metrics that are looked at."""

    @abstractmethod
    def series(self, metric: str, labels: Mapping[str, str]) -> int | None:
        """Return the number of a series that was not seen before, or None if it does not belong to the promise."""

    @abstractmethod
    def _count(self, roles: Whole, step: Whole, before: Whole, at: Whole, was: Numbers, value: Numbers) -> None:
        """Count samples; `before` is when their series showed `was`, or NEVER where it is new."""

    @abstractmethod
    def _sums(self, first: int, end: int) -> tuple[Numbers, Numbers, Numbers]:
        """Return bad events, all events, and whether it is known, of each step."""

    @abstractmethod
    def _span(self) -> tuple[int, int]:
        """Return the first step and the one after the last."""

    def notes(self) -> tuple[str, ...]:
        """Return what must be known about the counts."""
        return ()

    def _new(self, role: int) -> int:
        if len(self._roles) >= MOST_SERIES:
            raise HistoryUnreadable(f"expected at most {MOST_SERIES:,} series of one promise")
        self._roles.append(role)
        return len(self._roles) - 1

    def add(self, series: int, at: int, value: float) -> None:
        """Take a sample; the times of one series go forward."""
        self.samples += 1
        numbers, times, values = self._waiting
        numbers.append(series)
        times.append(at)
        values.append(value)
        if len(numbers) >= CHUNK:
            self._flush()

    def history(self) -> History:
        """Return what was counted. Raises HistoryUnreadable if that is nothing."""
        self._flush()
        first, end = self._span()
        bad, total, known = self._sums(first, end)
        steps = np.flatnonzero((known > 0) | (total > 0))
        if not steps.size:
            raise HistoryUnreadable("expected two samples of a series, so that a difference can be told")
        if steps.size > MOST_INCREMENTS:
            raise HistoryUnreadable(f"expected a history of at most {MOST_INCREMENTS:,} steps, found {steps.size:,}")
        until = self._origin + (steps + first) * self._step
        seen = np.where(known[steps] > 0, self._step / 1e6, 0.0)
        failed = np.clip(bad[steps], 0.0, total[steps])
        gaps = self._gaps()
        return History.of_arrays(
            np.concatenate((until - self._step, self._origin + gaps[0] * self._step)),
            np.concatenate((until, self._origin + gaps[1] * self._step)),
            np.concatenate((failed, np.clip(gaps[2], 0.0, gaps[3]))),
            np.concatenate((total[steps], gaps[3])),
            np.concatenate((seen, np.zeros(gaps[0].size))),
        )

    def _gaps(self) -> tuple[Whole, Whole, Numbers, Numbers]:
        """Return first and last step, bad and all events, of what happened while nobody looked."""
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0), np.zeros(0)

    def _flush(self) -> None:
        numbers, times, values = self._waiting
        if not numbers:
            return
        self._waiting = ([], [], [])
        which = np.array(numbers, dtype=np.int64)
        order = np.argsort(which, kind="stable")
        which, at, value = which[order], np.array(times, dtype=np.int64)[order], np.array(values)[order]
        if not self._step:
            self._origin, self._step = int(at[0]), self._usual(which, at)
        grown = len(self._roles) - self._last_at.size
        self._last_at = np.concatenate((self._last_at, np.full(grown, NEVER, dtype=np.int64)))
        self._last_value = np.concatenate((self._last_value, np.zeros(grown)))
        fresh = np.concatenate(([True], which[1:] != which[:-1]))
        before = np.where(fresh, self._last_at[which], np.concatenate(([NEVER], at[:-1])))
        was = np.where(fresh, self._last_value[which], np.concatenate(([0.0], value[:-1])))
        final = np.concatenate((fresh[1:], [True]))
        self._last_at[which[final]], self._last_value[which[final]] = at[final], value[final]
        self._count(np.array(self._roles, dtype=np.int64)[which], self._steps(at), before, at, was, value)

    def _usual(self, which: Whole, at: Whole) -> int:
        """Return the usual time between two samples of a series, in whole seconds, and no less than a scrape."""
        apart = np.diff(at[:FIRST_LOOK])[np.diff(which[:FIRST_LOOK]) == 0]
        usual = int(np.median(apart)) if apart.size else self._least
        return max(round(usual / 1_000_000) * 1_000_000, self._least)

    def _steps(self, at: Whole) -> Whole:
        """Return the step in which a moment lies: one ends with the moment that names it."""
        return -((self._origin - at) // self._step)

    def _cover(self, page: Pages, before: Whole, at: Whole) -> None:
        """Mark the steps that lie between two samples as known; of a new series, or after a gap, only the last."""
        since = np.where((before == NEVER) | self._parted(before, at), at - self._step, before)
        page.put(self._steps(since) + 1, np.ones(at.size))
        page.put(self._steps(at) + 1, -np.ones(at.size))

    def _parted(self, before: Whole, at: Whole) -> NDArray[np.bool_]:
        """Return where so much time lies between two samples that nobody knows what happened in it."""
        return at - before > GAP_IN_ROUNDS * self._step
