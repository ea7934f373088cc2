"""What PagerDuty's Events API v2 accepts: events that trigger, acknowledge or resolve, and change events."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from vcci_platform.sandbox.forms import ClosedForm, Filled, HttpsUrl, Timestamp, WebUrl

__all__ = [
    "DEDUP_KEY_CHARACTERS",
    "EVENT_BYTES",
    "ROUTING_KEY_CHARACTERS",
    "SEVERITIES",
    "SUMMARY_CHARACTERS",
    "WHERE_ELSE",
    "ChangeForm",
    "EventForm",
    "Image",
    "Link",
    "Payload",
    "Severity",
]

# https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
SUMMARY_CHARACTERS: Final = 1024
DEDUP_KEY_CHARACTERS: Final = 255
ROUTING_KEY_CHARACTERS: Final = 32
EVENT_BYTES: Final = 512 * 1024

# Mistakes that the vendor's open form lets through, with what to do instead.
WHERE_ELSE: Final = {
    "payload.links": "links belong at the top level of the event, beside the payload",
    "payload.images": "images belong at the top level of the event, beside the payload",
    "payload.dedup_key": "dedup_key belongs at the top level of the event, beside the payload",
    "severity": "severity belongs inside the payload",
    "summary": "summary belongs inside the payload",
    "source": "source belongs inside the payload",
    "service_key": "Events API v2 calls it routing_key",
    "incident_key": "Events API v2 calls it dedup_key",
}

Severity = Literal["critical", "error", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""From the worst down."""


class Link(ClosedForm):
    """A link shown on the incident."""

    href: WebUrl
    text: str | None = None


class Image(ClosedForm):
    """An image shown on the incident; PagerDuty loads it over https only."""

    src: HttpsUrl
    href: WebUrl | None = None
    alt: str | None = None


class Payload(ClosedForm):
    """What is wrong, where, and how bad it is."""

    summary: Annotated[Filled, Field(max_length=SUMMARY_CHARACTERS)]
    source: Filled
    severity: Severity
    timestamp: Timestamp | None = None
    component: str | None = None
    group: str | None = None
    class_: str | None = Field(None, alias="class")
    custom_details: dict[str, Any] | None = None


class EventForm(ClosedForm):
    """An event: it triggers an alert, acknowledges it, or resolves it."""

    routing_key: Filled
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: Annotated[Filled, Field(max_length=DEDUP_KEY_CHARACTERS)] | None = None
    payload: Payload | None = None
    client: str | None = None
    client_url: WebUrl | None = None
    links: tuple[Link, ...] = Field((), strict=False)
    images: tuple[Image, ...] = Field((), strict=False)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.event_action == "trigger" and self.payload is None:
            raise PydanticCustomError("incomplete", "a trigger needs a 'payload'")
        if self.event_action != "trigger" and self.dedup_key is None:
            raise PydanticCustomError(
                "incomplete", "'dedup_key' is required for {action}", {"action": self.event_action}
            )
        return self


class ChangePayload(ClosedForm):
    """What changed."""

    summary: Annotated[Filled, Field(max_length=SUMMARY_CHARACTERS)]
    source: str | None = None
    timestamp: Timestamp | None = None
    custom_details: dict[str, Any] | None = None


class ChangeForm(ClosedForm):
    """A change event, such as a deployment: shown beside incidents, it never wakes anyone."""

    routing_key: Filled
    payload: ChangePayload
    links: tuple[Link, ...] = Field((), strict=False)
    images: tuple[Image, ...] = Field((), strict=False)
