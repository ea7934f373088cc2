"""`vcci incident`: list incidents, read a timeline, report a fault, and do what the state and the rank allow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli import incident_acts, incident_review, incident_show, incident_watch
from vcci_platform.cli.ask import ask, every, tell
from vcci_platform.cli.incident_acts import By, who
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import PRIORITIES, ago
from vcci_platform.settings import Settings
from vcci_slo.plan import Priority

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
Item = Mapping[str, Any]
State = Literal[
    "open",
    "closed",
    "all",
    "detected",
    "acknowledged",
    "investigating",
    "identified",
    "mitigating",
    "monitoring",
    "resolved",
    "reviewed",
]


@app.callback()
def group() -> None:
    """Incidents and their timelines."""


@app.command(name="list")
def show_all(
    *,
    state: Annotated[State, typer.Option(help="Only those in this state")] = "all",
    system: Annotated[str | None, typer.Option(help="Only those of this system")] = None,
    priority: Annotated[Priority | None, typer.Option(help="Only those of this severity")] = None,
    text: Annotated[str | None, typer.Option(help="Only those with these words in the title")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them, not the newest 50 alone")] = False,
    as_json: AsJson = False,
) -> None:
    """List incidents, the newest first."""
    asked = {"state": state, "system": system, "priority": priority, "text": text}
    given = {name: value for name, value in asked.items() if value}
    desk = Settings().desk_at
    items = every(desk, "/v1/incidents", **given) if everything else ask(desk, "/v1/incidents", **given)["items"]
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "severity", "state", "detected", "acknowledged by", "title"):
        table.add_column(title, no_wrap=title in {"id", "severity"})
    for item in items:
        severity = Text(item["priority"], style=PRIORITIES[item["priority"]])
        known = Text(item["acknowledged_by"] or ("nobody" if item["resolved_at"] else "nobody yet"))
        table.add_row(item["id"], severity, item["state"], ago(item["detected_at"]), known, Text(item["title"]))
    Console().print(table if items else "No incidents.")


@app.command()
def report(
    title: Annotated[str, typer.Argument(help="What is wrong, in a sentence")],
    *,
    priority: Annotated[Priority, typer.Option(help="P0 and P1 wake someone at once")],
    by: By = None,
    system: Annotated[str, typer.Option(help="Which system, as the spec names it")] = "vcci",
    component: Annotated[str, typer.Option(help="Which component, as the spec names it")] = "",
    description: Annotated[str, typer.Option(help="What you saw")] = "",
    security: Annotated[bool, typer.Option("--security", help="A security incident: few may see it")] = False,
) -> None:
    """Tell the desk of a fault that no alert has seen."""
    body = {
        "title": title,
        "priority": priority,
        "system": system,
        "description": description,
        "component": component,
        "security": security,
        **who(by),
    }
    found: Item = tell(Settings().desk_at, "/v1/incidents", body)
    typer.echo(f"{found['id']}: {found['priority']}, {found['state']}" if "id" in found else found["detail"])


incident_show.add_to(app)
incident_watch.add_to(app)
incident_acts.add_to(app)
incident_review.add_to(app)
