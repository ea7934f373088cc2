"""`vcci scheduler`: sends the ids of jobs whose message was lost."""

from __future__ import annotations

import typer

from vcci_platform import worker
from vcci_platform.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command(name="scheduler")
def schedule() -> None:
    """Send the ids of jobs whose message was lost, at start and every minute, until Ctrl-C. Several may run."""
    worker.run_scheduler(Settings())
