"""What becomes of an error budget at a steady pace: new failures spend it, old ones that leave give it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.budget import Budget
from vcci_slo.burn import time_to_exhaustion
from vcci_slo.promql.durations import words

__all__ = ["Leaving", "Outlook", "until_renewed", "while_rolling"]

NONE = timedelta(0)
WORTH_TELLING = 0.01


@dataclass(frozen=True)
class Leaving:
    """Bad events that leave a rolling window evenly between two moments, counted from now."""

    start: timedelta
    end: timedelta
    bad: float


@dataclass(frozen=True)
class Outlook:
    """When a budget is gone, zero if it is spent and None if it lasts; and when a spent one is not spent any more.

    `regained` is the share of the budget that old failures give back until then, or in a whole window if it lasts.
    `renewed` says that the budget is that of a calendar month, which nothing leaves before it ends.
    """

    gone_in: timedelta | None
    back_in: timedelta | None = None
    regained: float = 0.0
    renewed: bool = False

    @property
    def words(self) -> str:
        """The same as half a sentence.

        >>> Outlook(timedelta(days=15), regained=0.8).words
        'gone in 15 days; failures that leave the window until then give 80% of it back'
        """
        if self.gone_in is None:
            return self._lasting()
        if self.gone_in > NONE:
            back = f"; failures that leave the window until then give {_share(self.regained)} of it back"
            return f"gone in {_brief(self.gone_in)}{back if self.regained >= WORTH_TELLING else ''}"
        if self.back_in is None:
            return "spent, and stays so at this pace"
        why = "a new month begins" if self.renewed else "old failures leave the window"
        return f"spent; something is left again in {_brief(self.back_in)}, when {why}"

    def _lasting(self) -> str:
        if self.renewed:
            return "lasts until the month is over"
        gives = f": failures that leave the window give {_share(self.regained)} of it back"
        return f"lasts{gives if self.regained >= WORTH_TELLING else ''}"


def while_rolling(budget: Budget, rate: float, leaving: Sequence[Leaving]) -> Outlook:
    """Return the outlook of a rolling window in which failures go on at a burn rate, with the traffic that it has had.

    `leaving` is what failed in the window, in order. A budget of ten that lost nine an hour before the window ends is
    not gone soon, though only one is left: the nine leave it first.

    >>> hour = timedelta(hours=1)
    >>> window = Budget(0.01, bad=9, total=1000, window=10 * hour)
    >>> while_rolling(window, 2.0, [Leaving(0 * hour, hour, 9)]).gone_in == 5 * hour
    True
    """
    allowed, length = budget.allowed, budget.window
    level, regained, is_spent = budget.bad, 0.0, budget.remaining <= 0
    if allowed <= 0 or length <= NONE:
        return Outlook(None)
    for start, end, bad in _pieces(leaving, length):
        lasts = (end - start) / length
        slope = rate * allowed - bad / lasts
        after = level + slope * lasts
        if is_spent != (after >= allowed):
            share = (allowed - level) / slope
            at = start + share * length
            gone = bad * share / lasts
            return Outlook(NONE, at) if is_spent else Outlook(at, regained=(regained + gone) / allowed)
        level, regained = after, regained + bad
    if is_spent:
        return Outlook(NONE)
    return Outlook(length if rate >= 1 else None, regained=regained / allowed)


def until_renewed(budget: Budget, rate: float, window: timedelta, renewed_in: timedelta) -> Outlook:
    """Return the outlook of a calendar month, which nothing leaves and whose budget is whole again when it is over.

    `window` is the length of a month. A pace that would take longer than the rest of the month lasts.
    """
    gone = time_to_exhaustion(remaining=budget.remaining, rate=rate, window=window)
    if gone == NONE:
        return Outlook(NONE, renewed_in, renewed=True)
    return Outlook(gone if gone is not None and gone < renewed_in else None, renewed=True)


def _pieces(leaving: Sequence[Leaving], length: timedelta) -> Iterator[tuple[timedelta, timedelta, float]]:
    """Yield the whole window in pieces, with nothing in those of which nothing is known."""
    at = NONE
    for one in leaving:
        start, end = max(one.start, at), min(one.end, length)
        if end <= start:
            continue
        if start > at:
            yield at, start, 0.0
        yield start, end, one.bad
        at = end
    if at < length:
        yield at, length, 0.0


def _brief(span: timedelta) -> str:
    """Return a time in words that a person reads at once: to the hour beyond two days, else to the minute."""
    unit = timedelta(hours=1) if span > timedelta(days=2) else timedelta(minutes=1)
    return (
        words(max(round(span / unit), 1) * unit)
        if span > unit
        else words(timedelta(seconds=max(round(span.total_seconds()), 1)))
    )


def _share(ratio: float) -> str:
    return f"{ratio * 100:.0f}%"
