"""Webhooks v3: who subscribed to what, what waits to be delivered, and what an answer means. Pure; `sender` delivers.

Webhooks about one incident keep their order for each subscription: the next waits behind the one that fails.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from vcci_platform.sandbox.pagerduty.subscription_forms import FilterForm, SubscriptionForm

__all__ = ["Attempt", "Delivery", "Subscription", "UnknownSubscription", "Webhooks", "signature", "signatures"]

# https://developer.pagerduty.com/docs/webhooks-behavior/
ANSWER_SECONDS: Final = 5.0
RETRIED_FOR: Final = timedelta(hours=48)
DROPS_TO_DISABLE: Final = 3
DISABLED_FOR: Final = timedelta(hours=24)
BODY_BYTES: Final = 256 * 1024

# How long it waits between attempts is not published.
FIRST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(seconds=60)

KEPT_SETTLED: Final = 300
HOUSE_ID: Final = "PWHOOK0"  # the subscription that is there from the start

State = Literal["waiting", "delivered", "dropped", "expired", "lost"]


class UnknownSubscription(LookupError):
    """No subscription has this id."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Someone who wants to be told. Several secrets, the newest first, sign together while one replaces the other."""

    id: str
    url: str
    events: tuple[str, ...]
    filter: FilterForm
    secrets: tuple[str, ...]
    created_at: datetime
    description: str = ""
    active: bool = True
    headers: tuple[tuple[str, str], ...] = ()
    drops: int = 0
    disabled_until: datetime | None = None

    def wants(self, event_type: str, service_id: str | None) -> bool:
        """Return whether it asked for this kind of event of this service."""
        if not self.active or event_type not in self.events:
            return False
        return self.filter.type == "account_reference" or (
            self.filter.type == "service_reference" and self.filter.id == service_id
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver; a status of None is no answer."""

    at: datetime
    status: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook on its way. Its id is the same at every try, and so is its body."""

    id: str
    subscription_id: str
    lane: str
    event_type: str
    body: bytes
    queued_at: datetime
    due_at: datetime
    state: State = "waiting"
    attempts: tuple[Attempt, ...] = ()


@dataclass
class Webhooks:
    """Every subscription, and every webhook that waits or was settled lately."""

    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])
    _deliveries: dict[str, Delivery] = field(default_factory=dict[str, Delivery])
    _made: int = 0

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every webhook that is kept, the newest first."""
        return tuple(reversed(self._deliveries.values()))

    def subscription(self, identifier: str) -> Subscription:
        """Return the subscription with this id, or raise `UnknownSubscription`."""
        if identifier not in self.subscriptions:
            raise UnknownSubscription(identifier)
        return self.subscriptions[identifier]

    def subscribe(self, form: SubscriptionForm, now: datetime, *, house_secret: str = "") -> Subscription:
        """Add a subscription; with a secret of the house it is the one that is there from the start."""
        method = form.delivery_method
        made = Subscription(
            id=HOUSE_ID if house_secret else "P" + self._name("subscription")[:6].upper(),
            url=method.url,
            events=form.events,
            filter=form.filter,
            secrets=(house_secret or self._name("secret"),),
            created_at=now,
            description=form.description,
            active=form.active,
            headers=tuple((header.name, header.value) for header in method.custom_headers),
        )
        self.subscriptions[made.id] = made
        return made

    def keep(self, subscription: Subscription) -> Subscription:
        """Keep a changed subscription."""
        self.subscriptions[self.subscription(subscription.id).id] = subscription
        return subscription

    def unsubscribe(self, identifier: str) -> None:
        """Forget a subscription and what waits for it."""
        del self.subscriptions[self.subscription(identifier).id]
        self._drop_queue(identifier)

    def enable(self, identifier: str) -> Subscription:
        """Deliver to it again, from the next event on."""
        return self.keep(replace(self.subscription(identifier), drops=0, disabled_until=None))

    def rotate(self, identifier: str) -> Subscription:
        """Add a secret; the former one signs too until it is retired."""
        subscription = self.subscription(identifier)
        return self.keep(replace(subscription, secrets=(self._name("secret"), *subscription.secrets)))

    def retire(self, identifier: str) -> Subscription:
        """Keep the newest secret only."""
        subscription = self.subscription(identifier)
        return self.keep(replace(subscription, secrets=subscription.secrets[:1]))

    def publish(self, event: Mapping[str, Any], *, lane: str, service_id: str | None, now: datetime) -> None:
        """Queue an event for everyone who asked for it."""
        for subscription in tuple(self.subscriptions.values()):
            if subscription.disabled_until and subscription.disabled_until <= now:
                subscription = self.enable(subscription.id)  # noqa: PLW2901 - the same one, its day over
            if subscription.wants(event["event_type"], service_id) and not subscription.disabled_until:
                self.queue(subscription, event, lane=lane, now=now)

    def queue(self, subscription: Subscription, event: Mapping[str, Any], *, lane: str, now: datetime) -> Delivery:
        """Queue an event for one subscription; what is larger than the vendor's limit is dropped."""
        body = json.dumps({"event": event}, separators=(",", ":"), ensure_ascii=False).encode()
        name = self._name("delivery")
        identifier = "-".join((name[:8], name[8:12], "4" + name[13:16], "a" + name[17:20], name[20:32]))
        delivery = Delivery(identifier, subscription.id, lane, event["event_type"], body, now, now)
        if len(body) > BODY_BYTES:
            delivery = replace(delivery, state="dropped", attempts=(Attempt(now, None, "larger than 256 KB"),))
        self._deliveries[delivery.id] = delivery
        return delivery

    def due(self, now: datetime) -> tuple[Delivery, ...]:
        """Return what may be tried now: of each subscription and incident the oldest that waits, when it is due."""
        return tuple(delivery for delivery in self._first_of_lanes() if delivery.due_at <= now)

    def settle(self, identifier: str, status: int | None, note: str, now: datetime) -> Delivery | None:
        """Take an answer: 2xx is delivered, 429, 5xx and silence are tried again, any other 4xx drops the webhook."""
        delivery = self._deliveries.get(identifier)
        if delivery is None or delivery.state != "waiting":
            return None
        delivery = replace(delivery, attempts=(*delivery.attempts, Attempt(now, status, note)))
        if status is not None and 200 <= status < 300:
            delivery = replace(delivery, state="delivered")
            self._count_drop(delivery.subscription_id, now, dropped=False)
        elif status is not None and 400 <= status < 500 and status != 429:
            delivery = replace(delivery, state="dropped")
        elif now - delivery.queued_at >= RETRIED_FOR:
            delivery = replace(delivery, state="expired")
        else:
            wait = min(FIRST_WAIT * 2 ** min(len(delivery.attempts) - 1, 16), LONGEST_WAIT)
            delivery = replace(delivery, due_at=now + wait)
        self._deliveries[delivery.id] = delivery
        if delivery.state == "dropped":
            self._count_drop(delivery.subscription_id, now, dropped=True)
        self._forget_oldest()
        return delivery

    def lose(self, identifier: str, now: datetime) -> None:
        """Lose a webhook on its way: it is never sent, and nobody is told."""
        delivery = self._deliveries.get(identifier)
        if delivery is not None and delivery.state == "waiting":
            lost = (*delivery.attempts, Attempt(now, None, "lost, as its fault switch says"))
            self._deliveries[identifier] = replace(delivery, state="lost", attempts=lost)

    def redeliver(self, identifier: str, now: datetime) -> Delivery | None:
        """Send a settled webhook once more under the same id, as a vendor that lost the answer does."""
        delivery = self._deliveries.get(identifier)
        if delivery is None or delivery.subscription_id not in self.subscriptions:
            return None
        self._deliveries[identifier] = replace(delivery, state="waiting", due_at=now, queued_at=now)
        return self._deliveries[identifier]

    def _first_of_lanes(self) -> Iterator[Delivery]:
        seen: set[tuple[str, str]] = set()
        for delivery in self._deliveries.values():
            lane = (delivery.subscription_id, delivery.lane)
            if delivery.state == "waiting" and lane not in seen:
                seen.add(lane)
                yield delivery

    def _count_drop(self, identifier: str, now: datetime, *, dropped: bool) -> None:
        subscription = self.subscriptions.get(identifier)
        if subscription is None:
            return
        drops = subscription.drops + 1 if dropped else 0
        disabled = now + DISABLED_FOR if drops >= DROPS_TO_DISABLE else subscription.disabled_until
        self.keep(replace(subscription, drops=drops, disabled_until=disabled))
        if drops >= DROPS_TO_DISABLE:
            self._drop_queue(identifier)

    def _drop_queue(self, identifier: str) -> None:
        for delivery in tuple(self._deliveries.values()):
            if delivery.subscription_id == identifier and delivery.state == "waiting":
                self._deliveries[delivery.id] = replace(delivery, state="dropped")

    def _forget_oldest(self) -> None:
        settled = [each.id for each in self._deliveries.values() if each.state != "waiting"]
        for identifier in settled[:-KEPT_SETTLED]:
            del self._deliveries[identifier]

    def _name(self, kind: str) -> str:
        """Return a name that replaying the same calls gives again; none of these is a secret to anybody here."""
        self._made += 1
        return hashlib.sha256(f"webhooks/{kind}#{self._made}".encode()).hexdigest()


def signature(secret: str, body: bytes) -> str:
    """Return the `v1` signature of the raw body.

    >>> signature("secret", b"{}")[:19]
    'v1=77325902caca812d'
    """
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signatures(subscription: Subscription, body: bytes) -> str:
    """Return the header's value: one signature for each secret."""
    return ",".join(signature(secret, body) for secret in subscription.secrets)
