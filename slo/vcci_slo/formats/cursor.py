"""Plain data read field by field: what is missing, unknown or of the wrong kind becomes a problem with its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from vcci_slo.errors import SpecProblem
from vcci_slo.spec.section import nearest
from vcci_slo.spec.source import Path, Source
from vcci_slo.spec.units import describe

__all__ = ["Cursor"]


class Cursor:
    """A value of a document. Every question about it that fails adds to `problems`, and the reading goes on."""

    def __init__(self, data: Any, source: Source, path: Path, problems: list[SpecProblem]) -> None:
        self.data = data
        self.path = path
        self._source = source
        self._problems = problems

    def refuse(self, expected: str, found: Any, suggestion: str = "", *, key: str | None = None) -> None:
        """Add what is wrong here, or at a key."""
        path = self.path if key is None else (*self.path, key)
        told = found if isinstance(found, str) else describe(found)
        self._problems.append(self._source.problem(path, expected, told, suggestion))

    @property
    def line(self) -> int:
        """The line of the file on which this stands."""
        return self._source.place(self.path).line

    def has(self, key: str) -> bool:
        """Return whether a key stands here with a value."""
        return isinstance(self.data, dict) and self.data.get(key) is not None

    def is_map(self) -> bool:
        """Return whether this is a map, and complain if not."""
        if not isinstance(self.data, dict):
            self.refuse("a map", self.data)
            return False
        return True

    def at(self, key: str) -> Cursor:
        """Return what stands at a key; nothing, if nothing does."""
        found = self.data.get(key) if isinstance(self.data, dict) else None
        return Cursor(found, self._source, (*self.path, key), self._problems)

    def entry(self, index: int) -> Cursor:
        """Return an entry of the list that stands here."""
        return Cursor(self.data[index], self._source, (*self.path, index), self._problems)

    def items(self, key: str) -> Iterator[Cursor]:
        """Yield the values of a list."""
        found = self.at(key)
        if found.data is None:
            return
        if not isinstance(found.data, list):
            found.refuse("a list", found.data)
            return
        for index, item in enumerate(found.data):
            yield Cursor(item, self._source, (*found.path, index), self._problems)

    def unknown(self, known: Collection[str]) -> list[tuple[str, str]]:
        """Return the keys that nobody reads here, each with the one that was probably meant."""
        if not isinstance(self.data, dict):
            return []
        return [(key, nearest(key, known)) for key in self.data if key not in known]

    def text(
        self,
        key: str,
        *,
        needed: bool = False,
        longest: int | None = None,
        form: re.Pattern[str] | None = None,
        like: str = "",
    ) -> str:
        """Return a text, empty if there is none; numbers and booleans are no texts."""
        value = self.at(key).data
        if value is None or value == "":
            if needed:
                self.refuse(f"the key {key}", "no such key" if value is None else "an empty text", key=key)
            return ""
        if not isinstance(value, str):
            self.refuse("text", value, key=key)
            return ""
        if longest is not None and len(value) > longest:
            self.refuse(f"at most {longest} characters", f"{len(value)}", key=key)
        if form is not None and form.fullmatch(value) is None:
            self.refuse(like, value if len(value) < 60 else f"{value[:57]}…", key=key)
        return value

    def choice(self, key: str, among: Collection[str], *, needed: bool = False) -> str:
        """Return one of some words, or an empty text."""
        value = self.text(key, needed=needed)
        if value and value not in among:
            self.refuse(f"one of {', '.join(among)}", repr(value), nearest(value, among), key=key)
            return ""
        return value

    def number(self, key: str, *, needed: bool = False) -> float | None:
        """Return a number, None if there is none."""
        value = self.at(key).data
        if value is None:
            if needed:
                self.refuse(f"the key {key}", "no such key", key=key)
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            self.refuse("a number", value, key=key)
            return None
        return float(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        value = self.at(key).data
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse("true or false", value, key=key)
            return default
        return value

    def texts(self, key: str) -> dict[str, str]:
        """Return a map of texts."""
        found = self.at(key)
        if found.data is None or not found.is_map():
            return {}
        return {name: found.text(name) for name in found.data}
