"""`vcci oncall`: who is on call now or at a given time, the next handoffs, and the notes for one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.ask import NotRunning, RefusedQuestion, ask, every
from vcci_platform.clock import SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.oncall.handoff import Facts, Missing, notes
from vcci_platform.incidents.oncall.place import roster_of
from vcci_platform.incidents.oncall.view import on_call_view
from vcci_platform.incidents.requests import FIRST_YEAR, LAST_YEAR
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo import Plan
from vcci_slo.freezes import freezes
from vcci_slo.oncall import shift_at, shift_before
from vcci_slo.plan import LINES
from vcci_slo.promql.durations import words
from vcci_slo.windows import Span

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)

MOST_INCIDENTS = 200
MOST_CHANGES = 50
WEEK_DAYS = 7

Item = Mapping[str, Any]
Spec = Annotated[Path | None, typer.Option(help="The spec; unset, that of the environment or of this folder")]
Sandbox = Annotated[bool, typer.Option("--sandbox", help="Ask the stand-in on this machine for the roster")]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a moment such as 2026-03-08T06:30Z, found {text!r}") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise typer.BadParameter(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, found {text!r}")
    if moment.tzinfo is None:
        raise typer.BadParameter(f"expected a moment with its zone such as {text}Z, found {text!r}")
    return moment.astimezone(UTC)


class NoRota(PlatformError):
    """The spec has no such rota."""

    exit_code = 2


@app.callback()
def group() -> None:
    """Who is on call, the next handoffs, and notes for one."""


@app.command()
def show(
    *,
    at: Annotated[datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Unset, now")] = None,
    days: Annotated[int, typer.Option(min=0, max=366, help="How far ahead to look")] = 14,
    spec: Spec = None,
    sandbox: Sandbox = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Say who is on call now, or at a given time, and when it changes hands, in the rota's zone and in UTC.

    The desk is asked; without one, or with --spec, the spec says what it knows, and where PagerDuty has the roster it
    is asked, with PAGERDUTY_API_TOKEN. Ends with 0, or 2 if somebody's name is not known.
    """
    settings, plan = _plan(spec)
    view, told_by = _on_call(
        settings, plan, at, timedelta(days=days), desk=spec is None and not sandbox, sandbox=sandbox
    )
    if not view["rotas"]:
        raise NoRota(f"{told_by}: expected a rota under on_call, found none")
    if as_json:
        typer.echo(json.dumps(view, indent=2))
    else:
        _print(Console(), view, told_by)
    if any(not duty["who"] for rota in view["rotas"] for duty in rota["now"]["duties"]):
        raise typer.Exit(2)


@app.command()
def handoff(
    *,
    since: Annotated[
        datetime | None,
        typer.Option(parser=_moment, metavar="TIME", help="Unset, the beginning of the shift that ends"),
    ] = None,
    team: Annotated[str | None, typer.Option(help="Which rota; unset, the first of the spec")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the notes into this file")] = None,
    spec: Spec = None,
    sandbox: Sandbox = False,
) -> None:
    """Write the notes for a handoff: what is open, what happened, what was noisy, what is spent and what is coming.

    What cannot be asked stands in the notes with the reason.
    """
    settings, plan = _plan(spec)
    now = SystemClock().now()
    rotas = {rota.team for rota in plan.on_call}
    name = team or next((rota.team for rota in plan.on_call), plan.team)
    if team is not None and team not in rotas:
        raise NoRota(f"--team: expected one of {', '.join(sorted(rotas)) or 'no rota in the spec'}, found {team!r}")
    view, _ = _on_call(settings, plan, now, timedelta(days=WEEK_DAYS), desk=not sandbox, sandbox=sandbox)
    text = notes(_facts(settings, plan, name, since or _begin(plan, name, now), now, view))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"{out} written")


def _plan(spec: Path | None) -> tuple[Settings, Plan]:
    settings = Settings()
    if spec is not None:
        settings.spec = spec
    return settings, platform_plan(settings)


def _on_call(
    settings: Settings, plan: Plan, at: datetime | None, ahead: timedelta, *, desk: bool, sandbox: bool
) -> tuple[Item, str]:
    """Return who is on call, and who says so: the desk if it is to be asked and answers, else the spec."""
    now = SystemClock().now()
    span = Span(at or now, (at or now) + max(ahead, timedelta(seconds=1)))
    why = ""
    if desk:
        try:
            asked = {"at": span.start.isoformat(), "from": span.start.isoformat(), "to": span.end.isoformat()}
            return ask(settings.desk_at, "/v1/oncall", **asked), f"the desk at {settings.desk_at}"
        except (NotRunning, RefusedQuestion) as error:
            why = f", since {error}"
    pagers = roster_of(settings, plan, SystemClock(), sandbox=sandbox)
    try:
        view = on_call_view(plan, now, at=span.start, span=span, pagers=pagers)
    finally:
        if pagers is not None:
            pagers.close()
    return view.model_dump(mode="json"), f"{plan.source}{why}"


# --- show ---


