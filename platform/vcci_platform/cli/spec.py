"""`vcci spec`: validate a spec with every problem at its place; print the JSON Schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vcci_alerts.errors import AlertsError
from vcci_dashboards.errors import DashboardsError
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
def validate(
    files: Annotated[list[Path] | None, typer.Argument(help="Specs; unset, the one of this folder")] = None,
) -> None:
    """Check form, units, references, thresholds and every PromQL expression. All problems are told at once."""
    failed = False
    for path in files or [find_spec(None, Path.cwd())]:
        plan, problems = _judged(find_spec(path, Path.cwd()))
        if plan is not None and not problems:
            typer.echo(f"{path}: valid: {_summary(plan)}")
            continue
        failed = True
        for problem in problems:
            typer.echo(problem, err=True)
        count = len(problems)
        typer.secho(f"{path}: {count} problem{'s' if count != 1 else ''}", err=True, fg=typer.colors.RED)
    if failed:
        raise typer.Exit(2)


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


def _summary(plan: Plan) -> str:
    counts = {
        "component": len(plan.components),
        "promise": len(plan.slos),
        "alert": len(plan.alerts),
        "dashboard": len(plan.dashboards),
    }
    return ", ".join(f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items())


@app.command()
def schema() -> None:
    """Print the JSON Schema, for editors that complete and check as one types."""
    typer.echo(json.dumps(json_schema(), indent=2))
