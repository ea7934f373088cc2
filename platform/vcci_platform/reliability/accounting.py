"""The account of a promise over any span: what counted, what did not, what is unknown, and what spent its budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from vcci_platform.reliability.sources import Source
from vcci_slo.budget import Budget, allowed_downtime
from vcci_slo.burn import Traffic
from vcci_slo.corrections import Corrected, corrected, occurrences, within, without
from vcci_slo.plan import Correction, Slo
from vcci_slo.windows import Span

__all__ = ["Account", "Applied", "Occasion", "Spent", "account_of", "applied", "spent_by"]


@dataclass(frozen=True)
class Account:
    """One promise over one span, without the time that corrections take out.

    Spent and remaining add up to what was allowed, in events as in minutes; overspent, the rest is negative.
    """

    span: Span
    corrected: Corrected
    budget: Budget

    @property
    def allowed_events(self) -> float:
        """How many bad events the traffic that counts allows."""
        return self.budget.allowed

    @property
    def remaining_events(self) -> float:
        """How many of them may still come."""
        return self.budget.allowed - self.budget.bad

    @property
    def allowed_time(self) -> timedelta:
        """How long everything may fail in the time that counts."""
        return allowed_downtime(budget=self.budget.budget, window=self.budget.window)

    @property
    def spent_share(self) -> float:
        """The share of the budget that is gone: more than 1 when it is overspent."""
        return 1 - self.budget.remaining

    @property
    def spent_time(self) -> timedelta:
        """That share as time of total failure at even traffic."""
        return self.allowed_time * self.spent_share

    @property
    def remaining_time(self) -> timedelta:
        """What is left as time of total failure at even traffic."""
        return self.allowed_time - self.spent_time

    @property
    def counted(self) -> float:
        """The share of the span that corrections left."""
        length = self.corrected.window
        return self.corrected.counted_for / length if length else 0.0


@dataclass(frozen=True)
class Occasion:
    """An incident, or a release and the time until the next one; `end` is None while it lasts."""

    kind: Literal["incident", "release"]
    name: str
    title: str
    priority: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Spent:
    """The bad events while something lasted, as far as they count, and their share of the budget of the span."""

    occasion: Occasion
    traffic: Traffic
    share: float | None


@dataclass(frozen=True)
class Applied:
    """What one correction took out of a span. Two that overlap both name what they share."""

    correction: Correction
    spans: tuple[Span, ...]
    excluded: Traffic

    @property
    def excluded_for(self) -> timedelta:
        """How long that was."""
        return sum((span.length for span in self.spans), timedelta(0))


def account_of(slo: Slo, source: Source, span: Span, excluded: Sequence[Span] = ()) -> Account:
    """Return the account of a span without some spans, which are clipped to it.

    The counts of what does not count are subtracted from those of the whole: with a Prometheus, whose recorded windows
    know nothing of corrections, as with the recorder.
    """
    out = within(excluded, span)
    whole = source.traffic(slo, span)
    found = corrected(span, whole, list(zip(out, source.each(slo, out), strict=True)) if out else [])
    counted = found.traffic
    return Account(span, found, Budget(slo.budget, counted.bad, counted.total, found.counted_for, counted.known))


def applied(slo: Slo, source: Source, span: Span, corrections: Iterable[Correction]) -> tuple[Applied, ...]:
    """Return what each correction takes out of a span, without those that take nothing."""
    found: list[Applied] = []
    for correction in corrections:
        spans = within(occurrences(correction), span) if slo.name in correction.slos else ()
        if spans:
            found.append(Applied(correction, spans, _sum(spans, source.each(slo, spans))))
    return tuple(found)


def spent_by(slo: Slo, source: Source, account: Account, occasions: Iterable[Occasion]) -> tuple[Spent, ...]:
    """Return what each occasion took of the budget, in its order. Incidents at the same time share their events."""
    found: list[Spent] = []
    for occasion in occasions:
        lasted = within([Span(occasion.start, occasion.end or account.span.end)], account.span)
        counting = [part for span in lasted for part in without(span, account.corrected.spans)]
        traffic = _sum(counting, source.each(slo, counting)) if counting else Traffic(0, 0, 0)
        allowed = account.allowed_events
        found.append(Spent(occasion, traffic, traffic.bad / allowed if allowed else None))
    return tuple(found)


def _sum(spans: Sequence[Span], counted: Sequence[Traffic]) -> Traffic:
    length = sum((span.length for span in spans), timedelta(0))
    seen = sum((traffic.known * span.length for span, traffic in zip(spans, counted, strict=True)), timedelta(0))
    bad, total = (sum(getattr(traffic, name) for traffic in counted) for name in ("bad", "total"))
    return Traffic(bad, total, seen / length if length else 0.0)
