"""Rate limits as the vendors keep them: calls in a rolling window, and a bucket that refills; `now` is an argument."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta

__all__ = ["Bucket", "RollingWindow"]


class RollingWindow:
    """At most `limit` admitted calls for each key in any `window`; a refused call does not count.

    >>> from datetime import UTC
    >>> window, start = RollingWindow(limit=2, window=timedelta(seconds=60)), datetime(2026, 1, 1, tzinfo=UTC)
    >>> [window.admit("key", start + timedelta(seconds=seconds)) for seconds in (0, 10, 59, 60)]
    [True, True, False, True]
    """

    def __init__(self, *, limit: int, window: timedelta) -> None:
        self._limit = limit
        self._window = window
        self._admitted: dict[str, deque[datetime]] = {}

    def admit(self, key: str, now: datetime) -> bool:
        """Return whether this call is within the limit, and count it if so."""
        admitted = self._admitted.setdefault(key, deque())
        while admitted and admitted[0] <= now - self._window:
            admitted.popleft()
        if len(admitted) >= self._limit:
            return False
        admitted.append(now)
        return True

    def left(self, key: str, now: datetime) -> tuple[int, int]:
        """Return how many calls are left, and in how many seconds the first one comes back."""
        admitted = self._admitted.get(key, ())
        known = [at for at in admitted if at > now - self._window]
        seconds = (known[0] + self._window - now).total_seconds() if known else 0.0
        return self._limit - len(known), math.ceil(seconds)

    def clear(self) -> None:
        """Forget every call."""
        self._admitted.clear()


class Bucket:
    """A bucket of `capacity` calls for each key that refills by one each `every`.

    >>> from datetime import UTC
    >>> bucket, start = Bucket(capacity=2, every=timedelta(seconds=1)), datetime(2026, 1, 1, tzinfo=UTC)
    >>> [bucket.wait("hook", start) for _ in range(3)]
    [0, 0, 1]
    """

    def __init__(self, *, capacity: int, every: timedelta) -> None:
        self._capacity = capacity
        self._every = every.total_seconds()
        self._levels: dict[str, tuple[float, datetime]] = {}

    def wait(self, key: str, now: datetime) -> int:
        """Return 0 and take a call from the bucket, or the whole seconds until one is there again."""
        level, seen = self._levels.get(key, (float(self._capacity), now))
        elapsed = max((now - seen).total_seconds(), 0.0)
        level = min(level + elapsed / self._every, float(self._capacity))
        if level < 1:
            self._levels[key] = (level, now)
            return max(1, math.ceil((1 - level) * self._every))
        self._levels[key] = (level - 1, now)
        return 0

    def clear(self) -> None:
        """Fill every bucket."""
        self._levels.clear()
