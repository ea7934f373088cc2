"""PagerDuty's webhooks v3: signatures, order, redelivery, drops, the disabled subscription, and faults on the way."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from vcci_platform.sandbox import PAGERDUTY_WEBHOOK_SECRET, ROUTING_KEY, Sandbox
from vcci_platform.sandbox.faults import Fault
from vcci_platform.sandbox.pagerduty.forms import EventForm
from vcci_platform.sandbox.pagerduty.sender import deliver_due, webhook_client
from vcci_platform.sandbox.pagerduty.webhooks import signature
from vcci_platform.sandbox.state import WrongWebhook

URL = "http://127.0.0.1:8010/v1/hooks/pagerduty"
EVENTS = ["incident.triggered", "incident.resolved"]


class Receiver:
    """Someone who is told: it keeps what came, and answers as it was set to."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: Callable[[httpx.Request], int] = lambda _request: 202

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self.answers(request)
        if status == 0:
            raise httpx.ReadTimeout("too slow", request=request)
        return httpx.Response(status)

    @property
    def told(self) -> list[str]:
        return [json.loads(request.content)["event"]["event_type"] for request in self.requests]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def sandbox(clock) -> Sandbox:
    return Sandbox(clock=clock, webhook_url=URL)


@pytest.fixture
def deliver(sandbox, receiver):
    """Try what is due; `deliver(times)` does it again and again."""

    def work(times: int = 1) -> None:
        async def all_of_it() -> None:
            async with webhook_client(httpx.MockTransport(receiver)) as client:
                for _ in range(times):
                    await deliver_due(sandbox, client)

        asyncio.run(all_of_it())

    return work


@pytest.fixture
def event(sandbox):
    def send(action: str, key: str = "key-11") -> None:
        payload = {"summary": "eleven", "source": "host-12", "severity": "critical"}
        fields = {"routing_key": ROUTING_KEY, "event_action": action, "dedup_key": key, "payload": payload}
        sandbox.take_event(EventForm.model_validate(fields))

    return send


def states(sandbox):
    return [delivery.state for delivery in reversed(sandbox.webhooks.deliveries)]


def house(sandbox):
    (subscription,) = sandbox.webhooks.subscriptions.values()
    return subscription


def valid(request: httpx.Request, secret: str) -> list[bool]:
    """Return of each signature whether it is the secret's, reckoned as the vendor's documentation says."""
    wanted = "v1=" + hmac.new(secret.encode(), request.content, hashlib.sha256).hexdigest()
    return [each == wanted for each in request.headers["X-PagerDuty-Signature"].split(",")]


def test_a_signature_is_the_one_that_openssl_gives():
    """`printf '{"event":{}}' | openssl dgst -sha256 -hmac key` and the vector of RFC 4231, case 2."""
    what = b"what do ya want for nothing?"
    assert signature("Jefe", what) == "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_every_change_is_told_in_order_signed_and_once(sandbox, receiver, deliver, event, clock):
    for action in ("trigger", "trigger", "acknowledge", "resolve", "resolve"):
        event(action)
        clock.advance(seconds=1)

    deliver(5)

    assert receiver.told == ["incident.triggered", "incident.acknowledged", "incident.resolved"]
    assert all(valid(request, PAGERDUTY_WEBHOOK_SECRET) == [True] for request in receiver.requests)
    assert len({request.headers["X-Webhook-Id"] for request in receiver.requests}) == 3
    assert states(sandbox) == ["delivered"] * 3


def test_the_event_has_the_form_of_the_vendors_documentation(sandbox, receiver, deliver, event):
    event("trigger")
    deliver()

    told = json.loads(receiver.requests[0].content)["event"]
    assert set(told) == {"id", "event_type", "resource_type", "occurred_at", "agent", "client", "data"}
    assert (told["resource_type"], told["occurred_at"]) == ("incident", "2026-03-02T09:00:00.000Z")
    data = told["data"]
    assert (data["type"], data["status"], data["incident_key"], data["number"]) == (
        "incident",
        "triggered",
        "key-11",
        1,
    )
    assert [each["summary"] for each in data["assignees"]] == ["Ada Primary"]
    assert data["priority"]["summary"] == "P0"


def test_what_time_does_is_told_without_an_agent(sandbox, receiver, deliver, event, clock):
    event("trigger")
    clock.advance(minutes=31)
    sandbox.advance()
    deliver(2)

    escalated = json.loads(receiver.requests[1].content)["event"]
    assert (escalated["event_type"], escalated["agent"]) == ("incident.escalated", None)


