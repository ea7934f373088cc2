"""`vcci worker`: a worker of the queues, where a broker joins it to the service."""

from __future__ import annotations

from typing import Annotated

import typer

from vcci_platform import worker
from vcci_platform.carbon.work import QUEUES
from vcci_platform.settings import Settings

__all__ = ["app"]

app = typer.Typer()


@app.command(name="worker")
def work(
    queue: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(QUEUES)}; may be repeated; unset, all")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Jobs at the same time")] = 4,
) -> None:
    """Work on the jobs of the queues until Ctrl-C; jobs that are under way are finished first."""
    raise typer.Exit(worker.run(Settings(), queues=queue or QUEUES, concurrency=concurrency))
