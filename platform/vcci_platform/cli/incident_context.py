"""What was around an incident when it opened, and its links, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from vcci_platform.cli.ask import RefusedQuestion, ask

__all__ = ["around", "linked"]

Item = Mapping[str, Any]


def linked(name: str, href: str, *, clickable: bool) -> Text:
    """Return a link: its name, to be clicked on in a terminal that can; in a file the address stands beside it."""
    if not href:
        return Text(name)
    return Text(name, style=f"link {href}") if clickable else Text(f"{name} <{href}>")


def around(console: Console, desk: str, incident: str) -> None:
    """Print what was found around an incident, as it was when it opened; nothing where nothing was gathered yet."""
    try:
        found: Item = ask(desk, f"/v1/incidents/{incident}/context")
    except RefusedQuestion:
        return
    console.print(Text(f"Around it, as it was at {found['gathered_at'][:19]}Z", style="bold"))
    for section in found["sections"]:
        if section["missing"]:
            console.print(Text(f"  {section['title']}: not to be had, {section['missing']}"), soft_wrap=True)
            continue
        console.print(Text(f"  {section['title']}:{'' if section['facts'] else ' none'}"))
        for fact in section["facts"]:
            told = linked(fact["text"], fact["href"], clickable=console.is_terminal)
            console.print(Text.assemble("    ", told), soft_wrap=True)
            for line in fact.get("restricted", ()):
                console.print(Text(f"      {line}"), soft_wrap=True)
