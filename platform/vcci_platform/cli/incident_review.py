"""`vcci incident review`, `measures` and `actions`: what is written, measured and done after an incident."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import click
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.ask import RefusedQuestion, ask, every, tell
from vcci_platform.cli.incident_acts import By, IncidentId, who
from vcci_platform.cli.options import AsJson
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.review.markdown import Misread, parse
from vcci_platform.settings import Settings

__all__ = ["add_to"]

Item = Mapping[str, Any]
SPANS = {
    "detect": "to detect",
    "acknowledge": "to acknowledge",
    "resolve": "to resolve",
    "recover": "to recover",
}

review = typer.Typer(no_args_is_help=True)


class NotWritten(PlatformError):
    """A file that could not be read or written."""

    exit_code = 2


def add_to(app: typer.Typer) -> None:
    """Add these commands to `vcci incident`."""
    app.add_typer(review, name="review")
    for command in (measures, actions, action):
        app.command()(command)


@review.callback()
def group() -> None:
    """Reviews of incidents: read them, edit them as Markdown, publish them."""


@review.command()
def show(incident: IncidentId, *, as_json: AsJson = False) -> None:
    """Print a review as Markdown: put it into a file, edit it, and give it to `vcci incident review import`."""
    found = _read(incident)
    typer.echo(json.dumps(found, indent=2) if as_json else found["markdown"], nl=as_json)


@review.command()
def edit(incident: IncidentId, *, by: By = None) -> None:
    """Open a review in your editor, and send what you make of it."""
    before = str(_read(incident)["markdown"])
    after = click.edit(before, extension=".md")
    if after is None or after == before:
        typer.echo("Nothing was changed.")
        return
    try:
        _send(incident, after, by)
    except PlatformError as error:
        kept = Path(f"review-{incident}.md")
        _write(kept, after)
        raise RefusedQuestion(f"{error}\nYour text is kept in {kept}: mend it, and import it") from None


@review.command(name="import")
def bring(
    file: Annotated[Path, typer.Argument(help="A review as `vcci incident review show` printed it, edited")],
    *,
    hand_in: Annotated[bool, typer.Option("--hand-in", help="Hand it in for review, too")] = False,
    by: By = None,
) -> None:
    """Send an edited review. One that somebody else has changed meanwhile is refused: export it again.

    You become one of its authors, whoever wrote the file. With --hand-in it goes to its readers at once.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotWritten(f"expected a review in {file}, found {error}") from None
    try:
        incident = parse(text).incident
    except Misread as error:
        raise NotWritten(f"{file}: {error}") from None
    stage = _send(incident, text, by)
    if hand_in and stage == "draft":
        move(incident, "in-review", by=by)


@review.command()
def move(
    incident: IncidentId,
    stage: Annotated[Literal["draft", "in-review"], typer.Argument(help="Where it goes")],
    *,
    by: By = None,
) -> None:
    """Hand a draft in for review, which comes before publishing it, or take it back."""
    found = _staged(incident, stage, by)
    typer.echo(f"{incident}: the review is {found['stage']}")


@review.command()
def measure(incident: IncidentId, *, by: By = None) -> None:
    """Ask again what the incident cost, when nobody could be asked as the review was drafted."""
    found: Item = tell(Settings().desk_at, _path(incident, "review/measure"), who(by))
    for fact in found["facts"]:
        typer.echo(fact)


@review.command()
def publish(
    incident: IncidentId,
    *,
    by: By = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The content folder of the runbook site: the page goes there")
    ] = None,
    status_page: Annotated[
        bool, typer.Option("--status-page", help="Show the words for customers on the status page, once")
    ] = False,
    notify: Annotated[bool, typer.Option("--notify", help="Mail the subscribers of the status page")] = False,
    alone: Annotated[
        str,
        typer.Option(
            metavar="WHY", help="Why an admin publishes what nobody else has read, where the spec asks for two"
        ),
    ] = "",
) -> None:
    """Publish a review that was handed in, which makes its incident reviewed. A published one is written out again.

    Where the spec asks for a second person, that is not its only author.
    """
    if notify and not status_page:
        raise typer.BadParameter("--notify goes with --status-page")
    if to is not None and not to.is_dir():
        raise NotWritten(f"expected a folder at {to}, found none")
    if _read(incident)["stage"] != "published":
        _staged(incident, "published", by, alone)
        typer.echo(f"{incident} is reviewed: its review is published")
    if to is not None:
        page: Item = ask(Settings().desk_at, _path(incident, "review/page"))
        file = to / page["path"]
        _write(file, page["text"])
        typer.echo(f"wrote {file}")
    if status_page:
        tell(Settings().desk_at, _path(incident, "review/status-page"), {"notify": notify, **who(by)})
        typer.echo("the status page is told")


