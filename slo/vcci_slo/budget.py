"""Error budgets, exact by events: what a promise allows, what is spent, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Budget", "allowed_downtime", "remaining"]


@dataclass(frozen=True)
class Budget:
    """The account of one promise over one window.

    `known` is the share of the window that was observed; what was not observed is unknown, neither good nor bad.
    """

    budget: float
    bad: float
    total: float
    window: timedelta
    known: float = 1.0

    @property
    def sli(self) -> float | None:
        """The share of good events; None without events, since nothing was promised or seen."""
        return None if self.total == 0 else 1 - self.bad / self.total

    @property
    def allowed(self) -> float:
        """How many bad events the traffic so far allows."""
        return self.total * self.budget

    @property
    def remaining(self) -> float:
        """The unspent share: 1 untouched, 0 spent, negative overspent."""
        return remaining(budget=self.budget, bad=self.bad, total=self.total)

    @property
    def downtime_left(self) -> timedelta:
        """The unspent share as time of total failure at even traffic; zero when overspent."""
        return max(self.remaining, 0.0) * allowed_downtime(budget=self.budget, window=self.window)


def remaining(*, budget: float, bad: float, total: float) -> float:
    """Return the share of the error budget still unspent: 1 untouched, 0 spent, negative overspent.

    No traffic spends nothing, since an empty window promises nothing.

    >>> remaining(budget=0.25, bad=1, total=8)
    0.5
    """
    if not 0 < budget < 1:
        raise ValueError(f"expected a budget between 0 and 1, got {budget}")
    if bad < 0 or total < bad:
        raise ValueError(f"expected 0 <= bad <= total, got bad {bad} of {total}")
    return 1.0 if total == 0 else 1 - bad / (total * budget)


def allowed_downtime(*, budget: float, window: timedelta) -> timedelta:
    """Return how long everything may fail in a window.

    A month is as long as it is, so the same promise allows 43.2 minutes in 30 days and 43.8 in an average month.

    >>> allowed_downtime(budget=0.001, window=timedelta(days=30)) / timedelta(minutes=1)
    43.2
    """
    return timedelta(microseconds=round(window / timedelta(microseconds=1) * budget))
