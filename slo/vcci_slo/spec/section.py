"""The base of every section: closed, frozen, and able to name the nearest valid key."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

__all__ = ["Line", "ListOrOne", "Name", "Priority", "Query", "Section", "nearest", "some_of"]

Priority = Literal["P0", "P1", "P2", "P3"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]
"""A key that people refer to; it becomes part of file names, labels and URLs."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
"""A sentence."""

Query = Annotated[str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True)]
"""PromQL over some lines."""

ListOrOne = Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
"""A list of names; one name alone needs no brackets."""


class Section(BaseModel):
    """A map of the spec. Unknown keys are refused, types are never bent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


MOST_COMPARED = 1000
MOST_LISTED = 20


def some_of(names: Iterable[str]) -> str:
    """Return names in their order, the first of them where there are many.

    >>> some_of(["b", "a"]), some_of([f"n{number:02}" for number in range(25)])[-14:]
    ('a, b', 'n19 and 5 more')
    """
    ordered = sorted(names)
    rest = len(ordered) - MOST_LISTED
    return ", ".join(ordered[:MOST_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant, or nothing.

    >>> nearest("objectiv", ["objective", "policy"])
    'objective'
    """
    known = list(known)
    if len(known) > MOST_COMPARED:
        alike = (other for other in known if other[:1] == name[:1] and abs(len(other) - len(name)) <= 1)
        known = list(islice(alike, MOST_COMPARED))
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if found:
        return found[0]
    folded = {candidate.lower().replace("-", "").replace("_", ""): candidate for candidate in known}
    return folded.get(name.lower().replace("-", "").replace("_", ""), "")
