"""`vcci spec simulate`: what the first minutes of an incident would be, from the spec alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.cli.options import AsJson, PlatformSpec
from vcci_platform.cli.words import PRIORITIES, scale_note
from vcci_platform.incidents.drill.foresight import AHEAD, ITSELF, Foresight, Happening, document, foresee
from vcci_platform.incidents.model import Priority
from vcci_platform.settings import Settings
from vcci_platform.specs import plan_of, platform_plan
from vcci_slo.promql.durations import parse_duration, words

__all__ = ["simulate", "span"]

LONGEST_MINUTES = 7 * 24 * 60
STYLES = {"PagerDuty": "bold red", ITSELF: "red", "Status page": "magenta", "Reminder": "yellow", AHEAD: "dim"}
NEVER = "never"
IN_MINUTES = timedelta(hours=3)
"""What lasts longer is told in hours and minutes."""


def span(text: str) -> timedelta | None:
    """Return the duration that a person types; None for `never`."""
    if text == NEVER:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; or {NEVER}") from None


def simulate(
    *,
    severity: Annotated[Priority, typer.Option(help="How bad it is")] = Priority.P0,
    minutes: Annotated[int, typer.Option(min=1, max=LONGEST_MINUTES, help="How far to look")] = 90,
    acknowledge_after: Annotated[str, typer.Option(metavar="DURATION", help="5m, or never")] = NEVER,
    at: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When it begins: 2026-03-06T17:30, in the calendar's zone unless it says"),
    ] = None,
    pagerduty_away: Annotated[
        bool, typer.Option("--pagerduty-away", help="PagerDuty takes nothing: see what is done instead")
    ] = False,
    resolve_after: Annotated[
        str, typer.Option(metavar="DURATION", help="When the alerts end: 40m, or never; the desk then watches")
    ] = NEVER,
    spec: PlatformSpec = None,
    as_json: AsJson = False,
) -> None:
    """Print what an incident would do: pages and to whom, reminders, updates due, status page, escalations, review.

    The real decisions, timers and outbox of the desk are played in virtual time; nobody is told anything. What
    PagerDuty does by itself while nobody acknowledges is shown as PagerDuty's. The same spec prints the same. The desk
    has every way to the outside here, a second pager and mail too; what a severity with working hours asks of people
    waits for them.
    """
    plan = plan_of(spec) if spec is not None else platform_plan(Settings())
    seen = foresee(
        plan,
        severity,
        timedelta(minutes=minutes),
        acknowledged=span(acknowledge_after),
        over=span(resolve_after),
        at=_moment(at, plan.calendar.timezone),
        pagerduty=not pagerduty_away,
    )
    if as_json:
        typer.echo(json.dumps(document(seen), indent=2, ensure_ascii=False))
    else:
        _print(Console(), seen, scale_note(plan.time_scale))


def _print(console: Console, seen: Foresight, note: str) -> None:
    acknowledged = _when("acknowledged", seen.acknowledged)
    over = _when("over", seen.over)
    console.print(Text(f"{seen.priority} {seen.title}", style=PRIORITIES[seen.priority]))
    console.print(f"{words(seen.length)} as if detected on {_begins(seen.begins)}; {acknowledged}; {over}.{note}")
    if seen.hours:
        console.print(
            f"People are asked only in working hours, {seen.hours}: outside them every deadline stands still."
        )
    table = Table(box=None, pad_edge=False, header_style="bold")
    long = seen.length > IN_MINUTES
    table.add_column("h:mm" if long else "minute", justify="right", no_wrap=True)
    for title in ("through", "to", "what"):
        table.add_column(title, no_wrap=title == "through")
    last = ""
    for one in seen.happenings:
        minute = _hours(one) if long else _minute(one)
        table.add_row(
            minute if minute != last else "", Text(one.channel, STYLES.get(one.channel, "")), one.to, Text(one.what)
        )
        last = minute
    console.print(table)
    console.print(f"After {words(seen.length)} its state is: {seen.state}.")


def _moment(text: str | None, zone: str) -> datetime | None:
    """Return the moment that a person types, on the clocks of a zone; None where nothing was typed."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a moment such as 2026-03-06T17:30, found {text!r}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _begins(moment: datetime) -> str:
    return f"{moment:%A}, {moment.day} {moment:%B %Y}, at {moment:%H:%M} UTC"


def _when(what: str, after: timedelta | None) -> str:
    return f"never {what}" if after is None else f"{what} after {words(after)}"


def _hours(one: Happening) -> str:
    """Return a moment of a long incident: nobody counts in thousands of minutes."""
    minutes = round(one.after / timedelta(minutes=1))
    return f"{minutes // 60}:{minutes % 60:02}"


def _minute(one: Happening) -> str:
    return f"{one.after / timedelta(minutes=1):g}"
