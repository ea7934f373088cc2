"""Gauges: probes that count one by one, or values that are joined at each moment and held against a limit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from vcci_platform.reliability.history.pages import Pages
from vcci_platform.reliability.history.tally import Numbers, Tally, Whole
from vcci_slo.plan import LimitIndicator
from vcci_slo.promql.indicators import PROBE_METRIC
from vcci_slo.promql.matchers import Matcher
from vcci_slo.promql.series import BAD

__all__ = ["GaugeTally"]

_REDUCERS: Mapping[str, tuple[np.ufunc, float]] = {
    "max": (np.maximum, -np.inf),
    "min": (np.minimum, np.inf),
    "sum": (np.add, 0.0),
    "avg": (np.add, 0.0),
    "count": (np.add, 0.0),
}
RECORDED, RAW = 0, 1


class GaugeTally(Tally):
    """Sums by step of moments at which something was wrong."""

    counts = False

    def __init__(
        self,
        scrape_every: timedelta,
        wanted: Mapping[str, tuple[Matcher, ...]],
        indicator: LimitIndicator | None,
        how: str,
    ) -> None:
        super().__init__(scrape_every)
        self._wanted = wanted
        self._indicator = indicator
        self._how = how
        self._seen = Pages()
        self._looks, self._failed = Pages(), Pages()
        self._recorded, self._said = Pages(), Pages()
        self._joined = Pages(*_REDUCERS[how])

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(self._wanted)

    def series(self, metric: str, labels: Mapping[str, str]) -> int | None:
        if not all(matcher.holds(labels) for matcher in self._wanted[metric]):
            return None
        return self._new(RECORDED if metric == BAD else RAW)

    def _count(self, roles: Whole, step: Whole, before: Whole, at: Whole, was: Numbers, value: Numbers) -> None:
        self._cover(self._seen, before, at)
        recorded, raw = roles == RECORDED, roles == RAW
        self._recorded.put(step[recorded], np.ones(int(recorded.sum())))
        self._said.put(step[recorded], (value[recorded] > 0).astype(np.float64))
        self._looks.put(step[raw], np.ones(int(raw.sum())))
        if self._indicator is None:
            self._failed.put(step[raw], (value[raw] < 1).astype(np.float64))
        else:
            self._joined.put(step[raw], np.ones(int(raw.sum())) if self._how == "count" else value[raw])

    def _span(self) -> tuple[int, int]:
        return self._seen.span()

    def _sums(self, first: int, end: int) -> tuple[Numbers, Numbers, Numbers]:
        known = np.cumsum(self._seen.column(first, end))
        looks = self._looks.column(first, end)
        if self._indicator is None and PROBE_METRIC in self._wanted:
            return self._failed.column(first, end), looks, known
        # What the rules recorded is their own verdict; a value is judged only where there is none.
        recorded = self._recorded.column(first, end)
        said = (self._said.column(first, end) > 0).astype(np.float64)
        judged = np.zeros_like(said)
        if self._indicator is not None:
            value = self._joined.column(first, end)
            value = value / np.maximum(looks, 1) if self._how == "avg" else value
            limit = self._indicator.limit
            judged = (value >= limit if self._indicator.side == "below" else value < limit).astype(np.float64)
        some = (looks > 0) | (recorded > 0)
        return np.where(recorded > 0, said, np.where(looks > 0, judged, 0.0)), some.astype(np.float64), known
