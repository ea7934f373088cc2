"""YAML under the rules of go-yaml v2, which reads everything for Sloth: `yes` is true, 10:30 and 2026-01-01 are text.

The tree keeps what was written beside what it means, since Sloth's three readers turn scalars into text in different
ways. It is built from events, so neither depth nor aliases cost more than they are.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.scanner import ScannerError

from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import shortest_single, syntax

__all__ = ["Leaf", "Tree", "json_of", "read_tree", "resolved"]

LIMIT_DEPTH = 1_000
LIMIT_EXPANSION = 1_000_000
"""Values after aliases are expanded. go-yaml draws a similar line, by the share of aliased values."""

LONGEST_NUMBER = 80
"""Digits of a number that can still matter: 64 bits in any base, with a sign and a prefix."""

Atom = str | int | float | bool | None
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_WORDS: dict[str, Atom] = {
    **{word: True for base in ("y", "yes", "true", "on") for word in (base, base.capitalize(), base.upper())},
    **{word: False for base in ("n", "no", "false", "off") for word in (base, base.capitalize(), base.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_EXPECTED: dict[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
    f"{_TAG}float": (int, float),
}
"""The kinds of value that a tag insists on. Under any other tag a scalar is text."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: what it means, and the text that stands in the file, on which line."""

    value: Atom
    text: str
    line: int = field(default=0, compare=False)


Tree = Leaf | dict[str, Any] | list[Any]


_MERGE = Leaf("<<", "<<")
"""The key that brings in another mapping; in quotes it is a key like any other."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet. Of a mapping, `key` stands until its value has come."""

    tree: dict[str, Any] | list[Any]
    size: int = 1
    key: Tree | None = None
    anchor: str | None = None