def _print(console: Console, view: Item, told_by: str) -> None:
    zone = ZoneInfo(view["zone"])
    console.print(Text(f"At {_both(_at(view['at']), zone)}, as told by {told_by}", style="dim"), soft_wrap=True)
    _source(console, view["source"])
    for rota in view["rotas"]:
        console.print(Text(f"{rota['team']}, hands over {rota['hands_over']} {rota['zone']}", style="bold"))
        for duty in rota["now"]["duties"]:
            console.print(Text.assemble(f"  {duty['line']}: ", _who(duty, view["source"])), soft_wrap=True)
        console.print(Text(f"  until {_both(_at(rota['now']['end']), zone)}"), soft_wrap=True)
        if following := [turn for turn in rota["turns"] if _at(turn["start"]) >= _at(rota["now"]["end"])]:
            for number, line in enumerate(_table(following, zone)):
                console.print(Text(line, style="" if number else "bold"), soft_wrap=True)
    if view["levels"]:
        console.print(Text("Who is asked", style="bold"))
    for level in view["levels"]:
        people = "; ".join(f"{one['role']}: {one['who'] or 'not known'}" for one in level["people"])
        console.print(Text(f"  level {level['level']}  {people}"), soft_wrap=True)
    if view["coming"]:
        console.print(Text("Planned", style="bold"))
    for one in view["coming"]:
        console.print(
            Text(f"  {_clock(_at(one['start']), zone)} to {_clock(_at(one['end']), zone)}: {one['text']}"),
            soft_wrap=True,
        )


def _source(console: Console, source: Item | None) -> None:
    """Say why the names are not known, or are those of some time ago."""
    if not source or not source["trouble"]:
        return
    if source["known_at"]:
        old = words(timedelta(seconds=round(source["age_seconds"])))
        name = source["name"][:1].upper() + source["name"][1:]
        text = f"{name} cannot be asked ({source['trouble']}): the names are those that it told {old} ago"
    else:
        text = f"Who is on call is not known, since {source['name']} cannot be asked: {source['trouble']}"
    console.print(Text(text, "yellow"), soft_wrap=True)


def _who(duty: Item, source: Item | None) -> Text:
    """Return who has a line and who says so; why nobody is known, unless that was said above."""
    if duty["who"]:
        return Text.assemble((", ".join(duty["who"]), "green"), (f"  (by {duty['source']})", "dim"))
    said = source is not None and duty["unknown"] == source["trouble"]
    return Text("not known" if said else f"not known: {duty['unknown']}", "yellow")


def _table(turns: Sequence[Item], zone: ZoneInfo) -> Iterator[str]:
    """Yield the turns as lines of columns; a narrow terminal wraps them, and cuts nothing off."""
    rows: list[tuple[str, ...]] = [("handoff", "UTC", *LINES)]
    for turn in turns:
        start, who = _at(turn["start"]), [", ".join(duty["who"]) or "not known" for duty in turn["duties"]]
        local, utc = f"{start.astimezone(zone):%a %Y-%m-%d %H:%M %Z}", f"{start.astimezone(UTC):%Y-%m-%d %H:%M}"
        rows.append((local, utc, *who))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _both(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}, {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


# --- handoff ---


def _begin(plan: Plan, team: str, now: datetime) -> datetime:
    """Return when the shift began that is handed over: on the day of the handoff, the one that has just ended."""
    rota = next((rota for rota in plan.on_call if rota.team == team), None)
    if rota is None:
        return now - timedelta(days=WEEK_DAYS)
    zone = plan.calendar.timezone
    runs = shift_at(rota, zone, now)
    fresh = now - runs.start < timedelta(days=1)
    return shift_before(rota, zone, now).start if fresh else runs.start


def _facts(settings: Settings, plan: Plan, team: str, since: datetime, now: datetime, view: Item) -> Facts:
    desk = settings.desk_at

    def details(items: Sequence[Item]) -> list[Item]:
        return [ask(desk, f"/v1/incidents/{item['id']}") for item in items]

    def known(path: str, **parameters: Any) -> Callable[[], Any]:
        return lambda: every(desk, path, **parameters)

    def of_the_shift() -> list[Item]:
        ended = (item for item in _newest(desk, since) if not item["resolved_at"] or _at(item["resolved_at"]) >= since)
        return details([item for item in ended if _at(item["detected_at"]) < now])

    return Facts(
        title=plan.title,
        team=team,
        zone=plan.calendar.timezone,
        since=since,
        until=now,
        open=_part(lambda: details(every(desk, "/v1/incidents", state="open"))),
        incidents=_part(of_the_shift),
        promises=_part(known("/v1/slos")),
        changes=_part(lambda: ask(desk, "/v1/changes", limit=MOST_CHANGES)["items"]),
        corrections=_part(known("/v1/corrections")),
        actions=_part(known("/v1/action-items", state="open")),
        desk=_part(lambda: ask(desk, "/v1/desk")),
        coming=tuple(view["coming"]),
        freezes=freezes(plan.calendar.freezes, plan.calendar.timezone, since, now),
        rota=next((rota for rota in view["rotas"] if rota["team"] == team), None),
        links={"desk": plan.links.desk},
    )


def _newest(desk: str, since: datetime) -> list[Item]:
    """Return the incidents, page after page, down to the first that was detected before."""
    found: list[Item] = []
    cursor: dict[str, Any] = {}
    while True:
        page = ask(desk, "/v1/incidents", limit=MOST_INCIDENTS, **cursor)
        found += page["items"]
        if not page["next_cursor"] or _at(found[-1]["detected_at"]) < since:
            return found
        cursor = {"cursor": page["next_cursor"]}


def _part(question: Callable[[], Any]) -> Any:
    """Return an answer, or why there is none."""
    try:
        return question()
    except (NotRunning, RefusedQuestion) as error:
        return Missing(str(error))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
