"""`vcci now`: one screen with what fires, what burns, the last change, who is on call, the runbook to open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.ask import RefusedQuestion, ask, every
from vcci_platform.cli.options import AsJson
from vcci_platform.cli.words import PRIORITIES, ago, percent, rate, scale_note, share
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo import Plan
from vcci_slo.oncall import shift_at, whose_turn
from vcci_slo.plan import LINES

__all__ = ["app"]

app = typer.Typer()

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Item = Mapping[str, Any]


@app.command(name="now")
def show(*, as_json: AsJson = False) -> None:
    """Say in one screen whether anything is broken, how bad it is, and what to open first."""
    settings = Settings()
    plan = platform_plan(settings)
    desk = settings.desk_at
    slos: Sequence[Item] = every(desk, "/v1/slos")
    alerts: Item = ask(desk, "/v1/alerts")
    firing = [item for item in alerts["active"] if item["state"] == "firing"]
    incidents = [item for item in ask(desk, "/v1/incidents")["items"] if item["resolved_at"] is None]
    changes: Sequence[Item] = ask(desk, "/v1/changes", limit=3)["items"]
    if as_json:
        found = {"slos": slos, "alerts": alerts, "incidents": incidents, "changes": changes}
        typer.echo(json.dumps(found, indent=2))
        return
    console = Console()
    console.print(_headline(slos, firing, incidents))
    _incidents(console, incidents)
    _firing(console, firing, alerts)
    _burning(console, slos)
    _lines(console, "Last changes", [f"{item['text']}, {ago(item['at'])}" for item in changes] or ["none seen"])
    _lines(console, "On call", _on_call(desk, plan))
    first = next((item["runbook_url"] for item in firing if item.get("runbook_url")), "")
    _lines(console, "Open first", [first or "nothing: nobody needs a runbook now"])
    if slos and (note := scale_note(slos[0].get("time_scale", 1))):
        console.print(Text(note.strip(), style="yellow"))


def _headline(slos: Sequence[Item], firing: Sequence[Item], incidents: Sequence[Item]) -> Text:
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    unknown = [item["name"] for item in slos if item["state"] == "unknown"]
    if incidents or firing:
        worst = min(item["priority"] for item in (*incidents, *firing))
        text, style = f"Something is wrong, at worst {worst}", PRIORITIES.get(worst, "red")
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
    missing = len(alerts.get("not_evaluated", ()))
    note = f" ({missing} alerts are not evaluated here)" if missing else ""
    _lines(console, f"Firing, judged by {alerts['evaluated_by']}{note}", lines or ["nothing"])


def _burning(console: Console, slos: Sequence[Item]) -> None:
    lines = [
        f"{item['name']}: SLI {percent(item['budget']['sli'])}, {share(item['budget']['remaining'])} "
        f"of the budget left, burning at {rate((item.get('burn') or [{}])[0].get('long'))}"
        for item in slos
        if item["state"] in {"burning", "exhausted"}
    ]
    _lines(console, "Burning", lines or ["nothing"])


def _on_call(desk: str, plan: Plan) -> list[str]:
    """Return the rotas with who has them; of a desk of another version, what the spec alone knows."""
    try:
        view: Item = ask(desk, "/v1/oncall")
    except RefusedQuestion:
        return _by_the_spec(plan)
    source = view["source"]
    old = f" (told {ago(source['known_at'])})" if source and source["known_at"] and source["trouble"] else ""
    return [
        f"{rota['team']}: {', '.join(_duty(duty) for duty in rota['now']['duties'])}{old}"
        f"; hands over {rota['hands_over']} {rota['zone']}"
        for rota in view["rotas"]
    ] or ["no rota in the spec"]


def _duty(duty: Item) -> str:
    who = " and ".join(duty["who"])
    return f"{duty['line']} {who}" if who else f"{duty['line']} not known ({duty['unknown']})"


def _by_the_spec(plan: Plan) -> list[str]:
    """Return the rotas: whose turn it is by the spec, or the schedules in which PagerDuty knows it."""
    lines: list[str] = []
    for rota in plan.on_call:
        hour, minute = divmod(rota.handoff_minute, 60)
        shift = shift_at(rota, plan.calendar.timezone, datetime.now(UTC))
        who = [whose_turn(rota, line, shift) or rota.schedule(line) or "nobody yet" for line in LINES]
        where = f" in PagerDuty {plan.links.pagerduty}".rstrip() if rota.primary or rota.secondary else ""
        kept = "schedules " if rota.primary and rota.secondary else ""
        lines.append(
            f"{rota.team}: {kept}{' and '.join(who)}{where}"
            f"; hands over {DAYS[rota.handoff_day]} {hour:02}:{minute:02} {plan.calendar.timezone}"
        )
    return lines or ["no rota in the spec"]


def _lines(console: Console, title: str, lines: Sequence[str]) -> None:
    console.print(Text(title, style="bold"))
    for line in lines:
        console.print(Text(f"  {line}"), soft_wrap=True)
