"""How severe an alert was, as a priority of the spec: a table that is printed, and that a person may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from vcci_platform.errors import PlatformError
from vcci_slo.spec.section import Priority

__all__ = ["NO_SEVERITY", "SEVERITIES", "WrongSeverity", "priority_of", "with_given"]

NO_SEVERITY = "(none)"
OTHERWISE: Priority = "P2"

SEVERITIES: Mapping[str, Priority] = MappingProxyType(
    {
        "page": "P1",
        "pager": "P1",
        "critical": "P1",
        "crit": "P1",
        "emergency": "P1",
        "fatal": "P1",
        "disaster": "P1",
        "high": "P1",
        "error": "P2",
        "major": "P2",
        "warning": "P2",
        "warn": "P2",
        "medium": "P2",
        "ticket": "P2",
        "minor": "P3",
        "low": "P3",
        "info": "P3",
        "informational": "P3",
        "notice": "P3",
        "none": "P3",
        NO_SEVERITY: OTHERWISE,
    }
)
"""P1 wakes people, as `critical` does nearly everywhere; nothing becomes a P0 unless somebody says so."""

_PRIORITIES: Mapping[str, Priority] = MappingProxyType({"P0": "P0", "P1": "P1", "P2": "P2", "P3": "P3"})


class WrongSeverity(PlatformError):
    """A mapping of severities that is none."""

    exit_code = 2


def with_given(given: Iterable[str]) -> dict[str, Priority]:
    """Return the table with entries such as `critical=P0` put over it.

    Raises WrongSeverity for anything else.
    """
    table: dict[str, Priority] = dict(SEVERITIES)
    for one in given:
        name, _, wanted = one.partition("=")
        priority = _PRIORITIES.get(wanted.strip().upper())
        if priority is None or not name.strip():
            raise WrongSeverity(f"--severity: expected a mapping such as critical=P0, found {one!r}")
        table[name.strip().lower()] = priority
    return table


def priority_of(severity: str, table: Mapping[str, Priority]) -> tuple[Priority, bool]:
    """Return the priority of a severity, and whether the table knows it."""
    known = table.get(severity.strip().lower() or NO_SEVERITY)
    return (known, True) if known is not None else (table.get(NO_SEVERITY, OTHERWISE), False)