def read_tree(text: str) -> Tree:
    """Return the first document of a text. Raises SlothError for what is no YAML, too deep, or too large."""
    try:
        return _Builder().build(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        raise SlothError(f"yaml: {_place(error)}{error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeError):
        raise SlothError("yaml: invalid UTF-8 or a control character") from None


def _place(error: yaml.MarkedYAMLError) -> str:
    """Return the line as go-yaml tells it: counted from one by the scanner, from zero by the parser, never zero."""
    line = error.problem_mark.line if error.problem_mark else 0
    if line and isinstance(error, ScannerError):
        line += 1
    elif not line and error.context_mark:
        line = error.context_mark.line
    return f"line {line}: " if line else ""


def json_of(tree: Tree) -> Any:
    """Return the plain data of a tree, as JSON has it.

    >>> json_of(read_tree("{interval: {default: 5m}, on: [1, yes]}"))
    {'interval': {'default': '5m'}, 'true': [1, True]}
    """
    match tree:
        case Leaf():
            return tree.value
        case list():
            return [json_of(inner) for inner in tree]
        case _:
            return {key: json_of(inner) for key, inner in tree.items()}


class _Builder:
    def __init__(self) -> None:
        self.anchors: dict[str, tuple[Tree, int]] = {}
        self.stack: list[_Open] = []
        self.refusals: list[SlothError] = []
        """What is YAML, but no data. It is told once the document has been read: mistakes in its form come first."""

    def build(self, events: Iterator[Any]) -> Tree:
        for event in events:
            done = self._take(event)
            if done is not None:
                if self.refusals:  # those of go-yaml itself come before those of the step to JSON
                    raise min(self.refusals, key=lambda error: not str(error).startswith("yaml: "))
                return done
        return Leaf(None, "")

    def _take(self, event: Any) -> Tree | None:
        """Add what an event says; return the document when it is whole."""
        match event:
            case yaml.ScalarEvent():
                return self._add(self._leaf(event), 1, event.anchor)
            case yaml.AliasEvent():
                if event.anchor not in self.anchors:
                    raise SlothError(f"yaml: unknown anchor '{event.anchor}' referenced")
                tree, size = self.anchors[event.anchor]
                return self._add(tree, size, None)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self.stack) >= LIMIT_DEPTH:
                    raise SlothError(f"yaml: exceeded max depth of {LIMIT_DEPTH}")
                tree = {} if isinstance(event, yaml.MappingStartEvent) else []
                self.stack.append(_Open(tree, anchor=event.anchor))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                ended = self.stack.pop()
                return self._add(ended.tree, ended.size, ended.anchor)
            case yaml.DocumentEndEvent():
                return Leaf(None, "")
            case _:
                pass
        return None

    def _add(self, tree: Tree, size: int, anchor: str | None) -> Tree | None:
        if anchor is not None:
            self.anchors[anchor] = (tree, size)
        if not self.stack:
            return tree
        around = self.stack[-1]
        around.size += size
        if around.size > LIMIT_EXPANSION:
            raise SlothError("yaml: document contains excessive aliasing")
        if isinstance(around.tree, list):
            around.tree.append(tree)
        elif around.key is None:
            around.key = tree
        else:
            key, around.key = around.key, None
            try:
                _put(around.tree, key, tree)
            except SlothError as error:
                self.refusals.append(error)
        return None

    def _leaf(self, event: yaml.ScalarEvent) -> Leaf:
        if event.value == "<<" and event.tag is None and event.implicit[0]:
            return _MERGE
        line = event.start_mark.line + 1 if event.start_mark else 0
        try:
            return Leaf(_meaning(event), event.value, line)
        except SlothError as error:
            self.refusals.append(error)
            return Leaf(event.value, event.value, line)


def _put(into: dict[str, Any], key: Tree, value: Tree) -> None:
    """Give a mapping a value, or what `<<` brings.

    As in go-yaml v2 only keys that stand after `<<` win over what it brings; of several mappings the first wins.
    """
    if key is not _MERGE:
        into[_key(key, value)] = value
        return
    for each in reversed(value) if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            raise SlothError("yaml: map merge requires map or sequence of maps as the value")
        into.update(each)


def _key(key: Tree, value: Tree) -> str:
    """Return the key as JSON has it: only text, so numbers and booleans are printed."""
    if not isinstance(key, Leaf):
        raise SlothError(f"yaml: invalid map key: {syntax(json_of(key))}")
    match key.value:
        case str():
            return key.value
        case bool():
            return "true" if key.value else "false"
        case int():
            return str(key.value)
        case float():
            infinite = {"+Inf": ".inf", "-Inf": "-.inf", "NaN": ".nan"}
            text = shortest_single(key.value)
            return infinite.get(text, text)
        case _:
            shown = syntax(json_of(value), bare_nil=True)
            raise SlothError(f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {shown}")


def _meaning(event: yaml.ScalarEvent) -> Atom:
    text: str = event.value
    tag: str | None = event.tag
    if tag == f"{_TAG}binary":
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise SlothError("yaml: !!binary value contains invalid base64 data") from None
    if tag in {"!", f"{_TAG}str"} or (tag is None and not event.implicit[0]):
        return text
    found = resolved(text)
    if tag is None:
        return found
    expected = _EXPECTED.get(tag)
    if expected is None:
        return text
    if not isinstance(found, expected) or (isinstance(found, bool) and bool not in expected):
        raise SlothError(f"yaml: cannot decode {_tag_of(found)} `{text}` as a {tag.replace(_TAG, '!!')}")
    return float(found) if float in expected and isinstance(found, int) else found


def _tag_of(value: Atom) -> str:
    """Return the short tag of what a plain scalar means."""
    kinds: dict[type, str] = {bool: "!!bool", int: "!!int", float: "!!float", str: "!!str"}
    return kinds.get(type(value), "!!null")


def resolved(text: str) -> Atom:
    """Return what a plain scalar means: itself, unless it reads as a number, a boolean or nothing."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    plain = text if text[0] == "." else text.replace("_", "")
    found = _integer(plain) if _INTEGER.fullmatch(plain) else _finite(plain)
    return text if isinstance(found, str) else found


def _integer(plain: str) -> Atom:
    """Return a whole number, a float beyond 64 bits, or the text of what is larger than any number."""
    sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.removeprefix("+"))
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    base = {"0x": 16, "0b": 2, "0o": 8}.get(digits[:2].lower(), 8 if octal else 10)
    if len(digits) > LONGEST_NUMBER:
        return _finite(plain) if base == 10 else plain
    number = sign * int(digits, base)
    return number if -(2**63) <= number < 2**64 else _finite(plain)


def _finite(plain: str) -> float | str:
    number = float(plain) if _FLOAT.fullmatch(plain) else math.inf
    return plain if math.isinf(number) else number
