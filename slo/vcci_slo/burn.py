"""Burn rates: how fast an error budget is spent, and the tiers at which that becomes an alert.

A burn rate of 1 spends the budget exactly at the end of the window. The tiers are those of the Google SRE Workbook,
chapter 5, table 5-8, with a fourth one that sees slow leaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

__all__ = ["TIERS", "Tier", "Traffic", "burn_rate", "burns", "factor", "time_to_exhaustion"]


@dataclass(frozen=True)
class Tier:
    """A share of the budget that is gone within `long`; `short` says that it is still being spent."""

    name: str
    share: float
    short: timedelta
    long: timedelta


TIERS: tuple[Tier, ...] = (
    Tier("fast", 0.02, timedelta(minutes=5), timedelta(hours=1)),
    Tier("slow", 0.05, timedelta(minutes=30), timedelta(hours=6)),
    Tier("steady", 0.10, timedelta(hours=2), timedelta(days=1)),
    Tier("creep", 0.10, timedelta(hours=6), timedelta(days=3)),
)


@dataclass(frozen=True)
class Traffic:
    """Events of one window. `known` is the share of the window that was observed, from 0 to 1."""

    bad: float
    total: float
    known: float = 1.0


def factor(tier: Tier, window: timedelta) -> float:
    """Return the burn rate at which `tier` spends its share of a budget that lasts `window`.

    >>> factor(TIERS[0], timedelta(days=30))
    14.4
    """
    return round(tier.share * (window / tier.long), 10)


def burn_rate(traffic: Traffic, *, budget: float) -> float | None:
    """Return how many times faster than evenly the budget is spent; None if nothing was observed.

    No traffic spends nothing: a window without events burns at 0.

    >>> burn_rate(Traffic(bad=2, total=100), budget=0.01)
    2.0
    """
    if traffic.known == 0:
        return None
    return 0.0 if traffic.total == 0 else traffic.bad / traffic.total / budget


def burns(short: Traffic, long: Traffic, *, threshold: float, min_bad: int) -> bool:
    """Return whether a tier fires: both windows above the error ratio `threshold`, with enough evidence in the long.

    Unknown windows do not fire, and do not clear either: the caller shows them as unknown.
    """
    if long.bad < min_bad:
        return False
    return all(window.total > 0 and window.bad / window.total > threshold for window in (short, long))


def time_to_exhaustion(*, remaining: float, rate: float, window: timedelta) -> timedelta | None:
    """Return when the rest of the budget is gone at a burn rate; None if it never is, zero if it already is.

    `remaining` is the unspent share: a whole budget at rate 1 lasts the window.

    >>> time_to_exhaustion(remaining=1.0, rate=14.4, window=timedelta(days=30)) == timedelta(hours=50)
    True
    """
    if remaining <= 0:
        return timedelta(0)
    return None if rate <= 0 else window * remaining / rate
