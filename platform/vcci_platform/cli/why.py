"""`vcci why ALERT`: the value against its limit, who was or would be paged, what holds it back, when it is over."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vcci_platform.asking import Access, Asker, AskingError, Bounds, client_for
from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.cli.options import Alertmanager, AsJson, PlatformSpec
from vcci_platform.cli.places import asked
from vcci_platform.cli.words import PRIORITIES, scale_note
from vcci_platform.live.conditions import NOT_MEASURED, Half
from vcci_platform.live.drift import wanted_delivery
from vcci_platform.live.eyes import DeskEyes, Eyes, PrometheusEyes
from vcci_platform.live.reasons import Inhibitor, Reason, Why, why
from vcci_platform.live.routing import Way
from vcci_platform.live.rung import Rung, rung
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo.promql.durations import promql_duration, words

__all__ = ["app", "headline"]

app = typer.Typer()

DESK_SECONDS: Final = 5.0
MOST_NAMED: Final = 4
MOST_SERIES: Final = 5
SIGNS: Final = {">": "above", ">=": "from", "<": "below", "<=": "at or below", "==": "at", "!=": "away from"}
STATES: Final = {"firing": "bold red", "pending": "yellow", "unknown": "yellow", "quiet": "green"}


@app.command(name="why")
@asks_prometheus
def show(
    alert: Annotated[str, typer.Argument(help="An alert, alert/tier, alert/severity, or the name of a promise")],
    *,
    spec: PlatformSpec = None,
    prometheus: Annotated[
        str | None, typer.Option(metavar="URL", help="Prometheus; unset, PROMETHEUS_URL; without it the desk is asked")
    ] = None,
    alertmanager: Alertmanager = None,
    as_json: AsJson = False,
    access: Given,
) -> None:
    """Say why an alert fires, or how far it is from firing, whom it wakes, and when it would be over."""
    settings = Settings()
    if spec is not None:
        settings.spec = spec
    plan = platform_plan(settings)
    with (
        client_for(Access(token=settings.desk_token)) as client,
        asked(settings, access, prometheus, alertmanager) as (api, manager),
    ):
        desk = Asker(client, "the desk", settings.desk_at, Bounds(answer_seconds=DESK_SECONDS))
        eyes: Eyes = DeskEyes(desk) if api is None else PrometheusEyes(api, plan)
        found = why(
            plan,
            alert,
            eyes,
            wanted_delivery(plan),
            datetime.now(UTC),
            treated=manager.alerts() if manager else (),
            silences=manager.silences() if manager else (),
        )
        incident = _incident(desk, found)
    if as_json:
        whole = dataclasses.asdict(found) | {"incident": dataclasses.asdict(incident) if incident else None}
        typer.echo(json.dumps(whole, indent=2, default=_plain))
    else:
        _print(found, incident)


def _incident(desk: Asker, found: Why) -> Rung | None:
    """Return the incident of an alert that fires; a desk that is not there has nothing to add."""
    firing = next((reason for reason in found.reasons if reason.state == "firing"), None)
    if firing is None:
        return None
    try:
        return rung(desk, firing.labels.get("system", ""), found.alert)
    except AskingError:
        return None


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print(found: Why, incident: Rung | None) -> None:
    console = Console()
    console.print(headline(found), soft_wrap=True)
    if found.promise:
        console.print(Text(f"Promised: {found.promise}"), soft_wrap=True)
    told: set[str] = set()
    for reason in found.reasons:
        _reason(console, reason, found, whole=reason.state in {"firing", "pending"} or reason.priority not in told)
        told.add(reason.priority)
    if incident is not None:
        _incident_lines(console, incident)
    _line(console, "Runbook", found.runbook_url or "none: it is not linked in the spec")
    if found.dashboard_url:
        _line(console, "Look at", found.dashboard_url)
    if found.because:
        _line(console, "Severity", found.because)
    if note := scale_note(found.time_scale):
        console.print(Text(note.strip(), style="yellow"))


def headline(found: Why) -> Text:
    """Return what a person wants first: does it fire, since when, how far beyond its limit, and is anybody told."""
    if not found.reasons:
        return Text(f"{found.alert} has no rule of that tier or severity")
    worst = found.reasons[0]
    style = PRIORITIES.get(worst.priority, "bold") if worst.state == "firing" else STATES[worst.state]
    passed = f" ({_passed(worst.since, found.at)})" if worst.since else ""
    since = f" since {worst.since.astimezone(UTC):%H:%M} UTC{passed}" if worst.since else ""
    telling = _telling(worst)
    match worst.state:
        case "firing":
            text = f"{found.alert} fires{since}: {_part(worst)}"
        case "pending":
            at = (worst.since or found.at) + worst.lasts
            text = f"{found.alert} is pending{since}: it fires at {at.astimezone(UTC):%H:%M:%S} UTC, {worst.priority}"
        case "unknown":
            return Text(f"{found.alert} is not judged: {found.not_judged or _unseen(worst)}", style=style)
        case _:
            text = f"{found.alert} does not fire"
    return Text(f"{text}{telling}", style=style)


def _unseen(reason: Reason) -> str:
    return f"no data for {', '.join(half.words for half in reason.halves if half.now == NOT_MEASURED)}"


def _telling(reason: Reason) -> str:
    """Return the half that says most, against its limit."""
    measured = [half for half in reason.halves if half.value is not None and half.limit]
    if not measured:
        return ""
    # While it is quiet, what keeps it so; the other halves may be beyond their limits.
    first = next((half for half in measured if half.holds is not (reason.state == "quiet")), measured[0])
    sign, _, limit = first.limit.partition(" ")
    if reason.state == "firing":
        return f"; {first.words}: {first.now}, limit {limit}{_unheard(reason)}"
    return f"; {first.words}: {first.now}, fires {SIGNS[sign]} {limit}"


def _unheard(reason: Reason) -> str:
    """Return why nobody hears of an alert although it fires, nothing if somebody does."""
    if reason.treatments and all(one.state == "suppressed" for one in reason.treatments):
        held = dict.fromkeys(name for one in reason.treatments for name in one.inhibited)
        silenced = any(one.silenced for one in reason.treatments)
        return f"; nobody is told: {'a silence hides it' if silenced else 'held back by ' + ', '.join(held)}"
    return ""


def _reason(console: Console, reason: Reason, found: Why, *, whole: bool) -> None:
    """Print one rule; what its severity brings is said once, unless it fires."""
    console.print(Text.assemble((_part(reason), "bold"), "  ", (reason.state, STATES[reason.state])))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for half in reason.halves:
        table.add_row(*_row(half))
    console.print(table)
    if reason.lasts:
        _line(console, "Must last", words(reason.lasts))
    for one in [one for one in reason.active if one.summary][:MOST_SERIES]:
        _line(console, "It says", one.summary)
    if reason.state in {"firing", "pending"}:
        _line(console, "Over", _over(reason, found))
    if not whole:
        return
    route = "; ".join(_way(way, reason) for way in reason.ways) or "none"
    system = reason.labels.get("system", "")
    _line(console, "Route", route if found.inhibits else f"the desk, into the incident of {system}; at scale {route}")
    for treatment in reason.treatments:
        said = [*treatment.silenced, *(f"held back by {name}" for name in treatment.inhibited)]
        does = "keeps it quiet" if treatment.state == "suppressed" else f"tells {', '.join(treatment.receivers)}"
        _line(console, "Alertmanager", f"{does}{_listed(said)}")
    if found.inhibits:
        _line(console, "Held back by", _inhibitors(reason.inhibitors))
    _line(console, "Wakes" if reason.heard.wakes else "Tells", reason.heard.sentence)
    if reason.state in {"firing", "pending"}:
        for index, deadline in enumerate([*filter(None, ["; ".join(reason.heard.deadlines)]), *reason.heard.escalates]):
            _line(console, "" if index else "By when", deadline)


def _part(reason: Reason) -> str:
    return reason.priority if reason.part == reason.priority else f"{reason.priority} {reason.part}".strip()


def _passed(since: datetime, now: datetime) -> str:
    return words(timedelta(seconds=max(round((now - since).total_seconds()), 0)))


def _row(half: Half) -> tuple[Text, str, str, str]:
    mark = {True: ("yes", "red"), False: ("no", "green"), None: ("?", "yellow")}[half.holds]
    return (
        Text(f"  {mark[0]:<3}", style=mark[1]),
        half.words,
        f"{half.now}{f' ({half.of})' if half.of else ''}",
        half.limit,
    )


def _over(reason: Reason, found: Why) -> str:
    if reason.clears_in is None:
        kept = f", and {words(reason.keeps)} after that" if reason.keeps else ""
        return f"{reason.clears_because or 'when its condition ends'}{kept}"
    at, good = found.at + reason.clears_in, found.at + reason.clears_in + found.monitor_for
    clock = "%H:%M:%S" if reason.clears_in < timedelta(minutes=10) else "%H:%M"
    kept = f"{words(reason.keeps)} after " if reason.keeps else "when "
    return (
        f"at about {at:{clock}} UTC if nothing bad happens from now: {kept}{reason.clears_because}. "
        f"The incident ends after {words(found.monitor_for)} of good data, at about {good:{clock}} UTC"
    )


def _way(way: Way, reason: Reason) -> str:
    tells = ", ".join(reason.tells.get(way.receiver, ())) or "nothing"
    hours = f" during {', '.join(way.active)}" if way.active else ""
    wait = promql_duration(way.wait) if way.wait else "0s"
    return f"receiver {way.receiver} ({tells}){hours}, grouped by {', '.join(way.group_by)}, after {wait}"


def _inhibitors(several: Sequence[Inhibitor]) -> str:
    if not several:
        return "nothing can hold it back"
    firing = list(dict.fromkeys(name for one in several for name in one.firing))
    if firing:
        return f"{', '.join(firing)}, which fires now"
    names = list(dict.fromkeys(name for one in several for name in one.alerts))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"nothing now; {', '.join(names[:MOST_NAMED])}{more} would"


def _incident_lines(console: Console, incident: Rung) -> None:
    has = (
        f", acknowledged by {incident.acknowledged_by}" if incident.acknowledged_by else ", nobody has acknowledged it"
    )
    _line(console, "Incident", f"{incident.id} {incident.priority} {incident.state}, level {incident.level}{has}")
    for page in incident.pages:
        _line(console, "", page)


def _line(console: Console, title: str, text: str) -> None:
    console.print(Text.assemble((f"  {title:<13}", "dim"), text), soft_wrap=True)


def _listed(said: Sequence[str]) -> str:
    return f"; {'; '.join(said)}" if said else ""
