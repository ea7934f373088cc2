"""`vcci incident show`: one incident, as its page in the console shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.ask import ask
from vcci_platform.cli.incident_acts import IncidentId
from vcci_platform.cli.incident_context import around, linked
from vcci_platform.cli.incident_watch import line_of
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import PRIORITIES, ago
from vcci_platform.settings import Settings

__all__ = ["add_to"]

Item = Mapping[str, Any]
PUBLIC = {"none": "is not told", "proposed": "waits for a commander", "published": "is told"}


def add_to(app: typer.Typer) -> None:
    """Add the command to `vcci incident`."""
    app.command()(show)


def show(incident: IncidentId, *, as_json: AsJson = False) -> None:
    """Print one incident: what is due, alerts, roles, tasks, what was around it, and the timeline with both clocks."""
    found: Item = ask(Settings().desk_at, f"/v1/incidents/{incident}")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    _head(console, found)
    _alerts(console, found)
    _tasks(console, found)
    around(console, Settings().desk_at, incident)
    for entry in found["timeline"]:
        _line(console, line_of(entry))
        for link in entry.get("links", ()):
            _line(console, "    ", linked(link["text"], link["href"], clickable=console.is_terminal))
    for effect in found["effects"]:
        if effect["state"] == "dead":
            told = f"given up: {effect['kind']} to {effect['target']}, no. {effect['id']}: {effect['error']}"
            _line(console, Text(told, "red"))


def _head(console: Console, found: Item) -> None:
    _line(console, Text(f"{found['priority']} {found['title']}", style=PRIORITIES[found["priority"]]))
    _line(console, f"{found['state']}, level {found['level']}, detected {ago(found['detected_at'])}")
    known = f"acknowledged by {found['acknowledged_by']}" if found["acknowledged_at"] else "acknowledged by nobody"
    _line(console, f"{known}; the public {PUBLIC[found['publication']]}")
    if found["held_until"]:
        _line(console, f"The escalation is held until {found['held_until'][:16]}Z")
    if due := found["next_deadline"]:
        _line(console, f"Next deadline: {due['kind'].replace('_', ' ')} at {due['due_at'][:19]}Z")
    _line(console, f"It can: {', '.join(found['allowed_actions']) or 'nothing more'}")
    for role in found["roles"]:
        _line(console, f"{role['role'].capitalize()}: {role['person']}")


def _alerts(console: Console, found: Item) -> None:
    for alert in found["alerts"]:
        state = (
            f"over since {alert['over_at'][:19]}Z" if alert["over_at"] else f"fires since {alert['starts_at'][:19]}Z"
        )
        _line(console, f"{alert['priority']} {alert['name']} {state}: {alert['summary']}")
        for name in ("runbook", "dashboard"):
            if url := alert[f"{name}_url"]:
                _line(console, "    ", linked(name, url, clickable=console.is_terminal))


def _tasks(console: Console, found: Item) -> None:
    for task in found["tasks"]:
        done = f"done by {task['done_by']}" if task["done_at"] else ""
        due = f"due {task['due_at'][:16]}Z" if task["due_at"] and not done else ""
        told = f"  ({done or due})" if done or due else ""
        _line(console, f"[{'x' if task['done_at'] else ' '}] {task['id']} {task['text']}{told}")


def _line(console: Console, *parts: Text | str) -> None:
    console.print(Text.assemble(*parts), soft_wrap=True)