@pytest.mark.parametrize("status", [500, 503, 429, 0])
def test_what_fails_is_told_again_under_the_same_id_and_holds_back_its_incident_only(
    sandbox, receiver, deliver, event, clock, status
):
    receiver.answers = lambda request: status if b"key-11" in request.content else 202
    event("trigger")
    event("acknowledge")
    event("trigger", "key-12")
    deliver(3)
    held = list(receiver.told)

    receiver.answers = lambda _request: 202
    clock.advance(seconds=1)
    deliver(3)

    assert held == ["incident.triggered", "incident.triggered"]
    first, _, again, after = receiver.requests
    assert again.headers["X-Webhook-Id"] == first.headers["X-Webhook-Id"]
    assert again.content == first.content
    assert receiver.told[3:] == ["incident.acknowledged"]
    assert after.headers["X-Webhook-Id"] != first.headers["X-Webhook-Id"]


def test_it_waits_longer_each_time_and_gives_up_after_two_days(sandbox, receiver, deliver, event, clock):
    receiver.answers = lambda _request: 503
    event("trigger")
    for _ in range(8):
        deliver()
        (delivery,) = sandbox.webhooks.deliveries
        clock.advance(seconds=(delivery.due_at - clock.now()).total_seconds())
    waits = [after.at - before.at for before, after in zip(delivery.attempts, delivery.attempts[1:], strict=False)]
    clock.advance(hours=48)
    deliver()

    assert [wait.total_seconds() for wait in waits] == [1, 2, 4, 8, 16, 32, 60]
    assert sandbox.webhooks.deliveries[-1].state == "expired"


def test_three_drops_in_a_row_disable_the_subscription_for_a_day(sandbox, receiver, deliver, event, clock):
    receiver.answers = lambda _request: 403
    for number in range(11, 14):
        event("trigger", f"key-{number}")
        event("acknowledge", f"key-{number}")
    deliver()
    disabled = house(sandbox)
    event("trigger", "key-15")
    clock.advance(hours=24)
    event("trigger", "key-16")
    receiver.answers = lambda _request: 202
    deliver()

    assert disabled.disabled_until is not None
    assert states(sandbox)[:6] == ["dropped"] * 6
    assert len(receiver.requests) == 4
    assert receiver.told[-1] == "incident.triggered"
    assert json.loads(receiver.requests[-1].content)["event"]["data"]["incident_key"] == "key-16"
    assert house(sandbox).disabled_until is None


def test_a_success_between_drops_forgives_them(sandbox, receiver, deliver, event):
    answers = iter([400, 400, 202, 400, 400])
    receiver.answers = lambda _request: next(answers)
    for number in range(11, 16):
        event("trigger", f"key-{number}")
        deliver()

    assert house(sandbox).disabled_until is None
    assert house(sandbox).drops == 2


def test_while_secrets_rotate_both_sign_and_then_only_the_new_one(sandbox, receiver, deliver, event):
    identifier = house(sandbox).id
    sandbox.change_secrets(identifier, retire=False)
    new, old = house(sandbox).secrets
    event("trigger")
    deliver()
    sandbox.change_secrets(identifier, retire=True)
    event("resolve")
    deliver()

    assert old == PAGERDUTY_WEBHOOK_SECRET
    assert (valid(receiver.requests[0], new), valid(receiver.requests[0], old)) == ([True, False], [False, True])
    assert valid(receiver.requests[1], new) == [True]


@pytest.mark.parametrize(
    ("fault", "signed", "came"),
    [
        ({"signature": "wrong"}, [False], 1),
        ({"signature": "missing"}, None, 1),
        ({"drop": "before"}, None, 0),
        ({"drop": "after"}, [True], 2),
        ({"drop": "before", "kind": "incident.resolved"}, [True], 1),
    ],
)
def test_faults_on_the_way(sandbox, receiver, deliver, event, clock, fault, signed, came):
    sandbox.faults.set(Fault(target="webhook", **fault))
    event("trigger")
    deliver()
    clock.advance(seconds=1)
    deliver()

    assert len(receiver.requests) == came
    if signed is not None:
        assert valid(receiver.requests[0], PAGERDUTY_WEBHOOK_SECRET) == signed
    elif came:
        assert "X-PagerDuty-Signature" not in receiver.requests[0].headers
    if came == 2:
        assert len({request.headers["X-Webhook-Id"] for request in receiver.requests}) == 1


def test_a_restart_sends_what_was_not_answered_and_nothing_else(tmp_path, clock, receiver):
    path = tmp_path / "sandbox.jsonl"
    before = Sandbox(clock=clock, journal=path, webhook_url=URL)
    fields: dict[str, Any] = {"routing_key": ROUTING_KEY, "event_action": "trigger"}
    for key in ("key-11", "key-12"):
        payload = {"summary": "s", "source": "h", "severity": "critical"}
        before.take_event(EventForm.model_validate(fields | {"dedup_key": key, "payload": payload}))
    newer, older = before.webhooks.deliveries
    before.settle_webhook(older.id, 202, "")
    clock.advance(minutes=1)

    after = Sandbox(clock=clock, journal=path, webhook_url=URL)

    assert [each.id for each in after.webhooks.due(clock.now())] == [newer.id]
    assert after.webhooks.due(clock.now())[0].body == newer.body
    assert len(after.webhooks.subscriptions) == 1


