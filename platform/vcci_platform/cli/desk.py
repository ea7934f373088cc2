"""`vcci desk`: the incident desk, which pages even while the service is dead; its people, boxes and audit log."""

from __future__ import annotations

from typing import Annotated

import typer

from vcci_platform.cli.desk_boxes import inbox_app, outbox_app
from vcci_platform.cli.desk_looks import audit, state
from vcci_platform.cli.desk_people import people_app

__all__ = ["app"]

app = typer.Typer()
app.add_typer(people_app, name="people")
app.add_typer(outbox_app, name="outbox")
app.add_typer(inbox_app, name="inbox")
app.command()(state)
app.command()(audit)


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Unset, VCCI_DESK_PORT or 8010")] = None,
) -> None:
    """Run the incident desk until Ctrl-C: hooks, timers, dispatcher, and what people do with incidents."""
    if context.invoked_subcommand is not None:
        return
    from vcci_platform import desk  # noqa: PLC0415 - the whole desk is loaded only to run it
    from vcci_platform.settings import Settings  # noqa: PLC0415

    settings = Settings()
    if port is not None:
        settings.desk_port = port
    desk.run(settings)
