"""`vcci sloth`: Sloth's command line, flag for flag, on our generator."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from vcci_alerts.sloth import VERSION
from vcci_platform.sloth.commands import STANDARD_OUTPUT, generated_files, validate_files
from vcci_platform.sloth.flags import COMMANDS, SHARED, help_text
from vcci_platform.sloth.kingpin import Parsed, WrongUsage, parse
from vcci_platform.sloth.log import Log
from vcci_slo.formats.sloth import SlothError

__all__ = ["app"]

app = typer.Typer()

_RAW = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}


@app.command(context_settings=_RAW, add_help_option=False)
def sloth(
    arguments: Annotated[list[str] | None, typer.Argument(help="A command of Sloth and its flags")] = None,
) -> None:
    """Generate and validate as Sloth v0.16 does, byte for byte: `generate`, `validate`, `version`."""
    try:
        parsed = parse(arguments or [], shared=SHARED, commands=COMMANDS, environment=os.environ)
    except WrongUsage as wrong:
        raise _failed(f"invalid command configuration: {wrong}") from None
    if parsed.wants_help:
        typer.echo(help_text(parsed.command))
    elif parsed.wants_version or parsed.command == "version":
        typer.echo(parsed.text("sloth-version-label") or VERSION)
    else:
        _run(parsed)


def _run(parsed: Parsed) -> None:
    log = Log(
        write=lambda line: typer.echo(line, err=True),
        debugs=parsed.switch("debug"),
        as_json=parsed.text("logger") == "json",
        silent=parsed.switch("no-log"),
        coloured=not parsed.switch("no-color") and sys.stderr.isatty(),
    )
    try:
        if parsed.command == "validate":
            validate_files(parsed, log)
        else:
            _write(parsed, log)
    except SlothError as error:
        raise _failed(f'"{parsed.command}" command failed: {error}') from None


def _write(parsed: Parsed, log: Log) -> None:
    whole_folder = Path(parsed.text("input")).is_dir()
    for path, text in generated_files(parsed, log).items():
        if path == STANDARD_OUTPUT:
            typer.echo(text, nl=False)
            continue
        try:
            if whole_folder:
                path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            why = (error.strerror or "").lower()
            raise SlothError(f"could not create out file: open {path}: {why}") from None


def _failed(why: str) -> typer.Exit:
    typer.echo(f"error: {why}", err=True)
    return typer.Exit(1)
