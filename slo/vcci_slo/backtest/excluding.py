"""What corrections take out of the budgets of a backtest. Alerts know nothing of them, so neither do its decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from vcci_slo.backtest.history import History, Moments, micros
from vcci_slo.corrections import merged, occurrences, within
from vcci_slo.plan import Correction, Slo
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.windows import Span

__all__ = ["Excluded", "Taken", "excluded_from", "said_of"]


@dataclass(frozen=True)
class Taken:
    """What one correction took out of a history. Two that overlap both name what they share."""

    name: str
    kind: str
    who: str
    why: str
    lasts: timedelta
    bad: float
    total: float


@dataclass(frozen=True, eq=False)
class Excluded:
    """Spans that do not count, in order and apart, in microseconds since 1970."""

    start: Moments
    end: Moments

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Excluded:
        """Return some spans, which may overlap."""
        apart = merged(spans)
        return cls(*(np.array([micros(edge) for edge in edges], dtype=np.int64) for edges in (
            [span.start for span in apart], [span.end for span in apart])))  # fmt: skip

    def __bool__(self) -> bool:
        return bool(self.start.size)

    def between(self, starts: Moments, ends: Moments) -> Moments:
        """Return how much of the time from each moment to another does not count."""
        return self._before(ends) - self._before(starts)

    def without(self, history: History) -> History:
        """Return a history without what does not count: an increment across an edge keeps its share of time."""
        length = history.end - history.start
        share = np.where(
            length > 0,
            self.between(history.start, history.end) / np.maximum(length, 1),
            self._covers(history.end),
        )
        keep = 1 - share
        return History(history.start, history.end, history.bad * keep, history.total * keep, history.known * keep)

    def _before(self, moments: Moments) -> Moments:
        if not self:
            return np.zeros_like(moments)
        begun = np.searchsorted(self.start, moments, side="right")
        lengths = np.concatenate(([0], np.cumsum(self.end - self.start)))
        running = np.maximum(self.end[np.maximum(begun - 1, 0)] - moments, 0)
        passed: Moments = lengths[begun] - np.where(begun > 0, running, 0)
        return passed

    def _covers(self, moments: Moments) -> NDArray[np.bool_]:
        begun = np.searchsorted(self.start, moments, side="left")
        return (begun > 0) & (self.end[np.maximum(begun - 1, 0)] >= moments)


def excluded_from(history: History, slo: Slo, corrections: Sequence[Correction]) -> tuple[Excluded, tuple[Taken, ...]]:
    """Return the time of a history that does not count for a promise, and what each correction took."""
    whole = Span(history.first, history.last)
    found: list[Span] = []
    taken: list[Taken] = []
    for correction in corrections:
        spans = within(occurrences(correction), whole) if slo.name in correction.slos else ()
        if not spans:
            continue
        rest = Excluded.of(spans).without(history)
        found += spans
        taken.append(
            Taken(
                correction.name,
                correction.kind,
                correction.who,
                correction.why,
                sum((span.length for span in spans), timedelta(0)),
                float(history.bad.sum() - rest.bad.sum()),
                float(history.total.sum() - rest.total.sum()),
            )
        )
    return Excluded.of(found), tuple(taken)


def said_of(taken: Sequence[Taken]) -> tuple[str, ...]:
    """Return what the reader must know of corrections."""
    return tuple(
        f"{one.name} ({one.kind}, by {one.who}: {one.why}) takes {words(one.lasts)} out of the budget, with "
        f"{number(round(one.bad))} bad of {number(round(one.total))} events; alerts fire as they did"
        for one in taken
    )
