"""Names of recorded series and labels, written once."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.promql.durations import promql_duration

__all__ = [
    "BAD",
    "BUDGET",
    "BURN_RATE",
    "INFO",
    "OBJECTIVE",
    "PERIOD_BURN_RATE",
    "REMAINING",
    "TIME_PERIOD",
    "errors",
    "ratio",
    "total",
]

OBJECTIVE = "slo:objective:ratio"
BUDGET = "slo:error_budget:ratio"
BURN_RATE = "slo:current_burn_rate:ratio"
PERIOD_BURN_RATE = "slo:period_burn_rate:ratio"
REMAINING = "slo:period_error_budget_remaining:ratio"
TIME_PERIOD = "slo:time_period:days"
INFO = "slo_info"
BAD = "slo:sli_bad:bool"


def errors(window: timedelta) -> str:
    """Return the name of bad events in a window."""
    return f"slo:sli_errors:increase{promql_duration(window)}"


def total(window: timedelta) -> str:
    """Return the name of valid events in a window."""
    return f"slo:sli_total:increase{promql_duration(window)}"


def ratio(window: timedelta) -> str:
    """Return the name of the error ratio of a window; Sloth's name, so dashboards made for it work."""
    return f"slo:sli_error:ratio_rate{promql_duration(window)}"
