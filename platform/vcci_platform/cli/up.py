"""`vcci up`: everything on this machine with one command, and the addresses of all of it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from vcci_platform.carbon import samples
from vcci_platform.cli.screen import Screen
from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_platform.supervisor import (
    Blueprint,
    Interrupted,
    Newcomer,
    Summary,
    demo_key,
    draw,
    running,
)
from vcci_platform.supervisor.addresses import addresses, check
from vcci_platform.supervisor.newcomer import KEY_FILE
from vcci_slo.resolve.tiers import check_pace

__all__ = ["app"]

SAMPLE_SECONDS = 120
ANSWER_SECONDS = 10
REASONS = 6

app = typer.Typer()
out = Console(highlight=False, soft_wrap=True)


class NoDemonstration(PlatformError):
    """The clocks would run faster while real people can be woken."""

    exit_code = 2


@app.command(name="up")
def up(
    *,
    home: Annotated[Path | None, typer.Option(help="Folder of databases, files, keys and logs; unset, .vcci")] = None,
    time_scale: Annotated[
        float | None, typer.Option(min=1, max=1000, help="Let clocks run so many times faster; demonstrations only")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample/--no-sample", help="Calculate the sample purchases")] = True,
    prometheus: Annotated[
        bool,
        typer.Option("--prometheus", help="Let the real Prometheus and Alertmanager decide; they must be installed"),
    ] = False,
) -> None:
    """Run the whole platform on this machine: service, desk, sandbox and runbooks. Ctrl-C ends it.

    A demo tenant is made and the sample purchases are calculated, then the addresses of everything are printed.
    """
    began = time.monotonic()
    settings = _settings(home, time_scale)
    try:
        with running(settings.home, lambda: draw(settings, monitoring=prometheus), Screen(out)) as platform:
            blueprint = platform.blueprint
            key, summary = _first_steps(blueprint, sample=sample)
            found = addresses(blueprint, summary.upload_id if summary else None)
            check(blueprint, found, key)
            platform.note(found)
            _tell_addresses(blueprint, found, key)
            out.print(f"\nReady after [bold]{time.monotonic() - began:.1f} s[/]. Ctrl-C ends everything.")
            threading.Event().wait()
    except Interrupted:
        out.print("Everything has ended.")


def _settings(home: Path | None, time_scale: float | None) -> Settings:
    settings = Settings()
    if home is not None:
        settings.home = home
    if time_scale is not None:
        settings.time_scale = time_scale
    if settings.time_scale != 1 and settings.pagerduty_routing_key is not None:
        raise NoDemonstration(
            f"expected no real pager while clocks run {settings.time_scale:g} times faster, found PAGERDUTY_ROUTING_KEY"
            "; take it out of the environment, or leave the clocks alone"
        )
    check_pace(platform_plan(settings))
    return settings


def _first_steps(blueprint: Blueprint, *, sample: bool) -> tuple[str, Summary | None]:
    """Become the demo tenant and calculate the sample."""
    key, made = demo_key(blueprint)
    where = blueprint.settings.home / KEY_FILE
    out.print(f"  Tenant [bold]demo[/] {'made' if made else 'found'}; its API key is in {where}")
    if not sample:
        return key, None
    newcomer = Newcomer(blueprint.service, key)
    try:
        upload = newcomer.send(samples.purchases())
        summary = newcomer.summary(_calculated(newcomer, upload))
    finally:
        newcomer.close()
    _tell_summary(summary)
    return key, summary


def _calculated(newcomer: Newcomer, upload: dict[str, Any]) -> dict[str, Any]:
    """Show how far the calculation really is until it is done."""
    columns = (TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=not out.is_terminal) as bar:
        task = bar.add_task(f"Calculating {upload['filename']}", total=1.0)

        def show(seen: dict[str, Any]) -> None:
            rows = f", {seen['rows_total']:,} rows" if seen["rows_total"] else ""
            bar.update(task, completed=seen["progress"], description=f"Calculating {seen['filename']}{rows}")

        return newcomer.follow(upload["id"], show, within=SAMPLE_SECONDS)


def _tell_summary(summary: Summary) -> None:
    tonnes = summary.kg_co2e / 1000
    out.print(
        f"\n  [bold green]{tonnes:,.0f} t CO2e[/] from {summary.lines:,} of {summary.rows_total:,} purchases "
        f"(category 1, by spend, EPA supply chain factors)"
    )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for sector in summary.sectors:
        share = f"{sector.share:.0%}" if sector.share is not None else ""
        table.add_row("   ", f"{sector.kg_co2e / 1000:>10,.0f} t", share, escape(sector.name))
    out.print(table)
    if summary.rows_with_gaps:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary.gaps[:REASONS])
        if others := sum(count for _, count in summary.gaps[REASONS:]):
            reasons += f", others {others}"
        out.print(f"  {summary.rows_with_gaps:,} rows were not calculated, never guessed: {reasons}")


def _tell_addresses(blueprint: Blueprint, found: dict[str, str], key: str) -> None:
    home = blueprint.settings.home
    out.print()
    for name, url in found.items():
        out.print(f"  {name:<16} [link={url}][cyan]{escape(url)}[/][/link]")
    out.print(f"  {'logs':<16} {home / 'logs'}")
    # On a terminal a person must be able to copy it; a file that output is sent to is no place for a key.
    out.print(f"  {'key to sign in':<16} {key if out.is_terminal else home / KEY_FILE}")
    ask = f'curl -H "Authorization: Bearer $(cat {home / KEY_FILE})" {blueprint.service}/v1/uploads'
    out.print(f"  {'ask the API':<16} {ask}\n")
    _tell_alerts(blueprint)
    if "pagerduty" in blueprint.sandboxed:
        out.print("  [bold yellow]Nobody will be woken:[/] the sandbox is the pager.")


def _tell_alerts(blueprint: Blueprint) -> None:
    """Say who judges, and how much is not judged: silence about those must not look like health."""
    answer = httpx.get(f"{blueprint.desk}/v1/alerts", timeout=ANSWER_SECONDS, trust_env=False)
    answer.raise_for_status()
    alerts = answer.json()
    left_out = [item["alert"] for item in alerts["not_evaluated"]] or list(blueprint.not_judged)
    out.print(f"  Alerts are judged by {alerts['evaluated_by']}.", end="")
    if blueprint.not_judged:
        out.print(f" {len(left_out)} need exporters that do not run here and are not judged: {', '.join(left_out)}.")
    elif left_out:
        out.print(
            f" {len(left_out)} need Prometheus and exporters and are not judged here: {blueprint.desk}/desk lists them."
        )
    else:
        out.print()
