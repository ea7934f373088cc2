"""`vcci drill`: a game day, in virtual time or on a desk in the sandbox, with a report of every deadline."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vcci_platform.cli.ask import ask, tell
from vcci_platform.cli.options import AsJson, PlatformSpec
from vcci_platform.clock import SystemClock
from vcci_platform.errors import PlatformError
from vcci_platform.incidents.drill.live import LiveDrill, check_harmless
from vcci_platform.incidents.drill.rehearsal import rehearse
from vcci_platform.incidents.drill.report import DrillReport, document, markdown
from vcci_platform.incidents.drill.script import Script, default_script, read_script
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.settings import Settings
from vcci_platform.specs import plan_of, platform_plan
from vcci_slo import Plan

__all__ = ["app"]

app = typer.Typer()


class NoScript(PlatformError):
    """The script that was named is not there, or names what the spec does not have."""

    exit_code = 2


class Severity(StrEnum):
    """What can be drilled: P3 promises nothing."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"


@app.command()
def drill(
    severity: Annotated[Severity, typer.Argument(help="How bad the incident is that is played")],
    *,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What people do, as YAML; unset, everything, in time")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Play in real time on the running desk, in the sandbox only")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as Markdown into it too")] = None,
    spec: PlatformSpec = None,
    as_json: AsJson = False,
) -> None:
    """Play an incident and report every deadline of the spec: met or missed, and by how much.

    In virtual time it takes a second and tells nobody. With --live the desk of `vcci up` does it all, in real time; it
    refuses where PagerDuty, the status page, the chat or the mail are not the sandbox. Where people sign in, the owner
    of VCCI_DESK_TOKEN plays everybody. Ends with 0 if every deadline was met, 1 if one was missed or an act refused, 2
    if it could not be played.
    """
    priority = Priority(severity.value)
    report = _live(priority, script, spec) if live else _virtual(priority, script, spec)
    if out is not None:
        out.write_text(markdown(report), encoding="utf-8")
    typer.echo(json.dumps(document(report), indent=2, ensure_ascii=False) if as_json else markdown(report).rstrip())
    if not report.passed:
        raise typer.Exit(1)


def _virtual(priority: Priority, script: Path | None, spec: Path | None) -> DrillReport:
    plan = plan_of(spec) if spec is not None else platform_plan(Settings())
    policy = IncidentPolicy.from_plan(plan)
    return rehearse(_script(script, priority, policy, plan), policy)


def _live(priority: Priority, script: Path | None, spec: Path | None) -> DrillReport:
    settings = Settings()
    desk = Running(settings.desk_at)
    settings.time_scale = check_harmless(desk)
    plan = plan_of(spec, time_scale=settings.time_scale) if spec is not None else platform_plan(settings)
    policy = IncidentPolicy.from_plan(plan)
    played = _script(script, priority, policy, plan)
    return LiveDrill(
        desk,
        played,
        policy,
        SystemClock(),
        time.sleep,
        on_step=lambda said: typer.echo(said, err=True),
        signed_in=settings.desk_token is not None,
    ).run()


def _script(path: Path | None, priority: Priority, policy: IncidentPolicy, plan: Plan) -> Script:
    if path is None:
        shown = (member for members in policy.public.values() for member in members)
        return default_script(priority, policy, next(shown, ""))
    if not path.is_file():
        raise NoScript(f"expected a script at {path}, found nothing")
    script = read_script(path.read_text(encoding="utf-8"), path.as_posix(), priority, policy)
    known = sorted(component.name for component in plan.components)
    if script.component and script.component not in known:
        raise NoScript(f"{path}: component: expected one of {', '.join(known)}, found {script.component!r}")
    return script


@dataclass(frozen=True)
class Running:
    """The desk at an address."""

    address: str

    def ask(self, path: str, **parameters: str) -> Any:
        return ask(self.address, path, **parameters)

    def tell(self, path: str, body: Mapping[str, Any], method: str = "POST") -> Any:
        return tell(self.address, path, body, method)
