"""`vcci spec`: validate a spec with every problem at its place; print the JSON Schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vcci_alerts.errors import AlertsError
from vcci_dashboards.errors import DashboardsError
from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.cli.spec_live import look
from vcci_platform.cli.spec_simulate import simulate
from vcci_platform.generate import OUTPUTS, destinations, render
from vcci_platform.specs import find_spec, place_of, plan_of
from vcci_runbooks_site.errors import RunbooksError
from vcci_slo.errors import SpecError
from vcci_slo.plan import Plan
from vcci_slo.spec import json_schema

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Validate specs and describe their form."""


@app.command()
@asks_prometheus
def validate(
    files: Annotated[list[Path] | None, typer.Argument(help="Specs; unset, the one of this folder")] = None,
    *,
    spec: Annotated[list[Path] | None, typer.Option(help="A spec, as other commands take it; may be repeated")] = None,
    live: Annotated[bool, typer.Option("--live", help="Look also whether everything is there in Prometheus")] = False,
    prometheus: Annotated[
        str | None, typer.Option(metavar="URL", help="Where --live looks; unset, PROMETHEUS_URL")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON")] = False,
    access: Given,
) -> None:
    """Check form, units, references, thresholds and every PromQL expression. All problems are told at once.

    Ends with 2 if something is wrong. With --live each signal, promise and measure is looked up in Prometheus: ends
    with 1 if something is missing there.
    """
    failed = missing = False
    judged: list[dict[str, object]] = []
    for path in [*(files or ()), *(spec or ())] or [find_spec(None, Path.cwd())]:
        plan, problems = _judged(find_spec(path, Path.cwd()))
        failed |= bool(problems)
        if plan is not None and not problems and live:
            missing |= not look(path, plan, prometheus, access, as_json=as_json)
        elif as_json:
            counts = _counts(plan) if plan is not None else {}
            judged.append({"spec": path.as_posix(), "valid": not problems, "counts": counts, "problems": problems})
        else:
            _tell(path, plan, problems)
    if judged:
        typer.echo(json.dumps(judged, indent=2, ensure_ascii=False))
    if failed or missing:
        raise typer.Exit(2 if failed else 1)


def _tell(path: Path, plan: Plan | None, problems: tuple[str, ...]) -> None:
    if plan is not None and not problems:
        typer.echo(f"{path}: valid: {_summary(plan)}")
        return
    for problem in problems:
        typer.echo(problem, err=True)
    count = len(problems)
    typer.secho(f"{path}: {count} problem{'s' if count != 1 else ''}", err=True, fg=typer.colors.RED)


def _judged(path: Path) -> tuple[Plan | None, tuple[str, ...]]:
    """Return the plan of a spec, and every problem that its reader or a renderer has with it, each at its place."""
    try:
        plan = plan_of(path)
    except SpecError as error:
        return None, tuple(str(problem) for problem in error.problems)
    folders = destinations(None)
    found: dict[str, None] = {}
    for output in OUTPUTS:
        try:
            render(plan, folders, [output])
        except (AlertsError, DashboardsError, RunbooksError) as error:
            place = place_of(path, str(error).partition(": ")[0])
            found[f"{place.file}:{place.line}:{place.column}: {error}"] = None
    return plan, tuple(found)


def _counts(plan: Plan) -> dict[str, int]:
    return {
        "components": len(plan.components),
        "promises": len(plan.slos),
        "alerts": len(plan.alerts),
        "dashboards": len(plan.dashboards),
    }


def _summary(plan: Plan) -> str:
    counted = _counts(plan).items()
    return ", ".join(f"{count} {names if count != 1 else names.removesuffix('s')}" for names, count in counted)


@app.command()
def schema() -> None:
    """Print the JSON Schema, for editors that complete and check as one types."""
    typer.echo(json.dumps(json_schema(), indent=2))


app.command()(simulate)
