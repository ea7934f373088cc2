"""What PagerDuty's REST API v2 accepts about incidents: new ones, changes, notes, updates, responders, snoozes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from vcci_platform.sandbox.forms import ClosedForm, Filled, HttpsUrl
from vcci_platform.sandbox.pagerduty.account_forms import Reference

__all__ = [
    "BULK_ROWS",
    "AssignmentForm",
    "BulkForm",
    "Conference",
    "Noted",
    "PatchedIncident",
    "PostedIncident",
    "ResponderForm",
    "SnoozeForm",
    "StatusUpdateForm",
]

BULK_ROWS: Final = 250  # https://developer.pagerduty.com/api-reference/b3A6Mjc0ODEzOA-manage-incidents: 413 above
TITLE_CHARACTERS: Final = 1024
SNOOZE_SECONDS: Final = 604_800

Status = Literal["triggered", "acknowledged", "resolved"]


class AssignmentForm(ClosedForm):
    """A user who shall have the incident."""

    assignee: Reference


class Conference(ClosedForm):
    """Where the responders talk."""

    conference_number: str | None = None
    conference_url: HttpsUrl | None = None


class Body(ClosedForm):
    """The details of an incident: a text, whatever the schema says; the vendor's own example has one."""

    type: Literal["incident_body"] = "incident_body"
    details: str


class TypeOfIncident(ClosedForm):
    """The kind of incident; the account has the one that every account has."""

    name: Literal["incident_default"]


def _one_way(assignments: object, policy: object) -> None:
    if assignments and policy:
        raise PydanticCustomError("both", "expected 'assignments' or 'escalation_policy', found both")


class PostedIncident(ClosedForm):
    """A new incident. `incident_key` is its idempotency key: one open incident of the service has it."""

    type: Literal["incident"]
    title: Annotated[Filled, Field(max_length=TITLE_CHARACTERS)]
    service: Reference
    priority: Reference | None = None
    urgency: Literal["high", "low"] | None = None
    body: Body | None = None
    incident_key: Annotated[Filled, Field(max_length=255)] | None = None
    assignments: tuple[AssignmentForm, ...] = Field((), strict=False)
    escalation_policy: Reference | None = None
    incident_type: TypeOfIncident | None = None
    conference_bridge: Conference | None = None

    @model_validator(mode="after")
    def _told_one_way(self) -> Self:
        _one_way(self.assignments, self.escalation_policy)
        return self


def _named(value: Any) -> Any:
    return {"id": value, "type": "priority_reference"} if isinstance(value, str) else value


class PatchedIncident(ClosedForm):
    """A change of an incident; what is absent stays as it is. A priority may be given by its name."""

    type: Literal["incident", "incident_reference"]
    id: str | None = None
    status: Status | None = None
    resolution: str | None = None
    title: Annotated[Filled, Field(max_length=TITLE_CHARACTERS)] | None = None
    priority: Annotated[Reference, BeforeValidator(_named)] | None = None
    escalation_level: int | None = Field(None, ge=1)
    assignments: tuple[AssignmentForm, ...] = Field((), strict=False)
    escalation_policy: Reference | None = None
    urgency: Literal["high", "low"] | None = None
    incident_type: TypeOfIncident | None = None
    conference_bridge: Conference | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        _one_way(self.assignments, self.escalation_policy)
        if self.resolution is not None and self.status != "resolved":
            raise PydanticCustomError("resolution", "'resolution' belongs to the status 'resolved'")
        return self


class BulkForm(ClosedForm):
    """Changes of several incidents at once."""

    incidents: tuple[PatchedIncident, ...] = Field(min_length=1, strict=False)


class Noted(ClosedForm):
    """The words of a note."""

    content: Annotated[Filled, Field(max_length=25_000)]


class StatusUpdateForm(ClosedForm):
    """A message to the stakeholders; a subject comes with a message in HTML."""

    message: Filled
    subject: Filled | None = None
    html_message: Filled | None = None


class _Target(ClosedForm):
    responder_request_target: Reference


class ResponderForm(ClosedForm):
    """A call for more hands; who asks is named in the body, not in the header."""

    requester_id: Filled
    message: str
    responder_request_targets: tuple[_Target, ...] = Field(min_length=1, strict=False)


class SnoozeForm(ClosedForm):
    """How long nobody wants to hear of it."""

    duration: int = Field(ge=1, le=SNOOZE_SECONDS)
