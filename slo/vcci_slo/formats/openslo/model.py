"""The objects of OpenSLO v1; v2alpha is read into the same ones, since it says the same in other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from vcci_slo.formats.notes import Origin

__all__ = [
    "AlertCondition",
    "AlertPolicy",
    "DataSource",
    "Indicator",
    "Metadata",
    "Metric",
    "NotificationTarget",
    "Object",
    "Objective",
    "RatioMetric",
    "Service",
    "Slo",
    "TimeWindow",
    "Version",
]

Version = Literal["openslo/v1", "openslo.com/v2alpha"]


@dataclass(frozen=True)
class Metadata:
    """The name by which other objects refer to this one, and what people and machines add. A label may have values."""

    name: str
    display_name: str = ""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """A query: the data source by name, or its type, and what is asked of it."""

    source_ref: str
    source_type: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class RatioMetric:
    """Good or bad events over all of them, or a `raw` ratio that somebody else computed."""

    counter: bool
    good: Metric | None = None
    bad: Metric | None = None
    total: Metric | None = None
    raw: Metric | None = None
    raw_type: str = ""


@dataclass(frozen=True)
class Indicator:
    """An SLI: a ratio, or a value that objectives compare with theirs."""

    origin: Origin
    metadata: Metadata
    description: str
    threshold: Metric | None
    ratio: RatioMetric | None


@dataclass(frozen=True)
class TimeWindow:
    """How long the budget lasts: rolling, or from a date on by the calendar of a time zone."""

    text: str
    length: timedelta
    rolling: bool
    start: str = ""
    zone: str = ""


@dataclass(frozen=True)
class Objective:
    """One target, as the exact share that its text says. `op` and `value` belong to a threshold."""

    display_name: str
    target: float | None
    target_percent: float | None
    op: str
    value: float | None
    slice_target: float | None
    slice_window: str
    indicator: Indicator | str | None
    weight: float | None


@dataclass(frozen=True)
class AlertCondition:
    """A burn rate that is too high: over a window, for a time."""

    origin: Origin
    metadata: Metadata
    severity: str
    op: str
    threshold: float
    lookback: timedelta
    after: timedelta | None
    description: str = ""


@dataclass(frozen=True)
class NotificationTarget:
    """Where an alert goes, in a word that only its reader understands."""

    metadata: Metadata
    target: str
    description: str = ""


@dataclass(frozen=True)
class AlertPolicy:
    """When an alert goes where. References are names until they are followed."""

    origin: Origin
    metadata: Metadata
    description: str
    when_breaching: bool
    when_resolved: bool
    when_no_data: bool
    conditions: tuple[AlertCondition | str, ...]
    targets: tuple[NotificationTarget | str, ...]


@dataclass(frozen=True)
class Slo:
    """A promise of a service."""

    origin: Origin
    metadata: Metadata
    description: str
    service: str
    indicator: Indicator | str | None
    budgeting: str
    window: TimeWindow | None
    objectives: tuple[Objective, ...]
    policies: tuple[AlertPolicy | str, ...]


@dataclass(frozen=True)
class Service:
    """A service by name."""

    origin: Origin
    metadata: Metadata
    description: str = ""


@dataclass(frozen=True)
class DataSource:
    """Where queries are sent."""

    metadata: Metadata
    type: str


Object = Slo | Indicator | AlertPolicy | AlertCondition | NotificationTarget | Service | DataSource
