"""`vcci slo account`: where the error budget of a promise went, what was taken out of it, and when it is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from vcci_platform.cli.ask import ask, untold
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import percent, rate, share, span
from vcci_platform.settings import Settings

__all__ = ["register"]

OPTIONAL = ("excluded", "corrections", "incidents", "releases", "forecasts")
"""What a desk of another version may leave out of an account."""


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(account)


def account(
    name: Annotated[str, typer.Argument(help="The promise")],
    *,
    over: Annotated[str | None, typer.Option(help="How far back, such as 7d; unset, its window")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the account of a promise: budget, spent, left, unknown, taken out, and what spent it."""
    asked = {"over": over} if over else {}
    found = ask(Settings().desk_at, f"/v1/slos/{name}/account", **asked)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    console.print(f"{found['name']}: {found['promise']}", highlight=False)
    console.print(f"from {found['start']} to {found['end']}", style="dim", highlight=False)
    console.print(_sums(found))
    _list(console, "taken out by corrections", found.get("corrections", ()), _correction)
    _list(console, "incidents", found.get("incidents", ()), _spent)
    if found.get("releases", ()) is None:
        console.print("releases are not seen here", style="dim")
    else:
        _list(console, "releases", found.get("releases", ()), _spent)
    _list(console, "at the pace of", found.get("forecasts", ()), _forecast)
    reported = ", self-reported" if found["self_reported"] else ""
    console.print(f"Counted by {found['source']}{reported}.")
    if older := untold([found], *OPTIONAL):
        console.print(older, style="yellow", soft_wrap=True)


def _sums(found: Mapping[str, Any]) -> Table:
    sums, excluded = found["account"], found.get("excluded")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "events", "minutes", "share"):
        table.add_column(title, justify="left" if not title else "right")
    table.add_row("budget", _number(sums["budget_events"]), _number(sums["budget_minutes"]), "100%")
    table.add_row("spent", _number(sums["bad"]), _number(sums["spent_minutes"]), share(sums["spent"]))
    left = (_number(sums["remaining_events"]), _number(sums["remaining_minutes"]), share(sums["remaining"]))
    table.add_row("left", *left)
    table.add_row("unknown", "-", _number(sums["unknown_seconds"] / 60), share(1 - sums["known"]))
    taken = (
        ("unknown", "unknown") if excluded is None else (_number(excluded["bad"]), _number(excluded["seconds"] / 60))
    )
    table.add_row("taken out", *taken, "")
    table.caption = f"SLI {percent(sums['sli'])} of {found['objective']}, {_number(sums['total'])} events"
    table.caption_justify = "left"
    return table


def _list(console: Console, title: str, items: Sequence[Mapping[str, Any]], row: Any) -> None:
    if items:
        console.print(title, style="bold")
    for item in items:
        console.print(f"  {row(item)}", highlight=False, soft_wrap=True)


def _correction(item: Mapping[str, Any]) -> str:
    taken = f"{span(item['seconds'])}, {_number(item['bad'])} bad of {_number(item['total'])}"
    return f"{item['name']} ({item['kind']}): {taken}; by {item['who']} until {item['until']}: {item['why']}"


def _spent(item: Mapping[str, Any]) -> str:
    part = "unknown" if item["share"] is None else share(item["share"])
    when = f"{item['start']} to {item['end'] or 'now'}"
    return (
        f"{part} of the budget ({_number(item['bad'])} bad): {item['priority']} {item['name']} {item['title']}, {when}"
    )


def _forecast(item: Mapping[str, Any]) -> str:
    return f"the last {span(item['over_seconds'])}: {rate(item['rate'])}, the budget: {item.get('words', 'unknown')}"


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
