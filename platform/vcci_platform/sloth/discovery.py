"""Which files a folder holds for Sloth: specs, windows, plugins. Always in the order of their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from vcci_slo.formats.sloth import Catalog, SlothError, read_catalog
from vcci_slo.formats.sloth.regex import compiled

__all__ = ["Filters", "catalog_in", "files_in", "read", "specs_in"]

_SPECS = frozenset({".yml", ".yaml"})


class Filters:
    """Regexes on paths: what is left out, then what alone is taken."""

    def __init__(self, exclude: str, include: str) -> None:
        self.exclude = _compiled(exclude, "exclude")
        self.include = _compiled(include, "include")

    def take(self, path: str) -> bool:
        """Return whether a path is wanted."""
        if self.exclude is not None and self.exclude.search(path):
            return False
        return self.include is None or bool(self.include.search(path))


def _compiled(pattern: str, what: str) -> re.Pattern[str] | None:
    try:
        return compiled(pattern) if pattern else None
    except SlothError as error:
        raise error.during(f"invalid {what} regex") from None


def files_in(folder: Path) -> Iterator[Path]:
    """Yield every file under a folder; of two neighbours the one with the smaller name comes first, as Go walks."""
    for entry in sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name)):
        if entry.is_dir(follow_symlinks=False):
            yield from files_in(folder / entry.name)
        else:
            yield folder / entry.name


def specs_in(start: Path, filters: Filters) -> tuple[Path, ...]:
    """Return the specs under a folder, or the one file. Raises SlothError if there is none."""
    if not start.exists():
        missing = f"lstat {start}: no such file or directory"
        raise SlothError(f"could not discover files: could not find files recursively: {missing}")
    found = files_in(start) if start.is_dir() else iter((start,))
    specs = tuple(path for path in found if path.suffix.lower() in _SPECS and filters.take(str(path)))
    if not specs:
        raise SlothError("0 slo specs have been discovered")
    return specs


def read(path: Path) -> str:
    """Return the text of a file; bytes that are no UTF-8 stay recognisable, and are refused where they stand."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        why = (error.strerror or "").lower()
        raise SlothError(f"could not open SLOs spec file: open {path}: {why}") from None


def catalog_in(folder: Path) -> tuple[Catalog, tuple[str, ...]]:
    """Return the windows catalog of a folder, and what is worth a warning."""
    doing = "could not load SLO period windows repository: could not initialize custom windows"
    doing = f"{doing}: could not discover period windows"
    if not folder.is_dir():
        raise SlothError(f"{doing}: stat {folder}: no such file or directory")
    files = [path for path in files_in(folder) if path.suffix in _SPECS]
    try:
        return read_catalog({str(path.relative_to(folder)): read(path) for path in files})
    except SlothError as error:
        raise error.during(doing) from None
