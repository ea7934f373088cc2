"""`/sandbox/…`: what was received, the fault switches, and starting afresh. `/health/…`: that it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException, Request, Response
from fastapi.encoders import jsonable_encoder

from vcci_platform.sandbox.faults import Fault
from vcci_platform.sandbox.pagerduty.orchestration import Feature
from vcci_platform.sandbox.pagerduty.refusals import RestRefusal
from vcci_platform.sandbox.pagerduty.rest.call import Call
from vcci_platform.sandbox.pagerduty.webhooks import Subscription, UnknownSubscription
from vcci_platform.sandbox.report import report
from vcci_platform.sandbox.state import Sandbox

__all__ = ["router"]


def router(sandbox: Sandbox) -> APIRouter:
    """Return the paths that no vendor has."""
    routes = APIRouter(tags=["sandbox"])

    @routes.get("/sandbox/state")
    async def read_state(request: Request) -> Any:
        """Return everything that was received, and what became of it."""
        return jsonable_encoder(report(sandbox, base_url=str(request.base_url)))

    @routes.delete("/sandbox/state", status_code=204, response_class=Response)
    async def forget_state() -> None:
        """Forget everything: what was received, the faults, the rate limits."""
        sandbox.clear()

    @routes.get("/sandbox/faults")
    async def read_faults() -> list[Fault]:
        """Return the switches, each with the number of calls it still spoils."""
        return list(sandbox.faults.pending)

    @routes.put("/sandbox/faults")
    async def set_fault(fault: Fault) -> list[Fault]:
        """Spoil the next `count` calls to a vendor; a later switch for the same vendor replaces it."""
        sandbox.faults.set(fault)
        return list(sandbox.faults.pending)

    @routes.delete("/sandbox/faults", status_code=204, response_class=Response)
    async def clear_faults() -> None:
        """Let every call through again."""
        sandbox.faults.clear()

    @routes.get("/health/live")
    @routes.get("/health/ready")
    async def healthy() -> dict[str, str]:
        """Answer that the sandbox runs; it depends on nothing."""
        return {"status": "ok"}

    _add_pagerduty(routes, sandbox)
    return routes


def _add_pagerduty(routes: APIRouter, sandbox: Sandbox) -> None:
    """Add what a person does by hand: clicks on incidents, and the care of webhooks."""

    @routes.put("/sandbox/incidents/{incident_id}/{status}", status_code=204, response_class=Response)
    async def click(incident_id: str, status: Literal["triggered", "acknowledged", "resolved"]) -> None:
        """Do what a person does who clicks in PagerDuty: acknowledge, resolve, or trigger again."""
        try:
            sandbox.click(incident_id, status)
        except RestRefusal as refusal:
            raise HTTPException(refusal.status, str(refusal)) from refusal

    @routes.put("/sandbox/pagerduty/plan", status_code=204, response_class=Response)
    async def limit_plan(lacks: Annotated[list[Feature], Body(embed=True)]) -> None:
        """Let the account's plan lack features of event rules: PagerDuty takes them, warns, and does not do them."""
        sandbox.limit_plan(lacks)

    @routes.put("/sandbox/webhooks/{subscription_id}/secrets", status_code=204, response_class=Response)
    async def rotate(subscription_id: str) -> None:
        """Give the subscription one more secret; both sign until the old one is retired."""
        _of_subscription(sandbox, subscription_id, lambda: sandbox.change_secrets(subscription_id, retire=False))

    @routes.delete("/sandbox/webhooks/{subscription_id}/secrets", status_code=204, response_class=Response)
    async def retire(subscription_id: str) -> None:
        """Keep the newest secret only."""
        _of_subscription(sandbox, subscription_id, lambda: sandbox.change_secrets(subscription_id, retire=True))

    @routes.get("/sandbox/webhooks/{subscription_id}/secrets")
    async def read_secrets(subscription_id: str) -> tuple[str, ...]:
        """Return the secrets that sign, the newest first: a receiver is told them by hand, as in PagerDuty."""
        return _of_subscription(sandbox, subscription_id, lambda: None).secrets

    @routes.put("/sandbox/webhooks/{subscription_id}/{action}", status_code=204, response_class=Response)
    async def ask(subscription_id: str, action: Literal["ping", "enable"]) -> None:
        """Send the test event, or deliver again after three drops in a row."""
        path = f"/webhook_subscriptions/{subscription_id}/{action}"
        _of_subscription(sandbox, subscription_id, lambda: sandbox.rest(Call("POST", path, sandbox.clock.now())))

    @routes.put("/sandbox/deliveries/{delivery_id}", status_code=204, response_class=Response)
    async def redeliver(delivery_id: str) -> None:
        """Send a webhook once more, under the same id."""
        if sandbox.redeliver(delivery_id) is None:
            raise HTTPException(404, f"no webhook has the id {delivery_id}")


def _of_subscription(sandbox: Sandbox, identifier: str, act: Callable[[], object]) -> Subscription:
    """Do something with a subscription, or answer that there is none."""
    try:
        act()
        return sandbox.webhooks.subscription(identifier)
    except (UnknownSubscription, RestRefusal) as error:
        raise HTTPException(404, f"no webhook subscription has the id {identifier}") from error
