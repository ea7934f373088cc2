"""Kinds of call: what a fault switch can single out among the calls to one vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from vcci_platform.sandbox.pagerduty.rest.table import ROOTS
from vcci_platform.sandbox.pagerduty.subscription_forms import EVENT_TYPES

__all__ = ["KINDS", "Target", "Vendor", "kind_of", "vendor_of"]

Vendor = Literal["pagerduty", "statuspage", "slack"]
Target = Literal["pagerduty", "statuspage", "slack", "webhook"]
"""A vendor that is called, or the webhooks that PagerDuty sends."""

KINDS: Final[Mapping[Target, tuple[str, ...]]] = {
    "pagerduty": (
        "event",
        "change",
        "rest",
        "incident.create",
        "incident.update",
        "incident.read",
        "note",
        "status_update",
        "responder_request",
        "account",
        "subscription",
        "orchestration",
    ),
    "statuspage": ("incident.create", "incident.update", "incident.read", "component", "postmortem"),
    "slack": ("webhook", "chat.postMessage", "chat.update", "conversations"),
    "webhook": (*EVENT_TYPES, "pagey.ping"),
}
"""What a switch may name beside its target; `rest` is every call to PagerDuty's REST API."""

_BELOW_AN_INCIDENT: Final = {
    "notes": "note",
    "status_updates": "status_update",
    "responder_requests": "responder_request",
}


_OF_A_ROOT: Final = {"webhook_subscriptions": "subscription", "event_orchestrations": "orchestration"}


def vendor_of(path: str) -> Vendor | None:
    """Return whose call this is, or None for the sandbox's own pages.

    >>> [vendor_of(path) for path in ("/v2/enqueue", "/incidents/Q1", "/services/T0/B0/x", "/services/P1", "/status")]
    ['pagerduty', 'pagerduty', 'slack', 'pagerduty', None]
    """
    parts = path.strip("/").split("/")
    if path.startswith("/services/") and len(path.split("/")) >= 5:
        return "slack"
    if parts[0] == "api":
        return "slack"
    if path.startswith("/v1/pages/"):
        return "statuspage"
    return "pagerduty" if parts[0] == "v2" or parts[0] in ROOTS else None


def kind_of(vendor: Vendor, method: str, path: str) -> str:
    """Return which of the vendor's kinds a call is.

    >>> kind_of("pagerduty", "POST", "/incidents/Q1/notes"), kind_of("statuspage", "PATCH", "/v1/pages/p/incidents/1")
    ('note', 'incident.update')
    """
    parts = path.strip("/").split("/")
    if vendor == "slack":
        method_name = parts[1] if parts[0] == "api" and len(parts) > 1 else "webhook"
        return "conversations" if method_name.startswith("conversations.") else method_name
    if vendor == "statuspage":
        return _statuspage_kind(method, parts[3:])
    if parts[0] == "v2":
        return "change" if "change" in parts else "event"
    if parts[0] != "incidents":
        return _OF_A_ROOT.get(parts[0], "account")
    below = _BELOW_AN_INCIDENT.get(parts[2], "") if len(parts) > 2 else ""
    return below or _about_incident("PUT" if method == "POST" and len(parts) > 1 else method)


def _statuspage_kind(method: str, parts: list[str]) -> str:
    if parts[:1] == ["components"]:
        return "component"
    return "postmortem" if "postmortem" in parts else _about_incident(method)


def _about_incident(method: str) -> str:
    return {"GET": "incident.read", "POST": "incident.create"}.get(method, "incident.update")
