"""`vcci now`: one screen with what fires, what burns, the last change, who is on call, the runbook to open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.ask import ask
from vcci_platform.cli.words import PRIORITIES, ago, percent, rate, scale_note, share
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo import Plan

__all__ = ["app"]

app = typer.Typer()

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Item = Mapping[str, Any]


@app.command(name="now")
def show() -> None:
    """Say in one screen whether anything is broken, how bad it is, and what to open first."""
    settings = Settings()
    plan = platform_plan(settings)
    desk = settings.desk_at
    slos: Sequence[Item] = ask(desk, "/v1/slos", limit=200)["items"]
    alerts: Item = ask(desk, "/v1/alerts")
    firing = [item for item in alerts["active"] if item["state"] == "firing"]
    incidents = [item for item in ask(desk, "/v1/incidents")["items"] if item["resolved_at"] is None]
    changes: Sequence[Item] = ask(desk, "/v1/changes", limit=3)["items"]
    console = Console()
    console.print(_headline(slos, firing, incidents))
    _incidents(console, incidents)
    _firing(console, firing, alerts)
    _burning(console, slos)
    _lines(console, "Last changes", [f"{item['text']}, {ago(item['at'])}" for item in changes] or ["none seen"])
    _lines(console, "On call", _on_call(plan))
    first = next((item["runbook_url"] for item in firing if item["runbook_url"]), "")
    _lines(console, "Open first", [first or "nothing: nobody needs a runbook now"])
    if slos and (note := scale_note(slos[0]["time_scale"])):
        console.print(Text(note.strip(), style="yellow"))


def _headline(slos: Sequence[Item], firing: Sequence[Item], incidents: Sequence[Item]) -> Text:
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    unknown = [item["name"] for item in slos if item["state"] == "unknown"]
    if incidents or firing:
        worst = min(item["priority"] for item in (*incidents, *firing))
        text, style = f"Something is wrong, at worst {worst}", PRIORITIES[worst]
    elif unknown:
        text, style = f"Nothing fires, but {len(unknown)} of {len(slos)} promises are unknown", "yellow"
    else:
        text, style = "Nothing fires, every promise is observed", "green"
    return Text.assemble((text, style), (f"   {moment}", "dim"))


def _incidents(console: Console, incidents: Sequence[Item]) -> None:
    lines = [
        f"{item['priority']} {item['state']}, level {item['level']}, {ago(item['detected_at'])}: "
        f"{item['title']} ({item['id']})"
        for item in incidents
    ]
    _lines(console, "Open incidents", lines or ["none"])


def _firing(console: Console, firing: Sequence[Item], alerts: Item) -> None:
    lines = [f"{item['priority']} {item['alert']}: {item['summary']}, {ago(item['since'])}" for item in firing]
    missing = len(alerts["not_evaluated"])
    note = f" ({missing} alerts are not evaluated here)" if missing else ""
    _lines(console, f"Firing, judged by {alerts['evaluated_by']}{note}", lines or ["nothing"])


def _burning(console: Console, slos: Sequence[Item]) -> None:
    lines = [
        f"{item['name']}: SLI {percent(item['budget']['sli'])}, {share(item['budget']['remaining'])} "
        f"of the budget left, burning at {rate((item['burn'] or [{}])[0].get('long'))}"
        for item in slos
        if item["state"] in {"burning", "exhausted"}
    ]
    _lines(console, "Burning", lines or ["nothing"])


def _on_call(plan: Plan) -> list[str]:
    """Return the rotas: who exactly is on call is PagerDuty's to say, from the schedules named here."""
    lines: list[str] = []
    for rota in plan.on_call:
        hour, minute = divmod(rota.handoff_minute, 60)
        lines.append(
            f"{rota.team}: schedules {rota.primary} and {rota.secondary} in PagerDuty {plan.links.pagerduty}".rstrip()
            + f"; hands over {DAYS[rota.handoff_day]} {hour:02}:{minute:02} {plan.calendar.timezone}"
        )
    return lines or ["no rota in the spec"]


def _lines(console: Console, title: str, lines: Sequence[str]) -> None:
    console.print(Text(title, style="bold"))
    for line in lines:
        console.print(Text(f"  {line}"), soft_wrap=True)
