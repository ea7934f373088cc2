"""What is promised and when to wake someone: burn policies, SLOs, alerts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from vcci_slo.promql.durations import promql_duration
from vcci_slo.spec.components import UnitName
from vcci_slo.spec.organisation import Zone
from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Section
from vcci_slo.spec.units import Count, Delay, Duration, Percent, Percentage, Threshold, refuse

__all__ = [
    "AlertSpec",
    "BurnPolicySpec",
    "DefaultsSpec",
    "MeasureSpec",
    "NoDataSpec",
    "ObjectiveSpec",
    "ProofSpec",
    "SloSpec",
    "TierSpec",
]

Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_-]*$")]
"""A reference such as `api.requests`."""


class TierSpec(Section):
    """A burn tier: its severity; for one of your own, what it `spends` `within` which time, `still` in which window."""

    priority: Priority
    spends: Percent | None = None
    within: Duration | None = None
    still: Duration | None = None
    min_bad: Count | None = None
    keep_firing_for: Delay | None = None
    seen_for: Delay | None = None

    @model_validator(mode="after")
    def _whole(self) -> TierSpec:
        own = [name for name in ("spends", "within", "still") if getattr(self, name) is not None]
        if own and len(own) < 3:
            raise refuse("spends, within and still together", " and ".join(own))
        if self.within is not None and self.still is not None and self.still >= self.within:
            raise refuse("still shorter than within", promql_duration(self.still))
        return self


Tier = Annotated[TierSpec, BeforeValidator(lambda value: {"priority": value} if isinstance(value, str) else value)]
"""A severity, or a map that says more about the tier."""

BurnPolicySpec = dict[Name, Tier]
"""Which severity each burn tier has; a tier that is left out does not alert."""


class WindowSpec(Section):
    """A rolling window, or the calendar months of a time zone; of the calendar's, unless one is named."""

    length: Duration | None = None
    month: Zone | None = None


def _window(value: Any) -> Any:
    if value == "month":
        return {"month": ""}
    return value if isinstance(value, dict) else {"length": value}


Window = Annotated[WindowSpec, BeforeValidator(_window)]
Labels = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=60)], Line],
    Field(max_length=20),
]
"""Labels of an alert and of the promise's description."""


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


Objective = Annotated[ObjectiveSpec, BeforeValidator(_objective)]
Tiers = dict[Name, Tier | Literal["off"]]
"""Tiers that differ from the policy's; `off` takes one away."""


class SloDefaultsSpec(Section):
    """What every promise has unless it says otherwise."""

    objective: Objective | None = None
    window: Window | None = None
    policy: Name | None = None
    tiers: Tiers = Field(default_factory=dict)
    budget_policy: Name | None = None
    no_data: NoDataSpec | None = None
    min_bad: Count | None = None
    owner: Name | None = None
    labels: Labels = Field(default_factory=dict)


class DefaultsSpec(Section):
    """What declarations have in common."""

    slos: SloDefaultsSpec = Field(default_factory=lambda: SloDefaultsSpec.model_validate({}))


class SloSpec(SloDefaultsSpec):
    """A promise: `good` events, `fast` events `within` a time, or a value that `holds` `below` or `above` a limit.

    `by` gives each value of these labels an account of its own. `like` names a promise whose settings this one has too.
    """

    title: Line | None = None
    about: Line | None = None
    like: Name | None = None
    good: Ref | None = None
    fast: Ref | None = None
    within: dict[str, Duration] = Field(default_factory=dict)
    holds: Ref | None = None
    below: Threshold | None = None
    above: Threshold | None = None
    by: Annotated[ListOrOne, Field(max_length=5)] = Field(default_factory=list)
    despite_needs: Line | None = None

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
        limits = [name for name in ("below", "above") if getattr(self, name) is not None]
        if self.holds is not None and len(limits) != 1:
            raise refuse("holds with either below or above", " and ".join(limits) or "neither")
        if self.holds is None and limits:
            raise refuse(f"{limits[0]} only beside holds", f"{limits[0]} beside {kinds[0]}")
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
    keep_firing_for: Delay | None = None
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
