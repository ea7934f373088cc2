"""The review's way to what was counted: the promises of a system, and what each step of a span brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

__all__ = ["Cost", "Counters", "Step"]


@dataclass(frozen=True)
class Step:
    """Events of one step of a history that ends at `end`: bad and valid ones, and the share of it that was observed."""

    end: datetime
    bad: float
    total: float
    known: float


@dataclass(frozen=True)
class Cost:
    """What a span took from one promise.

    `share` is the part of the budget of its window that went, `minutes` the same as time of total failure; both None
    when the window saw no traffic. `known` is the share of the span that was observed: 0 means that nobody knows.
    """

    promise: str
    bad: float
    total: float
    known: float
    share: float | None
    minutes: float | None


class Counters(Protocol):
    """Someone who knows what was counted. A source that is away raises; what was not observed has `known` 0."""

    def promises(self, systems: frozenset[str]) -> Sequence[tuple[str, float]]:
        """Return the promises of these systems by name, each with the share of events that may be bad."""
        ...

    def steps(self, promise: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Step]:
        """Return the steps of a span, in order."""
        ...

    def cost(self, promise: str, start: datetime, end: datetime) -> Cost:
        """Return what a span took from a promise."""
        ...
