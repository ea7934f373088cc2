"""`vcci demo`: shows the whole loop on a platform of its own, with real faults and faster clocks."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from vcci_platform.carbon import samples
from vcci_platform.cli.narrator import Told
from vcci_platform.cli.screen import Screen
from vcci_platform.demo import Fault, Outage, Report, StepMissed, Traffic, Watcher
from vcci_platform.demo.story import duration
from vcci_platform.demo.traffic import paths_of
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_platform.supervisor import Blueprint, Interrupted, Newcomer, clean_environment, demo_key, draw, running
from vcci_platform.supervisor.addresses import addresses
from vcci_platform.supervisor.newcomer import KEY_FILE
from vcci_slo.resolve.tiers import check_pace

__all__ = ["app"]

FIRST_PORT = 18_000
REQUESTS_PER_SECOND = 20.0
SAMPLE_SECONDS = 120

app = typer.Typer(help="Show the loop with real faults, on a platform of its own.", no_args_is_help=True)
out = Console(highlight=False, soft_wrap=True)


@app.callback()
def demo() -> None:
    """Show the loop with real faults, on a platform of its own. Nothing real is reached and nobody is woken."""


@app.command("outage")
def outage(
    *,
    share: Annotated[float, typer.Option(min=0.01, max=1, help="Share of the requests that meet the fault")] = 0.5,
    slow: Annotated[
        int | None, typer.Option(min=1, max=30_000, help="Let them take so many ms longer instead of failing")
    ] = None,
    time_scale: Annotated[float, typer.Option(min=1, max=300, help="How many times faster clocks run")] = 30,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Let the real Prometheus and Alertmanager decide")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Let everything run on after the end, until Ctrl-C")] = False,
) -> None:
    """Break the service for a minute, and watch alert, page, status page, escalation and recovery happen.

    The faults are real exceptions or delays in real requests. Nothing writes a counter, an SLI or a webhook.
    """
    home = Path(tempfile.mkdtemp(prefix="vcci-demo-"))
    settings = Settings.model_construct(home=home, time_scale=time_scale, faults_enabled=True)
    settings.spec = Settings().spec
    check_pace(platform_plan(settings))
    base = clean_environment(os.environ)

    def blueprint() -> Blueprint:
        return draw(settings, base=base, monitoring=prometheus, first_port=FIRST_PORT)

    try:
        with running(home, blueprint, Screen(out)) as platform:
            report = _show(platform.blueprint, Fault(share, slow))
            _tell(report, time_scale)
            if keep:
                _tell_kept(platform.blueprint)
                threading.Event().wait()
    except Interrupted:
        pass
    except BaseException:
        out.print(f"What was written until then is kept in {home}")
        raise
    shutil.rmtree(home, ignore_errors=True)
    out.print("Everything has ended.")


def _show(blueprint: Blueprint, fault: Fault) -> Report:
    """Send the traffic of customers, and let the outage happen in it."""
    key, _ = demo_key(blueprint)
    newcomer = Newcomer(blueprint.service, key)
    try:
        upload = newcomer.follow(newcomer.send(samples.purchases())["id"], lambda _: None, within=SAMPLE_SECONDS)
    finally:
        newcomer.close()
    paths = paths_of(upload["id"], upload["jobs"][0]["id"])
    settings = blueprint.settings
    watcher = Watcher(blueprint.desk, blueprint.sandbox, fault.promise)
    told = Told(out, settings.time_scale)
    try:
        with told, Traffic(blueprint.service, key, paths, per_second=REQUESTS_PER_SECOND) as traffic:
            told.chapter(f"{REQUESTS_PER_SECOND:.0f} requests a second to {blueprint.service}")
            report = Outage(blueprint.service, watcher, platform_plan(settings), fault, told).run()
    finally:
        watcher.close()
    seen = traffic.counts
    out.print(f"\n  Customers sent {seen.sent:,} requests; {seen.failed:,} were answered with a server error.")
    if not report.runbook_opens:
        raise StepMissed(f"expected the page to carry a runbook that opens, found {report.runbook or 'none'}")
    return report


def _tell(report: Report, scale: float) -> None:
    def both(seconds: float) -> str:
        return f"{duration(seconds):>12}   {duration(seconds * scale):>14}"

    out.print(f"\n[bold]{report.priority} incident {report.incident_id}[/]: {escape(report.page)}")
    out.print(f"  {'':<34} {'real':>12}   {f'at scale {scale:g}':>14}")
    out.print(f"  {'detected after':<34} {both(report.detected_after)}")
    rang = "once" if report.rang == 1 else f"{report.rang} times"
    out.print(f"  {f'paged after (it rang {rang})':<34} {both(report.paged_after)}")
    if report.public_after is not None:
        out.print(f"  {'on the status page after':<34} {both(report.public_after)}")
    if report.escalations:
        levels = "level" if report.escalations == 1 else "levels"
        out.print(f"  escalated by {report.escalations} {levels}, since nobody acted")
    out.print(f"  {'alerts over after the fault ended':<34} {both(report.recovered_after)}")
    out.print(f"  {'resolved after the fault ended':<34} {both(report.resolved_after)}")
    out.print(f"  {'in all':<34} {both(report.lasted)}")
    out.print(f"  The page's runbook opens: {report.runbook}")
    out.print("[bold yellow]  Nobody was woken:[/] the sandbox was the pager.")


def _tell_kept(blueprint: Blueprint) -> None:
    out.print()
    for name, url in addresses(blueprint, None).items():
        out.print(f"  {name:<16} {url}")
    out.print(f"  {'key to sign in':<16} {(blueprint.settings.home / KEY_FILE).read_text().strip()}")
    out.print(f"\nClocks still run {blueprint.settings.time_scale:g} times faster. Ctrl-C ends everything.")
