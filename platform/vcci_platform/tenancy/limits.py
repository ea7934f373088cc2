"""How often a key may ask: a sliding minute per key, in memory or in Redis."""

from __future__ import annotations

import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

__all__ = ["Allowance", "RequestLimit"]

WINDOW_SECONDS = 60
REDIS_PATIENCE_SECONDS = 0.25


@dataclass(frozen=True)
class Allowance:
    """What is left to a key in this minute."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """Return the header fields that tell a client how to behave."""
        told = {
            "RateLimit-Limit": f"{self.limit}",
            "RateLimit-Remaining": f"{self.remaining}",
            "RateLimit-Reset": f"{self.reset_seconds}",
        }
        return told if self.allowed else {**told, "Retry-After": f"{self.reset_seconds}"}


class RequestLimit:
    """Counts the requests of each key, in constant memory. With Redis, every replica counts together."""

    def __init__(self, per_minute: int, redis_url: str | None = None) -> None:
        self._item = RateLimitItemPerMinute(per_minute, 1)
        if redis_url:
            patience = {"socket_timeout": REDIS_PATIENCE_SECONDS, "socket_connect_timeout": REDIS_PATIENCE_SECONDS}
            storage = storage_from_string(redis_url, wrap_exceptions=True, **patience)
        else:
            storage = storage_from_string("memory://")
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    def spend(self, key_id: str) -> Allowance | None:
        """Count one request of this key and return what is left, or None when nobody can count.

        A lost Redis must not take the service with it, so the caller lets such requests pass.
        """
        try:
            allowed = self._limiter.hit(self._item, key_id)
            window = self._limiter.get_window_stats(self._item, key_id)
        except StorageError:
            return None
        return Allowance(
            allowed=allowed,
            limit=self._item.amount,
            remaining=max(0, window.remaining),
            reset_seconds=min(WINDOW_SECONDS, max(1, round(window.reset_time - time.time()))),
        )
