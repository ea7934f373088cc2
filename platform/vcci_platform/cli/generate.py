"""`vcci generate`: write the artifacts of a spec, or say how those on disk differ from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vcci_platform import generate
from vcci_platform.errors import PlatformError
from vcci_platform.specs import REPOSITORY_SPEC, find_spec, plan_of

__all__ = ["app"]

app = typer.Typer()


class UnknownOutput(PlatformError):
    """`--only` names something that is not generated."""

    exit_code = 2


@app.command(name="generate")
def run(
    *,
    spec: Annotated[Path | None, typer.Option(help="The spec; unset, the one of this folder")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(generate.OUTPUTS)}; repeat it for more than one")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if anything differs")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder for everything; unset, those of the repository, else ./generated")
    ] = None,
) -> None:
    """Write every artifact of the spec: rules, their tests, routes, dashboards, runbooks, and the JSON Schema."""
    path = find_spec(spec, Path.cwd())
    chosen = only or []
    for name in chosen:
        if name not in generate.OUTPUTS:
            raise UnknownOutput(f"--only: expected one of {', '.join(generate.OUTPUTS)}, found {name!r}")
    in_repository = out is None and path == REPOSITORY_SPEC
    folders = generate.destinations(None if in_repository else out or Path("generated"))
    files = generate.render(plan_of(path), folders, chosen)
    difference = generate.compare(files, folders, whole=not chosen)
    if check:
        _report(difference, path)
        return
    left = generate.write(files, difference)
    changed = len(difference.stale) + len(difference.missing)
    typer.echo(f"{len(files)} files from {path}: {changed} written, {len(difference.orphans) - len(left)} deleted")
    for orphan in left:
        typer.echo(f"{orphan}: not made from this spec and not marked as generated; left alone", err=True)


def _report(difference: generate.Difference, spec: Path) -> None:
    for word, paths in (("stale", difference.stale), ("missing", difference.missing), ("orphan", difference.orphans)):
        for path in paths:
            typer.echo(f"{word}: {path}", err=True)
    if difference:
        typer.secho(f"The artifacts are not what {spec} says. `vcci generate` writes them.", err=True, fg="red")
        raise typer.Exit(1)
    typer.echo(f"The artifacts are what {spec} says.")
