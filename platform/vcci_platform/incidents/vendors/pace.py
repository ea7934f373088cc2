"""Keep to a vendor's rate: so many calls in a rolling window, counted before they are made, so that none is refused.

The desks of one store count together, in `shared_pace`; what has no store, such as a command, counts for itself.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from vcci_platform.clock import Clock

__all__ = ["NO_WAIT", "OwnPace", "Pace", "Paces", "Permit", "Rate", "asked_rest", "own_paces", "rate_key"]

NO_WAIT = timedelta(0)
LONGEST_REST = timedelta(minutes=5)
"""No header makes us wait longer: the limits are ones of a minute, and what waits may be a page."""


@dataclass(frozen=True)
class Rate:
    """At most `limit` calls in any window of this length; `key` names what the vendor counts by."""

    key: str
    limit: int
    window: timedelta = timedelta(minutes=1)


@dataclass(frozen=True)
class Permit:
    """Whether calls may be made: all were counted if `wait` is zero, else none was, and it is worth asking after it."""

    wait: timedelta = NO_WAIT
    give_back: Callable[[int], None] = lambda _calls: None
    """Take back that so many of the calls were counted, because they were not made."""


class Pace(Protocol):
    """One rate, counted somewhere."""

    def take(self, calls: int = 1) -> Permit:
        """Count calls that are about to be made, all or none; no more than the limit can be asked for at once."""
        ...

    def rest(self, time: timedelta) -> None:
        """Make no call for so long, because the vendor said so."""
        ...


Paces = Callable[[Rate], Pace]
"""Where rates are counted: the pace of a rate. Two of the same key are one."""


def asked_rest(header: str, otherwise: timedelta) -> timedelta:
    """Return the rest that a vendor asks for in seconds, within bounds; `otherwise` where it says nothing readable.

    >>> asked_rest("7", timedelta(seconds=20)).total_seconds()
    7.0
    >>> asked_rest("31536000", timedelta(seconds=20)).total_seconds()
    300.0
    """
    text = header.strip()
    if not text.isdecimal() or not text.isascii():
        return otherwise
    return min(timedelta(seconds=max(1, int(text[:9]))), LONGEST_REST)


def rate_key(vendor: str, secret: str, part: str = "") -> str:
    """Return a name for what a vendor counts by, from which its secret cannot be read.

    >>> rate_key("slack", "xoxb-11", "#incidents")
    'slack:4b33cfcf8f19ca94:#incidents'
    """
    digest = hashlib.sha256(secret.encode()).hexdigest()[:16]
    return f"{vendor}:{digest}:{part}" if part else f"{vendor}:{digest}"


def own_paces(clock: Clock) -> Paces:
    """Return paces that count what this process alone does."""
    known: dict[str, OwnPace] = {}
    return lambda rate: known.setdefault(rate.key, OwnPace(rate, clock))


class OwnPace:
    """A rate that is counted in this process.

    >>> from vcci_platform.testing import ManualClock
    >>> pace = OwnPace(Rate("key", 2), ManualClock())
    >>> [pace.take(calls).wait.total_seconds() for calls in (2, 1)]
    [0.0, 60.0]
    """

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = Lock()
        self._taken: deque[datetime] = deque()
        self._rests_until: datetime | None = None

    def take(self, calls: int = 1) -> Permit:
        now, calls = self._clock.now(), min(calls, self._rate.limit)
        with self._lock:
            while self._taken and now - self._taken[0] >= self._rate.window:
                self._taken.popleft()
            excess = len(self._taken) + calls - self._rate.limit
            rest = self._rests_until - now if self._rests_until else NO_WAIT
            wait = self._taken[excess - 1] + self._rate.window - now if excess > 0 else NO_WAIT
            if max(rest, wait) > NO_WAIT:
                return Permit(max(rest, wait))
            self._taken.extend([now] * calls)
        return Permit(give_back=lambda unused: self._give_back(now, unused))

    def rest(self, time: timedelta) -> None:
        with self._lock:
            self._rests_until = max(self._clock.now() + time, self._rests_until or self._clock.now())

    def _give_back(self, taken_at: datetime, calls: int) -> None:
        with self._lock:
            for _ in range(min(calls, self._taken.count(taken_at))):
                self._taken.remove(taken_at)
