"""What PagerDuty's REST API v2 accepts for the things of an account: users, services, policies, schedules, overrides.

A field that the vendor calls read-only may be sent back as it was read; it is left out before anything is checked.
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from vcci_platform.sandbox.forms import ClosedForm, Filled, Timestamp

__all__ = [
    "IntegrationForm",
    "Layer",
    "OverrideForm",
    "PolicyForm",
    "Reference",
    "Restriction",
    "Rule",
    "ScheduleForm",
    "ServiceForm",
    "UserForm",
    "moment",
]

_OF_EVERYTHING: Final = frozenset({"id", "summary", "self", "html_url", "created_at"})


def moment(text: str) -> datetime:
    """Return the moment that a checked timestamp names; one without an offset is UTC, as the vendor reads it."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=zoneinfo.ZoneInfo("UTC"))


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PydanticCustomError("zone", "expected a time zone, found {value}", {"value": repr(value)}) from error
    return value


class Form(ClosedForm):
    """A closed form whose read-only fields are ignored, as the vendor ignores them; its empty ones are null.

    A form that has an `id` of its own lets the caller name the thing that is meant.
    """

    read_only: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        """Leave out what is read-only, and what is null: that is how the vendor shows an unset field."""
        if not isinstance(value, dict):
            return value
        ignored = (_OF_EVERYTHING - cls.model_fields.keys()) | cls.read_only
        return {name: given for name, given in value.items() if name not in ignored and given is not None}


class Reference(Form):
    """A thing that is named by its id."""

    id: Filled
    type: str

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: given for name, given in value.items() if name in {"id", "type"} and given is not None}


class UserForm(Form):
    """A person who can be told."""

    read_only = frozenset(
        {"avatar_url", "invitation_sent", "teams", "contact_methods", "notification_rules", "http_cal_url"}
        | {"web_cal_url"}
    )

    type: Literal["user"] = "user"
    name: Annotated[Filled, Field(max_length=100)]
    email: Annotated[Filled, Field(max_length=100, pattern=r"^[^@\s]+@[^@\s]+$")]
    time_zone: Annotated[str, AfterValidator(_zone)] = "Etc/UTC"
    color: str = "teal"
    role: str = "user"
    description: str = ""
    job_title: str = ""


class UrgencyRule(Form):
    """How loudly the incidents of a service tell: constant, or by the severity of the event."""

    type: Literal["constant"] = "constant"
    urgency: Literal["low", "high", "severity_based"] = "high"


class ServiceForm(Form):
    """A service: which policy is told about it, how loudly, and what its incidents do by themselves."""

    read_only = frozenset({"last_incident_timestamp", "teams", "integrations", "addons", "response_play"})

    type: Literal["service"] = "service"
    name: Filled
    description: str = ""
    escalation_policy: Reference
    auto_resolve_timeout: int = Field(0, ge=0)  # null or 0 switches it off, and so does leaving it out
    acknowledgement_timeout: int = Field(0, ge=0)
    incident_urgency_rule: UrgencyRule = UrgencyRule()
    alert_creation: Literal["create_incidents", "create_alerts_and_incidents"] = "create_alerts_and_incidents"
    status: Literal["active", "warning", "critical", "maintenance", "disabled"] = "active"

    @property
    def disabled(self) -> bool:
        """Whether it opens no incidents; what else its status says follows from those that are open."""
        return self.status == "disabled"


class Rule(Form):
    """One level of a policy: who is told, and after how many unacknowledged minutes the next level is."""

    escalation_delay_in_minutes: int = Field(ge=1)
    targets: tuple[Reference, ...] = Field(min_length=1, max_length=10, strict=False)
    escalation_rule_assignment_strategy: Literal["round_robin", "assign_to_everyone"] = "assign_to_everyone"


class PolicyForm(Form):
    """An escalation policy: its levels, and how often they start again from the first."""

    read_only = frozenset({"services"})

    type: Literal["escalation_policy"] = "escalation_policy"
    name: Filled
    description: str = ""
    num_loops: int = Field(0, ge=0, le=9)
    on_call_handoff_notifications: Literal["if_has_services", "always"] = "if_has_services"
    escalation_rules: tuple[Rule, ...] = Field(min_length=1, max_length=20, strict=False)
    teams: tuple[Reference, ...] = Field((), max_length=1, strict=False)


class Member(Form):
    """One user of a rotation."""

    user: Reference


class Restriction(Form):
    """The hours of a day or of a week in which a layer is on call, in the time zone of its schedule."""

    type: Literal["daily_restriction", "weekly_restriction"]
    start_time_of_day: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")
    duration_seconds: int = Field(ge=60, le=7 * 86400 - 1)
    start_day_of_week: int | None = Field(None, ge=1, le=7)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.type == "weekly_restriction" and self.start_day_of_week is None:
            raise PydanticCustomError("incomplete", "a weekly_restriction needs its 'start_day_of_week', 1 is Monday")
        if self.type == "daily_restriction" and self.duration_seconds >= 86400:
            raise PydanticCustomError("long", "a daily_restriction is shorter than 86400 seconds")
        return self


class Layer(Form):
    """A rotation: its users take turns of one length, from a virtual start on."""

    read_only = frozenset({"rendered_schedule_entries", "rendered_coverage_percentage"})

    id: str = ""
    name: str = ""
    start: Timestamp
    end: Timestamp | None = None
    rotation_virtual_start: Timestamp
    rotation_turn_length_seconds: int = Field(ge=3600, le=365 * 86400)
    users: tuple[Member, ...] = Field(min_length=1, strict=False)
    restrictions: tuple[Restriction, ...] = Field((), strict=False)


class ScheduleForm(Form):
    """A schedule: layers of rotations, the later ones over the earlier ones."""

    read_only = frozenset(
        {"final_schedule", "overrides_subschedule", "escalation_policies", "users", "next_oncall_for_user"}
    )

    type: Literal["schedule"] = "schedule"
    name: Filled = "Schedule"
    description: str = ""
    time_zone: Annotated[str, AfterValidator(_zone)]
    schedule_layers: tuple[Layer, ...] = Field(min_length=1, strict=False)
    teams: tuple[Reference, ...] = Field((), strict=False)


class OverrideForm(Form):
    """Someone who takes a schedule's duty for a while, whatever its layers say."""

    type: str = "override"
    start: Timestamp
    end: Timestamp
    user: Reference

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if moment(self.end) <= moment(self.start):
            raise PydanticCustomError("backwards", "expected 'end' after 'start'")
        return self


class IntegrationForm(Form):
    """A door of a service: its key is what an event carries."""

    read_only = frozenset({"service", "integration_key", "vendor"})

    type: Literal["events_api_v2_inbound_integration", "events_api_v2_inbound_integration_reference"] = (
        "events_api_v2_inbound_integration"
    )
    name: str = "Events API v2"
