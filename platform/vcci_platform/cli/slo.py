"""`vcci slo`: how each promise is doing, as the desk sees it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.ask import ask
from vcci_platform.cli.words import STATES, percent, rate, scale_note, share, span
from vcci_platform.settings import Settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Objectives, budgets and burn."""


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="One promise; unset, all of them")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the desk answered")] = False,
) -> None:
    """Print SLI, error budget and burn rate of each promise, and when its budget is gone."""
    desk = Settings().desk_at
    items = [ask(desk, f"/v1/slos/{name}")] if name else ask(desk, "/v1/slos", limit=200)["items"]
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("promise", "objective", "SLI", "budget left", "burn", "gone in", "observed", "state"):
        table.add_column(title, justify="left" if title in {"promise", "state"} else "right")
    for item in items:
        budget, fastest = item["budget"], (item["burn"] or [{}])[0]
        table.add_row(
            item["name"],
            item["objective"],
            percent(budget["sli"]),
            share(budget["remaining"]) if budget["known"] else "unknown",
            rate(fastest.get("long")),
            span(item["exhausted_in_seconds"]),
            share(budget["known"]),
            Text(item["state"], style=STATES[item["state"]]),
        )
    console = Console()
    console.print(table)
    first = items[0] if items else None
    if first is not None:
        reported = ", self-reported" if first["self_reported"] else ""
        console.print(
            f"Window {first['window']}; counted by {first['source']}{reported}.{scale_note(first['time_scale'])}"
        )
