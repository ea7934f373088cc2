"""What a report holds: the account of each promise over a period and by day, what changed it and what spent it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from vcci_platform.reliability.accounting import Applied, Spent
from vcci_platform.reliability.outlooks import Forecast
from vcci_platform.reliability.reports.periods import Period
from vcci_slo.budget import Budget, allowed_downtime
from vcci_slo.plan import Slo
from vcci_slo.windows import Span

__all__ = ["DayAccount", "Part", "PromiseAccount", "Report", "Verdict", "verdict_of"]

Verdict = Literal["kept", "missed", "no traffic", "unknown", "taken out"]

MOSTLY = 0.5
"""The share of a span that must be observed before the rest of it is taken to have been as good."""

EXACTLY = 1e-9
"""A budget that is spent to the last event is kept; this is what floating point may differ by."""


def verdict_of(account: Budget) -> Verdict:
    """Return whether an account kept its objective.

    What was seen to fail is missed, however little was observed; what was mostly not observed is unknown, never good.
    """
    if not account.window:
        return "taken out"
    if account.known == 0:
        return "unknown"
    if account.total > 0 and account.remaining < -EXACTLY:
        return "missed"
    if account.known < MOSTLY:
        return "unknown"
    return "kept" if account.total > 0 else "no traffic"


@dataclass(frozen=True)
class DayAccount:
    """One day of a promise; `span` ends early on the day that is not over."""

    day: date
    span: Span
    account: Budget
    corrected: bool = False

    @property
    def verdict(self) -> Verdict:
        """Whether the objective was kept on this day."""
        return verdict_of(self.account)


@dataclass(frozen=True)
class Part:
    """What one part of a grouped promise counted over the period, as it was measured: corrections are of the whole."""

    labels: tuple[tuple[str, str], ...]
    account: Budget


@dataclass(frozen=True)
class PromiseAccount:
    """One promise over the period, as far as it has passed. `before` is the account of the whole period before.

    `measured` is the account without corrections; `unlisted` is how many incidents and releases are left out. `parts`
    are those of a grouped promise, the one with most bad events first; None if there are more than could be counted.
    `forecast` is of the promise's own window, as the status says it now; None if the period is over, or if unknown.
    """

    slo: Slo
    whole: Budget
    days: tuple[DayAccount, ...]
    before: Budget
    days_before: tuple[DayAccount, ...]
    measured: Budget
    corrections: tuple[Applied, ...]
    expenses: tuple[Spent, ...]
    unlisted: int = 0
    parts: tuple[Part, ...] | None = ()
    forecast: Forecast | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the objective was kept over the period."""
        return verdict_of(self.whole)

    @property
    def spent(self) -> float:
        """The share of the budget that is spent: 0 nothing, 1 all, more when overspent."""
        return 1 - self.whole.remaining

    @property
    def minutes(self) -> timedelta:
        """The budget as time of total failure."""
        return allowed_downtime(budget=self.whole.budget, window=self.whole.window)

    def share(self, bad: float) -> float | None:
        """Return which share of the period's budget so many bad events are; None without traffic."""
        return bad / self.whole.allowed if self.whole.allowed else None

    def count(self, verdict: Verdict) -> int:
        """Return how many days ended so."""
        return sum(1 for day in self.days if day.verdict == verdict)

    @property
    def worst(self) -> tuple[DayAccount, ...]:
        """The days that spent most of the budget, the worst first; a day without a bad event is none."""
        bad = [day for day in self.days if day.account.bad > 0]
        return tuple(sorted(bad, key=lambda day: (-day.account.bad, day.day))[:5])


@dataclass(frozen=True)
class Report:
    """Everything that a report says. `until` is when the period ends, or now while it is not over.

    Before `remembered_since` the source has forgotten; `not_remembered` says what nobody here knows, such as releases.
    """

    title: str
    scope: str
    period: Period
    until: datetime
    made_at: datetime
    source: str
    self_reported: bool
    time_scale: float
    remembered_since: datetime | None
    resolution: str
    not_remembered: str
    promises: tuple[PromiseAccount, ...]

    @property
    def over(self) -> bool:
        """Whether the period has passed."""
        return self.until >= self.period.span.end
