"""How a promise is doing: SLI, budget, burn for each tier, when the budget is gone. Computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

from vcci_platform.reliability.accounting import Account, account_of
from vcci_platform.reliability.conditions import seen_before
from vcci_platform.reliability.outlooks import COARSE, FINE, Forecast, Prospect
from vcci_platform.reliability.parts import Parts
from vcci_platform.reliability.samples import Labels
from vcci_platform.reliability.sources import Source
from vcci_slo import burn
from vcci_slo.budget import Budget
from vcci_slo.corrections import spans_of, without
from vcci_slo.forecast import Outlook
from vcci_slo.plan import BurnTier, Correction, Slo
from vcci_slo.windows import Span, calendar_month, rolling

__all__ = ["MOSTLY", "Burn", "Status", "recovered", "status_of", "status_of_parts", "window_of"]


@dataclass(frozen=True)
class Burn:
    """How fast one tier sees the budget go: burn rates, None where nothing was observed."""

    tier: BurnTier
    short: float | None
    long: float | None
    fires: bool


@dataclass(frozen=True)
class Status:
    """One promise now: the account of its window and of the calendar month so far, and its burn.

    The outlook is at the pace of the last `pace`; None where no tier has seen anything.
    """

    slo: Slo
    at: datetime
    window: Budget
    month: Budget
    month_length: timedelta
    burns: tuple[Burn, ...]
    pace: timedelta | None
    outlook: Outlook | None
    account: Account
    certain: bool

    @property
    def exhausted_in(self) -> timedelta | None:
        """When the budget is gone at the pace of the shortest tier; None if it lasts, or if that is not known."""
        return self.outlook.gone_in if self.outlook else None

    @property
    def forecast(self) -> Forecast | None:
        """What becomes of the budget, as every page and report says it; None where even the state is unknown."""
        if self.pace is None or self.outlook is None or self.state == "unknown":
            return None
        rate = next(found.long for found in self.burns if found.tier.long == self.pace)
        return Forecast(self.pace, rate, self.outlook)

    @property
    def state(self) -> Literal["unknown", "exhausted", "burning", "kept"]:
        """The one word that a person wants first. What is hardly known is unknown, but what burns is seen to burn."""
        burning = any(found.fires for found in self.burns)
        if not self.certain:
            return "burning" if burning else "unknown"
        if self.window.remaining <= 0:
            return "exhausted"
        return "burning" if burning else "kept"

    @property
    def so_far(self) -> bool:
        """Whether the state is that of a young promise, most of whose window was never observed: a gate cannot tell."""
        return self.certain and self.window.known < MOSTLY


def status_of(
    slo: Slo,
    source: Source,
    now: datetime,
    timezone: str,
    corrections: Iterable[Correction] = (),
    pieces: int = FINE,
) -> Status:
    """Return how a promise is doing, by what a source counted, without the time that corrections take out.

    Burn rates are those that alerts see: no correction changes them. For the outlook the window is looked at in
    `pieces`.
    """
    made = tuple(corrections)
    whole_month = calendar_month(now, timezone)
    month_so_far = Span(whole_month.start, now.astimezone(whole_month.start.tzinfo))
    span = window_of(slo, now)
    account = account_of(slo, source, span, spans_of(made, slo.name, span))
    month = account_of(slo, source, month_so_far, spans_of(made, slo.name, month_so_far))
    burns = tuple(_burn(slo, tier, source, now) for tier in slo.tiers)
    over, rate = next(((found.tier.long, found.long) for found in burns if found.long is not None), (None, None))
    return Status(
        slo=slo,
        at=now,
        window=account.budget,
        month=month.budget,
        month_length=whole_month.length,
        burns=burns,
        pace=over,
        outlook=Prospect(slo, source, account, now, pieces).at(rate),
        account=account,
        certain=_certain(slo, source, account),
    )


def status_of_parts(
    slo: Slo, source: Source, now: datetime, timezone: str, corrections: Iterable[Correction] = ()
) -> Mapping[Labels, Status]:
    """Return how each part of a promise is doing that is kept apart by labels; nothing for any other promise."""
    made, parts = tuple(corrections), Parts(source)
    known = parts.counted(slo, window_of(slo, now))
    return {labels: status_of(slo, parts.of(labels), now, timezone, made, COARSE) for labels in known}


def window_of(slo: Slo, now: datetime) -> Span:
    """Return the window of a promise: so much time until now, or the calendar month as far as it has passed."""
    if slo.calendar is None:
        return rolling(now, slo.window)
    return Span(calendar_month(now, slo.calendar).start, now.astimezone(UTC))


def _certain(slo: Slo, source: Source, account: Account) -> bool:
    """Return whether enough was observed for a word on the whole.

    That is most of the window; or, for a promise that is young, most of the time since it was first measured, and at
    least as long as the fastest alert looks back. A few scraps of a month say nothing about it.
    """
    known, span = account.budget.known, account.span
    if known >= MOSTLY:
        return True
    observed = known * account.budget.window
    if not observed or observed < min((tier.short for tier in slo.tiers), default=LEAST):
        return False
    first = source.first_seen(slo, span)
    if first is None:
        return False
    counting = sum((part.length for part in without(Span(first, span.end), account.corrected.spans)), timedelta(0))
    return observed >= MOSTLY * counting


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

LEAST = timedelta(minutes=5)
"""Of a promise without alerts."""


def _burn(slo: Slo, tier: BurnTier, source: Source, now: datetime) -> Burn:
    short, long = (source.traffic(slo, rolling(now, span)) for span in (tier.short, tier.long))
    fires = burn.burns(short, long, threshold=tier.threshold, min_bad=tier.min_bad)
    fires = fires and seen_before(slo, tier, partial(source.traffic, slo), now)
    return Burn(
        tier=tier,
        short=burn.burn_rate(short, budget=slo.budget),
        long=burn.burn_rate(long, budget=slo.budget),
        fires=fires,
    )
