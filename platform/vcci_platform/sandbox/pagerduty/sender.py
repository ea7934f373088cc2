"""The edge that delivers webhooks: it signs what is due, posts it to this machine, and reports each answer.

Faults of the target `webhook` are carried out here: a wrong signature, a lost webhook, an answer that is not heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

import httpx

from vcci_platform.sandbox.pagerduty.webhooks import ANSWER_SECONDS, Delivery, Subscription, signature, signatures

if TYPE_CHECKING:
    from vcci_platform.sandbox.faults import Fault
    from vcci_platform.sandbox.state import Sandbox

__all__ = ["deliver_due", "run", "webhook_client"]

TICK_SECONDS: Final = 0.2
USER_AGENT: Final = "PagerDuty-Webhook/V3.0"

_log = logging.getLogger(__name__)


def webhook_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the client that delivers: no redirects, and no proxy between this machine and itself."""
    return httpx.AsyncClient(
        timeout=ANSWER_SECONDS,
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        verify=False,  # noqa: S501 - it posts to this machine only, whose certificate may be its own
    )


async def run(sandbox: Sandbox, stopping: asyncio.Event) -> None:
    """Let time pass for the account and deliver what is due, until told to stop."""
    async with webhook_client() as client:
        while not stopping.is_set():
            sandbox.advance()
            try:
                await deliver_due(sandbox, client)
            except Exception:  # noqa: BLE001 - the stand-in must live on, and the next tick tries again
                _log.exception("webhooks_not_delivered")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), TICK_SECONDS)


async def deliver_due(sandbox: Sandbox, client: httpx.AsyncClient) -> int:
    """Try everything that is due, side by side, and return how many were tried."""
    due = sandbox.webhooks.due(sandbox.clock.now())
    await asyncio.gather(*(_deliver(sandbox, client, delivery) for delivery in due))
    return len(due)


async def _deliver(sandbox: Sandbox, client: httpx.AsyncClient, delivery: Delivery) -> None:
    subscription = sandbox.webhooks.subscription(delivery.subscription_id)
    fault = sandbox.faults.take("webhook", delivery.event_type)
    if fault and fault.drop == "before":
        sandbox.lose_webhook(delivery.id)
        return
    if fault and fault.hang_seconds:
        await asyncio.sleep(fault.hang_seconds)
    status, note = await _post(client, subscription, delivery, fault)
    if fault and fault.drop == "after":
        status, note = None, f"its answer {status} was not heard, as the fault switch says"
    sandbox.settle_webhook(delivery.id, status, note)


async def _post(
    client: httpx.AsyncClient, subscription: Subscription, delivery: Delivery, fault: Fault | None
) -> tuple[int | None, str]:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Webhook-Id": delivery.id,
        "X-Webhook-Subscription": subscription.id,
        "X-PagerDuty-Signature": signatures(subscription, delivery.body),
        **dict(subscription.headers),
    }
    if fault and fault.signature == "wrong":
        headers["X-PagerDuty-Signature"] = signature("a secret that nobody has", delivery.body)
    elif fault and fault.signature == "missing":
        del headers["X-PagerDuty-Signature"]
    said = f"with the signature {fault.signature}" if fault and fault.signature else ""
    try:
        answer = await client.post(subscription.url, content=delivery.body, headers=headers)
    except httpx.TimeoutException:
        return None, f"no answer within {ANSWER_SECONDS:g} s {said}".strip()
    except httpx.HTTPError as error:
        return None, f"{type(error).__name__}: {error} {said}".strip()
    return answer.status_code, said
