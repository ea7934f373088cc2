"""`vcci sandbox`: stand-ins for PagerDuty, Statuspage and Slack that wake nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from vcci_alerts.pagerduty import wanted
from vcci_platform import sandbox
from vcci_platform.incidents.oncall.account import variables
from vcci_platform.incidents.oncall.place import given_schedules
from vcci_platform.sandbox.furnishing import furnisher
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan

__all__ = ["app", "furnisher_of"]

app = typer.Typer()


@app.command(name="sandbox")
def serve(
    *,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Plain port; unset, VCCI_SANDBOX_PORT or 8020")
    ] = None,
    tls_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="TLS port of PagerDuty; unset, VCCI_SANDBOX_TLS_PORT or 8021")
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(help="URL on this machine that PagerDuty's webhooks go to; unset, VCCI_SANDBOX_WEBHOOK_URL"),
    ] = None,
    component: Annotated[
        list[str] | None,
        typer.Option(help="Name of a status page component; may be repeated; unset, those of the spec"),
    ] = None,
) -> None:
    """Run the stand-ins for PagerDuty, Statuspage and Slack on loopback until Ctrl-C. Nobody is woken.

    What they receive is shown on a page and kept under the home folder, so that a restart forgets nothing.
    """
    settings = Settings()
    if port is not None:
        settings.sandbox_port = port
    if tls_port is not None:
        settings.sandbox_tls_port = tls_port
    names = tuple(component or _public_names(settings))
    hook = webhook or settings.sandbox_webhook_url
    sandbox.serve(settings, names, webhook_url=hook, furnish=furnisher_of(settings), on_ready=_announce)


def furnisher_of(settings: Settings) -> Callable[[sandbox.Sandbox], None] | None:
    """Return what gives a new account the spec's policies and schedules, as `vcci pagerduty apply` would."""
    plan = platform_plan(settings.model_copy(update={"time_scale": 1.0}))  # PagerDuty's clock cannot be hurried
    wish = wanted(plan)
    if wish is None:
        return None

    def tell(obstacle: str) -> None:
        typer.echo(f"PagerDuty's stand-in is not what the spec says: {obstacle}", err=True)

    return furnisher(wish, given_schedules(variables(wish), plan, sandbox=True), tell)


def _public_names(settings: Settings) -> tuple[str, ...]:
    """Return the names that the spec shows to the public; without any, some that a page would have."""
    page = platform_plan(settings).status_page
    return (page and tuple(name for name, _ in page.components)) or sandbox.DEFAULT_COMPONENTS


def _announce(addresses: sandbox.Addresses) -> None:
    typer.echo(
        f"Sandbox: nobody is woken.\n"
        f"  what it received   {addresses.page}/\n"
        f"  status page        {addresses.page}/status\n"
        f"  PagerDuty          {addresses.pagerduty}  (trust {addresses.certificate_authority};"
        f" key {sandbox.PAGERDUTY_API_KEY}, From {sandbox.PAGERDUTY_FROM})\n"
        f"  Statuspage         {addresses.statuspage}  (page {sandbox.PAGE_ID})\n"
        f"  Slack              {addresses.slack_webhook}"
        + (f"\n  mail               {addresses.smtp}" if addresses.smtp else "")
    )
