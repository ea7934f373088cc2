"""What PagerDuty accepts as the event rules of a service: sets of rules, each with conditions and actions.

Of the actions it takes those that this stand-in carries out; the others are refused, not silently left undone.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from vcci_platform.sandbox.forms import Filled
from vcci_platform.sandbox.pagerduty.account_forms import Form
from vcci_platform.sandbox.pagerduty.conditions import UnknownCondition, condition
from vcci_platform.sandbox.pagerduty.forms import Severity

__all__ = ["START", "Actions", "ActiveForm", "OrchestrationForm", "RuleForm", "RuleSet"]

START: Final = "start"
"""The set in which every event begins."""


def _understood(expression: str) -> str:
    try:
        condition(expression)
    except UnknownCondition as error:
        raise PydanticCustomError("condition", "{why}", {"why": str(error)}) from error
    return expression


class ConditionForm(Form):
    """One condition; a rule is meant when any of its conditions is true, or when it has none."""

    expression: Annotated[Filled, AfterValidator(_understood)]


class Actions(Form):
    """What is done to an event: `priority` and `escalation_policy` are ids, `suppress` opens no incident."""

    suppress: bool = False
    severity: Severity | None = None
    event_action: Literal["trigger", "resolve"] | None = None
    priority: Filled | None = None
    escalation_policy: Filled | None = None


class RuleActions(Actions):
    """The actions of a rule, which may lead on into another set."""

    route_to: Filled | None = None


class RuleForm(Form):
    """One rule. Its id is made when it is not given."""

    id: str = ""
    label: str = ""
    conditions: tuple[ConditionForm, ...] = Field((), strict=False)
    actions: RuleActions = RuleActions()
    disabled: bool = False


class RuleSet(Form):
    """Rules of which the first that is meant is carried out."""

    id: Filled
    rules: tuple[RuleForm, ...] = Field((), strict=False)


class CatchAll(Form):
    """What is done to an event that no rule of a set means."""

    actions: Actions = Actions()


class OrchestrationForm(Form):
    """The event rules of a service. What is left out is deleted."""

    read_only = frozenset({"parent", "created_by", "updated_at", "updated_by", "version"})

    type: Literal["service"] = "service"
    sets: tuple[RuleSet, ...] = Field(min_length=1, strict=False)
    catch_all: CatchAll = CatchAll()

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        """Refuse sets that are there twice, and rules that lead to a set that is not there or comes before."""
        names = [each.id for each in self.sets]
        if names[0] != START or len(set(names)) < len(names):
            raise PydanticCustomError("sets", "expected sets with ids of their own, the first of which is 'start'")
        for number, each in enumerate(self.sets):
            for rule in each.rules:
                target = rule.actions.route_to
                if target is not None and target not in names[number + 1 :]:
                    found = {"target": repr(target), "set": repr(each.id)}
                    raise PydanticCustomError("sets", "expected route_to in {set} to lead on, found {target}", found)
        return self


class ActiveForm(Form):
    """Whether events are held against the rules at all."""

    active: bool
