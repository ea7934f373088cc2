"""`/webhook_subscriptions…`: who is told by webhooks. The secret is in the answer of the creation and never again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vcci_platform.sandbox.pagerduty.references import whole_seconds
from vcci_platform.sandbox.pagerduty.refusals import invalid, not_found
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Call, Desk, page, wrapped
from vcci_platform.sandbox.pagerduty.subscription_forms import FilterForm, PatchedSubscription, SubscriptionForm
from vcci_platform.sandbox.pagerduty.webhook_shapes import ping_shape
from vcci_platform.sandbox.pagerduty.webhooks import Subscription, UnknownSubscription

__all__ = ["create", "enable", "get", "list_all", "ping", "remove", "update"]


def create(call: Call, desk: Desk) -> Answer:
    """Subscribe; the answer shows the secret this once."""
    form = wrapped(SubscriptionForm, "webhook_subscription", call.body)
    _check(form.filter, desk)
    made = desk.webhooks.subscribe(form, call.now)
    shape = subscription_shape(made)
    shape["delivery_method"] |= {"secret": made.secrets[0]}
    return Answer(200, {"webhook_subscription": shape}, f"webhooks go to {made.url}")


def list_all(call: Call, desk: Desk) -> Answer:
    """Return the subscriptions, those of a filter if one is given."""
    kind = call.one("filter_type")
    found = [
        each
        for each in desk.webhooks.subscriptions.values()
        if not kind
        or (
            each.filter.type == f"{kind}_reference"
            and (not call.one("filter_id") or each.filter.id == call.one("filter_id"))
        )
    ]
    return page(call, "webhook_subscriptions", [subscription_shape(each) for each in found])


def get(_call: Call, desk: Desk, identifier: str) -> Answer:
    """Return one subscription, without its secret."""
    return Answer(200, {"webhook_subscription": subscription_shape(_find(desk, identifier))})


def update(call: Call, desk: Desk, identifier: str) -> Answer:
    """Change what a subscription wants, or whether it is told at all."""
    before = _find(desk, identifier)
    form = wrapped(PatchedSubscription, "webhook_subscription", call.body)
    if form.filter is not None:
        _check(form.filter, desk)
    after = replace(
        before,
        active=before.active if form.active is None else form.active,
        description=before.description if form.description is None else form.description,
        events=form.events or before.events,
        filter=form.filter or before.filter,
    )
    return Answer(200, {"webhook_subscription": subscription_shape(desk.webhooks.keep(after))})


def remove(_call: Call, desk: Desk, identifier: str) -> Answer:
    """Unsubscribe; what waits is dropped."""
    desk.webhooks.unsubscribe(_find(desk, identifier).id)
    return Answer(204, None, f"webhooks no longer go by {identifier}")


def enable(_call: Call, desk: Desk, identifier: str) -> Answer:
    """Deliver again after three drops in a row had switched it off."""
    return Answer(200, {"webhook_subscription": subscription_shape(desk.webhooks.enable(_find(desk, identifier).id))})


def ping(call: Call, desk: Desk, identifier: str) -> Answer:
    """Send the test event `pagey.ping`, which no subscription asks for and each gets."""
    subscription = _find(desk, identifier)
    event = ping_shape(len(desk.webhooks.deliveries), whole_seconds(call.now))
    desk.webhooks.queue(subscription, event, lane=f"ping {event['id']}", now=call.now)
    return Answer(202, None, f"a ping goes to {subscription.url}")


def subscription_shape(subscription: Subscription) -> dict[str, Any]:
    """Return a subscription as the vendor's `WebhookSubscription`, its secret hidden."""
    return {
        "id": subscription.id,
        "type": "webhook_subscription",
        "active": subscription.active,
        "delivery_method": {
            "id": f"{subscription.id}D",
            "secret": None,
            "temporarily_disabled": subscription.disabled_until is not None,
            "type": "http_delivery_method",
            "url": subscription.url,
            "custom_headers": [{"name": name, "value": "<redacted>"} for name, _ in subscription.headers],
        },
        "description": subscription.description,
        "events": list(subscription.events),
        "filter": subscription.filter.model_dump(exclude_none=True),
    }


def _check(wanted: FilterForm, desk: Desk) -> None:
    if wanted.type == "service_reference" and (wanted.id or "") not in desk.pagerduty.account.services:
        raise invalid(f"service {wanted.id} does not exist")


def _find(desk: Desk, identifier: str) -> Subscription:
    try:
        return desk.webhooks.subscription(identifier)
    except UnknownSubscription as error:
        raise not_found(f"Webhook subscription {identifier} does not exist") from error
