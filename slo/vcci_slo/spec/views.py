"""What people look at: dashboards and the status page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from vcci_slo.spec.components import UnitName
from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Section
from vcci_slo.spec.units import refuse

__all__ = ["DashboardSpec", "PanelSpec", "StatusPageSpec"]

Ref = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_-]*$")]
VIEWS = (
    "value",
    "rate",
    "bad_ratio",
    "quantiles",
    "heatmap",
    "count",
    "budget",
    "burn",
    "objective",
    "state",
    "promql",
)


class PanelSpec(Section):
    """One picture: exactly one view of a signal, of the SLOs, or of what is firing."""

    value: Ref | None = None
    rate: Ref | None = None
    bad_ratio: Ref | None = None
    quantiles: Ref | None = None
    heatmap: Ref | None = None
    count: Ref | None = None
    budget: Literal["slos"] | None = None
    burn: Literal["slos"] | None = None
    objective: Literal["slos"] | None = None
    state: Literal["alerts", "components"] | None = None
    promql: Line | None = None
    title: Line | None = None
    about: Line | None = None
    unit: UnitName | None = None
    by: ListOrOne = Field(default_factory=list)

    @property
    def view(self) -> str:
        """The view that is set."""
        return next(name for name in VIEWS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_view(self) -> PanelSpec:
        views = [name for name in VIEWS if getattr(self, name) is not None]
        if len(views) != 1:
            raise refuse(f"exactly one of {', '.join(VIEWS)}", " and ".join(views) if views else "none of them")
        if self.promql is not None and (self.title is None or self.unit is None or self.about is None):
            raise refuse("title, about and unit beside free PromQL", self.promql)
        return self


def _panel(value: Any) -> Any:
    return {"value": value} if isinstance(value, str) else value


class DashboardSpec(Section):
    """A page of Grafana; `later` names panels that wait for their signal, and why."""

    title: Line | None = None
    purpose: Line | None = None
    rows: dict[str, list[Annotated[PanelSpec, BeforeValidator(_panel)]]]
    later: dict[str, Line] = Field(default_factory=dict)


class StatusPageSpec(Section):
    """What the public is told."""

    provider: Literal["statuspage"]
    components: dict[str, list[Name]]
    shows: dict[Priority, Literal["degraded_performance", "partial_outage", "major_outage"]]
    approve: dict[Priority, Literal["auto", "commander"]]
