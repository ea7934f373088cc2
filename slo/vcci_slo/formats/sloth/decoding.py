"""A YAML tree as typed fields, the way Go decodes it into structures: the same coercions, the same complaints.

Keys that no structure has are ignored, as Sloth ignores them, and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Any

from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import fixed, general, shortest_single
from vcci_slo.formats.sloth.yaml_tree import Leaf, Tree, json_of

__all__ = ["Record", "Style", "UnknownKey", "Unknowns"]

LONGEST_INTEGER = 2**63
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-6, 1e21

_POSITION = re.compile(r"\[\d+\]")


class Style(Enum):
    """How a reader turns scalars into fields."""

    LENIENT = "numbers and booleans become text where text is wanted, keys match in any case"  # prometheus/v1
    JSON = "a number is no text, keys match exactly"  # the Kubernetes object
    YAML = "text is what was written, keys match exactly"  # OpenSLO


@dataclass(frozen=True, order=True)
class UnknownKey:
    """A key that Sloth does not read, and the one that was probably meant."""

    path: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.path}: no key that is read here, so it is ignored{hint}"


@dataclass
class Unknowns:
    """Collects the keys that were ignored, outer ones first."""

    found: list[UnknownKey] = field(default_factory=list)

    def note(self, path: str, known: Iterable[str]) -> None:
        """Remember a key by its path."""
        names = sorted(known)
        key = path.rpartition(".")[2]
        close = get_close_matches(key.lower(), [name.lower() for name in names], n=1, cutoff=0.7)
        match = next((name for name in names if close and name.lower() == close[0]), "")
        self.found.append(UnknownKey(path, match))


class Record:
    """One structure: fields by name, each absent one with Go's zero value.

    Go tells the first wrong field in the order of the keys: whoever reads a record asks for its fields in that order.
    """

    def __init__(
        self,
        tree: Tree,
        kind: str,
        known: Iterable[str],
        style: Style,
        unknowns: Unknowns,
        *,
        path: str = "",
        owner: str = "",
    ) -> None:
        self.kind, self.style, self.unknowns, self.path = kind, style, unknowns, path
        self.values: dict[str, Tree] = {}
        if isinstance(tree, Leaf) and tree.value is None:
            return
        if not isinstance(tree, dict):
            raise self._wrong(tree, f"v1.{kind}", owner, path)
        names = tuple(known)
        folded = {name.lower(): name for name in names} if style is Style.LENIENT else {}
        for key, value in tree.items():
            name = key if key in names else folded.get(key.lower())
            if name is None:
                unknowns.note(f"{path}.{key}" if path else key, names)
            elif name == key or name not in tree:
                self.values[name] = value

    def text(self, name: str) -> str:
        """Return a text, empty if absent or null."""
        return self._text(self.values.get(name), name, "string")

    def number(self, name: str) -> float:
        """Return a number, 0 if absent or null."""
        return self.optional_number(name) or 0.0

    def optional_number(self, name: str) -> float | None:
        """Return a number, None if absent or null."""
        match self.values.get(name):
            case None | Leaf(value=None):
                return None
            case Leaf(value=int() | float() as value) if not isinstance(value, bool):
                return float(value)
            case wrong:
                raise self._mismatch(wrong, "float64", name)

    def integer(self, name: str) -> int:
        """Return a whole number, 0 if absent or null."""
        match self.values.get(name):
            case None | Leaf(value=None):
                return 0
            case Leaf(value=int() as value) if not isinstance(value, bool) and -(2**63) <= value < 2**63:
                return value
            case Leaf(value=float() as value) if abs(value) < LONGEST_INTEGER and (
                value.is_integer() or self.style is Style.YAML
            ):
                return int(value)
            case wrong:
                raise self._mismatch(wrong, "int", name)

    def flag(self, name: str) -> bool:
        """Return a boolean, false if absent or null."""
        match self.values.get(name):
            case None | Leaf(value=None):
                return False
            case Leaf(value=bool() as value):
                return value
            case wrong:
                raise self._mismatch(wrong, "bool", name)

    def texts(self, name: str) -> dict[str, str]:
        """Return a map of texts, empty if absent or null, sorted by key."""
        return self.optional_texts(name) or {}

    def optional_texts(self, name: str) -> dict[str, str] | None:
        """Return a map of texts, sorted by key, None if absent or null."""
        match self.values.get(name):
            case None | Leaf(value=None):
                return None
            case dict() as tree:
                return {key: self._text(tree[key], name, "string") for key in sorted(tree)}
            case wrong:
                raise self._mismatch(wrong, "map[string]string", name)

    def data(self, name: str) -> Any:
        """Return whatever stands there as plain data."""
        tree = self.values.get(name)
        return None if tree is None else json_of(tree)

    def record(self, name: str, kind: str, known: Iterable[str]) -> Record:
        """Return an inner structure, an empty one if absent or null."""
        tree = self.values.get(name, Leaf(None, ""))
        return Record(tree, kind, known, self.style, self.unknowns, path=self._at(name), owner=self.kind)

    def optional(self, name: str, kind: str, known: Iterable[str]) -> Record | None:
        """Return an inner structure, None if absent or null."""
        match self.values.get(name):
            case None | Leaf(value=None):
                return None
            case _:
                return self.record(name, kind, known)

    def records(self, name: str, kind: str, known: Iterable[str]) -> tuple[Record, ...]:
        """Return a list of inner structures."""
        names = tuple(known)
        match self.values.get(name):
            case None | Leaf(value=None):
                return ()
            case list() as trees:
                return tuple(
                    Record(
                        tree,
                        kind,
                        names,
                        self.style,
                        self.unknowns,
                        path=f"{self._at(name)}[{position}]",
                        owner=self.kind,
                    )
                    for position, tree in enumerate(trees)
                )
            case wrong:
                raise self._mismatch(wrong, f"[]v1.{kind}", name)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _text(self, tree: Tree | None, name: str, wanted: str) -> str:
        match tree:
            case None | Leaf(value=None):
                return ""
            case Leaf(value=str() as text):
                return text
            case Leaf() if self.style is Style.YAML:
                return tree.text
            case Leaf() if self.style is Style.LENIENT:
                return _printed(tree.value)
            case _:
                raise self._mismatch(tree, wanted, name)

    def _mismatch(self, tree: Tree, wanted: str, name: str) -> SlothError:
        return self._wrong(tree, wanted, self.kind, self._at(name))

    def _wrong(self, tree: Tree, wanted: str, owner: str, path: str) -> SlothError:
        """Return Go's complaint about a value of the wrong type."""
        if self.style is Style.YAML:
            what = f"line {_line(tree)}: cannot unmarshal {_yaml_type(tree)} into {wanted}"
            return SlothError(f"yaml: unmarshal errors:\n  {what}")
        target = f"Go struct field {owner}.{_POSITION.sub('', path)}" if owner else "Go value"
        return SlothError(f"json: cannot unmarshal {_json_type(tree, wanted)} into {target} of type {wanted}")