def measures(
    *,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="From this UTC day on; unset, a year back")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Until before this UTC day; unset, now")
    ] = None,
    period: Annotated[Literal["day", "week", "month"], typer.Option(help="How periods are cut")] = "month",
    as_json: AsJson = False,
) -> None:
    """Print how fast incidents are noticed, acknowledged and ended, and what each figure means."""
    days = {"from": since, "to": until}
    asked = {name: day.replace(tzinfo=UTC).isoformat() for name, day in days.items() if day is not None}
    found: Item = ask(Settings().desk_at, "/v1/incidents/measures", period=period, **asked)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    groups = [("all", (found["total"],)), (period, found["periods"])]
    groups += [("severity", found["severities"]), ("component", found["components"])]
    for title, members in groups:
        if members:
            console.print(_measured(title, members))
    for incident, span, seconds in found["data_errors"]:
        typer.echo(f"left out: {incident}, {SPANS.get(span, span)} is {_span(seconds)}: clocks disagree")
    typer.echo(f"\nWhat these mean (definitions, version {found['version']}):")
    for name, meaning in found["definitions"].items():
        typer.echo(f"  {name}: {meaning}")


def actions(
    *,
    state: Annotated[
        Literal["open", "overdue", "unowned", "done", "all"], typer.Option(help="Only those in this state")
    ] = "open",
    owner: Annotated[str, typer.Option(help="Only those of this person")] = "",
    as_json: AsJson = False,
) -> None:
    """List what is to be done after incidents, over all of them."""
    items = every(Settings().desk_at, "/v1/action-items", state=state, owner=owner)
    if as_json:
        typer.echo(json.dumps(items, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("incident", "no.", "owner", "due", "what", "where"):
        table.add_column(title, no_wrap=title in {"incident", "no.", "due"})
    for item in items:
        due = Text(item["due"] or "", style="red" if item["overdue"] else "")
        what = Text(f"{'done: ' if item['done'] else ''}{item['text']}")
        owned = Text(item["owner"] or "nobody")
        table.add_row(item["incident"], str(item["id"]), owned, due, what, Text(item["tracker"]))
    Console().print(table if items else "Nothing is to be done.")


def action(
    incident: IncidentId,
    number: Annotated[int, typer.Argument(help="Its number, as `vcci incident actions` prints it")],
    *,
    by: By = None,
    owner: Annotated[str | None, typer.Option(help="Who does it")] = None,
    due: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="By which day")] = None,
    tracker: Annotated[str | None, typer.Option(metavar="URL", help="Where the team follows it")] = None,
    done: Annotated[bool | None, typer.Option("--done/--not-done", help="Whether it is done")] = None,
) -> None:
    """Give an action item an owner, a day, a tracker, or mark it as done."""
    day = date(due.year, due.month, due.day).isoformat() if due else None
    wanted = {"owner": owner, "due": day, "tracker": tracker, "done": done}
    given = {name: value for name, value in wanted.items() if value is not None}
    if not given:
        raise typer.BadParameter("expected --owner, --due, --tracker, --done or --not-done")
    found: Item = tell(Settings().desk_at, _path(incident, f"action-items/{number}"), {**given, **who(by)}, "PATCH")
    (item,) = (item for item in found["items"] if item["id"] == number)
    due_words = f", due {item['due']}" if item["due"] else ""
    typer.echo(f"{'done' if item['done'] else 'open'}: {item['text']} ({item['owner'] or 'nobody'}{due_words})")


def _read(incident: str) -> Item:
    found: Item = ask(Settings().desk_at, _path(incident, "review"))
    return found


def _send(incident: str, text: str, by: str | None) -> str:
    """Return the stage of the review that was sent."""
    found: Item = tell(Settings().desk_at, _path(incident, "review"), {"markdown": text, **who(by)})
    typer.echo(f"{incident}: the review has version {found['version']}")
    return str(found["stage"])


def _staged(incident: str, stage: str, by: str | None, alone: str = "") -> Item:
    asked = {"stage": stage, "version": _read(incident)["version"], **({"alone": alone} if alone else {}), **who(by)}
    found: Item = tell(Settings().desk_at, _path(incident, "review/stage"), asked)
    return found


def _path(incident: str, rest: str) -> str:
    return f"/v1/incidents/{incident}/{rest}"


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotWritten(f"expected to write {file}, found {error}") from None


def _measured(title: str, groups: Sequence[Item]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", caption_justify="left")
    for name in (title, "incidents", "open", "reopened", "never ack."):
        table.add_column(name, justify="left" if name == title else "right")
    for words in SPANS.values():
        table.add_column(f"{words}: mean p50 p95", justify="right")
    for group in groups:
        counts = [str(group[name]) for name in ("incidents", "open", "reopened", "never_acknowledged")]
        spans = [_figures(group["spans"][name]) for name in SPANS]
        table.add_row(Text(group["name"]), *counts, *spans)
    return table


def _figures(figures: Item) -> str:
    if not figures["count"]:
        return "-"
    return " ".join(_span(figures[name]) for name in ("mean", "p50", "p95"))


def _span(seconds: float) -> str:
    """Return a length of time for people.

    >>> _span(45), _span(600), _span(-90), _span(20_000)
    ('45s', '10m', '-1.5m', '5.56h')
    """
    size = abs(seconds)
    if size < 60:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.3g}m" if size < 7200 else f"{seconds / 3600:.3g}h"
