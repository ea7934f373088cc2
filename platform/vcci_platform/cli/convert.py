"""`vcci convert`: specs of Sloth, OpenSLO and Pyrra into ours, ours into Sloth's and OpenSLO's, with what is lost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import check
from vcci_alerts.sloth import SLI_PLUGINS
from vcci_platform.errors import PlatformError
from vcci_slo.formats.convert import Conversion, convert
from vcci_slo.formats.documents import Format
from vcci_slo.formats.incoming import Reading
from vcci_slo.formats.sloth import (
    BUILT_IN,
    SliPlugin,
    SlothError,
    Windows,
    parse_duration,
    read_catalog,
)

__all__ = ["app"]

app = typer.Typer()

STDOUT: Final = Path("-")
USUAL_PERIOD: Final = "30d"
_ENDINGS: Final = frozenset({".yml", ".yaml", ".json"})
_COLOURS: Final = {"lost": typer.colors.RED, "changed": typer.colors.YELLOW, "added": typer.colors.CYAN}


class WrongInput(PlatformError):
    """What was asked for cannot be done with these files and options."""

    exit_code = 2


class Source(StrEnum):
    """The format of the files; `auto` asks each of them."""

    AUTO = "auto"
    SLOTH = "sloth"
    OPENSLO = "openslo"
    PYRRA = "pyrra"
    VCCI = "vcci"


class Goal(StrEnum):
    """The format that is wanted."""

    VCCI = "vcci"
    SLOTH = "sloth"
    OPENSLO = "openslo"


class Report(StrEnum):
    """How the report is written: the spelling before `--json`."""

    TEXT = "text"
    JSON = "json"


_FORMATS: Final[Mapping[Source, Format | None]] = {
    Source.AUTO: None,
    Source.SLOTH: "sloth",
    Source.OPENSLO: "openslo",
    Source.PYRRA: "pyrra",
    Source.VCCI: "vcci",
}


@app.command(name="convert")
def run(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders of YAML and JSON files")],
    *,
    source: Annotated[Source, typer.Option("--from", help="The format of the files")] = Source.AUTO,
    target: Annotated[Goal, typer.Option("--to", help="The format that is wanted")] = Goal.VCCI,
    out: Annotated[Path, typer.Option(help="A file, a folder, or - for standard output")] = STDOUT,
    report: Annotated[Report, typer.Option(hidden=True)] = Report.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report, on standard error, as JSON")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 if anything is lost")] = False,
    name: Annotated[str | None, typer.Option(help="The name of the spec; unset, that of the input")] = None,
    windows: Annotated[
        Path | None, typer.Option("--slo-period-windows-path", help="Sloth's folder of alert windows")
    ] = None,
    period: Annotated[str, typer.Option("--default-slo-period", help="The period of Sloth's specs")] = USUAL_PERIOD,
) -> None:
    """Convert specs between formats and report every value that could not be carried over as it was."""
    paths = _paths(files)
    texts = {path.as_posix(): _text(path) for path in paths}
    conversion = convert(
        texts,
        given=_FORMATS[source],
        target=target.value,
        reading=Reading(_plugin, _windows(windows, period)),
        why_not=why_not,
        name=name or _named(files, out),
        include=_beside(paths),
    )
    written = _write(conversion, out)
    _tell(conversion, written, as_json=as_json or report is Report.JSON)
    if strict and not conversion.lossless:
        raise typer.Exit(1)


def why_not(query: str) -> str | None:
    """Return why a rule could not hold a query, or None if it could."""
    try:
        check("the query", query)
    except AlertsError as error:
        return str(error).removeprefix("the query: ")
    return None


def _plugin(plugin: str) -> SliPlugin:
    if plugin not in SLI_PLUGINS:
        raise SlothError(f"there is no plugin {plugin!r} here: plugins of Sloth are programs in Go")
    return SLI_PLUGINS[plugin]


def _windows(folder: Path | None, period: str) -> Windows:
    length = parse_duration(period)
    catalog = BUILT_IN
    if folder is not None:
        found = {path.as_posix(): _text(path) for path in _paths([folder])}
        catalog, _ = read_catalog(found)
    if length not in catalog:
        raise WrongInput(f"--default-slo-period: expected a period of the windows catalogue, found {period}")
    return catalog[length]


def _paths(given: list[Path]) -> list[Path]:
    """Return the files that are meant, those of folders in the order of their names."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(inner for inner in path.rglob("*") if inner.is_file() and inner.suffix in _ENDINGS)
            if not inside:
                raise WrongInput(f"{path}: expected YAML or JSON files, found none")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise WrongInput(f"{path}: expected a file or a folder, found nothing")
    return list(dict.fromkeys(found))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise WrongInput(f"{path}: expected text in UTF-8, found the byte {error.object[error.start]:#x}") from None


def _beside(paths: list[Path]) -> _Include:
    """Return what reads the files that a spec of ours names; they lie beside it."""
    return _Include([path.parent.resolve() for path in paths])


class _Include:
    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    def __call__(self, name: str) -> str:
        for folder in self._folders:
            path = (folder / name).resolve()
            if path.is_relative_to(folder) and path.is_file():
                return path.read_text(encoding="utf-8")
        raise FileNotFoundError(2, "no such file beside the spec", name)


def _named(files: list[Path], out: Path) -> str:
    if out != STDOUT and not _is_folder(out):
        return out.stem
    return files[0].resolve().stem if len(files) == 1 else "converted"


def _is_folder(out: Path) -> bool:
    return out.is_dir() or not out.suffix


def _write(conversion: Conversion, out: Path) -> list[Path]:
    if out != STDOUT and _is_folder(out):
        for name, text in conversion.files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [out / name for name in conversion.files]
    if len(conversion.files) != 1:
        several = ", ".join(conversion.files) or "nothing"
        raise WrongInput(f"--out: expected a folder for {several}, found {out}")
    (text,) = conversion.files.values()
    if out == STDOUT:
        typer.echo(text, nl=False)
        return []
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    return [out]


def _tell(conversion: Conversion, written: list[Path], *, as_json: bool) -> None:
    if as_json:
        found = [dataclasses.asdict(note) for note in conversion.notes]
        typer.echo(
            json.dumps({"lossless": conversion.lossless, "notes": found}, indent=2, ensure_ascii=False), err=True
        )
        return
    for note in conversion.notes:
        typer.secho(str(note), err=True, fg=_COLOURS[note.weight])
    counts = {weight: sum(note.weight == weight for note in conversion.notes) for weight in _COLOURS}
    told = ", ".join(f"{count} {weight}" for weight, count in counts.items())
    typer.echo(f"{', '.join(path.as_posix() for path in written) or 'standard output'}: {told}", err=True)
