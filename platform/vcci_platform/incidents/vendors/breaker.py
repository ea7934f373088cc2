"""Circuit breakers around the vendors: after failures in a row, a vendor is left alone for a while, then tried once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from purgatory import SyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from vcci_platform.incidents.ports import Failed, Outcome

if TYPE_CHECKING:
    from vcci_platform.telemetry.metrics import DeskMetrics

__all__ = ["REST", "Circuit"]

FAILURES_IN_A_ROW = 5
REST = timedelta(seconds=10)
"""Short, because the first circuit is the one that wakes people; backoff spaces the attempts beyond it."""

_NAMES = {"closed": "closed", "opened": "open", "half-opened": "half_open"}


class _NotTaken(Exception):
    """The vendor is in trouble: what opens the circuit."""


class Circuit:
    """The breaker of one vendor; its state is the metric `circuit_breaker_state`."""

    def __init__(
        self,
        name: str,
        metrics: DeskMetrics,
        *,
        threshold: int = FAILURES_IN_A_ROW,
        rest: timedelta = REST,
    ) -> None:
        factory = SyncCircuitBreakerFactory(default_threshold=threshold, default_ttl=rest.total_seconds())
        self.name = name
        self._breaker = factory.get_breaker(name)
        self._rest = rest
        self._metrics = metrics

    @property
    def state(self) -> str:
        """closed, open or half_open."""
        return _NAMES[self._breaker.context.state]

    @property
    def rests(self) -> bool:
        """Whether the vendor is left alone now."""
        opened_at = self._breaker.context.opened_at
        return opened_at is not None and time.time() <= opened_at + self._rest.total_seconds()

    def call(self, send: Callable[[], Outcome]) -> Outcome:
        """Send through the circuit. Only trouble counts: a refusal or a vendor's own limit says that it is there."""
        outcome: Outcome = Failed("the circuit is open", retryable=True, after=self._rest, counts=False)
        try:
            with self._breaker:
                outcome = send()
                _check(outcome)
        except (_NotTaken, OpenedState):
            pass
        for state in _NAMES.values():
            self._metrics.circuit_breaker_state.labels(self.name, state).set(state == self.state)
        return outcome


def _check(outcome: Outcome) -> None:
    """Raise what the breaker counts, when the vendor is in trouble."""
    if isinstance(outcome, Failed) and outcome.retryable and outcome.after is None:
        raise _NotTaken(outcome.error)
