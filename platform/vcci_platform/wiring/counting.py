"""What incidents cost, asked of the SLO service that lives with the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vcci_platform.incidents.review.ports import Cost, Step
from vcci_platform.reliability.accounting import Occasion, spent_by
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.status import MOSTLY, window_of
from vcci_slo.plan import Slo
from vcci_slo.windows import Span

__all__ = ["PromiseCounters"]


@dataclass(frozen=True)
class PromiseCounters:
    """The promises as counters of an incident."""

    reliability: Reliability

    def promises(self, systems: frozenset[str]) -> Sequence[tuple[str, float]]:
        """Return the promises of these systems, each with the share of events that may be bad."""
        return tuple((slo.name, slo.budget) for slo in self.reliability.plan.slos if slo.system in systems)

    def steps(self, promise: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Step]:
        """Return the steps of a span, as far as whole ones fit."""
        span = Span(start, start + (end - start) // step * step)
        found = self.reliability.source.history(self._slo(promise), span, step)
        return tuple(Step(point.at, point.traffic.bad, point.traffic.total, point.traffic.known) for point in found)

    def cost(self, promise: str, start: datetime, end: datetime) -> Cost:
        """Return what a span took of the budget of the window that ends with it."""
        slo = self._slo(promise)
        account = self.reliability.account(slo, window_of(slo, end))
        lasted = Occasion("incident", "", "", "", start, end)
        (spent,) = spent_by(slo, self.reliability.source, account, (lasted,))
        traffic, share = spent.traffic, spent.share
        if account.budget.known < MOSTLY:  # a young promise: by its own minutes, as if traffic had always been so
            failed = (end - start) * (traffic.bad / traffic.total) if traffic.total else None
            share = failed / account.allowed_time if failed is not None else None
        minutes = None if share is None else account.allowed_time * share / timedelta(minutes=1)
        return Cost(slo.name, traffic.bad, traffic.total, traffic.known, share, minutes)

    def _slo(self, promise: str) -> Slo:
        return next(slo for slo in self.reliability.plan.slos if slo.name == promise)
