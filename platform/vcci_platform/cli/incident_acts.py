"""What people do to an incident from the command line; the same acts as over the API and in the console."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer

from vcci_platform.cli.ask import ask, tell
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.model import Action, Role
from vcci_platform.settings import Settings
from vcci_slo.plan import Priority
from vcci_slo.spec.section import nearest, some_of

__all__ = ["By", "IncidentId", "add_to", "who"]

LIST = "list"
"""In place of the name of a ready sentence."""

Item = Mapping[str, Any]
IncidentId = Annotated[str, typer.Argument(help="Its id, as `vcci incident list` prints it")]
By = Annotated[str | None, typer.Option(help="Who you are; unset, the owner of VCCI_DESK_TOKEN, else USER")]
Why = Annotated[str, typer.Option(help="Why")]


class WhoAreYou(PlatformError):
    """Nobody is named, and no token says who it is."""

    exit_code = 2


def who(by: str | None) -> dict[str, str]:
    """Return who acts as the desk wants to hear it: nothing with a token, since that tells."""
    if by:
        return {"by": by}
    if Settings().desk_token is not None:
        return {}
    user = os.environ.get("USER", "").strip()
    if not user:
        raise WhoAreYou("expected a name: give --by, or a token in VCCI_DESK_TOKEN")
    return {"by": user}


def add_to(app: typer.Typer) -> None:
    """Add the commands to `vcci incident`."""
    for command in (act, note, update, priority, assign, hold, escalate, declare, security, task, tick, publish):
        app.command()(command)


def act(
    incident: IncidentId,
    action: Annotated[Action, typer.Argument(help="What you do to it")],
    *,
    by: By = None,
    why: Annotated[str, typer.Option(help="Why; needed to resolve while an alert fires")] = "",
) -> None:
    """Acknowledge, investigate, identify, mitigate, monitor, resolve, reopen or review an incident."""
    found = _told(incident, "actions", {"action": action.value, "why": why}, by)
    typer.echo(f"{found['id']} is {found['state']}")


def note(incident: IncidentId, text: Annotated[str, typer.Argument(help="The words")], *, by: By = None) -> None:
    """Write a line into the timeline."""
    found = _told(incident, "notes", {"text": text}, by)
    typer.echo(f"{found['id']}: written down")


def update(
    incident: IncidentId,
    status: Annotated[str, typer.Argument(help="How it stands; without it, the ready sentence")] = "",
    *,
    ready: Annotated[str, typer.Option(help="The name of a ready sentence of the spec; `list` prints them")] = "",
    to_public: Annotated[
        bool, typer.Option("--to-public", help="Show the ready sentence on the status page; takes a commander")
    ] = False,
    impact: Annotated[str, typer.Option(help="What it means for users")] = "",
    eta: Annotated[str, typer.Option(help="When it may be over")] = "",
    public: Annotated[str, typer.Option(help="Words for the status page; takes a commander")] = "",
    by: By = None,
) -> None:
    """Tell everybody at work how it stands, and the public if it follows already."""
    if ready == LIST:
        for one in _ready(incident):
            typer.echo(f"{one['name']}: {one['words']}")
        return
    if to_public and (public or not ready):
        raise typer.BadParameter("expected --ready, and no words of your own in --public", param_hint="--to-public")
    if ready:
        sentence = _sentence(incident, ready)
        status, public = status or sentence, sentence if to_public else public
    if not status:
        raise typer.BadParameter("expected how it stands, or the name of a ready sentence in --ready")
    found = _told(incident, "updates", {"status": status, "impact": impact, "eta": eta, "public": public}, by)
    due = next((timer["due_at"] for timer in found["timers"] if timer["kind"] == "update"), None)
    typer.echo(f"{found['id']}: told" + (f"; the next update is due {due[:16]}Z" if due else ""))


def priority(
    incident: IncidentId,
    to: Annotated[Priority, typer.Argument(help="The severity; to lower it takes a commander")],
    *,
    why: Why,
    by: By = None,
) -> None:
    """Give another severity, with a reason."""
    found = _told(incident, "priority", {"priority": to, "why": why}, by)
    typer.echo(f"{found['id']} is {found['priority']}")


def assign(
    incident: IncidentId,
    role: Annotated[Role, typer.Argument(help="Which role")],
    person: Annotated[str, typer.Argument(help="Who takes it; nobody lays it down")] = "",
    *,
    by: By = None,
) -> None:
    """Give a role to a person, hand it over, or lay it down."""
    found = _told(incident, f"roles/{role.value}", {"person": person}, by, method="PUT")
    typer.echo(f"{found['id']}: {person or 'nobody'} is {role.value}")


def hold(
    incident: IncidentId,
    *,
    minutes: Annotated[float | None, typer.Option(min=1, max=1440, help="For how long nobody further is asked")] = None,
    release: Annotated[bool, typer.Option("--release", help="Let the clock run again")] = False,
    why: Why,
    by: By = None,
) -> None:
    """Hold the escalation for some minutes, or let it run again. Takes a commander."""
    if release == (minutes is not None):
        raise typer.BadParameter("expected either --minutes or --release")
    until = None if minutes is None else (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    found = _told(incident, "hold", {"until": until, "why": why}, by)
    held = found["held_until"]
    typer.echo(f"{found['id']}: the escalation {f'is held until {held[:16]}Z' if held else 'runs again'}")


def escalate(
    incident: IncidentId,
    level: Annotated[int, typer.Argument(min=1, max=9, help="Which level")],
    *,
    why: Why,
    by: By = None,
) -> None:
    """Ask a level for help before its time."""
    found = _told(incident, "escalation", {"level": level, "why": why}, by)
    typer.echo(f"{found['id']}: level {found['level']} is asked")


def declare(
    incident: IncidentId,
    what: Annotated[str, typer.Argument(help="What the spec knows as such, like data-breach")],
    *,
    why: Why,
    by: By = None,
) -> None:
    """Declare something, such as a data breach: its level is asked at once."""
    found = _told(incident, "declarations", {"what": what, "why": why}, by)
    typer.echo(f"{found['id']}: {what} declared, level {found['level']} is asked")


def security(incident: IncidentId, *, why: Why, by: By = None) -> None:
    """Call it a security incident: few see it from now on."""
    _told(incident, "security", {"why": why}, by)
    typer.echo(f"{incident} is a security incident: few see it from now on")


def task(
    incident: IncidentId, text: Annotated[str, typer.Argument(help="What must not be forgotten")], *, by: By = None
) -> None:
    """Add a task of your own to the checklist."""
    found = _told(incident, "tasks", {"text": text}, by)
    number = max(item["id"] for item in found["tasks"])
    typer.echo(f"{found['id']}: task {number}")


def tick(
    incident: IncidentId,
    number: Annotated[int, typer.Argument(min=1, help="The task, as `vcci incident show` numbers it")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="It is not done after all")] = False,
    by: By = None,
) -> None:
    """Tick a task off, or say that it is not done after all."""
    found = _told(incident, f"tasks/{number}", {"done": not undo}, by, method="PUT")
    if not any(item["id"] == number for item in found["tasks"]):
        raise NoSuchTask(f"{incident} has no task {number}; `vcci incident show {incident}` lists them")
    typer.echo(f"{found['id']}: task {number} is {'open again' if undo else 'done'}")


def publish(
    incident: IncidentId,
    *,
    words: Annotated[str, typer.Option(help="Your own words in place of the usual ones")] = "",
    why: Annotated[str, typer.Option(help="Why")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Print what it would show, and send nothing")] = False,
    by: By = None,
) -> None:
    """Let the public know on the status page. Takes a commander."""
    if preview:
        _print_draft(ask(Settings().desk_at, f"{_path(incident)}/status-page", words=words))
        return
    found = _told(incident, "status-page", {"words": words, "why": why}, by)
    typer.echo(f"{found['id']}: {found['publication']}")


class NoSuchSentence(PlatformError):
    """The spec has no ready sentence of that name, or none is for this incident."""

    exit_code = 2


class NoSuchTask(PlatformError):
    """The incident has no task of that number."""

    exit_code = 2


def _ready(incident: str) -> list[Item]:
    found: list[Item] = ask(Settings().desk_at, f"{_path(incident)}/ready")
    return found


def _sentence(incident: str, name: str) -> str:
    known = {str(one["name"]): str(one["words"]) for one in _ready(incident)}
    if name in known:
        return known[name]
    meant = nearest(name, known)
    names = some_of(known) or "there is none: the spec has none, or the incident is over or for few eyes"
    hint = f"; did you mean {meant}?" if meant else ""
    raise NoSuchSentence(f"expected a ready sentence ({names}), found {name!r}{hint}")


def _print_draft(draft: Item) -> None:
    typer.echo(f"{draft['name']} ({draft['status']})\n{draft['body']}")
    for component, status in draft["components"].items():
        typer.echo(f"{component}: {status.replace('_', ' ')}")
    if draft.get("reach"):
        typer.echo(f"Not shown: {draft['reach']}")


def _told(incident: str, what: str, body: Mapping[str, Any], by: str | None, method: str = "POST") -> Any:
    return tell(Settings().desk_at, f"{_path(incident)}/{what}", {**body, **who(by)}, method)


def _path(incident: str) -> str:
    return f"/v1/incidents/{quote(incident, safe='')}"
