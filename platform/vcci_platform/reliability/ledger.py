"""The ledger: increments of every account in memory, with running sums, so that any span is two look-ups.

Each round asks for dozens of windows. Summing rows in the database for each of them took most of a round.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

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


@dataclass
class _Account:
    """Entries in the order of their ends, and the sums of all before each of them."""

    entries: list[Entry] = field(default_factory=list[Entry])
    starts: list[datetime] = field(default_factory=list[datetime])
    ends: list[datetime] = field(default_factory=list[datetime])
    sums: list[tuple[float, float, float]] = field(default_factory=lambda: [(0.0, 0.0, 0.0)])

    def add(self, entry: Entry) -> None:
        bad, total, seconds = self.sums[-1]
        self.entries.append(entry)
        self.starts.append(entry.start)
        self.ends.append(entry.end)
        self.sums.append((bad + entry.bad, total + entry.total, seconds + entry.seconds))


class Ledger:
    """Every account. Entries of one account are added in the order of time."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def add(self, account: str, entries: Iterable[Entry]) -> None:
        """Add entries that end no earlier than those before them."""
        book = self._accounts.setdefault(account, _Account())
        for entry in entries:
            book.add(entry)

    def last_end(self, account: str) -> datetime | None:
        """Return until when an account is known, or None if nothing is."""
        book = self._accounts.get(account)
        return book.ends[-1] if book else None

    def traffic(self, account: str, span: Span) -> Traffic:
        """Return what was counted in a span. An entry that crosses an edge counts by its share of time."""
        book = self._accounts.get(account)
        length = span.length.total_seconds()
        if book is None or length <= 0:
            return Traffic(0.0, 0.0, 0.0)
        first = bisect_right(book.ends, span.start)
        after = bisect_left(book.starts, span.end)
        if first >= after:
            return Traffic(0.0, 0.0, 0.0)
        low, high = book.sums[first], book.sums[after]
        bad, total, seconds = (end - begin for begin, end in zip(low, high, strict=True))
        for index in _crossing(book, first, after, span):
            entry = book.entries[index]
            outside = 1 - (min(entry.end, span.end) - max(entry.start, span.start)) / (entry.end - entry.start)
            bad -= entry.bad * outside
            total -= entry.total * outside
            seconds -= entry.seconds * outside
        return Traffic(max(bad, 0.0), max(total, 0.0), min(max(seconds / length, 0.0), 1.0))


def _crossing(book: _Account, first: int, after: int, span: Span) -> set[int]:
    """Return which of the entries of a span reach beyond one of its edges."""
    found: set[int] = set()
    index = first
    while index < after and book.starts[index] < span.start:
        found.add(index)
        index += 1
    index = after - 1
    while index >= first and book.ends[index] > span.end:
        found.add(index)
        index -= 1
    return found
