"""`vcci plan`: the plan as YAML or JSON, to read and to compare in a review."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from vcci_platform.specs import find_spec, plan_of
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.matchers import Matcher

__all__ = ["app"]

app = typer.Typer()


@app.command(name="plan")
def show(
    *,
    spec: Annotated[Path | None, typer.Option(help="The spec; unset, the one of this folder")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of YAML")] = False,
    time_scale: Annotated[float, typer.Option(min=1, max=1000, help="Resolve for clocks that run this fast")] = 1.0,
) -> None:
    """Print the plan: every default filled, every name, window and threshold decided."""
    plan = plain(plan_of(find_spec(spec, Path.cwd()), time_scale=time_scale))
    if as_json:
        typer.echo(json.dumps(plan, indent=2, ensure_ascii=False))
    else:
        typer.echo(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True, width=120), nl=False)


def plain(value: Any) -> Any:
    """Return a value of the plan as maps, lists and text; a kind of measure or indicator is named by `kind`.

    >>> plain(timedelta(minutes=5))
    '5m'
    """
    match value:
        case Matcher():
            return str(value)
        case timedelta():
            return promql_duration(value) if value else "0s"
        case tuple():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return {"kind": type(value).__name__, **fields}
        case _:
            return value
