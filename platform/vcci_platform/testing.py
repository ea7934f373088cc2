"""Helpers for tests of the platform: a clock that is moved by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["ManualClock"]


class ManualClock:
    """A clock that stands still until it is moved.

    >>> clock = ManualClock()
    >>> before = clock.now()
    >>> clock.advance(minutes=30)
    >>> (clock.now() - before).total_seconds()
    1800.0
    """

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move on by the sum of the given times."""
        self._now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
