"""`vcci desk state` and `vcci desk audit`: whether the desk does its work, and what people did at it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.ask import ask, every
from vcci_platform.cli.desk_boxes import Everything
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import ago, scale_note
from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings

__all__ = ["audit", "state"]

Item = Mapping[str, Any]


class NotAtWork(PlatformError):
    """The desk answers, and does not do its work: a loop fails, a Watchdog is missing, or a vendor is not reached."""


def state(*, as_json: AsJson = False) -> None:
    """Print the desk's loops, what waits, whose Watchdog is heard. Ends with 1 if it does not do all of its work."""
    found: Item = ask(Settings().desk_at, "/v1/desk")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    if troubles := _troubles(found):
        raise NotAtWork("; ".join(troubles))


def audit(*, everything: Everything = False, as_json: AsJson = False) -> None:
    """List what people did at the desk, the newest first. Takes an admin."""
    desk = Settings().desk_at
    items: Sequence[Item] = every(desk, "/v1/desk/audit") if everything else ask(desk, "/v1/desk/audit")["items"]
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    table = _table("when", "who", "rank", "did", "to", "particulars")
    for item in items:
        told = "; ".join(f"{name}: {value}" for name, value in item["detail"].items() if value not in ("", None))
        who = item["who"] or "nobody signed in"
        table.add_row(f"{item['at'][:19]}Z", *map(Text, (who, item["rank"], item["action"], item["subject"], told)))
    Console().print(table if items else "Nothing was done yet.")


def _print(found: Item) -> None:
    console = Console()
    loops = _table("loop", "last round", "state")
    for loop in found["loops"]:
        failed = f"failed {loop['failures']} times: {loop['error']}" if loop["failures"] else ""
        last = ago(loop["completed_at"]) if loop["completed_at"] else "none yet"
        loops.add_row(loop["name"], last, Text(failed or "goes round", "red" if failed else ""))
    console.print(loops)
    targets = _table("to", "waiting", "oldest", "circuit")
    for target in found["outbox"]:
        name = f"{target['target']} (sandbox)" if target["sandboxed"] else target["target"]
        circuit = Text(target["circuit"], "" if target["circuit"] == "closed" else "red")
        targets.add_row(name, str(target["waiting"]), ago(target["oldest"]) if target["oldest"] else "-", circuit)
    console.print(targets)
    for beat in found["heartbeats"]:
        told = "is missing" if beat["missing"] else "is heard"
        console.print(f"The Watchdog of {beat['source']} {told}, last {ago(beat['seen_at'])}.")
    inbox = ", ".join(f"{count} {kind}" for kind, count in found["inbox"].items()) or "nothing yet"
    console.print(f"Inbox: {inbox}.")
    if any(target["target"] == "pagerduty" and target["sandboxed"] for target in found["outbox"]):
        console.print(Text("Sandbox: nobody will be woken.", style="yellow"))
    if note := scale_note(found["time_scale"]):
        console.print(Text(note.strip(), style="yellow"))


def _troubles(found: Item) -> list[str]:
    failing = [loop["name"] for loop in found["loops"] if loop["failures"]]
    away = [target["target"] for target in found["outbox"] if target["circuit"] != "closed"]
    missing = [beat["source"] for beat in found["heartbeats"] if beat["missing"]]
    told = [("a loop fails", failing), ("not reached", away), ("the Watchdog is missing", missing)]
    found_so = [f"{what}: {', '.join(names)}" for what, names in told if names]
    if count := found["inbox"].get("quarantined"):
        found_so.append(f"not understood: {count} of the inbox")
    return found_so


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title)
    return table
