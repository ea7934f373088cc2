"""What becomes of the budget of a promise: which of its failures leave the window when, by what a source counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from vcci_platform.reliability.accounting import Account
from vcci_platform.reliability.sources import Source
from vcci_slo.burn import burn_rate
from vcci_slo.corrections import within
from vcci_slo.forecast import Leaving, Outlook, until_renewed, while_rolling
from vcci_slo.plan import Slo
from vcci_slo.windows import Span, calendar_month, rolling

__all__ = ["COARSE", "FINE", "Forecast", "Prospect", "forecasts"]

FINE: Final = 100
COARSE: Final = 25
"""In so many pieces at least a window is looked at; a part of a promise asks its source for each piece by itself."""


@dataclass(frozen=True)
class Forecast:
    """What becomes of the budget at the pace of the last `over`; None where that is not known."""

    over: timedelta
    rate: float | None
    outlook: Outlook | None


def forecasts(slo: Slo, source: Source, account: Account, now: datetime) -> tuple[Forecast, ...]:
    """Return what becomes of the budget at the pace of each window that an alert looks at, the shortest first.

    It is the pace of what happens, corrected or not: what burns now burns.
    """
    prospect = Prospect(slo, source, account, now)
    found: list[Forecast] = []
    for over in sorted({length for tier in slo.tiers for length in (tier.short, tier.long)}):
        rate = burn_rate(source.traffic(slo, rolling(now, over)), budget=slo.budget)
        found.append(Forecast(over, rate, prospect.at(rate)))
    return tuple(found)


class Prospect:
    """Tells what becomes of the budget of one account, which ends now, at any pace. The source is asked once."""

    def __init__(self, slo: Slo, source: Source, account: Account, now: datetime, pieces: int = FINE) -> None:
        self._slo = slo
        self._source = source
        self._account = account
        self._now = now
        self._pieces = pieces
        self._leaving: tuple[Leaving, ...] | None = None

    def at(self, rate: float | None) -> Outlook | None:
        """Return the outlook at a burn rate; None where the rate or the account is not known."""
        budget, span = self._account.budget, self._account.span
        if rate is None or budget.known <= 0:
            return None
        if self._slo.calendar is not None:
            month = calendar_month(self._now, self._slo.calendar)
            if span.start == month.start:
                return until_renewed(budget, rate, self._slo.window, month.end - self._now)
        if budget.remaining > 0 and (rate <= 0 or budget.bad <= 0):
            return while_rolling(replace(budget, window=span.length), rate, ())
        if self._leaving is None:
            self._leaving = self._failures()
        return while_rolling(replace(budget, window=span.length), rate, self._leaving)

    def _failures(self) -> tuple[Leaving, ...]:
        """Return what failed in each piece of the window, without what does not count.

        The oldest piece has what the others leave of the account, so that together they say what it says.
        """
        span, out = self._account.span, self._account.corrected.spans
        step = _step(self._slo, span.length / self._pieces)
        count = max(span.length // step, 1)
        edges = [span.start, *(span.end - place * step for place in range(count - 1, -1, -1))]
        pieces = [Span(*pair) for pair in pairwise(edges)]
        bad = [counted.bad for counted in self._source.each(self._slo, pieces[1:])]
        taken = [(place, part) for place, piece in enumerate(pieces[1:]) for part in within(out, piece)]
        if taken:
            counts = self._source.each(self._slo, [part for _, part in taken])
            for (place, _), counted in zip(taken, counts, strict=True):
                bad[place] = max(bad[place] - counted.bad, 0.0)
        known, whole = sum(bad), self._account.budget.bad
        fits = whole / known if known > whole else 1.0  # two ways of counting differ by their roundings
        amounts = [max(whole - known, 0.0), *(count * fits for count in bad)]
        return tuple(
            Leaving(piece.start - span.start, piece.end - span.start, amount)
            for piece, amount in zip(pieces, amounts, strict=True)
        )


def _step(slo: Slo, longest: timedelta) -> timedelta:
    """Return the longest window that the rules record and that is short enough: a Prometheus has it at hand."""
    recorded = [length for tier in slo.tiers for length in (tier.short, tier.long) if length <= longest]
    return max(recorded, default=longest)
