"""Counters: all events and the bad ones, or all durations and those that were fast enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from vcci_platform.reliability.history.pages import Pages
from vcci_platform.reliability.history.recorded import HistoryUnreadable
from vcci_platform.reliability.history.tally import NEVER, Numbers, Tally, Whole
from vcci_slo.promql.matchers import Matcher

__all__ = ["CounterTally", "Wanted"]

ALL, ALL_AND_BAD, GOOD = 0, 1, 2
MOST_GAPS = 100_000


@dataclass(frozen=True)
class Wanted:
    """Which series of a metric count. `bad` finds the bad ones among them; `within` makes it the bucket of that limit,
    which counts good ones."""

    matchers: tuple[Matcher, ...]
    bad: tuple[Matcher, ...] = ()
    within: float | None = None


class CounterTally(Tally):
    """Sums by step of what counters grew."""

    def __init__(self, scrape_every: timedelta, wanted: Mapping[str, Wanted]) -> None:
        super().__init__(scrape_every)
        self._wanted = wanted
        self._bucketed = any(item.within is not None for item in wanted.values())
        self._total, self._part = Pages(), Pages()
        self._seen, self._seen_part = Pages(), Pages()
        self._lost: dict[tuple[int, int], list[float]] = {}
        self._born = 0.0

    @property
    def metrics(self) -> frozenset[str]:
        return frozenset(self._wanted)

    def series(self, metric: str, labels: Mapping[str, str]) -> int | None:
        wanted = self._wanted[metric]
        if not all(matcher.holds(labels) for matcher in wanted.matchers):
            return None
        if wanted.within is not None:
            return self._new(GOOD) if _number(labels.get("le", "")) == wanted.within else None
        bad = wanted.bad and all(matcher.holds(labels) for matcher in wanted.bad)
        return self._new(ALL_AND_BAD if bad else ALL)

    def _count(self, roles: Whole, step: Whole, before: Whole, at: Whole, was: Numbers, value: Numbers) -> None:
        known = before != NEVER
        late = self._parted(np.full(at.shape, self._origin), at)  # the first values of a file are those of any scrape
        self._born += float(value[late & ~known & (roles == ALL_AND_BAD)].sum())
        roles, step, before, at = (column[known] for column in (roles, step, before, at))
        was, value = was[known], value[known]
        grown = np.where(value < was, value, value - was)
        parted = self._parted(before, at)
        self._remember(roles[parted], self._steps(before[parted]), step[parted], grown[parted])
        whole, part = (roles != GOOD) & ~parted, (roles != ALL) & ~parted
        self._total.put(step[whole], grown[whole])
        self._part.put(step[part], grown[part])
        self._cover(self._seen, before[whole], at[whole])
        if self._bucketed:
            self._cover(self._seen_part, before[part], at[part])

    def _remember(self, roles: Whole, first: Whole, last: Whole, grown: Numbers) -> None:
        """Keep what counters grew over gaps: all of it happened in between, nobody knows when."""
        for role, since, until, count in zip(
            roles.tolist(), first.tolist(), last.tolist(), grown.tolist(), strict=True
        ):
            sums = self._lost.setdefault((since, until), [0.0, 0.0])
            sums[0] += count if role != GOOD else 0.0
            sums[1] += count if role != ALL else 0.0
        if len(self._lost) > MOST_GAPS:
            raise HistoryUnreadable(f"expected at most {MOST_GAPS:,} gaps between samples")

    def _gaps(self) -> tuple[Whole, Whole, Numbers, Numbers]:
        spans = np.array(list(self._lost), dtype=np.int64).reshape(-1, 2)
        sums = np.array(list(self._lost.values()), dtype=np.float64).reshape(-1, 2)
        bad = sums[:, 0] - sums[:, 1] if self._bucketed else sums[:, 1]
        return spans[:, 0], spans[:, 1], bad, sums[:, 0]

    def _span(self) -> tuple[int, int]:
        return self._seen.span()

    def _sums(self, first: int, end: int) -> tuple[Numbers, Numbers, Numbers]:
        total, part = self._total.column(first, end), self._part.column(first, end)
        known = np.cumsum(self._seen.column(first, end))
        if not self._bucketed:
            return part, total, known
        known = np.minimum(known, np.cumsum(self._seen_part.column(first, end)))
        return np.where(known > 0, total - part, 0.0), np.where(known > 0, total, 0.0), known

    def notes(self) -> tuple[str, ...]:
        if not self._born:
            return ()
        said = f"series of bad events began with {self._born:,.0f} in all, which no rule can see: the first value of a"
        return (f"{said} series says nothing, so start counters at zero",)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
