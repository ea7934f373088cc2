"""The ledger: increments of every account in memory, with running sums, so that any span is two look-ups.

Each round asks for dozens of windows. Summing rows in the database for each of them took most of a round.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from vcci_platform.reliability.groups import group_of_key
from vcci_platform.reliability.samples import Labels
from vcci_slo.burn import Traffic
from vcci_slo.windows import Span

__all__ = ["Entry", "Ledger"]


@dataclass(frozen=True)
class Entry:
    """Events between two moments; `seconds` of that time were observed."""

    start: datetime
    end: datetime
    seconds: float
    bad: float
    total: float


Sums = tuple[float, float, float]
"""Bad events, all events, and seconds that were observed."""


@dataclass
class _Account:
    """Entries in the order of their ends, the sums of all before each, and the earliest start from each one on.

    Entries may overlap: two targets of one account are looked at in the same round, and a clock may be set back.
    """

    entries: list[Entry] = field(default_factory=list[Entry])
    ends: list[datetime] = field(default_factory=list[datetime])
    sums: list[Sums] = field(default_factory=lambda: [(0.0, 0.0, 0.0)])
    earliest: list[datetime] = field(default_factory=list[datetime])

    def add(self, entry: Entry) -> None:
        place = bisect_right(self.ends, entry.end)
        later = self.entries[place:]
        del self.entries[place:], self.ends[place:], self.sums[place + 1 :], self.earliest[place:]
        for item in (entry, *later):
            self._append(item)

    def _append(self, entry: Entry) -> None:
        bad, total, seconds = self.sums[-1]
        self.entries.append(entry)
        self.ends.append(entry.end)
        self.sums.append((bad + entry.bad, total + entry.total, seconds + entry.seconds))
        self.earliest.append(entry.start)
        index = len(self.earliest) - 2
        while index >= 0 and self.earliest[index] > entry.start:
            self.earliest[index] = entry.start
            index -= 1

    def until(self, moment: datetime) -> Sums:
        """Return all that was counted before a moment. An entry that goes on after it counts by its share of time."""
        index = bisect_right(self.ends, moment)
        bad, total, seconds = self.sums[index]
        while index < len(self.entries) and self.earliest[index] < moment:
            entry = self.entries[index]
            if entry.start < moment:
                share = (moment - entry.start) / (entry.end - entry.start)
                bad, total, seconds = (
                    bad + share * entry.bad,
                    total + share * entry.total,
                    seconds + share * entry.seconds,
                )
            index += 1
        return bad, total, seconds


class Ledger:
    """Every account."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._groups: dict[str, set[Labels]] = {}

    def add(self, account: str, entries: Iterable[Entry]) -> None:
        """Add entries; each after those that end no later."""
        book = self._accounts.get(account)
        if book is None:
            book = self._accounts[account] = _Account()
            whole, labels = group_of_key(account)
            if labels:
                self._groups.setdefault(whole, set()).add(labels)
        for entry in entries:
            book.add(entry)

    def last_end(self, account: str, now: datetime) -> datetime | None:
        """Return until when an account is known, or None if nothing is. What a wrong clock put after now is not."""
        book = self._accounts.get(account)
        place = bisect_right(book.ends, now) if book else 0
        return book.ends[place - 1] if book and place else None

    def groups(self, account: str) -> tuple[Labels, ...]:
        """Return the labels of each part of an account that is kept apart by them, in order."""
        return tuple(sorted(self._groups.get(account, ())))

    def first(self, account: str, span: Span) -> datetime | None:
        """Return from when on an account is known in a span, or None if nothing of it is."""
        book = self._accounts.get(account)
        place = bisect_right(book.ends, span.start) if book else 0
        if book is None or place == len(book.entries) or book.earliest[place] >= span.end:
            return None
        return max(book.earliest[place], span.start)

    def traffic(self, account: str, span: Span) -> Traffic:
        """Return what was counted in a span. An entry that crosses an edge counts by its share of time."""
        book = self._accounts.get(account)
        length = span.length.total_seconds()
        if book is None or length <= 0:
            return Traffic(0.0, 0.0, 0.0)
        before, after = book.until(span.start), book.until(span.end)
        bad, total, seconds = (max(end - begin, 0.0) for begin, end in zip(before, after, strict=True))
        return Traffic(min(bad, total), total, min(seconds / length, 1.0))