def test_an_address_beyond_this_machine_is_refused_at_the_start_in_one_sentence(clock):
    with pytest.raises(
        WrongWebhook, match=r"expected an http or https URL on this machine .* found 'https://a.test/x'"
    ):
        Sandbox(clock=clock, webhook_url="https://a.test/x")


def subscription(**fields):
    body = {
        "type": "webhook_subscription",
        "delivery_method": {"type": "http_delivery_method", "url": "http://localhost:8010/hook"},
        "events": EVENTS,
        "filter": {"type": "account_reference"},
    }
    return {"webhook_subscription": body | fields}


def test_the_secret_is_told_once_and_a_subscription_gets_what_it_asked_for(rest, sandbox, event):
    made = rest.post("/webhook_subscriptions", json=subscription()).json()["webhook_subscription"]
    read = rest.get(f"/webhook_subscriptions/{made['id']}").json()["webhook_subscription"]
    event("trigger")
    event("acknowledge")

    assert made["delivery_method"]["secret"] == sandbox.webhooks.subscription(made["id"]).secrets[0]
    assert read["delivery_method"]["secret"] is None
    mine = [each.event_type for each in sandbox.webhooks.deliveries if each.subscription_id == made["id"]]
    assert mine == ["incident.triggered"]
    assert rest.delete(f"/webhook_subscriptions/{made['id']}").status_code == 204
    assert len(rest.get("/webhook_subscriptions").json()["webhook_subscriptions"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"delivery_method": {"type": "http_delivery_method", "url": "https://example.com/hook"}},
        {"delivery_method": {"type": "http_delivery_method", "url": "http://127.0.0.1.example.com/hook"}},
        {"delivery_method": {"type": "http_delivery_method", "url": "file:///etc/passwd"}},
        {"events": []},
        {"events": ["incident.exploded"]},
        {"filter": {"type": "service_reference"}},
        {"filter": {"type": "service_reference", "id": "PNOBODY"}},
    ],
)
def test_a_subscription_that_leaves_this_machine_or_makes_no_sense_is_refused(rest, wrong):
    assert rest.post("/webhook_subscriptions", json=subscription(**wrong)).status_code == 400


def test_a_service_filter_hears_of_its_service_only(rest, sandbox, event):
    other = {"name": "other", "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"}}
    rest.headers["From"] = "ada@sandbox.test"
    service = rest.post("/services", json={"service": other}).json()["service"]
    wanted = subscription(filter={"type": "service_reference", "id": service["id"]})
    made = rest.post("/webhook_subscriptions", json=wanted).json()["webhook_subscription"]
    event("trigger")

    assert [each for each in sandbox.webhooks.deliveries if each.subscription_id == made["id"]] == []
    assert sandbox.webhooks.deliveries[-1].event_type == "service.created"


def test_a_ping_reaches_a_subscription_whatever_it_asked_for(rest, sandbox, receiver, deliver):
    answer = rest.post(f"/webhook_subscriptions/{house(sandbox).id}/ping")
    deliver()

    assert (answer.status_code, answer.content) == (202, b"")
    assert receiver.told == ["pagey.ping"]
    assert valid(receiver.requests[0], PAGERDUTY_WEBHOOK_SECRET) == [True]


def test_what_people_do_on_the_page_is_done(rest, sandbox, event):
    event("trigger")
    (incident,) = sandbox.pagerduty.incidents
    rest.put(f"/sandbox/incidents/{incident.id}/acknowledged")
    twice = rest.put(f"/sandbox/incidents/{incident.id}/acknowledged")
    rest.put(f"/sandbox/incidents/{incident.id}/resolved")
    identifier = house(sandbox).id
    rest.put(f"/sandbox/webhooks/{identifier}/secrets")
    secrets = rest.get(f"/sandbox/webhooks/{identifier}/secrets").json()
    rest.delete(f"/sandbox/webhooks/{identifier}/secrets")
    rest.put(f"/sandbox/webhooks/{identifier}/ping")
    delivery = sandbox.webhooks.deliveries[-1]
    sandbox.settle_webhook(delivery.id, 202, "")
    rest.put(f"/sandbox/deliveries/{delivery.id}")

    assert twice.status_code == 400
    assert [entry.by.name for entry in sandbox.pagerduty.incidents[0].log[1:]] == ["Ada Primary"] * 2
    assert len(secrets) == 2
    assert len(house(sandbox).secrets) == 1
    assert {each.event_type for each in sandbox.webhooks.deliveries} >= {"pagey.ping", "incident.resolved"}
    assert sandbox.webhooks.due(sandbox.clock.now() + timedelta(0))[0].id == delivery.id
    assert rest.put("/sandbox/webhooks/PNOBODY/ping").status_code == 404
    assert rest.put("/sandbox/deliveries/nothing").status_code == 404
