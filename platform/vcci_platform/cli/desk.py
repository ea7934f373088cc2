"""`vcci desk`: the incident desk, which pages even while the service is dead."""

from __future__ import annotations

from typing import Annotated

import typer

from vcci_platform import desk
from vcci_platform.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command(name="desk")
def serve(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Unset, VCCI_DESK_PORT or 8010")] = None,
) -> None:
    """Run the incident desk until Ctrl-C: hooks, timers, dispatcher, and what people do with incidents."""
    settings = Settings()
    if port is not None:
        settings.desk_port = port
    desk.run(settings)
