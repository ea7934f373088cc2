"""`vcci init`: a starter spec of a dozen lines, the whole platform as a template, or what a Prometheus really holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from vcci_platform.adoption.arrival import arrive
from vcci_platform.adoption.prometheus import Questions
from vcci_platform.asking import WrongAccess, client_for
from vcci_platform.cli.access import Given, asks_prometheus
from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
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
@asks_prometheus
def write(
    *,
    template: Annotated[
        Literal["starter", "vcci"],
        typer.Option(help="starter: a dozen lines; vcci: a whole platform, with alerts, rotas and dashboards"),
    ] = "starter",
    prometheus: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Look what this Prometheus holds, and write it down"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a spec that is there")] = False,
    access: Given,
) -> None:
    """Write `vcci.yaml` into this folder."""
    if OWN_SPEC.exists() and not force:
        raise SpecExists(f"{OWN_SPEC} is there already; --force overwrites it")
    if access and prometheus is None:
        raise WrongAccess("the options of access go with --prometheus URL, and none was given")
    if prometheus is not None:
        text = _found_at(prometheus, access)
    else:
        text = STARTER if template == "starter" else shipped("spec").read_text(encoding="utf-8")
    Path(OWN_SPEC).write_text(text, encoding="utf-8")
    typer.echo(
        f"Wrote {OWN_SPEC}.\n"
        "  vcci spec validate   is it right?\n"
        "  vcci plan            what does it mean?\n"
        "  vcci generate        rules, routes, dashboards and runbooks, in ./generated\n"
        + (
            "  vcci up              run a platform that keeps these promises"
            if prometheus is None
            else "Each line has a comment that says what it was guessed from: read them before anybody is woken."
        )
    )


def _found_at(url: str, access: Given) -> str:
    """Return the spec of what a Prometheus holds."""
    with client_for(access.prometheus(Settings())) as client:
        questions = Questions(client, url)
        typer.echo(f"Looking at {questions.shown} …", err=True)
        text = arrive(questions, OWN_SPEC.as_posix())
        typer.echo(f"Asked {questions.asked} questions.", err=True)
        return text
