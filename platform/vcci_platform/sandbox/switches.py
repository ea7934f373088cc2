"""`/sandbox/…`: what was received, the fault switches, and starting afresh. `/health/…`: that it runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.encoders import jsonable_encoder

from vcci_platform.sandbox.faults import Fault
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

    return routes
