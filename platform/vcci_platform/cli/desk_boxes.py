"""`vcci desk outbox` and `vcci desk inbox`: what the desk sends and hears, and trying again what was given up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.ask import ask, every, tell
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import ago
from vcci_platform.settings import Settings

__all__ = ["inbox_app", "outbox_app"]

outbox_app = typer.Typer(help="What the desk does to the outside world.", no_args_is_help=False)
inbox_app = typer.Typer(help="What was said to the desk.", no_args_is_help=False)

Item = Mapping[str, Any]
Everything = Annotated[bool, typer.Option("--all", help="All of it, not the newest 50 alone")]
Number = Annotated[int, typer.Argument(min=1, help="Its number, as the list prints it")]
COLOURS = {"dead": "bold red", "quarantined": "bold red", "waiting": "yellow"}


@outbox_app.callback(invoke_without_command=True)
def outbox(
    context: typer.Context,
    *,
    state: Annotated[
        Literal["waiting", "delivered", "dead", "superseded"] | None, typer.Option(help="Only what is so")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Only what goes there, such as pagerduty")] = None,
    incident: Annotated[str | None, typer.Option(help="Only that of an incident, by its id")] = None,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List effects on the outside world, the newest first."""
    if context.invoked_subcommand is not None:
        return
    items = _listed("/v1/desk/outbox", everything, state=state, target=target, incident=incident)
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    rows = [
        (
            item["id"],
            item["state"],
            f"{item['kind']} to {item['target']}",
            item["incident_id"],
            item["created_at"],
            item,
        )
        for item in items
    ]
    _print(("no.", "state", "effect", "incident", "made", "what was said"), rows, "No effect is like that.")


@outbox_app.command("retry")
def retry_effect(number: Number) -> None:
    """Try a dead effect again, if its incident still wants it. Takes an admin. Ends with 1 if it does not."""
    tell(Settings().desk_at, f"/v1/desk/outbox/{number}/retry")
    typer.echo(f"effect {number} waits again")


@inbox_app.callback(invoke_without_command=True)
def inbox(
    context: typer.Context,
    *,
    state: Annotated[
        Literal["waiting", "understood", "quarantined"] | None, typer.Option(help="Only what is so")
    ] = None,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """List deliveries as they came, the newest first. Takes a commander."""
    if context.invoked_subcommand is not None:
        return
    items = _listed("/v1/desk/inbox", everything, state=state)
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    rows = [
        (item["id"], item["state"], item["source"], str(item["deliveries"]), item["last_received_at"], item)
        for item in items
    ]
    _print(("no.", "state", "from", "came", "last", "what was not understood"), rows, "Nothing is like that.")


@inbox_app.command("retry")
def retry_letter(number: Number) -> None:
    """Try to understand a delivery in quarantine again. Takes an admin."""
    tell(Settings().desk_at, f"/v1/desk/inbox/{number}/retry")
    typer.echo(f"letter {number} waits to be understood again")


def _listed(path: str, everything: bool, **asked: str | None) -> list[Item]:  # noqa: FBT001 - an option, passed on
    given = {name: value for name, value in asked.items() if value}
    desk = Settings().desk_at
    return every(desk, path, **given) if everything else ask(desk, path, **given)["items"]


def _print(titles: tuple[str, ...], rows: list[tuple[Any, ...]], nothing: str) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title)
    for number, state, what, where, made, item in rows:
        coloured = Text(state, style=COLOURS.get(state, ""))
        table.add_row(str(number), coloured, Text(what), Text(where), ago(made), Text(item["error"] or ""))
    Console().print(table if rows else nothing)
