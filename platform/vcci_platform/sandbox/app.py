"""The sandbox as one ASGI application: the three vendors, the switches, and the pages that show it all."""

from __future__ import annotations

from fastapi import FastAPI

from vcci_platform import problems
from vcci_platform.sandbox import pages, refusal, switches
from vcci_platform.sandbox.edge import VendorEdge
from vcci_platform.sandbox.pagerduty import routes as pagerduty
from vcci_platform.sandbox.pagerduty.rest import routes as pagerduty_rest
from vcci_platform.sandbox.slack import routes as slack
from vcci_platform.sandbox.state import Sandbox
from vcci_platform.sandbox.statuspage import routes as statuspage

__all__ = ["create_app"]


def create_app(sandbox: Sandbox | None = None) -> FastAPI:
    """Return the application over the given state; without one, over a fresh state in memory.

    The same application serves both listeners: PagerDuty's paths refuse what did not come by TLS.
    """
    state = sandbox or Sandbox()
    app = FastAPI(
        title="vcci sandbox",
        description="Stand-ins for PagerDuty, Statuspage and Slack. Nobody is woken.",
        docs_url=None,
        redoc_url=None,
    )
    app.state.sandbox = state
    app.add_middleware(VendorEdge, sandbox=state)
    problems.install(app)
    refusal.install(app)
    app.include_router(pagerduty.router(state))
    app.include_router(statuspage.router(state))
    app.include_router(slack.router(state))
    app.include_router(pagerduty_rest.router(state))  # after Slack's hook, whose path begins as its services do
    app.include_router(switches.router(state))
    pages.install(app, state)
    return app
