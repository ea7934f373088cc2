"""Keep to a vendor's rate: so many calls in a rolling window, counted here so that the vendor need not refuse."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from vcci_platform.clock import Clock

__all__ = ["Pace"]


class Pace:
    """At most `limit` calls in any window of this length.

    >>> from vcci_platform.testing import ManualClock
    >>> clock = ManualClock()
    >>> pace = Pace(2, timedelta(seconds=60), clock)
    >>> pace.wait(2), pace.take(), pace.take(), pace.wait(1).total_seconds()
    (datetime.timedelta(0), None, None, 60.0)
    """

    def __init__(self, limit: int, window: timedelta, clock: Clock) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._taken: deque[datetime] = deque()

    def wait(self, calls: int = 1) -> timedelta:
        """Return how long until this many calls may be made, zero when they may be made now."""
        now = self._clock.now()
        while self._taken and now - self._taken[0] >= self._window:
            self._taken.popleft()
        excess = len(self._taken) + min(calls, self._limit) - self._limit
        if excess <= 0:
            return timedelta(0)
        return self._taken[excess - 1] + self._window - now

    def take(self) -> None:
        """Count one call."""
        self._taken.append(self._clock.now())
