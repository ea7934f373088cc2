"""Celery's side of telemetry: its log lines take our form, its messages and tasks are part of the trace.

Its metrics are not taken from its signals: a message may arrive twice, or find its job done, and a worker that dies
signals nothing. The job table knows what was an attempt and how it ended, so whoever writes there counts
(`carbon.jobs`).
"""

from __future__ import annotations

from typing import Any

from celery import signals  # type: ignore[import-untyped]  # it ships no types
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from vcci_platform.telemetry import tracing

__all__ = ["keep_own_logging", "trace_tasks"]


def keep_own_logging() -> None:
    """Keep Celery from setting up a log of its own: a listener to this signal is how it is told."""
    signals.setup_logging.connect(_do_nothing, weak=False)


def trace_tasks(provider: TracerProvider) -> None:
    """Record a span for each message that is sent and each task that is run."""
    tracing.watch(CeleryInstrumentor, provider)


def _do_nothing(**_: Any) -> None:
    """Leave the log as `logs.configure` made it."""
