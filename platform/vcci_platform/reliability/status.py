"""How a promise is doing: SLI, budget, burn for each tier, when the budget is gone. Computed, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from vcci_platform.reliability.sources import Source
from vcci_slo import burn
from vcci_slo.budget import Budget
from vcci_slo.plan import BurnTier, Slo
from vcci_slo.windows import Span, calendar_month, rolling

__all__ = ["Burn", "Status", "recovered", "status_of"]


@dataclass(frozen=True)
class Burn:
    """How fast one tier sees the budget go: burn rates, None where nothing was observed."""

    tier: BurnTier
    short: float | None
    long: float | None
    fires: bool


@dataclass(frozen=True)
class Status:
    """One promise now: the account of its window and of the calendar month so far, and its burn."""

    slo: Slo
    at: datetime
    window: Budget
    month: Budget
    month_length: timedelta
    burns: tuple[Burn, ...]
    exhausted_in: timedelta | None

    @property
    def state(self) -> Literal["unknown", "exhausted", "burning", "kept"]:
        """The one word that a person wants first."""
        if self.window.known == 0:
            return "unknown"
        if self.window.remaining <= 0:
            return "exhausted"
        return "burning" if any(found.fires for found in self.burns) else "kept"


def status_of(slo: Slo, source: Source, now: datetime, timezone: str) -> Status:
    """Return how a promise is doing, by what a source counted."""
    window = _account(slo, source, rolling(now, slo.window))
    whole_month = calendar_month(now, timezone)
    month = _account(slo, source, Span(whole_month.start, now.astimezone(whole_month.start.tzinfo)))
    burns = tuple(_burn(slo, tier, source, now) for tier in slo.tiers)
    rate = next((found.long for found in burns if found.long is not None), None)
    return Status(
        slo=slo,
        at=now,
        window=window,
        month=month,
        month_length=whole_month.length,
        burns=burns,
        exhausted_in=burn.time_to_exhaustion(remaining=window.remaining, rate=rate, window=slo.window)
        if rate is not None
        else None,
    )


def recovered(slos: tuple[Slo, ...], source: Source, since: datetime, until: datetime) -> bool | None:
    """Return whether every promise was kept in a span; None if one of them was not observed for most of it.

    A span without data is not a good one, and one without traffic says nothing bad.
    """
    span = Span(since, until)
    unknown = False
    for slo in slos:
        counted = source.traffic(slo, span)
        if counted.total > 0 and counted.bad / counted.total > slo.budget:
            return False
        unknown = unknown or counted.known < MOSTLY
    return None if unknown else True


MOSTLY = 0.5
"""The share of a span that must be observed for a verdict on it."""


def _account(slo: Slo, source: Source, span: Span) -> Budget:
    counted = source.traffic(slo, span)
    return Budget(slo.budget, counted.bad, counted.total, span.length, counted.known)


def _burn(slo: Slo, tier: BurnTier, source: Source, now: datetime) -> Burn:
    short, long = (source.traffic(slo, rolling(now, span)) for span in (tier.short, tier.long))
    return Burn(
        tier=tier,
        short=burn.burn_rate(short, budget=slo.budget),
        long=burn.burn_rate(long, budget=slo.budget),
        fires=burn.burns(short, long, threshold=tier.threshold, min_bad=tier.min_bad),
    )
