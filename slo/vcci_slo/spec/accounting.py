"""What does not count, and what a spent budget leads to: corrections, error budget policies."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator, StringConstraints, WithJsonSchema, model_validator

from vcci_slo.plan.accounting import Allows, CorrectionKind
from vcci_slo.spec.moments import Moment
from vcci_slo.spec.organisation import Zone
from vcci_slo.spec.section import Line, ListOrOne, Name, Section
from vcci_slo.spec.units import Duration, Percent, refuse

__all__ = ["BudgetPolicySpec", "CorrectionSpec", "PolicyStateSpec"]

When = Annotated[
    Moment,
    PlainValidator(Moment.parse),
    WithJsonSchema({"type": "string", "examples": ["2026-11-28 02:00", "2026-11-28T02:00:00Z"]}),
]
Rule = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class CorrectionSpec(Section):
    """Time that does not count: from when until when, for which promises, who decided that, and why.

    With `repeats`, a recurrence rule of RFC 5545, each occurrence `lasts` some time, `except` those that are named.
    """

    kind: CorrectionKind = "change"
    slos: ListOrOne = Field(default_factory=list)
    components: ListOrOne = Field(default_factory=list)
    start: When = Field(alias="from")
    until: When
    zone: Zone | None = None
    repeats: Rule | None = None
    lasts: Duration | None = None
    skipped: list[When] = Field(default_factory=list, alias="except")
    reference: Line | None = None
    who: Line
    why: Line

    @model_validator(mode="after")
    def _whole(self) -> CorrectionSpec:
        if not self.slos and not self.components:
            raise refuse("the promises that it corrects: slos, components, or both", None)
        if (self.repeats is None) != (self.lasts is None):
            raise refuse("repeats and lasts together", "only one of them")
        if self.skipped and self.repeats is None:
            raise refuse("except only beside repeats", "except alone")
        return self


class PolicyStateSpec(Section):
    """A state of the budget: it holds while more than a share is left. The last one has no share: it is the rest."""

    above: Percent | None = None
    means: Line
    allows: Allows = "everything"


class BudgetPolicySpec(Section):
    """What follows as the budget of a promise is spent, from the best state to the worst."""

    about: Line | None = None
    owner: Name | None = None
    states: dict[Name, PolicyStateSpec] = Field(min_length=2)
