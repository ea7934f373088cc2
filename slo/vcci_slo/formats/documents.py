"""The documents of a file with the places of their values, and the format that each of them says it has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Literal

from vcci_slo.errors import SpecError, SpecProblem
from vcci_slo.spec.source import LIMIT_BYTES, Place, Source, read

__all__ = ["Format", "documents", "objects", "sniffed"]

Format = Literal["vcci", "sloth", "openslo", "pyrra"]
_SEPARATOR = re.compile(r"^---(?=\s|$).*$", re.MULTILINE)
_END = re.compile(r"^\.\.\.\s*$", re.MULTILINE)
_BLANK = re.compile(r"(?:\s|#[^\n]*(?:\n|$)|%[^\n]*(?:\n|$))*")
MOST_DOCUMENTS = 2_000
LIMIT_VALUES = 300_000


def documents(text: str, file: str) -> tuple[Source, ...]:
    """Return each document that is not empty, as plain data; lines are counted through the whole file.

    Raises SpecError for what cannot be read.
    """
    if len(text.encode()) > LIMIT_BYTES:
        raise SpecError([SpecProblem(file, 1, 1, "", "a file of at most 4 MiB", f"{len(text.encode()):,} bytes")])
    starts = [0]
    parts: list[str] = []
    for found in _SEPARATOR.finditer(text):
        parts.append(text[starts[-1] : found.start()])
        starts.append(found.start() + 3)
    parts.append(text[starts[-1] :])
    if len(parts) > MOST_DOCUMENTS:
        raise SpecError([SpecProblem(file, 1, 1, "", f"at most {MOST_DOCUMENTS:,} documents", f"{len(parts):,}")])
    result: list[Source] = []
    for start, part in zip(starts, parts, strict=True):
        bare = _END.sub("", part)
        if _BLANK.fullmatch(bare):
            continue
        result.append(_read(bare, file, text.count("\n", 0, start)))
        if sum(len(source.places) for source in result) > LIMIT_VALUES:
            raise SpecError([SpecProblem(file, 1, 1, "", f"at most {LIMIT_VALUES:,} values in a file", "more")])
    problems = [problem for source in result for problem in source.problems]
    if problems:
        raise SpecError(problems)
    return tuple(result)


def _read(text: str, file: str, lines: int) -> Source:
    """Return a document that starts after so many lines of its file."""
    try:
        found = read(text, file)
    except SpecError as error:
        raise SpecError(replace(problem, line=problem.line + lines) for problem in error.problems) from None
    return Source(
        found.data,
        {path: Place(place.file, place.line + lines, place.column) for path, place in found.places.items()},
        file,
        tuple(replace(problem, line=problem.line + lines) for problem in found.problems),
    )


def objects(source: Source) -> tuple[tuple[tuple[int, ...], Any], ...]:
    """Return the objects of a document with their paths: one, or those of its list."""
    if isinstance(source.data, list):
        return tuple(((index,), item) for index, item in enumerate(source.data))
    return (((), source.data),)


def sniffed(data: Any) -> Format | None:
    """Return which format an object says it has, or None.

    >>> sniffed({"apiVersion": "openslo/v1", "kind": "SLO"}), sniffed({"version": "prometheus/v1"})
    ('openslo', 'sloth')
    """
    if not isinstance(data, dict):
        return None
    api = str(data.get("apiVersion") or "")
    if "spec" in data and data.get("spec") == "vcci/v1":
        return "vcci"
    if data.get("version") == "prometheus/v1" or api.startswith("sloth.slok.dev/") or api == "openslo/v1alpha":
        return "sloth"
    if api.startswith(("openslo/", "openslo.com/")):
        return "openslo"
    return "pyrra" if api.startswith("pyrra.dev/") else None
