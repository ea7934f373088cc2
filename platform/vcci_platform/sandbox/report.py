"""What the sandbox received, as JSON: for tests, for the end-to-end journey, and for the curious."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from vcci_platform.sandbox.constants import PAGE_ID
from vcci_platform.sandbox.pagerduty.incident import Incident
from vcci_platform.sandbox.pagerduty.webhooks import Delivery, Subscription
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.sandbox.statuspage.shape import component_shape, incident_shape

__all__ = ["NOTICE", "report"]

NOTICE = "Sandbox: nobody is woken, nothing leaves this machine."


def report(sandbox: Sandbox, *, base_url: str = "/") -> dict[str, Any]:
    """Return everything that is kept, the newest first in every list."""
    page = sandbox.statuspage
    return {
        "notice": NOTICE,
        "now": sandbox.clock.now(),
        "started_at": sandbox.started_at,
        "pagerduty": {
            "notifications": sandbox.pagerduty.notifications,
            "woken": sandbox.pagerduty.woken,
            "incidents": [_incident(incident) for incident in sandbox.pagerduty.incidents],
            "dropped": [asdict(dropped) for dropped in reversed(sandbox.pagerduty.dropped)],
            "changes": [asdict(change) for change in reversed(sandbox.pagerduty.changes)],
            "subscriptions": [_subscription(each) for each in sandbox.webhooks.subscriptions.values()],
            "webhooks": [_delivery(each) for each in sandbox.webhooks.deliveries],
        },
        "statuspage": {
            "page_id": PAGE_ID,
            "mailed": page.mailed,
            "components": [component_shape(component) for component in page.components],
            "incidents": [
                {**incident_shape(incident, page, base_url=base_url), "mailed": incident.mailed}
                for incident in page.incidents
            ],
        },
        "slack": {
            "posted": sandbox.slack.posted,
            "channels": [asdict(channel) for channel in sandbox.slack.channels.values()],
            "messages": [asdict(message) for message in sandbox.slack.messages],
        },
        "mail": {
            "received": sandbox.mailbox.received,
            "letters": [asdict(letter) for letter in sandbox.mailbox.letters],
        },
        "calls": [asdict(call) for call in reversed(sandbox.calls)],
        "faults": [fault.model_dump() for fault in sandbox.faults.pending],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    shown = asdict(incident)
    shown["class"] = shown.pop("class_")
    return shown


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "url": subscription.url,
        "events": subscription.events,
        "secrets": len(subscription.secrets),
        "active": subscription.active,
        "drops": subscription.drops,
        "disabled_until": subscription.disabled_until,
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "subscription_id": delivery.subscription_id,
        "event_type": delivery.event_type,
        "incident_id": delivery.lane,
        "state": delivery.state,
        "queued_at": delivery.queued_at,
        "attempts": [asdict(attempt) for attempt in delivery.attempts],
        "event": json.loads(delivery.body)["event"],
    }
