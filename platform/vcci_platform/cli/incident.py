"""`vcci incident`: list incidents, read a timeline, report a fault, and do what the state allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.ask import ask, tell
from vcci_platform.cli.words import PRIORITIES, ago
from vcci_platform.incidents.model import Action
from vcci_platform.settings import Settings
from vcci_slo.plan import Priority

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
Item = Mapping[str, Any]


@app.callback()
def group() -> None:
    """Incidents and their timelines."""


@app.command(name="list")
def show_all() -> None:
    """List incidents, the newest first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "severity", "state", "detected", "title"):
        table.add_column(title, no_wrap=title in {"id", "severity"})
    items = ask(Settings().desk_at, "/v1/incidents")["items"]
    for item in items:
        priority = Text(item["priority"], style=PRIORITIES[item["priority"]])
        table.add_row(item["id"], priority, item["state"], ago(item["detected_at"]), item["title"])
    Console().print(table if items else "No incidents.")


@app.command()
def show(incident: Annotated[str, typer.Argument(help="Its id, as `vcci incident list` prints it")]) -> None:
    """Print one incident with its timeline: when it happened, when the desk learned of it, who, what and why."""
    found: Item = ask(Settings().desk_at, f"/v1/incidents/{incident}")
    console = Console()
    console.print(Text(f"{found['priority']} {found['title']}", style=PRIORITIES[found["priority"]]))
    console.print(f"{found['state']}, level {found['level']}, detected {ago(found['detected_at'])}")
    console.print(f"It can: {', '.join(found['allowed_actions']) or 'nothing more'}")
    for entry in found["timeline"]:
        why = f" ({entry['why']})" if entry["why"] else ""
        late = "" if entry["occurred_at"] == entry["received_at"] else f" [heard {entry['received_at'][11:19]}]"
        console.print(Text(f"{entry['occurred_at'][:19]}Z{late} {entry['by']}: {entry['text']}{why}"), soft_wrap=True)


@app.command()
def act(
    incident: Annotated[str, typer.Argument(help="Its id")],
    action: Annotated[Action, typer.Argument(help="What you do to it")],
    *,
    by: Annotated[str, typer.Option(envvar="USER", help="Who you are")],
    why: Annotated[str, typer.Option(help="Why; needed to resolve while an alert fires")] = "",
) -> None:
    """Acknowledge, investigate, identify, mitigate, monitor, resolve, reopen or review an incident."""
    body = {"action": action.value, "by": by, "why": why}
    found: Item = tell(Settings().desk_at, f"/v1/incidents/{incident}/actions", body)
    typer.echo(f"{found['id']} is {found['state']}")


@app.command()
def report(
    title: Annotated[str, typer.Argument(help="What is wrong, in a sentence")],
    *,
    priority: Annotated[Priority, typer.Option(help="P0 and P1 wake someone at once")],
    by: Annotated[str, typer.Option(envvar="USER", help="Who you are")],
    system: Annotated[str, typer.Option(help="Which system, as the spec names it")] = "vcci",
    description: Annotated[str, typer.Option(help="What you saw")] = "",
) -> None:
    """Tell the desk of a fault that no alert has seen."""
    body = {"title": title, "priority": priority, "system": system, "by": by, "description": description}
    found: Item = tell(Settings().desk_at, "/v1/incidents", body)
    typer.echo(f"{found['id']}: {found['priority']}, {found['state']}")
