"""`vcci pagerduty`: how the spec and a PagerDuty account differ, and the account made what the spec says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.text import Text

from vcci_alerts.pagerduty import Wanted, wanted
from vcci_platform.clock import SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.oncall.account import Account, read_account, variables
from vcci_platform.incidents.oncall.applying import apply
from vcci_platform.incidents.oncall.difference import NO_DESK, SEVERAL, Change, Difference, Field, difference, known_ids
from vcci_platform.incidents.oncall.place import connect, given_schedules
from vcci_platform.incidents.oncall.secrets_file import SECRETS_FILE, keep
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.sandbox.furnishing import reachable
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

SIGNS: Final = {"create": ("+", "green"), "update": ("~", "yellow"), "replace": ("±", "yellow"), "delete": ("-", "red")}
KIND_WORDS: Final = {"policy": "escalation policy", "subscription": "webhook subscription", "routing": "event rules of"}
DONE: Final = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}

Spec = Annotated[Path | None, typer.Option(help="The spec; unset, that of the environment or of this folder")]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take over things of the same name that vcci did not make")]
Sandbox = Annotated[bool, typer.Option("--sandbox", help="Ask the stand-in on this machine, not an account")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was found as JSON")]


class ChangedMeanwhile(PlatformError):
    """Somebody changed the account while the question stood on the screen."""


class NothingToCompile(PlatformError):
    """The spec does not say whom to ask."""

    exit_code = 2


@dataclass(frozen=True)
class _View:
    """What is wished, what there is, and how the two differ."""

    wanted: Wanted
    account: Account
    given: dict[str, str]
    found: Difference
    again: Callable[[], _View]


@app.callback()
def group() -> None:
    """Escalation policies, schedules and the service in PagerDuty, kept from the spec."""


@app.command()
def plan(*, spec: Spec = None, adopt: Adopt = False, sandbox: Sandbox = False, as_json: AsJson = False) -> None:
    """Show what would change in PagerDuty to make it what the spec says. Nothing is changed.

    Ends with 0 if there is nothing to do, 1 if there is, or something is in the way, 2 if PagerDuty could not be asked.
    """
    with _looking(spec, adopt=adopt, sandbox=sandbox) as (_, _, view):
        _show(view.found, as_json=as_json)
        if view.found.changes or view.found.obstacles:
            raise typer.Exit(1)


@app.command("apply")
def carry_out(
    *,
    spec: Spec = None,
    adopt: Adopt = False,
    sandbox: Sandbox = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before changing anything")] = False,
    secrets: Annotated[
        Path | None,
        typer.Option(help=f"Where keys and secrets go that PagerDuty tells once; unset, {SECRETS_FILE} under the home"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make PagerDuty what the spec says; a second time there is nothing to do.

    Only things that carry vcci's mark in their description are changed or deleted. Ends with 0 when it is done, 1 if
    something is in the way or was refused, 2 if PagerDuty could not be asked.
    """
    with _looking(spec, adopt=adopt, sandbox=sandbox) as (settings, connection, view):
        if view.found.obstacles or not view.found.changes:
            _show(view.found, as_json=as_json)
            raise typer.Exit(1 if view.found.obstacles else 0)
        if not yes:
            _show(view.found, as_json=False)
            typer.confirm("Make these changes?", abort=True, err=as_json)
            if view.again().found != view.found:
                raise ChangedMeanwhile(
                    "the account has changed since: nothing was done; `vcci pagerduty plan` shows how"
                )
        ids = known_ids(view.wanted, view.account, view.given, adopt=adopt)
        console = Console(stderr=as_json)
        path = secrets or settings.home / SECRETS_FILE

        def told_once(found: Mapping[str, SecretStr]) -> None:
            keep(path, found)
            _say(console, f"{', '.join(found)}: told once, kept in {path}", "yellow")

        def made(change: Change) -> None:
            _line(console, change)

        now = SystemClock().now()
        applied = apply(connection, view.wanted, view.account, view.found, ids, now, made, told_once)
        for note in applied.notes:
            _say(console, f"Note: {note}", "yellow")
        if as_json:
            done = [dataclasses.asdict(change) for change in applied.done]
            told = {"secrets": {name: str(path) for name in applied.secrets}, "notes": applied.notes}
            typer.echo(json.dumps({"done": done, **told}, indent=2))
        else:
            typer.echo(f"Done: {_counted(applied.done, done=True)}.")


@contextmanager
def _looking(spec: Path | None, *, adopt: bool, sandbox: bool) -> Generator[tuple[Settings, Connection, _View]]:
    """Yield the settings, the connection, and how the spec and the account differ."""
    settings = Settings()
    settings.time_scale = 1.0  # PagerDuty's clock cannot be hurried
    if spec is not None:
        settings.spec = spec
    resolved = platform_plan(settings)
    wish = wanted(resolved)
    if wish is None:
        raise NothingToCompile(f"{resolved.source}: expected escalation.levels with a level 1, found none")
    if sandbox:
        wish = reachable(wish)
    connection = connect(settings, SystemClock(), sandbox=sandbox)
    try:
        given = given_schedules(variables(wish), resolved, sandbox=sandbox)
        key = settings.pagerduty_routing_key

        def look() -> _View:
            opens = key.get_secret_value() if key else ""
            account = read_account(connection, wish, given, opens, SystemClock().now())
            found = difference(wish, account, given, adopt=adopt)
            if sandbox:  # it tells the desk beside it in any case
                found = dataclasses.replace(found, notes=tuple(note for note in found.notes if note != NO_DESK))
            return _View(wish, account, given, found, look)

        yield settings, connection, look()
    finally:
        connection.close()


def _show(found: Difference, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2, ensure_ascii=False))
        return
    console = Console()
    for change in found.changes:
        _line(console, change)
        for field in change.fields:
            _field(console, field)
    for note in found.notes:
        _say(console, f"Note: {note}", "yellow")
    for obstacle in found.obstacles:
        _say(console, f"In the way: {obstacle}", "red")
    if found.obstacles:
        _say(console, "Nothing can be changed while something is in the way.", "red")
    else:
        _say(console, f"{_counted(found.changes)}." if found.changes else "Nothing to do.", "bold")


def _line(console: Console, change: Change) -> None:
    sign, style = SIGNS[change.action]
    where = f" ({change.id})" if change.id else ""
    _say(console, f"{sign} {KIND_WORDS.get(change.kind, change.kind)} {change.name}{where}", style)


def _field(console: Console, field: Field) -> None:
    """Print a value and what it replaces; of a list, only the items that come and go, unless their order alone does."""
    name = field.name.replace("_", " ")
    was, becomes = (text.split(SEVERAL) if text else [] for text in (field.was, field.becomes))
    if len(was) <= 1 and len(becomes) <= 1:
        _say(console, f"    {name}: {field.becomes}{f' instead of {field.was}' if field.was else ''}")
        return
    _say(console, f"    {name}")
    reordered = sorted(was) == sorted(becomes)
    for text in (text for text in was if reordered or text not in becomes):
        _say(console, f"      - {text}")
    for text in (text for text in becomes if reordered or text not in was):
        _say(console, f"      + {text}")


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)


def _counted(changes: Sequence[Change], *, done: bool = False) -> str:
    """Return how many changes there are, `8 to create, 1 to delete`, or were, `8 created`."""
    counts = {action: sum(change.action == action for change in changes) for action in SIGNS}
    return ", ".join(
        f"{number} {DONE[action] if done else f'to {action}'}" for action, number in counts.items() if number
    )
