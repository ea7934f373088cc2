"""`vcci slo`: how each promise is doing, as the desk sees it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli import slo_account, slo_backtest, slo_explain, slo_gate, slo_report, slo_suggest
from vcci_platform.cli.ask import ask, every, untold
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import STATES, percent, rate, scale_note, share, span, state_words
from vcci_platform.settings import Settings

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

OPTIONAL = ("burn", "exhausted_in_seconds", "outlook", "so_far", "excluded")
"""What a desk of another version may leave out of a promise; the rest can be told without it."""


@app.callback()
def group() -> None:
    """Look at promises: how they are doing, where their budgets went, what history says of them."""


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(help="One promise; unset, all of them")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Print SLI, error budget and burn rate of each promise, and when its budget is gone."""
    desk = Settings().desk_at
    items = [ask(desk, f"/v1/slos/{name}")] if name else every(desk, "/v1/slos")
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("promise", "objective", "SLI", "budget left", "burn", "gone in", "observed", "state"):
        table.add_column(title, justify="left" if title in {"promise", "state"} else "right")
    for item in items:
        budget, fastest = item["budget"], (item.get("burn") or [{}])[0]
        told = item["state"] != "unknown"
        table.add_row(
            item["name"],
            item["objective"],
            percent(budget["sli"]) if told else "unknown",
            share(budget["remaining"]) if told else "unknown",
            rate(fastest.get("long")),
            span(item["exhausted_in_seconds"]) if told and "exhausted_in_seconds" in item else "unknown",
            share(budget["known"]),
            Text(state_words(item["state"], so_far=item.get("so_far", False)), style=STATES.get(item["state"], "")),
        )
    console = Console()
    console.print(table)
    for item in items:
        if item["state"] != "unknown" and ";" in item.get("outlook", ""):
            console.print(f"{item['name']}: at this pace {item['outlook']}", soft_wrap=True)
        if taken := item.get("excluded", {}).get("seconds"):
            console.print(f"{item['name']}: corrections take {span(taken)} out; `vcci slo account {item['name']}`")
    if any(item.get("so_far") for item in items):
        console.print("So far: less than half of the window was observed, so `vcci slo gate` is unknown.", style="dim")
    first = items[0] if items else None
    if first is not None:
        reported = ", self-reported" if first["self_reported"] else ""
        console.print(
            f"Window {first['window']}; counted by {first['source']}{reported}.{scale_note(first['time_scale'])}"
        )
    if older := untold(items, *OPTIONAL):
        console.print(older, style="yellow", soft_wrap=True)


# The order of the help: what runs now, what passed, what could be.
slo_account.register(app)
slo_gate.register(app)
slo_report.register(app)
slo_explain.register(app)
slo_backtest.register(app)
slo_suggest.register(app)
