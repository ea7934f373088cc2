"""What a ServiceLevelObjective of Pyrra says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vcci_slo.formats.notes import Origin
from vcci_slo.plan.organisation import Priority

__all__ = ["Kind", "PyrraSlo"]

Kind = Literal["ratio", "latency", "latencyNative", "bool_gauge"]


@dataclass(frozen=True)
class PyrraSlo:
    """One objective. `part` is what failed (ratio) or was in time (latency); `total` is all, or the gauge.

    `priorities` are those of the four alerts, the fastest first; `absent` that of missing metrics.
    """

    origin: Origin
    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    description: str
    target: str
    window: timedelta
    kind: Kind
    part: str
    total: str
    within: timedelta | None
    grouping: tuple[str, ...]
    alerts: bool
    absent: bool
    alert_name: str
    absent_name: str
    priorities: tuple[Priority, Priority, Priority, Priority]
    absent_priority: Priority
