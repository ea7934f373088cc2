"""`vcci incident watch`: the timeline of an incident as it grows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.ask import RefusedQuestion, ask, happenings
from vcci_platform.cli.incident_acts import IncidentId
from vcci_platform.cli.words import PRIORITIES
from vcci_platform.settings import Settings

__all__ = ["add_to", "line_of"]

Item = Mapping[str, Any]


class NoLongerYours(RefusedQuestion):
    """The incident is hidden from now on from who watches it, or their access was taken away."""


def add_to(app: typer.Typer) -> None:
    """Add the command to `vcci incident`."""
    app.command()(watch)


def watch(
    incident: IncidentId,
    *,
    lines: Annotated[int, typer.Option(min=0, help="How many lines of before to print first")] = 10,
) -> None:
    """Print the timeline as it grows, until the incident is resolved or Ctrl-C."""
    desk, path = Settings().desk_at, f"/v1/incidents/{incident}"
    found: Item = ask(desk, path)
    console = Console()
    console.print(Text(f"{found['priority']} {found['state']}: {found['title']}", style=PRIORITIES[found["priority"]]))
    known = found["timeline"]
    for entry in known[len(known) - min(lines, len(known)) :]:
        console.print(line_of(entry), soft_wrap=True)
    last = known[-1]["id"] if known else 0
    while found["resolved_at"] is None:
        for number, kind, told in happenings(desk, f"{path}/events", last):
            last = number
            if kind == "line":
                console.print(line_of(told), soft_wrap=True)
            if kind == "gone":
                raise NoLongerYours(f"{incident} is not shown to you any more")
            if kind == "line" and told["kind"] == "state_resolved":
                break
        found = ask(desk, path)


def line_of(entry: Item) -> Text:
    """Return a line of the timeline: when it happened, when it was heard if that was later, who, what and why."""
    late = "" if entry["occurred_at"][:19] == entry["received_at"][:19] else f" [heard {entry['received_at'][11:19]}]"
    why = f" ({entry['why']})" if entry["why"] else ""
    return Text(f"{entry['occurred_at'][:19]}Z{late} {entry['by']}: {entry['text']}{why}")
