"""What a backtest tells: every alert with its onset and its cost, the calls, the stretches nobody saw, the budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vcci_slo.backtest.excluding import Taken
from vcci_slo.plan import Priority, Slo

__all__ = ["BadStretch", "BudgetLine", "Call", "Counts", "Firing", "Outcome", "Point", "Report"]


@dataclass(frozen=True)
class BadStretch:
    """A time in which the promise was broken; its start is the onset.

    More than the objective allows failed: seen from each moment over the shortest window of the tiers. It begins and
    ends with the first and the last step of such a time in which more failed than allowed. `spent` is the share of a
    whole window's budget that it cost, and `seen_by` the tiers that fired on it.
    """

    onset: datetime
    end: datetime
    bad: float
    total: float
    spent: float
    seen_by: tuple[str, ...]

    @property
    def lasted(self) -> timedelta:
        """From its onset to its end."""
        return self.end - self.onset


@dataclass(frozen=True)
class Firing:
    """One alert, from the moment it fires until it is over; `over_at` None still fires at the end of the history.

    `onset` is that of the first bad stretch within the tier's short window when it fired that is no trifle beside the
    worst of them: what fired it. None means that the promise was not broken there. `spent` is the share of a whole
    window's budget that went from the onset to the end of the alert; None where nothing was measured. It is `in_vain`
    if that is less than the report's limit.
    """

    alert: str
    tier: str
    priority: Priority
    pages: bool
    fired_at: datetime
    over_at: datetime | None
    onset: datetime | None
    spent: float | None
    in_vain: bool

    @property
    def delay(self) -> timedelta | None:
        """How long after the onset it fired."""
        return None if self.onset is None else self.fired_at - self.onset


@dataclass(frozen=True)
class Call:
    """Somebody is woken: at least one alert that pages fires, without a pause, from `at` to `until`."""

    at: datetime
    until: datetime | None
    tiers: tuple[str, ...]
    onset: datetime | None
    spent: float | None
    in_vain: bool


@dataclass(frozen=True)
class Point:
    """The budget at a moment: the unspent share, 1 untouched, below 0 overspent; `known` is how much was observed."""

    at: datetime
    remaining: float
    known: float


@dataclass(frozen=True)
class BudgetLine:
    """The budget over time. `lowest` is exact, `points` are some of the moments in between."""

    points: tuple[Point, ...]
    lowest: Point
    last: Point
    exhausted_for: timedelta


@dataclass(frozen=True)
class Outcome:
    """What one promise, with its objective, window and tiers, would have led to.

    Lists are cut at `LISTED` entries, the counts are not. `stretches` are those that cost at least the report's limit,
    and `missed` counts those of them on which no tier fired.
    """

    title: str
    slo: Slo
    sli: float | None
    bad: float
    total: float
    observed: timedelta
    budget: BudgetLine
    calls: tuple[Call, ...]
    firings: tuple[Firing, ...]
    stretches: tuple[BadStretch, ...]
    counts: Counts


@dataclass(frozen=True)
class Counts:
    """How much there was of everything.

    `pages` are the calls, `tickets` the alerts that wake nobody; each has a part that was in vain. `typical_delay` is
    the median from onset to call, `worst_delay` the longest.
    """

    pages: int
    pages_in_vain: int
    tickets: int
    tickets_in_vain: int
    silences: int
    stretches: int
    stretches_that_cost: int
    missed: int
    typical_delay: timedelta | None
    worst_delay: timedelta | None


@dataclass(frozen=True)
class Report:
    """What a history would have led to: first by the promise as it stands, then by each candidate.

    `negligible` is the share of a whole window's budget below which an alert was in vain and a stretch did not matter.
    `corrections` are what counts for no budget.
    """

    start: datetime
    end: datetime
    every: timedelta
    increments: int
    negligible: float
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    corrections: tuple[Taken, ...] = ()
