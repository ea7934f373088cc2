"""A recorded history: what was counted between moments. What no increment covers is unknown, neither good nor bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vcci_slo.errors import SloError

__all__ = [
    "MOST_EVENTS",
    "MOST_INCREMENTS",
    "Amounts",
    "History",
    "HistoryError",
    "Increment",
    "Moments",
    "micros",
    "moment",
]

Moments = NDArray[np.int64]
"""Microseconds since 1970 in UTC."""

Amounts = NDArray[np.float64]

MOST_INCREMENTS = 4_000_000
"""Two years at 15 seconds; about 400 megabytes while it is judged."""

MOST_EVENTS = 1e15
"""In one increment: doubles count exactly up to here."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class HistoryError(SloError):
    """A history that cannot be judged: what was expected of it, and what it is."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"expected {expected}, found {found}")


class Increment(NamedTuple):
    """Events between two moments; `known` seconds of that time were observed."""

    start: datetime
    end: datetime
    bad: float
    total: float
    known: float


def micros(at: datetime) -> int:
    """Return a moment as microseconds since 1970.

    >>> micros(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60000000
    """
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int | np.int64) -> datetime:
    """Return microseconds since 1970 as a moment in UTC."""
    return _EPOCH + timedelta(microseconds=int(at))


@dataclass(frozen=True, eq=False)
class History:
    """Increments in the order of time that do not overlap. `known` is in seconds, and never more than has passed.

    Events without any known time happened in a gap: they are told at its end, and nobody knows when they happened.

    Make one with `History.of` or `History.of_arrays`: they sort, and they take overlapping increments apart, since two
    targets of one service are looked at in the same round.
    """

    start: Moments
    end: Moments
    bad: Amounts
    total: Amounts
    known: Amounts

    @classmethod
    def of(cls, increments: Iterable[Increment]) -> History:
        """Return the history of some increments. Raises HistoryError as `of_arrays` does."""
        rows = [(micros(item.start), micros(item.end), item.bad, item.total, item.known) for item in increments]
        start, end, bad, total, known = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        return cls.of_arrays(start, end, bad, total, known)

    @classmethod
    def of_arrays(
        cls, start: ArrayLike, end: ArrayLike, bad: ArrayLike, total: ArrayLike, known: ArrayLike | None = None
    ) -> History:
        """Return the history of columns of equal length; without `known`, all of the time was observed.

        Raises HistoryError if it is empty or too long, if time runs backwards, or if counts are negative or no
        numbers, or if more is bad than there is.
        """
        since, until = np.asarray(start, np.int64), np.asarray(end, np.int64)
        failed, every = np.asarray(bad, np.float64), np.asarray(total, np.float64)
        seen = (until - since) / 1e6 if known is None else np.asarray(known, np.float64)
        if not since.size:
            raise HistoryError("a history of at least one increment", "none")
        if since.size > MOST_INCREMENTS:
            raise HistoryError(f"a history of at most {MOST_INCREMENTS:,} increments", f"{since.size:,}")
        if (
            not np.isfinite(every.sum())
            or not np.isfinite(failed).all()
            or not np.isfinite(every).all()
            or not np.isfinite(seen).all()
        ):
            raise HistoryError("counts that are numbers", "one that is not")
        if (every > MOST_EVENTS).any():
            raise HistoryError(f"at most {MOST_EVENTS:g} events in an increment", f"{every.max():g}")
        if (until < since).any() or (seen < 0).any():
            raise HistoryError("increments that end after they start", "one that ends before")
        if (failed < 0).any() or (every < failed).any():
            raise HistoryError("0 <= bad <= total in every increment", "one where that is not so")
        order = np.lexsort((since, until))
        since, until, failed, every, seen = since[order], until[order], failed[order], every[order], seen[order]
        if (since[1:] < until[:-1]).any():
            since, until, failed, every, seen = _apart(since, until, failed, every, seen)
        return cls(since, until, failed, every, np.minimum(seen, (until - since) / 1e6))

    def __len__(self) -> int:
        return int(self.start.size)

    def between(self, start: datetime, end: datetime) -> History:
        """Return the increments that lie in a span as a whole. Raises HistoryError if none does."""
        inside = (self.start >= micros(start)) & (self.end <= micros(end))
        if not inside.any():
            raise HistoryError(f"a history from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", "none of it")
        return History(self.start[inside], self.end[inside], self.bad[inside], self.total[inside], self.known[inside])

    @property
    def first(self) -> datetime:
        """When it begins."""
        return moment(self.start.min())

    @property
    def last(self) -> datetime:
        """When it ends."""
        return moment(self.end[-1])

    @property
    def observed(self) -> timedelta:
        """How much of the time is known."""
        return timedelta(seconds=float(self.known.sum()))

    @property
    def step(self) -> timedelta:
        """How long an increment usually is: the median."""
        return timedelta(microseconds=float(np.median(self.end - self.start)))


def _apart(
    start: Moments, end: Moments, bad: Amounts, total: Amounts, known: Amounts
) -> tuple[Moments, Moments, Amounts, Amounts, Amounts]:
    """Return increments cut at every start and end, those of the same time added; each counts evenly over its time."""
    sudden = start == end
    edges = np.unique(np.concatenate((start, end)))
    lasting = np.flatnonzero(~sudden)
    low, high = np.searchsorted(edges, start[lasting]), np.searchsorted(edges, end[lasting])
    counts = high - low
    if int(counts.sum()) > 2 * MOST_INCREMENTS:
        raise HistoryError("increments that seldom overlap", f"{int(counts.sum()):,} pieces of {start.size:,}")
    owner = np.repeat(lasting, counts)
    place = np.repeat(low - (np.cumsum(counts) - counts), counts) + np.arange(owner.size)
    share = (edges[place + 1] - edges[place]) / (end - start)[owner]
    pieces = max(edges.size - 1, 1)
    covered = np.bincount(place, minlength=pieces) > 0
    sums: list[Amounts] = [
        np.bincount(place, share * column[owner], pieces)[covered].astype(np.float64) for column in (bad, total, known)
    ]
    since = np.concatenate((edges[:-1][covered], start[sudden]))
    until = np.concatenate((edges[1:][covered], end[sudden]))
    failed, every, seen = (
        np.concatenate((added, column[sudden])) for added, column in zip(sums, (bad, total, known), strict=True)
    )
    order = np.lexsort((since, until))
    return since[order], until[order], np.minimum(failed, every)[order], every[order], seen[order]
