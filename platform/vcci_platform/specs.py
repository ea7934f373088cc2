"""Which spec is meant, and the plan of it: the one thin edge between files and the pure core."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vcci_platform.errors import PlatformError
from vcci_platform.settings import Settings
from vcci_platform.shipped import shipped
from vcci_slo import Plan, load_plan

__all__ = ["OWN_SPEC", "REPOSITORY_SPEC", "SpecNotFound", "find_spec", "plan_of", "platform_plan"]

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

    def include(name: str) -> str:
        beside = (path.parent / name).resolve()
        if not beside.is_relative_to(path.parent.resolve()):
            raise OSError(1, f"outside the folder of {path}")
        return beside.read_text(encoding="utf-8")

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecNotFound(
            f"expected {path} to be text in UTF-8, found the byte {error.object[error.start]:#x}"
        ) from None
    return load_plan(text, file=path.as_posix(), include=include, time_scale=time_scale, links=links)


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
