"""What PagerDuty accepts as a webhook subscription. The sandbox delivers to this machine only."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from vcci_platform.sandbox.forms import Filled
from vcci_platform.sandbox.pagerduty.account_forms import Form

__all__ = ["EVENT_TYPES", "FilterForm", "PatchedSubscription", "SubscriptionForm"]

# https://developer.pagerduty.com/docs/webhooks-overview/#event-types; those that happen here
EVENT_TYPES: Final = (
    "incident.acknowledged",
    "incident.annotated",
    "incident.conference_bridge.updated",
    "incident.delegated",
    "incident.escalated",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.status_update_published",
    "incident.triggered",
    "incident.unacknowledged",
    "service.created",
    "service.deleted",
    "service.updated",
)
_ELSEWHERE: Final = (  # the vendor has them, nothing here makes them happen
    "incident.action_invocation.created",
    "incident.action_invocation.terminated",
    "incident.action_invocation.updated",
    "incident.custom_field_values.updated",
    "incident.incident_type.changed",
    "incident.responder.replied",
    "incident.role.assigned",
    "incident.service_updated",
    "incident.task.created",
    "incident.task.deleted",
    "incident.task.updated",
    "incident.workflow.completed",
    "incident.workflow.started",
    "service.custom_field_values.updated",
)


def _here(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = False
    if parts.scheme not in {"http", "https"} or not here:
        raise PydanticCustomError(
            "url",
            "expected an http or https URL on this machine (localhost, 127.0.0.1 or [::1]), found {url}",
            {"url": repr(url)},
        )
    return url


def _known(event: str) -> str:
    if event not in EVENT_TYPES and event not in _ELSEWHERE:
        raise PydanticCustomError("event", "{event} is not an event type", {"event": repr(event)})
    return event


Events = Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], Field(min_length=1, strict=False)]


class FilterForm(Form):
    """Whose events: the account's or one service's."""

    id: str | None = None
    type: Literal["account_reference", "service_reference"]

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        """Leave out what is null; here an id is no read-only field."""
        return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.type == "service_reference" and not self.id:
            raise PydanticCustomError("incomplete", "a filter of type service_reference needs its 'id'")
        return self


class _Header(Form):
    name: Filled
    value: str


class _Method(Form):
    read_only = frozenset({"secret", "temporarily_disabled"})

    type: Literal["http_delivery_method"] = "http_delivery_method"
    url: Annotated[str, AfterValidator(_here)]
    custom_headers: tuple[_Header, ...] = Field((), strict=False)


class SubscriptionForm(Form):
    """A subscription: where to deliver, which events, of what."""

    read_only = frozenset({"oauth_client"})

    type: Literal["webhook_subscription"] = "webhook_subscription"
    active: bool = True
    delivery_method: _Method
    description: str = ""
    events: Events
    filter: FilterForm


class PatchedSubscription(Form):
    """A change of a subscription; where it delivers to cannot be changed."""

    type: Literal["webhook_subscription"] = "webhook_subscription"
    active: bool | None = None
    description: str | None = None
    events: Events | None = None
    filter: FilterForm | None = None
