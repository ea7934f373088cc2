"""What is promised and when to wake someone: burn policies, SLOs, alerts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from vcci_slo.spec.components import UnitName
from vcci_slo.spec.section import Line, Name, Priority, Section
from vcci_slo.spec.units import Count, Delay, Duration, Percent, Percentage, Threshold, refuse

__all__ = ["AlertSpec", "BurnPolicySpec", "MeasureSpec", "NoDataSpec", "ObjectiveSpec", "ProofSpec", "SloSpec"]

Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_-]*$")]
"""A reference such as `api.requests`."""


class BurnPolicySpec(Section):
    """Which severity each burn tier has; a tier that is left out does not alert."""

    fast: Priority | None = None
    slow: Priority | None = None
    steady: Priority | None = None
    creep: Priority | None = None


class ObjectiveSpec(Section):
    """One objective for all, or a default and the exceptions by the value of the signal's `each`."""

    default: Percent
    exceptions: dict[str, Percent] = Field(default_factory=dict)


class NoDataSpec(Section):
    """When the absence of data is an alert of its own."""

    after: Duration
    priority: Priority


def _objective(value: Any) -> Any:
    if isinstance(value, dict):
        others = {key: share for key, share in value.items() if key != "default"}
        return {"exceptions": others} | ({"default": value["default"]} if "default" in value else {})
    return {"default": value}


class SloSpec(Section):
    """A promise: `good` events, `fast` events `within` a time, or a value that `holds` `below` a limit."""

    title: Line | None = None
    about: Line | None = None
    good: Ref | None = None
    fast: Ref | None = None
    within: dict[str, Duration] = Field(default_factory=dict)
    holds: Ref | None = None
    below: Threshold | None = None
    objective: Annotated[ObjectiveSpec, BeforeValidator(_objective)] | None = None
    window: Duration | None = None
    policy: Name | None = None
    no_data: NoDataSpec | None = None
    min_bad: Count | None = None
    owner: Name | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SloSpec:
        kinds = [name for name in ("good", "fast", "holds") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise refuse("exactly one of good, fast and holds", " and ".join(kinds) if kinds else "none of them")
        if self.fast is not None:
            if not self.within or self.objective is not None:
                raise refuse("fast with within, such as within: {95%: 500ms}, and no objective", self.fast)
            for share in self.within:
                Percentage.parse(share)
        elif self.within:
            raise refuse("within only beside fast", f"within beside {kinds[0]}")
        elif self.objective is None:
            raise refuse("an objective such as 99.9%", None)
        if (self.holds is None) != (self.below is None):
            raise refuse("holds and below together", "only one of them")
        return self


class MeasureSpec(Section):
    """What an alert looks at: a signal's value, a ratio of bad events, a quantile, a share of time, or PromQL."""

    value: Ref | None = None
    bad_ratio: Ref | None = None
    quantile: Percent | None = None
    of: Ref | None = None
    share: Ref | None = None
    over: Duration | None = None
    every: Duration | None = None
    promql: Line | None = None
    component: Name | None = None
    unit: UnitName | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> MeasureSpec:
        names = ("value", "bad_ratio", "quantile", "share", "promql")
        kinds = [name for name in names if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise refuse(f"exactly one of {', '.join(names)}", " and ".join(kinds) if kinds else "none of them")
        kind = kinds[0]
        needed = {"bad_ratio": ["over"], "quantile": ["of", "over"], "share": ["over"], "promql": ["component", "unit"]}
        allowed = {*needed.get(kind, []), kind, *(["every"] if kind == "share" else [])}
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        if missing := [name for name in needed.get(kind, []) if name not in given]:
            raise refuse(f"{' and '.join(missing)} beside {kind}", None)
        if strange := sorted(given - allowed):
            raise refuse(f"{kind} without {', '.join(strange)}", ", ".join(sorted(given)))
        return self


class ProofSpec(Section):
    """Series in promtool's notation that make an alert fire, and that keep it silent."""

    fires: dict[str, int | float | str]
    silent: dict[str, int | float | str]


class AlertSpec(Section):
    """A condition on a measure. Each limit is one rule, one line on the panel, one sentence on the page."""

    measure: Annotated[
        MeasureSpec, BeforeValidator(lambda value: {"value": value} if isinstance(value, str) else value)
    ]
    above: dict[Priority, Threshold] = Field(default_factory=dict)
    below: dict[Priority, Threshold] = Field(default_factory=dict)
    missing: dict[Priority, Duration] = Field(default_factory=dict)
    lasts: Delay | None = Field(None, alias="for")
    min_bad: Count | None = None
    min_events: Count | None = None
    summary: Line
    description: Line | None = None
    because: Line | None = None
    pages_because: Line | None = None
    runbook: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] | None = None
    owner: Name | None = None
    proof: ProofSpec | None = None

    @model_validator(mode="after")
    def _one_side(self) -> AlertSpec:
        if bool(self.above) == bool(self.below):
            raise refuse("limits either above or below", "both" if self.above else "neither")
        if self.measure.promql is not None and self.proof is None:
            raise refuse("a proof (fires, silent) beside a measure in free PromQL", None)
        return self
