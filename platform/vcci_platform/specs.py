"""Which spec is meant, and the plan of it: the one thin edge between files and the pure core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_platform.shipped import shipped
from vcci_slo import Plan, load_plan
from vcci_slo.spec import parse
from vcci_slo.spec.document import Document
from vcci_slo.spec.source import Place

__all__ = [
    "OWN_SPEC",
    "REPOSITORY_SPEC",
    "SpecNotFound",
    "document_of",
    "find_spec",
    "place_of",
    "plan_of",
    "platform_plan",
]

REPOSITORY_SPEC: Final = Path("slo/specs/vcci.yaml")
OWN_SPEC: Final = Path("vcci.yaml")


class SpecNotFound(PlatformError):
    """There is no spec where one was looked for."""

    exit_code = 2


def find_spec(given: Path | None, folder: Path) -> Path:
    """Return the spec that is meant: the one given, else the repository's, else `vcci.yaml` in `folder`."""
    if given is not None:
        if not given.is_file():
            raise SpecNotFound(f"expected a spec at {given}, found {'a folder' if given.is_dir() else 'nothing'}")
        return given
    for candidate in (REPOSITORY_SPEC, OWN_SPEC):
        if (folder / candidate).is_file():
            return candidate if folder == Path.cwd() else folder / candidate
    raise SpecNotFound(f"expected a spec at {OWN_SPEC} in {folder}, found nothing; `vcci init` writes one")


def plan_of(path: Path, *, time_scale: float = 1.0, links: Mapping[str, str] | None = None) -> Plan:
    """Return the plan of the spec at `path`; files that it includes lie beside it.

    Raises SpecError with every problem.
    """
    return load_plan(_text(path), file=path.as_posix(), include=_beside(path), time_scale=time_scale, links=links)


def document_of(path: Path) -> Document:
    """Return the spec at `path` as it was written, so that it can be resolved in another form.

    Raises SpecError with every problem of its form.
    """
    return parse(_text(path), file=path.as_posix(), include=_beside(path))


def place_of(path: Path, owner: str) -> Place:
    """Return where a valid spec declares what a renderer names, such as `alerts.DatabaseDown`.

    A promise may carry the name of its part behind its own; what is nowhere declared stands where its section does.
    """
    source = document_of(path).source
    section, _, name = owner.partition(".")
    declared = source.data.get(section)
    names = declared if isinstance(declared, dict) else {}
    longest = max((known for known in names if f"{name}-".startswith(f"{known}-")), key=len, default="")
    return source.place((section, longest))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecNotFound(
            f"expected {path} to be text in UTF-8, found the byte {error.object[error.start]:#x}"
        ) from None


def _beside(path: Path) -> Callable[[str], str]:
    """Return what reads a file that lies beside a spec, and nothing elsewhere."""

    def include(name: str) -> str:
        beside = (path.parent / name).resolve()
        if not beside.is_relative_to(path.parent.resolve()):
            raise OSError(1, f"outside the folder of {path}")
        return beside.read_text(encoding="utf-8")

    return include


def platform_plan(settings: Settings) -> Plan:
    """Return the plan that the running platform follows: the spec of the environment, of this folder, or the shipped.

    What the environment knows better than the spec replaces its links.
    """
    try:
        path = find_spec(settings.spec, Path.cwd())
    except SpecNotFound:
        if settings.spec is not None:
            raise
        path = shipped("spec")
    links = {"runbooks": settings.runbooks_url, "grafana": settings.grafana_url}
    given = {name: url for name, url in links.items() if url}
    return plan_of(path, time_scale=settings.time_scale, links=given)
