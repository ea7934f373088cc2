"""`vcci spec`: validate a spec with every problem at its place; print the JSON Schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vcci_platform.generate import destinations, render
from vcci_platform.specs import find_spec, plan_of
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
        try:
            plan = plan_of(find_spec(path, Path.cwd()))
            render(plan, destinations(None))
        except SpecError as error:
            failed = True
            for problem in error.problems:
                typer.echo(str(problem), err=True)
            count = len(error.problems)
            typer.secho(f"{path}: {count} problem{'s' if count != 1 else ''}", err=True, fg=typer.colors.RED)
        else:
            typer.echo(f"{path}: valid: {_summary(plan)}")
    if failed:
        raise typer.Exit(2)


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
