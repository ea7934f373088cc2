"""Counts requests in memory, where they end: which tenant each belonged to, and whether it failed or was slow.

A request that fails before anybody could look up its key, because the database is away or a fault came first, is told
by the digest of a key that this process has seen succeed. Everything here is bounded, whoever asks for whatever.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from vcci_platform.clock import Clock
from vcci_platform.telemetry import logs
from vcci_platform.tenancy.affected.model import Count, Trouble

__all__ = ["MINUTE", "SHORTEST", "KnownKeys", "Tally"]

MINUTE: Final = timedelta(minutes=1)
SHORTEST: Final = timedelta(seconds=5)
"""How long one count is, and how short it may become where clocks run faster."""

MOST_KEYS = 10_000
MOST_PAIRS = 20_000
"""Tenants and endpoints in one count; what is beyond is counted without its tenant."""

MOST_ENDPOINTS = 1_000
MOST_COUNTS = 120
"""How many counts wait for a store that is away; the oldest go first, and that time is unknown then."""

HEALTH = "/health/"
FAILED = 500

Scope = MutableMapping[str, Any]


class KnownKeys:
    """Whose keys were good, by their digests; the ones that were not seen for longest are forgotten first."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._owners: dict[bytes, str] = {}
        self._most = most
        self._lock = threading.Lock()

    def remember(self, key: str, tenant_id: str) -> None:
        """Keep whose key this is, after it was found to be good."""
        digest = _digest(key.encode())
        with self._lock:
            self._owners.pop(digest, None)
            self._owners[digest] = tenant_id
            if len(self._owners) > self._most:
                del self._owners[next(iter(self._owners))]

    def owner(self, scope: Scope) -> str | None:
        """Return whose key a request carries, None for none and for one that was never good."""
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        for name, value in headers:
            if name == b"x-api-key":
                return self._owners.get(_digest(value))
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return self._owners.get(_digest(value[7:].strip()))
        return None


@dataclass
class _Open:
    """One count while it goes on; `pairs` has requests, failed and slow ones by tenant and endpoint."""

    requests: int = 0
    failed: int = 0
    slow: int = 0
    untold: int = 0
    pairs: dict[tuple[str, str], list[int]] = field(default_factory=dict[tuple[str, str], list[int]])
    written: int = -1
    """How many bad requests it had when it was last kept; -1 before that."""

    @property
    def bad(self) -> int:
        return self.failed + self.slow

    def add(self, tenant_id: str | None, endpoint: str, *, failed: bool, slow: bool) -> None:
        self.requests += 1
        self.failed += failed
        self.slow += slow
        pair = self._pair(tenant_id, endpoint) if tenant_id else None
        if pair is None:
            self.untold += failed or slow
            return
        pair[0] += 1
        pair[1] += failed
        pair[2] += slow

    def _pair(self, tenant_id: str, endpoint: str) -> list[int] | None:
        found = self.pairs.get((tenant_id, endpoint))
        if found is None and len(self.pairs) < MOST_PAIRS:
            found = self.pairs[tenant_id, endpoint] = [0, 0, 0]
        return found


class Tally:
    """The counts of one process. A request costs it about a microsecond and no input or output."""

    def __init__(
        self,
        clock: Clock,
        keys: KnownKeys,
        *,
        slow_after: float | None,
        timed: Callable[[str], bool] = lambda _: True,
        length: timedelta = MINUTE,
    ) -> None:
        """Count in steps of `length`. Slow is what takes more than `slow_after` seconds, None for nothing.

        `timed` says of an endpoint whether its answers are promised to be fast.
        """
        self.slow_after = slow_after
        self.length = length
        self._timed = lru_cache(maxsize=MOST_ENDPOINTS)(timed)
        self._clock = clock
        self._keys = keys
        self._open: dict[int, _Open] = {}
        self._lost = 0
        self._lock = threading.Lock()

    def __call__(self, scope: Scope, endpoint: str, status: int, seconds: float) -> None:
        """Count a request that has ended; the probes of health are nobody's."""
        if endpoint.startswith(HEALTH):
            return
        failed = status >= FAILED
        late = self.slow_after is not None and seconds > self.slow_after
        slow = late and not failed and self._timed(endpoint)
        tenant_id: str | None = logs.noted("tenant_id")
        if tenant_id is None and (failed or slow):
            tenant_id = self._keys.owner(scope)
        with self._lock:
            self._now().add(tenant_id, endpoint, failed=failed, slow=slow)

    def due(self, *, everything: bool = False) -> tuple[Count, ...]:
        """Return what should be kept now: what is over, and of the present what went wrong; or simply everything.

        To be asked more often than a count is long: so a time without requests is told from one that nobody saw.
        """
        with self._lock:
            self._now()
            present = max(self._open)
            return tuple(
                self._count(number, each)
                for number, each in sorted(self._open.items())
                if number < present or everything or each.bad > max(each.written, 0)
            )

    def kept(self, counts: Sequence[Count]) -> None:
        """Forget what was kept, as far as it is over."""
        with self._lock:
            present = max(self._open, default=0)
            for count in counts:
                number = self._number(count.starts_at)
                if number < present:
                    self._open.pop(number, None)
                elif number in self._open:
                    self._open[number].written = count.failed + count.slow

    def lost(self) -> int:
        """Return how many counts were given up since this was last asked."""
        with self._lock:
            lost, self._lost = self._lost, 0
            return lost

    def _now(self) -> _Open:
        number = self._number(self._clock.now())
        found = self._open.get(number)
        if found is None:
            found = self._open[number] = _Open()
            for old in sorted(self._open)[:-MOST_COUNTS]:
                del self._open[old]
                self._lost += 1
        return found

    def _number(self, moment: datetime) -> int:
        return int(moment.timestamp() // self.length.total_seconds())

    def _count(self, number: int, each: _Open) -> Count:
        trouble = tuple(
            Trouble(tenant_id, endpoint, requests, failed, slow)
            for (tenant_id, endpoint), (requests, failed, slow) in sorted(each.pairs.items())
            if failed or slow
        )
        starts_at = datetime.fromtimestamp(number * self.length.total_seconds(), UTC)
        return Count(starts_at, self.length, each.requests, each.failed, each.slow, each.untold, trouble)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
