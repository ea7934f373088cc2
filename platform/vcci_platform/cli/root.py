"""The command `vcci`: a group that imports a command only when it is called, and explains failures in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from vcci_platform.cli.commands import COMMANDS, Entry, available
from vcci_platform.errors import PlatformError

if TYPE_CHECKING:
    from typer._click import Command, Context

__all__ = ["LazyGroup", "explain", "root"]

_HELP = "The platform of an observed Scope 3 service: what it promises, when to wake someone, and what to do then."
_EXITS = (
    "Every command ends with 0 when it is done or the answer is yes; with 1 when the answer is no (a gate refuses, "
    "something drifts, artifacts are stale) or the work failed; with 2 when it was asked wrongly (an unknown option, "
    "name or file, a spec with mistakes) or nobody can tell (who would know does not answer); with 130 when it was "
    "interrupted. Only `vcci sloth` ends as Sloth does."
)
# Expected failures of the packages below this one; looked up only when their module has been imported.
_EXPECTED_ELSEWHERE = (
    "vcci_slo.errors:SloError",
    "vcci_alerts.errors:AlertsError",
    "vcci_dashboards.errors:DashboardsError",
    "vcci_runbooks_site.errors:RunbooksError",
)

_COMPLETION = ("install_completion", "show_completion")  # options that typer gives to every app; noise on a command


class LazyGroup(TyperGroup):
    """A group whose commands are known by name and help until one of them is called."""

    def __init__(self, entries: Mapping[str, Entry], **attributes: Any) -> None:
        stubs = {
            name: TyperCommand(name, help=entry.help, rich_help_panel=entry.panel) for name, entry in entries.items()
        }
        super().__init__(commands=dict(stubs), **attributes)
        self.entries = dict(entries)

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if name is None or command is None or name not in self.entries:
            return name, command, rest
        entry = self.entries[name]
        real = get_command(getattr(import_module(entry.module), entry.attribute))
        real.params = [parameter for parameter in real.params if parameter.name not in _COMPLETION]
        return name, real, rest


def root(commands: Mapping[str, Entry] = COMMANDS) -> LazyGroup:
    """Return the command that holds every available command."""
    options = typer.Typer(add_completion=False, callback=_options)
    return LazyGroup(
        available(commands),
        name="vcci",
        help=_HELP,
        no_args_is_help=True,
        epilog=_EXITS,
        rich_markup_mode="rich",
        params=get_group(options).params,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - how typer calls it
    if wanted:
        typer.echo(f"vcci {version('vcci')}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options of `vcci` itself."""


def explain(error: BaseException) -> tuple[str, int] | None:
    """Return the sentence and the exit code for an expected failure, or None for a surprise.

    >>> explain(PlatformError("expected a port, found 70000"))
    ('expected a port, found 70000', 1)
    >>> explain(ZeroDivisionError()) is None
    True
    """
    if isinstance(error, PlatformError):
        return str(error), error.exit_code
    if any(isinstance(error, known) for known in _known_elsewhere()):
        return str(error), 2
    if wrong := _wrong_settings(error):
        return f"the environment is not as expected: {wrong}", 2
    if wrong := _wrong_database(error):
        return f"the database cannot be used: {wrong}", 1
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}", 1
    return None


def run(arguments: list[str] | None = None) -> None:
    """Run `vcci` and end the process; what it ends with stands at the foot of its help."""
    try:
        root().main(args=arguments, prog_name="vcci")
    except Exception as error:  # the one handler at the edge
        explained = explain(error)
        if explained is None:
            raise
        sentence, exit_code = explained
        several = "\n" in sentence  # each line names its own place
        typer.secho(sentence if several else f"vcci: {sentence}", err=True, fg=typer.colors.RED)
        sys.exit(exit_code)


def _known_elsewhere() -> list[type[BaseException]]:
    """Return the expected failures of other packages that have been imported so far."""
    known: list[type[BaseException]] = []
    for place in _EXPECTED_ELSEWHERE:
        module, _, name = place.partition(":")
        candidate = getattr(sys.modules.get(module), name, None)
        if isinstance(candidate, type) and issubclass(candidate, BaseException):
            known.append(candidate)
    return known


def _wrong_database(error: Any) -> str:
    """Return why the database of DATABASE_URL or INCIDENT_DATABASE_URL does not serve, without its address."""
    known = sys.modules.get("sqlalchemy.exc")
    if known is None:
        return ""
    if isinstance(error, known.OperationalError):
        return str(error.orig).strip().splitlines()[0]
    return str(error).splitlines()[0] if isinstance(error, known.NoSuchModuleError) else ""


def _wrong_settings(error: Any) -> str:
    """Return which environment variables have a wrong value, or nothing when the error tells of something else."""
    validation_error = getattr(sys.modules.get("pydantic_core"), "ValidationError", None)
    if validation_error is None or not isinstance(error, validation_error) or error.title != "Settings":
        return ""
    return "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