def _printed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else shortest_single(value)


def _in_json(number: float) -> str:
    """Return a number as Go writes it into JSON: an exponent only where the number is very small or very large."""
    if isinstance(number, int):
        return str(number)
    if not number or SMALLEST_PLAIN <= abs(number) < LARGEST_PLAIN:
        return fixed(number)
    return re.sub(r"e-0(\d)$", r"e-\1", general(number))


def _json_type(tree: Tree, wanted: str) -> str:
    match tree:
        case list():
            return "array"
        case dict():
            return "object"
        case Leaf(value=bool()):
            return "bool"
        case Leaf(value=int() | float() as value):
            return f"number {_in_json(value)}" if wanted == "int" else "number"
        case _:
            return "string"


def _line(tree: Tree) -> int:
    """Return the line on which a value starts; of a collection, that of the first scalar in it."""
    found: Tree = tree
    while not isinstance(found, Leaf):
        found = next(iter(found.values() if isinstance(found, dict) else found), Leaf(None, "", 1))
    return found.line


def _yaml_type(tree: Tree) -> str:
    match tree:
        case list():
            return "!!seq"
        case dict():
            return "!!map"
        case Leaf(value=bool(), text=text):
            return f"!!bool `{text}`"
        case Leaf(value=int(), text=text):
            return f"!!int `{text}`"
        case Leaf(value=float(), text=text):
            return f"!!float `{text}`"
        case _:
            return f"!!str `{tree.text[:7]}{'...' if len(tree.text) > 10 else tree.text[7:]}`"
