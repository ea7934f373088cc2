"""What Celery tells while it works, as metrics: attempts and their durations, by queue and outcome.

Celery knows attempts. How a job ends is known to the job table alone, so whoever writes a job's end there counts
`jobs_finished`; an attempt whose worker died is found by the sweeper, which calls `lost`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from celery import Celery, signals  # type: ignore[import-untyped]  # it ships no types

from vcci_platform.telemetry.metrics import ATTEMPT_OUTCOMES, QUEUES, ServiceMetrics

__all__ = ["JobAttempts", "keep_own_logging"]

_OUTCOMES = {"SUCCESS": "succeeded", "FAILURE": "failed", "RETRY": "retried", "REJECTED": "rejected"}
"""Celery's state after an attempt; IGNORED is none: the task found nothing to do."""


class JobAttempts:
    """Counts and times the attempts at the jobs of one Celery application, from `connect` until `disconnect`.

    A task may return the outcome of its attempt (`rejected` for input that is not ours to mend); what it returns
    otherwise is a success. Tasks outside of the four queues, such as the sweeper, are not jobs and are not counted.
    """

    def __init__(self, app: Celery, metrics: ServiceMetrics, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock
        self._began: dict[str, float] = {}

    def connect(self) -> None:
        """Begin to listen."""
        signals.task_prerun.connect(self._on_start, weak=False)
        signals.task_postrun.connect(self._on_end, weak=False)

    def disconnect(self) -> None:
        """Cease to listen."""
        signals.task_prerun.disconnect(self._on_start)
        signals.task_postrun.disconnect(self._on_end)

    def lost(self, queue: str) -> None:
        """Count an attempt that ended with its worker."""
        self._metrics.job_attempts.labels(queue, "lost").inc()

    def _on_start(self, *, task_id: str, task: Any, **_: Any) -> None:
        if task.app is self._app and queue_of(task.request) is not None:
            self._began[task_id] = self._clock()

    def _on_end(self, *, task_id: str, task: Any, retval: Any = None, state: str | None = None, **_: Any) -> None:
        began = self._began.pop(task_id, None)
        queue = queue_of(task.request)
        outcome = outcome_of(state, retval)
        if began is None or queue is None or outcome is None:
            return
        self._metrics.job_attempts.labels(queue, outcome).inc()
        self._metrics.job_duration.labels(queue).observe(self._clock() - began)


def queue_of(request: Any) -> str | None:
    """Return the queue of ours that the task came by, read from its routing key (`emissions` or `emissions.…`)."""
    key = str((request.delivery_info or {}).get("routing_key") or "")
    queue = key.partition(".")[0]
    return queue if queue in QUEUES else None


def outcome_of(state: str | None, returned: Any) -> str | None:
    """Return the outcome of an attempt, or None if it was none.

    >>> outcome_of("SUCCESS", None), outcome_of("SUCCESS", "rejected"), outcome_of("RETRY", None)
    ('succeeded', 'rejected', 'retried')
    """
    if state == "SUCCESS" and isinstance(returned, str) and returned in ATTEMPT_OUTCOMES:
        return returned
    return _OUTCOMES.get(state or "")


def keep_own_logging() -> None:
    """Keep Celery from setting up a log of its own: a listener to this signal is how it is told."""
    signals.setup_logging.connect(_do_nothing, weak=False)


def _do_nothing(**_: Any) -> None:
    """Leave the log as `logs.configure` made it."""
