"""`vcci drift`: the spec against the Prometheus and Alertmanager that run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.cli.options import Alertmanager, AsJson, PlatformSpec, Prometheus
from vcci_platform.cli.places import asked, nowhere
from vcci_platform.live.drift import Report, drift
from vcci_platform.live.finding import Drift
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan

__all__ = ["app"]

app = typer.Typer()

TITLES: Final = {
    "prometheus": "Prometheus itself",
    "target": "Targets",
    "group": "Groups of rules",
    "rule": "Rules",
    "route": "Routes",
    "receiver": "Receivers",
    "inhibition": "Inhibitions",
    "hours": "Hours",
    "silence": "Silences",
}


@app.command(name="drift")
@asks_prometheus
def show(
    *,
    spec: PlatformSpec = None,
    prometheus: Prometheus = None,
    alertmanager: Alertmanager = None,
    as_json: AsJson = False,
    access: Given,
) -> None:
    """Say in what Prometheus and Alertmanager differ from the spec: rules, targets, routes, silences.

    Ends with 0 if nothing differs, with 1 if something does, with 2 if they could not be asked.
    """
    settings = Settings()
    if spec is not None:
        settings.spec = spec
    plan = platform_plan(settings)
    with asked(settings, access, prometheus, alertmanager) as (watcher, manager):
        if watcher is None and manager is None:
            raise nowhere("--prometheus and --alertmanager")
        report = drift(plan, watcher, manager, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(report), indent=2, default=str))
    else:
        _print(report)
    if report.findings:
        raise typer.Exit(1)


def _print(report: Report) -> None:
    console = Console()
    console.print(_headline(report), soft_wrap=True)
    for what, title in TITLES.items():
        several = [found for found in report.findings if found.what == what]
        if several:
            console.print(Text(title, style="bold"))
            _lines(console, several)
    for name, url in (("Prometheus", report.prometheus), ("Alertmanager", report.alertmanager)):
        if not url:
            variable = f"{name.upper()}_URL"
            console.print(Text(f"{name} was not looked at: {variable} is not set.", style="yellow"), soft_wrap=True)


def _headline(report: Report) -> Text:
    count = len(report.findings)
    where = " and ".join(url for url in (report.prometheus, report.alertmanager) if url)
    if not count:
        return Text(f"No drift: {where} run what {report.plan} says, {report.rules} rules", style="green")
    kinds = ", ".join(
        f"{number} {what}{'s' if number != 1 and what not in {'hours', 'prometheus'} else ''}"
        for what in TITLES
        if (number := sum(found.what == what for found in report.findings))
    )
    return Text(
        f"Drift: {count} difference{'s' if count != 1 else ''} between {report.plan} and {where} ({kinds})", "red"
    )


def _lines(console: Console, several: Sequence[Drift]) -> None:
    for found in several:
        console.print(Text(f"  {found.subject} {found.words}"), soft_wrap=True)
        if found.expected or found.found:
            console.print(Text(f"    spec  {found.expected}", style="green"), soft_wrap=True)
            console.print(Text(f"    live  {found.found}", style="red"), soft_wrap=True)
