"""`vcci plan`: the plan as YAML or JSON, to read and to compare in a review."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from vcci_platform.cli.options import FolderSpec
from vcci_platform.engine.plain import plain
from vcci_platform.specs import find_spec, plan_of

__all__ = ["app", "plain"]

app = typer.Typer()


@app.command(name="plan")
def show(
    *,
    spec: FolderSpec = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML")] = False,
    time_scale: Annotated[float, typer.Option(min=1, max=1000, help="Resolve for clocks that run this fast")] = 1.0,
) -> None:
    """Print the plan: every default filled, every name, window and threshold decided."""
    plan = plain(plan_of(find_spec(spec, Path.cwd()), time_scale=time_scale))
    if as_json:
        typer.echo(json.dumps(plan, indent=2, ensure_ascii=False))
    else:
        typer.echo(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=120), nl=False)
