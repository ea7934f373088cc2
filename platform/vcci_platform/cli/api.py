"""`vcci api`: the service, and in the embedded mode its worker too."""

from __future__ import annotations

from typing import Annotated

import typer

from vcci_platform import api
from vcci_platform.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command(name="api")
def serve(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Unset, VCCI_API_PORT or 8000")] = None,
) -> None:
    """Run the service until Ctrl-C: the HTTP API, and with BROKER_URL unset the worker of its jobs too."""
    settings = Settings()
    if port is not None:
        settings.api_port = port
    api.run(settings)
