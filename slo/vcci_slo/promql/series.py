"""Names of recorded series and labels, written once."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.promql.durations import promql_duration

__all__ = [
    "BAD",
    "BUDGET",
    "BURN_RATE",
    "INFO",
    "MONTH",
    "MONTH_ERRORS",
    "MONTH_RATIO",
    "MONTH_TOTAL",
    "OBJECTIVE",
    "PERIOD_BURN_RATE",
    "REMAINING",
    "RESERVED",
    "SLOTH_INFO",
    "TIME_PERIOD",
    "errors",
    "ratio",
    "total",
    "version_metric",
]

OBJECTIVE = "slo:objective:ratio"
BUDGET = "slo:error_budget:ratio"
BURN_RATE = "slo:current_burn_rate:ratio"
PERIOD_BURN_RATE = "slo:period_burn_rate:ratio"
REMAINING = "slo:period_error_budget_remaining:ratio"
TIME_PERIOD = "slo:time_period:days"
INFO = "slo_info"
BAD = "slo:sli_bad:bool"
MONTH = "slo:calendar:month"
MONTH_ERRORS = "slo:sli_errors:increase_month"
MONTH_TOTAL = "slo:sli_total:increase_month"
MONTH_RATIO = "slo:sli_error:ratio_rate_month"
SLOTH_INFO = "sloth_slo_info"


RESERVED = frozenset(
    {
        *("__name__", "alertname", "alertstate", "slo", "tier", "long", "short", "le"),
        *("severity", "priority", "team", "component", "system", "declared", "objective", "window"),
        *("sloth_id", "sloth_service", "sloth_slo", "sloth_window", "sloth_severity"),
    }
)
"""Labels that the rules set themselves; a spec cannot use them for anything else."""


def errors(window: timedelta) -> str:
    """Return the name of bad events in a window."""
    return f"slo:sli_errors:increase{promql_duration(window)}"


def total(window: timedelta) -> str:
    """Return the name of valid events in a window."""
    return f"slo:sli_total:increase{promql_duration(window)}"


def ratio(window: timedelta) -> str:
    """Return the name of the error ratio of a window; Sloth's name, so dashboards made for it work."""
    return f"slo:sli_error:ratio_rate{promql_duration(window)}"


def version_metric(name: str) -> str:
    """Return the metric whose label `version` tells what runs, after the custom of `<name>_build_info`.

    >>> version_metric("vcci")
    'vcci_build_info'
    """
    return f"{name.replace('-', '_')}_build_info"
