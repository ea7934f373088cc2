"""What Statuspage accepts when an incident is created or updated, and when a component changes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from vcci_platform.sandbox.forms import ClosedForm, Filled, Timestamp

__all__ = [
    "BODY_CHARACTERS",
    "NAME_CHARACTERS",
    "WHERE_ELSE",
    "ComponentStatus",
    "CreateForm",
    "Impact",
    "IncidentStatus",
    "NewIncident",
    "PatchComponentForm",
    "PatchForm",
    "PatchUpdateForm",
    "PatchedIncident",
    "PatchedUpdate",
    "PostmortemForm",
    "PublishForm",
]

# https://developer.statuspage.io/#operation/postPagesPageIdIncidents
NAME_CHARACTERS: Final = 255
BODY_CHARACTERS: Final = 25_000

IncidentStatus = Literal["investigating", "identified", "monitoring", "resolved"]
ComponentStatus = Literal["operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage"]
Impact = Literal["none", "maintenance", "minor", "major", "critical"]

_NOT_CARRIED_OUT = "the vendor knows it, this stand-in carries out realtime incidents only"
_SCHEDULED = (
    "scheduled_for",
    "scheduled_until",
    "scheduled_remind_prior",
    "scheduled_auto_in_progress",
    "scheduled_auto_completed",
    "scheduled_auto_transition",
    "auto_transition_to_maintenance_state",
    "auto_transition_to_operational_state",
    "auto_transition_deliver_notifications_at_start",
    "auto_transition_deliver_notifications_at_end",
    "auto_tweet_at_beginning",
    "auto_tweet_on_completion",
    "auto_tweet_on_creation",
    "auto_tweet_one_hour_before",
    "backfill_date",
    "backfilled",
)
WHERE_ELSE: Final = {
    "incident.impact": "impact is calculated from the components; use impact_override to set it",
    **{f"incident.{name}": _NOT_CARRIED_OUT for name in _SCHEDULED},
    **dict.fromkeys(
        ("name", "status", "body", "components", "component_ids", "impact_override", "metadata"),
        "it belongs inside the wrapper 'incident'",
    ),
}


def _objects_inside(value: dict[str, Any]) -> dict[str, Any]:
    for name, inner in value.items():
        if not isinstance(inner, dict):
            raise PydanticCustomError(
                "metadata", "expected every top-level value to be an object, '{name}' is not", {"name": name}
            )
    return value


Name = Annotated[Filled, Field(max_length=NAME_CHARACTERS)]
Metadata = Annotated[dict[str, Any], AfterValidator(_objects_inside)]


class PatchedIncident(ClosedForm):
    """The fields of a realtime incident; what is absent stays as it is."""

    name: Name | None = None
    status: IncidentStatus | None = None
    impact_override: Impact | None = None
    body: Annotated[str, Field(max_length=BODY_CHARACTERS)] | None = None
    component_ids: tuple[str, ...] | None = Field(None, strict=False)
    components: dict[str, ComponentStatus] = Field(default_factory=dict[str, ComponentStatus])
    metadata: Metadata | None = None
    deliver_notifications: bool = True  # the vendor's default: every subscriber is mailed
    reminder_intervals: str | None = None


class NewIncident(PatchedIncident):
    """The fields of a new incident: only its name is required."""

    name: Name  # pyright: ignore[reportGeneralTypeIssues, reportIncompatibleVariableOverride] - narrower, frozen


class CreateForm(ClosedForm):
    """The body that creates an incident."""

    incident: NewIncident


class PatchForm(ClosedForm):
    """The body that updates an incident."""

    incident: PatchedIncident


class PatchedComponent(ClosedForm):
    """The fields of a component that can be changed here."""

    status: ComponentStatus | None = None
    name: Name | None = None
    description: str | None = None


class PatchComponentForm(ClosedForm):
    """The body that updates a component."""

    component: PatchedComponent


class PatchedUpdate(ClosedForm):
    """The fields of an update that has been read already: its words and its time can still be put right."""

    body: Annotated[str, Field(max_length=BODY_CHARACTERS)] | None = None
    display_at: Timestamp | None = None
    deliver_notifications: bool = False  # the vendor mails an edited update only when it is told to


class PatchUpdateForm(ClosedForm):
    """The body that puts an update right."""

    incident_update: PatchedUpdate


class _Draft(ClosedForm):
    body_draft: Filled


class PostmortemForm(ClosedForm):
    """The body that drafts the review of an incident."""

    postmortem: _Draft


class Publication(ClosedForm):
    """Who is told that the review is there; nobody unless it is said."""

    notify_subscribers: bool = False
    notify_twitter: bool = False
    custom_tweet: str | None = None


class PublishForm(ClosedForm):
    """The body that publishes the review."""

    postmortem: Publication = Publication()
