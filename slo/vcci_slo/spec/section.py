"""The base of every section: closed, frozen, and able to name the nearest valid key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

__all__ = ["Line", "ListOrOne", "Name", "Priority", "Section", "nearest"]

Priority = Literal["P0", "P1", "P2", "P3"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]
"""A key that people refer to; it becomes part of file names, labels and URLs."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
"""A sentence."""

ListOrOne = Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
"""A list of names; one name alone needs no brackets."""


class Section(BaseModel):
    """A map of the spec. Unknown keys are refused, types are never bent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant, or nothing.

    >>> nearest("objectiv", ["objective", "policy"])
    'objective'
    """
    known = list(known)
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if found:
        return found[0]
    folded = {candidate.lower().replace("-", "").replace("_", ""): candidate for candidate in known}
    return folded.get(name.lower().replace("-", "").replace("_", ""), "")
