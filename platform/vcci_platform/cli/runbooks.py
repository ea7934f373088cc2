"""`vcci runbooks`: the site with a page for every alert and promise, built or served."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vcci_platform import runbooks
from vcci_platform.cli.options import PlatformSpec
from vcci_platform.settings import Settings
from vcci_platform.specs import find_spec, plan_of, platform_plan

__all__ = ["app"]

app = typer.Typer(help="The runbook site.", no_args_is_help=True)


@app.command("build")
def build(
    *,
    out: Annotated[Path | None, typer.Option(help="Folder of the site; unset, runbooks under the home folder")] = None,
    spec: PlatformSpec = None,
) -> None:
    """Build the site from a spec and the hand-written pages; a link that leads nowhere fails."""
    settings = Settings()
    plan = plan_of(find_spec(spec, Path.cwd())) if spec is not None else platform_plan(settings)
    folder = out or runbooks.site_folder(settings)
    done = "Built" if runbooks.build(plan, folder) else "Nothing changed in"
    typer.echo(f"{done} {folder}; `vcci runbooks serve` shows the platform's, any web server shows this one.")


@app.command("serve")
def serve(
    *, port: Annotated[int | None, typer.Option(min=0, max=65535, help="Unset, VCCI_RUNBOOKS_PORT or 8030")] = None
) -> None:
    """Build the platform's site if it changed, and serve it until Ctrl-C."""
    settings = Settings()
    if port is not None:
        settings.runbooks_port = port
    runbooks.serve(settings, on_ready=lambda address: typer.echo(f"Runbooks: {address}"))
