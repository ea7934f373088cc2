"""What a conversion could not carry over, or had to say differently: where, what, why, and what was put instead."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Note", "Notes", "Origin", "Weight", "shown"]

LONGEST_SHOWN = 80

Weight = Literal["lost", "changed", "added"]
"""Lost: the target cannot say it. Changed: it is said differently, and means the same. Added: the source is silent."""


def shown(value: Any) -> str:
    """Return a value of a file as a note shows it: on one line, and not the whole of a long one.

    >>> shown({"a": [1, "b"]})
    '{"a": [1, "b"]}'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"


@dataclass(frozen=True)
class Note:
    """One value that did not arrive as it was."""

    weight: Weight
    file: str
    where: str
    what: str
    why: str
    instead: str = ""

    def __str__(self) -> str:
        tail = f"; instead: {self.instead}" if self.instead else ""
        said = f"{self.weight} {self.what}: {self.why}{tail}"
        return ": ".join(part for part in (self.file, self.where, said) if part)


@dataclass
class Notes:
    """The notes of one conversion, in the order of the source; the same is noted once."""

    found: dict[Note, None] = field(default_factory=dict)

    def lost(self, origin: Origin, inner: str, what: str, why: str, instead: str = "") -> None:
        """Note what the target cannot say."""
        self._add("lost", origin, inner, what, why, instead)

    def changed(self, origin: Origin, inner: str, what: str, why: str, instead: str = "") -> None:
        """Note what is said differently and means the same."""
        self._add("changed", origin, inner, what, why, instead)

    def added(self, origin: Origin, inner: str, what: str, why: str, instead: str = "") -> None:
        """Note what the source does not say, and the target has all the same."""
        self._add("added", origin, inner, what, why, instead)

    def _add(self, weight: Weight, origin: Origin, inner: str, what: str, why: str, instead: str) -> None:
        where = ".".join(part for part in (origin.where, inner) if part)
        self.found[Note(weight, origin.file, where.replace(".[", "["), what, why, instead)] = None


@dataclass(frozen=True)
class Origin:
    """Where in which file a promise was declared."""

    file: str
    where: str = ""
    line: int = 1

    def at(self, inner: str) -> Origin:
        """Return the origin of a part."""
        return Origin(self.file, f"{self.where}.{inner}" if self.where else inner, self.line)
