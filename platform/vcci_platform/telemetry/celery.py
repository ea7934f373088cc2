"""Celery's side of telemetry: its log lines take our form.

Its metrics are not taken from its signals: a message may arrive twice, or find its job done, and a worker that dies
signals nothing. The job table knows what was an attempt and how it ended, so whoever writes there counts
(`carbon.jobs`). Its spans are made in `tracing`.
"""

from __future__ import annotations

from typing import Any

from celery import signals  # type: ignore[import-untyped]  # it ships no types

__all__ = ["keep_own_logging"]


def keep_own_logging() -> None:
    """Keep Celery from setting up a log of its own: a listener to this signal is how it is told."""
    signals.setup_logging.connect(_do_nothing, weak=False)


def _do_nothing(**_: Any) -> None:
    """Leave the log as `logs.configure` made it."""
