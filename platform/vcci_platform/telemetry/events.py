"""The names of the events that telemetry logs, each written once; a feature names its own where it logs them."""

from __future__ import annotations

from typing import Final

__all__ = [
    "BACKGROUND_TASK_FAILED",
    "DEPENDENCY_LOST",
    "DEPENDENCY_RECOVERED",
    "FAULTS_ENDED",
    "FAULTS_STARTED",
    "METRICS_NOT_REFRESHED",
    "REQUEST_ABANDONED",
    "REQUEST_FAILED",
    "REQUEST_HANDLED",
]

REQUEST_HANDLED: Final = "request_handled"
REQUEST_FAILED: Final = "request_failed"
"""An exception that nobody expected ended the request; the line carries its traceback."""

REQUEST_ABANDONED: Final = "request_abandoned"
"""The client went away before it had the whole answer."""

BACKGROUND_TASK_FAILED: Final = "background_task_failed"
DEPENDENCY_LOST: Final = "dependency_lost"
DEPENDENCY_RECOVERED: Final = "dependency_recovered"
METRICS_NOT_REFRESHED: Final = "metrics_not_refreshed"
FAULTS_STARTED: Final = "faults_started"
FAULTS_ENDED: Final = "faults_ended"
