"""`vcci init`: a starter spec of a dozen lines, or the whole platform's as a template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vcci_platform.errors import PlatformError
from vcci_platform.shipped import shipped
from vcci_platform.specs import OWN_SPEC

__all__ = ["STARTER", "app"]

app = typer.Typer()

STARTER = """\
# yaml-language-server: $schema=./generated/vcci.schema.json
spec: vcci/v1
metadata: {name: my-platform, owner: my-team}
components:
  api:
    kind: http
    selector: job="vcci-api"
    probe: {url: "http://127.0.0.1:8000/health/ready", fails_for: {P0: 2m}}
    signals:
      requests:
        {events: http_requests_total, where: 'endpoint!~"/health/.*"', valid: 'status!~"4.."', bad: 'status=~"5.."'}
slos:
  api-availability: {good: api.probe, objective: 99.9%}
  api-errors: {good: api.requests, objective: 99.9%}
"""


class SpecExists(PlatformError):
    """A spec would be overwritten."""

    exit_code = 2


@app.command(name="init")
def write(
    *,
    template: Annotated[
        Literal["starter", "vcci"], typer.Option(help="starter: a dozen lines; vcci: the platform of the manual")
    ] = "starter",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a spec that is there")] = False,
) -> None:
    """Write `vcci.yaml` into this folder."""
    if OWN_SPEC.exists() and not force:
        raise SpecExists(f"{OWN_SPEC} is there already; --force overwrites it")
    text = STARTER if template == "starter" else shipped("spec").read_text(encoding="utf-8")
    Path(OWN_SPEC).write_text(text, encoding="utf-8")
    typer.echo(
        f"Wrote {OWN_SPEC}.\n"
        "  vcci spec validate   is it right?\n"
        "  vcci plan            what does it mean?\n"
        "  vcci generate        rules, routes, dashboards and runbooks, in ./generated\n"
        "  vcci up              run a platform that keeps these promises"
    )
