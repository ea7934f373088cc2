"""Places for deliveries that are being stored: so many at once, and none for longer than its sender waits."""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

__all__ = ["ANSWER_WITHIN_SECONDS", "MOST_AT_ONCE", "Full", "Places"]

ANSWER_WITHIN_SECONDS = 4.0
"""PagerDuty gives up after five seconds, and holds back everything about the same incident behind what it repeats."""

MOST_AT_ONCE = 100

T = TypeVar("T")


class Full(Exception):
    """There is no place, or what has one takes too long; the sender is to ask again."""


class Places:
    """Carries out work in threads of its own, so that people who read cannot take the hooks' places.

    Work whose time is up goes on and keeps its place until it ends: what it stores then is found to be a duplicate
    when it comes again.
    """

    def __init__(self, most: int = MOST_AT_ONCE, within_seconds: float = ANSWER_WITHIN_SECONDS) -> None:
        self._most, self._within = most, within_seconds
        self._left = BoundedSemaphore(most)

    async def carry_out(self, work: Callable[[], T]) -> T:
        """Return what the work returns. Raises `Full` when it cannot be known in time."""
        if not self._left.acquire(blocking=False):
            raise Full("all places are taken")

        def placed() -> T:
            try:
                return work()
            finally:
                self._left.release()

        with anyio.move_on_after(self._within):
            return await to_thread.run_sync(placed, abandon_on_cancel=True, limiter=CapacityLimiter(1))
        raise Full("it takes too long")
