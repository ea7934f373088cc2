"""`vcci sandbox`: stand-ins for PagerDuty, Statuspage and Slack that wake nobody."""

from __future__ import annotations

from typing import Annotated

import typer

from vcci_platform import sandbox
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan

__all__ = ["app"]

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
    component: Annotated[
        list[str] | None, typer.Option(help="Name of a status page component, again for each; unset, the spec's")
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
    sandbox.serve(settings, tuple(component or _public_names(settings)), on_ready=_announce)


def _public_names(settings: Settings) -> tuple[str, ...]:
    """Return the names that the spec shows to the public; without any, some that a page would have."""
    page = platform_plan(settings).status_page
    return (page and tuple(name for name, _ in page.components)) or sandbox.DEFAULT_COMPONENTS


def _announce(addresses: sandbox.Addresses) -> None:
    typer.echo(
        f"Sandbox: nobody is woken.\n"
        f"  what it received   {addresses.page}/\n"
        f"  status page        {addresses.page}/status\n"
        f"  PagerDuty          {addresses.pagerduty}  (trust {addresses.certificate_authority})\n"
        f"  Statuspage         {addresses.statuspage}  (page {sandbox.PAGE_ID})\n"
        f"  Slack              {addresses.slack_webhook}"
    )
