"""How incidents are run: what becomes one of them, who is reminded of what, and who is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Section
from vcci_slo.spec.units import Duration
from vcci_slo.spec.words import WordsSpec

__all__ = ["CorrelationSpec", "IncidentsSpec", "ReviewSpec", "TaskSpec"]

Label = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=60)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CorrelationSpec(Section):
    """Alerts whose labels match become one incident for each value of the labels in `by`."""

    match: dict[Label, Pattern] = Field(default_factory=dict)
    by: Annotated[list[Label], Field(min_length=1), BeforeValidator(lambda v: [v] if isinstance(v, str) else v)]


class TaskSpec(Section):
    """One thing to do; a sentence alone is enough. `done_when` lets the desk tick it off by itself."""

    do: Line
    within: Duration | None = None
    done_when: (
        Literal["acknowledged", "commanded", "assessed", "updated", "published", "escalated", "resolved"] | None
    ) = None


def _task(value: Any) -> Any:
    return {"do": value} if isinstance(value, str) else value


Task = Annotated[TaskSpec, BeforeValidator(_task)]


class SecurityIncidentSpec(Section):
    """What is different when somebody may have broken in: who sees it, and who is asked at once."""

    visible_to: ListOrOne = Field(default_factory=list)
    channel: str = ""
    declares: Name | None = None


class ReviewSpec(Section):
    """What a review needs. Those severities in `second_person` are not published by the only one who wrote them."""

    second_person: list[Priority] = Field(default_factory=list)


class IncidentsSpec(Section):
    """The desk's habits. Everything has a default that follows from the severities."""

    correlate: list[CorrelationSpec] = Field(default_factory=list)
    forgotten: dict[Priority, Duration] = Field(default_factory=dict)
    grace: Duration | None = None
    tell: dict[Priority, ListOrOne] = Field(default_factory=dict)
    security: SecurityIncidentSpec | None = None
    checklists: dict[Name, list[Task]] = Field(default_factory=dict)
    review: ReviewSpec | None = None
    hook: Literal["token", "certificate"] = "token"
    words: WordsSpec | None = None
