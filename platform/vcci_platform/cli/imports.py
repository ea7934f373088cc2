"""`vcci import`: what a team has already, as a spec. So far: Prometheus' alerting rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vcci_platform.adoption.importing.document import imported
from vcci_platform.adoption.importing.report import lines_of
from vcci_platform.adoption.importing.rule_files import Rule, RuleFileError, Skipped, read_rules
from vcci_platform.adoption.importing.severities import with_given
from vcci_platform.errors import PlatformError
from vcci_platform.specs import OWN_SPEC

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)


class FileExists(PlatformError):
    """A file would be overwritten."""

    exit_code = 2


@app.callback()
def group() -> None:
    """Write a spec from what a team has already."""


@app.command()
def rules(
    files: Annotated[list[Path], typer.Argument(help="Rule files of Prometheus, or PrometheusRule objects")],
    *,
    out: Annotated[Path, typer.Option(help="The spec to write")] = OWN_SPEC,
    severity: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PRIORITY", help="What a severity becomes, such as critical=P0; may be repeated"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a spec that is there")] = False,
) -> None:
    """Write alerting rules as a spec: thresholds as data where an expression allows it, and say what became of each."""
    table = with_given(severity or [])
    if out.exists() and not force:
        raise FileExists(f"{out} is there already; --force overwrites it, --out PATH writes elsewhere")
    found: list[Rule | Skipped] = []
    for path in files:
        found += read_rules(_text(path), path.as_posix())
    text, report = imported(found, table, out.as_posix())
    out.write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {out}.")
    for line in lines_of(report):
        typer.echo(line)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RuleFileError(f"{path}: expected text in UTF-8, found something else") from None
