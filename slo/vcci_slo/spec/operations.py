"""The work around the platform: checks, capacity, backups, security, changes, and the expected performance."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Section
from vcci_slo.spec.units import Delay, Duration, Percent, Threshold, refuse

__all__ = ["BackupSpec", "BaselineSpec", "CapacitySpec", "ChangesSpec", "ChecksSpec", "SecuritySpec"]

Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_-]*$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Bucket = Annotated[str, StringConstraints(pattern=r"^(s3|file)://[^\s]+$|^/[^\s]*$")]
Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class ConditionSpec(Section):
    """A limit on a signal, and how long it must last."""

    measure: Ref
    above: Threshold | None = None
    below: Threshold | None = None
    lasts: Delay | None = Field(None, alias="for")

    @model_validator(mode="after")
    def _one_side(self) -> ConditionSpec:
        if (self.above is None) == (self.below is None):
            raise refuse("one limit, above or below", "both" if self.above else "neither")
        return self


class CheckItemSpec(Section):
    """One line of a checklist: a condition that the program checks, or a task for a person."""

    means: Line
    fails_when: ConditionSpec | None = None
    does: Line | None = None
    who: Name | None = None


class CheckListSpec(Section):
    """A checklist and when it is due."""

    at: Clock
    on: Day | Literal["first-monday"] | None = None
    items: dict[Name, CheckItemSpec]


class ChecksSpec(Section):
    """The manual's daily, weekly and monthly operations."""

    daily: CheckListSpec | None = None
    weekly: CheckListSpec | None = None
    monthly: CheckListSpec | None = None


def _when(value: Any) -> Any:
    return {"alert": value} if isinstance(value, str) else value


class TriggerSpec(Section):
    """What makes capacity change: an alert, or a condition of its own."""

    alert: Ref | None = None
    condition: ConditionSpec | None = None

    @model_validator(mode="after")
    def _one(self) -> TriggerSpec:
        if (self.alert is None) == (self.condition is None):
            raise refuse("an alert such as alerts.HighQueueDepth, or a condition", "both" if self.alert else "neither")
        return self


class ScaleUpSpec(Section):
    """Which component grows, and when."""

    scale: Name
    when: Annotated[TriggerSpec, BeforeValidator(_when)]


class ScaleDownSpec(Section):
    """When components may shrink."""

    during: Name
    when: list[ConditionSpec] = Field(default_factory=list)


class GrowthSpec(Section):
    """A figure that is tracked each month, with the growth or the ceiling that is expected."""

    measure: Ref | None = None
    expected: Line | None = None
    ceiling: Threshold | None = None


class CapacitySpec(Section):
    """Scaling triggers, and what is tracked for the forecast."""

    up: dict[Name, ScaleUpSpec] = Field(default_factory=dict)
    down: ScaleDownSpec | None = None
    track: dict[Name, GrowthSpec] = Field(default_factory=dict)
    forecast: Duration | None = None
    headroom: Percent | None = None


class CopySpec(Section):
    """A kind of copy: how often, kept how long, where."""

    every: Duration | None = None
    at: Clock | None = None
    keep: Duration | Literal["forever"]
    to: Bucket | None = None


class RestorePointSpec(Section):
    """How old the newest restorable point may be."""

    limit: Duration
    measure: Ref | None = None
    above: dict[Priority, Threshold] = Field(default_factory=dict)


class RestoreTimeSpec(Section):
    """How long a restore may take, and how often that is proven."""

    limit: Duration
    drill: Literal["weekly", "monthly", "quarterly"]


class BackupSpec(Section):
    """How one store is copied, and the promises about restoring it."""

    full: CopySpec | None = None
    log: CopySpec | None = None
    versions: CopySpec | None = None
    replicate: Line | None = None
    rpo: RestorePointSpec | None = None
    rto: RestoreTimeSpec | None = None


class SecuritySpec(Section):
    """What is looked at every day and week, how long the audit log lives, and how often secrets change."""

    daily: dict[Name, CheckItemSpec] = Field(default_factory=dict)
    weekly: dict[Name, CheckItemSpec] = Field(default_factory=dict)
    breach: dict[Name, list[Line]] = Field(default_factory=dict)
    audit_log: CopySpec | None = None
    rotate_secrets: Duration | None = None


class ChangeWindowSpec(Section):
    """When a change may be made, or what must be true for one at any time."""

    during: Name | None = None
    needs: Line | None = None
    approver: Name | None = None


class ChangesSpec(Section):
    """Change windows, who approves, and what an open change does to alerts and budgets."""

    windows: dict[Name, ChangeWindowSpec]
    approver: dict[Priority, Name] = Field(default_factory=dict)
    quiet: list[Priority] = Field(default_factory=list)
    observe: Duration | None = None
    corrects_budget: bool = False


class BaselineSpec(Section):
    """What is normal under a load: not a promise, but what a person compares with."""

    requests_per_second: ListOrOne = Field(default_factory=list)
    latency: dict[str, Duration] = Field(default_factory=dict)
    error_rate_below: Percent | None = None
    cache_hits_above: Percent | None = None
    database_p95: Duration | None = None
    cpu: ListOrOne = Field(default_factory=list)
    memory: ListOrOne = Field(default_factory=list)
