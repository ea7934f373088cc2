"""Sloth's names: of labels, series and groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from vcci_slo.formats.sloth import Objective, print_duration
from vcci_slo.formats.sloth.go import quote

__all__ = [
    "BUDGET",
    "BURN_RATE_NOW",
    "BURN_RATE_PERIOD",
    "ID",
    "INFO",
    "MODE",
    "OBJECTIVE",
    "OBJECTIVE_RATIO",
    "PERIOD_DAYS",
    "REMAINING",
    "SERVICE",
    "SEVERITY",
    "SLO",
    "SPEC",
    "VERSION",
    "WINDOW",
    "error_series",
    "identity",
    "selector",
]

ID: Final = "sloth_id"
SLO: Final = "sloth_slo"
SERVICE: Final = "sloth_service"
WINDOW: Final = "sloth_window"
SEVERITY: Final = "sloth_severity"
VERSION: Final = "sloth_version"
MODE: Final = "sloth_mode"
SPEC: Final = "sloth_spec"
OBJECTIVE: Final = "sloth_objective"

OBJECTIVE_RATIO: Final = "slo:objective:ratio"
BUDGET: Final = "slo:error_budget:ratio"
PERIOD_DAYS: Final = "slo:time_period:days"
BURN_RATE_NOW: Final = "slo:current_burn_rate:ratio"
BURN_RATE_PERIOD: Final = "slo:period_burn_rate:ratio"
REMAINING: Final = "slo:period_error_budget_remaining:ratio"
INFO: Final = "sloth_slo_info"


def identity(objective: Objective) -> dict[str, str]:
    """Return the labels that say whose a series is."""
    return {ID: objective.id, SLO: objective.name, SERVICE: objective.service}


def selector(labels: Mapping[str, str]) -> str:
    """Return labels as a selector, sorted.

    >>> selector({"b": "2", "a": "1"})
    '{a="1", b="2"}'
    """
    return "{" + ", ".join(f"{name}={quote(labels[name])}" for name in sorted(labels)) + "}"


def error_series(window: timedelta) -> str:
    """Return the name of the series that holds the error ratio of a window."""
    return f"slo:sli_error:ratio_rate{print_duration(window)}"
