"""YAML text as plain data with the place of every value. Refuses what would hide a mistake or fill the memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from vcci_slo.errors import MOST_PROBLEMS, SpecError, SpecProblem
from vcci_slo.spec.units import describe

__all__ = ["LIMIT_BYTES", "Path", "Place", "Source", "read", "written"]

LIMIT_BYTES = 4 * 1024 * 1024
LIMIT_VALUES = 100_000
LIMIT_DEPTH = 40
LIMIT_DIGITS = 100

Path = tuple[str | int, ...]

# The core schema of YAML 1.2.2, section 10.3.2: `10:30`, `on` and `2026-01-01` are text.
_SCALARS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), "~nN\0"),
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF"),
    ("tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        re.compile(
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        "-+.0123456789",
    ),
)


class _TooMuch(Exception):
    """More than anyone writes: what was allowed, what was found, and where."""

    def __init__(self, expected: str, found: str, mark: yaml.Mark) -> None:
        super().__init__(expected)
        self.expected, self.found, self.mark = expected, found, mark


class _Loader(yaml.SafeLoader):
    """PyYAML's composer under the scalar rules of YAML 1.2; it stops at the limits, before the memory is full."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML declares it on the base class, untyped

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._nodes += 1
        self._depth += 1
        if self._depth > LIMIT_DEPTH + 1:
            raise _TooMuch(f"at most {LIMIT_DEPTH} levels", "more", self._mark())
        if self._nodes > 2 * LIMIT_VALUES:  # keys are nodes, too
            raise _TooMuch(f"at most {LIMIT_VALUES:,} values", "more", self._mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _mark(self) -> yaml.Mark:
        found: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return found


for _tag, _pattern, _first in _SCALARS:
    for _character in _first:
        _Loader.yaml_implicit_resolvers.setdefault("" if _character == "\0" else _character, []).append(
            (_tag, _pattern)
        )


@dataclass(frozen=True)
class Place:
    """A point in a file, counted from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """What a text says: plain data, and the place of each key and value by its path."""

    data: Any
    places: Mapping[Path, Place]
    file: str
    problems: tuple[SpecProblem, ...] = ()

    def place(self, path: Path) -> Place:
        """Return the place of a value, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if place := self.places.get(path[:length]):
                return place
        return Place(self.file, 1, 1)

    def problem(self, path: Path, expected: str, found: str, suggestion: str = "") -> SpecProblem:
        """Return what is wrong at a path, with its place."""
        place = self.place(path)
        return SpecProblem(place.file, place.line, place.column, written(path), expected, found, suggestion)


def written(path: Path) -> str:
    """Return a path as people write it.

    >>> written(("slos", "api-errors", "within", 0))
    'slos.api-errors.within[0]'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read(text: str, file: str) -> Source:
    """Return the data of one YAML document, with the `problems` that leave the rest readable.

    Those are duplicate keys, keys that are not text, and tags. Raises SpecError for what cannot be read at all: other
    than one document, more than 4 MiB, more than 100,000 values after anchors are expanded, more than 40 levels.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > LIMIT_BYTES:
        raise SpecError([SpecProblem(file, 1, 1, "", "a file of at most 4 MiB", f"{size:,} bytes")])
    try:
        node = yaml.compose(text, Loader=_Loader)
    except _TooMuch as much:
        line, column = much.mark.line + 1, much.mark.column + 1
        raise SpecError([SpecProblem(file, line, column, "", much.expected, much.found)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        found = " ".join(part for part in (error.context, error.problem) if part)
        raise SpecError([SpecProblem(file, line, column, "", "one YAML document", found)]) from None
    except yaml.reader.ReaderError as error:
        raise SpecError([SpecProblem(file, 1, 1, "", "text in UTF-8", str(error).splitlines()[0])]) from None
    except RecursionError:
        raise SpecError([SpecProblem(file, 1, 1, "", f"at most {LIMIT_DEPTH} levels", "many more")]) from None
    if node is None:
        raise SpecError([SpecProblem(file, 1, 1, "", "a spec that starts with `spec: vcci/v1`", "an empty file")])
    reader = _Reader(file)
    data = reader.value(node, ())
    return Source(data, reader.places, file, tuple(reader.problems))


class _Reader:
    """Turns nodes into data and remembers where each stood."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, Place] = {}
        self.problems: list[SpecProblem] = []
        self._values = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._values += 1
        if self._values > LIMIT_VALUES:
            self._stop(node, path, f"at most {LIMIT_VALUES:,} values", "more, after its anchors are expanded")
        if len(path) > LIMIT_DEPTH:
            self._stop(node, path, f"at most {LIMIT_DEPTH} levels", "more")
        self.places.setdefault(path, self._place(node))
        match node:
            case yaml.MappingNode():
                return self._map(node, path)
            case yaml.SequenceNode():
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            case _:
                return self._scalar(node, path)

    def _map(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
                self._refuse(key_node, path, "a key that is text", "a list or map as key")
                continue
            inner = (*path, key)
            if key in result:
                first = self.places[inner]
                self._refuse(key_node, inner, "each key once", f"{key!r} again (first in line {first.line})")
                continue
            self.places[inner] = self._place(key_node)
            result[key] = self.value(value_node, inner)
        return result

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        text: str = node.value
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" | "float" as kind:
                return self._number(node, path, kind)
            case tag:
                self._refuse(node, path, "plain text, numbers, lists and maps", f"the tag {describe(tag)}")
                return None

    def _number(self, node: yaml.Node, path: Path, kind: str) -> Any:
        text: str = node.value
        if len(text) > LIMIT_DIGITS:
            self._refuse(node, path, f"a number of at most {LIMIT_DIGITS} characters", describe(text))
            return None
        try:
            if kind == "float":
                return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        except ValueError:  # only an explicit tag leads here: `!!int many`
            self._refuse(node, path, "a number", describe(text))
            return None

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _refuse(self, node: yaml.Node, path: Path, expected: str, found: str) -> None:
        place = self._place(node)
        self.problems.append(SpecProblem(self.file, place.line, place.column, written(path), expected, found))
        if len(self.problems) > MOST_PROBLEMS:
            raise SpecError(self.problems)

    def _stop(self, node: yaml.Node, path: Path, expected: str, found: str) -> None:
        self._refuse(node, path, expected, found)
        raise SpecError(self.problems)
