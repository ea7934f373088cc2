"""Burn rates: how fast an error budget is spent, and the tiers at which that becomes an alert.

A burn rate of 1 spends the budget exactly at the end of the window. The tiers are those of the Google SRE Workbook,
chapter 5, table 5-8, with a fourth one that sees slow leaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

__all__ = [
    "CURRENT",
    "RAW",
    "TIERS",
    "Tier",
    "Traffic",
    "burn_rate",
    "burns",
    "factor",
    "keeps_firing",
    "least_bad",
    "scaled",
    "time_to_exhaustion",
]

CURRENT = timedelta(minutes=5)
"""The window of what is called "now"."""

RAW = timedelta(hours=1)
"""The longest window that is read from raw series; longer ones add up what is recorded."""


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


_MONTHS = (timedelta(days=28), timedelta(days=31))
"""Windows of about a month keep the workbook's own windows, and so the names of series that dashboards know."""

_THIRTY_DAYS = timedelta(days=30)
_SHORTS_IN_LONG = 12
_LEAST_SHORT, _LEAST_LONG = CURRENT, 3 * CURRENT
_TIDY = tuple(
    timedelta(minutes=minutes)
    for minutes in (5, 10, 15, 20, 30, 60, 90, 120, 180, 240, 360, 480, 720, 1080)  # up to 18 hours
) + tuple(timedelta(days=days) for days in (1, 2, 3, 4, 6, 9, 12, 18, 24, 36))

MISTAKEN = 0.001
"""Of all windows in which the budget is spent evenly, fewer than this share show as many bad events by chance."""

FEWEST_BAD, MOST_BAD = 5, 20
_HELD = timedelta(minutes=20)
_OVER_EDGES = timedelta(minutes=15)


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


def scaled(tier: Tier, window: timedelta) -> Tier:
    """Return the tier for a budget of another window than a month: the same burn rate over windows in proportion.

    Windows are rounded to lengths that people know, so the share of the budget follows from them.

    >>> week = scaled(TIERS[0], timedelta(days=7))
    >>> week.long == timedelta(minutes=15), week.short == timedelta(minutes=5), round(week.share, 4)
    (True, True, 0.0214)
    """
    if _MONTHS[0] <= window <= _MONTHS[1]:
        return tier
    rate = factor(tier, _THIRTY_DAYS)
    long = _tidy(tier.long * (window / _THIRTY_DAYS), _LEAST_LONG)
    return Tier(tier.name, rate * (long / window), _tidy(long / _SHORTS_IN_LONG, _LEAST_SHORT), long)


def _tidy(wanted: timedelta, least: timedelta) -> timedelta:
    return min((length for length in _TIDY if length >= least), key=lambda length: abs(math.log(length / wanted)))


def least_bad(rate: float) -> int:
    """Return how many bad events a tier of this burn rate needs, so that chance alone wakes nobody.

    A budget that is spent evenly gives a window `n / rate` bad events where the tier asks for `n`. Taken as independent
    (Poisson), `n` or more of them come in fewer than one of a thousand such windows.

    >>> least_bad(14.4), least_bad(6), least_bad(3)
    (5, 6, 12)
    """
    if rate <= 1:
        return MOST_BAD
    return next((count for count in range(FEWEST_BAD, MOST_BAD) if _at_least(count, count / rate) < MISTAKEN), MOST_BAD)


def _at_least(count: int, mean: float) -> float:
    return 1 - sum(math.exp(-mean) * mean**seen / math.factorial(seen) for seen in range(count))


def keeps_firing(tier: Tier) -> timedelta:
    """Return how long a tier stays after its condition ended, so that a fault that comes and goes rings once.

    A short window of half an hour holds a fault for long enough by itself, and what a page holds longer keeps an
    incident open. Windows of hours are made of tiles, at whose edges a gap of scrapes shows for some minutes.

    >>> [keeps_firing(tier) // timedelta(minutes=1) for tier in TIERS]
    [15, 5, 15, 15]
    """
    return max(_HELD - tier.short, _LEAST_SHORT) if tier.short < RAW else _OVER_EDGES


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
    """Return whether a tier burns: both windows above the error ratio `threshold`, with enough evidence in the long.

    Unknown windows do not, and are not clear either: the caller shows them as unknown. Nor does a tier speak of a
    service that is new to it, which the caller knows.
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
