"""`vcci slo gate`: whether what is left of the error budgets lets a change through, for pipelines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.ask import NotRunning, RefusedQuestion, ask
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import share
from vcci_platform.settings import Settings
from vcci_slo.policy import CERTAIN
from vcci_slo.spec.units import Percentage

__all__ = ["EXITS", "register"]

EXITS: Final[Mapping[str, int]] = {"pass": 0, "refused": 1, "unknown": 2}
"""What the process ends with."""

_STYLES = {"pass": "green", "refused": "bold red", "unknown": "yellow"}
_MOST_NAMED = 3


def _share(text: str) -> float:
    try:
        return Percentage.parse(text).ratio
    except ValueError:
        raise typer.BadParameter(f"expected a percentage such as 10%, found {text!r}") from None


def register(app: typer.Typer) -> None:
    """Add the command to a group."""
    app.command()(gate)


def gate(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Promises; unset, all of them")] = None,
    *,
    component: Annotated[str | None, typer.Option(help="Only promises about this component")] = None,
    team: Annotated[str | None, typer.Option(help="Only promises of this team")] = None,
    at_least: Annotated[
        float | None, typer.Option(parser=_share, metavar="SHARE", help="How much must be left, such as 10%")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="The change only repairs: it may pass where features may not")
    ] = False,
    accept_self_reported: Annotated[
        bool, typer.Option("--accept-self-reported", help="Believe good figures that nobody else has seen")
    ] = False,
    known: Annotated[
        float | None,
        typer.Option(parser=_share, metavar="SHARE", help="How much of the window must have been observed; unset, 50%"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the error budgets let a change through.

    Ends with 0 for pass; with 1 for refused, by the error budget policy or by --at-least; with 2 for unknown: the
    figures are self-reported, too little was observed, nobody answers, or there is no such promise.
    """
    parameters: dict[str, Any] = {
        "slo": names or None,
        "component": component,
        "team": team,
        "at_least": at_least,
        "change": "fix" if fix else "feature",
        "accept_self_reported": str(accept_self_reported).lower(),
        "known": CERTAIN if known is None else known,
    }
    try:
        found = ask(
            Settings().desk_at, "/v1/gate", **{key: value for key, value in parameters.items() if value is not None}
        )
    except (NotRunning, RefusedQuestion) as error:
        if as_json:
            typer.echo(json.dumps({"answer": "unknown", "items": [], "reason": str(error)}, indent=2))
        typer.secho(f"vcci: nobody can tell: {error}", err=True, fg=typer.colors.RED)
        raise typer.Exit(EXITS["unknown"]) from None
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    raise typer.Exit(EXITS.get(found["answer"], EXITS["unknown"]))


def _print(found: Mapping[str, Any]) -> None:
    console, items, answer = Console(), found["items"], found["answer"]
    console.print(Text(_headline(answer, items), style=_STYLES.get(answer, "")), soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("promise", "answer", "policy", "budget left", "observed"):
        table.add_column(title, justify="right" if title in {"budget left", "observed"} else "left", no_wrap=True)
    for item in items:
        table.add_row(
            item["name"],
            Text(item["answer"], style=_STYLES.get(item["answer"], "")),
            item["state"] or "-",
            share(item["remaining"]) if item["known"] else "unknown",
            share(item["known"]),
        )
    console.print(table)
    for line in _reasons(items):
        console.print(Text(line), soft_wrap=True)
    accepted = ", self-reported and accepted as such" if items[0].get("accepted_self_reported") else ""
    console.print(f"Counted by {items[0]['source']}{accepted}.")


def _headline(answer: str, items: Sequence[Mapping[str, Any]]) -> str:
    count = sum(item["answer"] == answer for item in items)
    of = f"{count} of {len(items)} promise{'s' if len(items) != 1 else ''}"
    match answer:
        case "pass":
            return f"pass: {of} let{'s' if count == 1 else ''} it through"
        case "refused":
            return f"refused by {of}"
        case _:
            return f"unknown: nobody can vouch for {of}"


def _reasons(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why nothing passes, each reason once with the promises that have it."""
    alike: dict[tuple[str, str], list[str]] = {}
    for item in items:
        for reason in item["reasons"] if item["answer"] != "pass" else ():
            alike.setdefault((item["answer"], reason), []).append(item["name"])
    return [f"{answer}, {_named(names, len(items))}: {reason}" for (answer, reason), names in alike.items()]


def _named(names: Sequence[str], of: int) -> str:
    if len(names) <= _MOST_NAMED:
        return ", ".join(names)
    return f"all {of}" if len(names) == of else f"{len(names)} promises ({', '.join(names[:_MOST_NAMED])} …)"
