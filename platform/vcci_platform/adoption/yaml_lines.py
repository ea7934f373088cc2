"""A spec as a person writes it: keys in order, short maps on one line, and a comment beside what needs one."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

__all__ = ["Entry", "Path", "flow_list", "flow_map", "quoted", "rendered", "without"]

COLUMN = 44
WIDTH = 118
LONGEST_COMMENT = 400

Path = tuple[str, ...]

_PLAIN = re.compile(r"[A-Za-z0-9_/(~][\x20-\x7e]*")
_SPLITS = re.compile(r": | #|:\Z|\s\Z")
_IN_FLOW = re.compile(r"[\[\]{},:]")
_NO_TEXT = re.compile(r"~|null|true|false|[-+.0-9][-+._0-9eExXoOa-fA-F]*|\.?(?:inf|nan)", re.IGNORECASE)
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_MARK = "\ufeff"


@dataclass(frozen=True)
class Entry:
    """A key, what it says (YAML on one line, or entries), a comment beside it, and comments above it.

    Without a key it is nothing but its comments.
    """

    key: str
    value: str | tuple[Entry, ...]
    note: str = ""
    above: tuple[str, ...] = ()

    def child(self, key: str) -> Entry | None:
        """Return the entry inside with this key."""
        return next((one for one in self.value if one.key == key), None) if isinstance(self.value, tuple) else None


def quoted(text: str, *, flow: bool = False) -> str:
    """Return a text as YAML, plain where no reader can mistake it; `flow` is inside brackets.

    >>> quoted('job="shop"'), quoted("5"), quoted("a: b"), quoted("a, b", flow=True)
    ('job="shop"', '"5"', '"a: b"', '"a, b"')
    """
    plain = _PLAIN.fullmatch(text) and not _SPLITS.search(text) and not _NO_TEXT.fullmatch(text)
    if plain and not (flow and _IN_FLOW.search(text)):
        return text
    if text.isprintable() and _MARK not in text and not re.search(r'["\\]', text):
        return f'"{text}"'
    if text.isprintable() and _MARK not in text:
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_ESCAPES.get(letter) or _escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter.isprintable() and letter != _MARK:
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def flow_list(texts: Iterable[str]) -> str:
    """Return a list on one line: `[5ms, 10ms]`."""
    return f"[{', '.join(quoted(text, flow=True) for text in texts)}]"


def flow_map(pairs: Mapping[str, str]) -> str:
    """Return a map of YAML values on one line: `{P2: 80%}`."""
    return f"{{{', '.join(f'{quoted(key, flow=True)}: {value}' for key, value in pairs.items())}}}"


def rendered(entries: Iterable[Entry], head: Iterable[str] = ()) -> str:
    """Return the whole text; `head` are the comments at its top, and an empty line stands between sections."""
    lines = [line for comment in head for line in _comment(comment, "")]
    for entry in entries:
        is_section = isinstance(entry.value, tuple)
        if lines and is_section:
            lines.append("")
        lines += _lines(entry, "")
    return "\n".join(lines) + "\n"


def _lines(entry: Entry, indent: str) -> Iterator[str]:
    for comment in entry.above:
        yield from _comment(comment, indent)
    if not entry.key:
        return
    head = f"{indent}{quoted(entry.key)}:"
    if isinstance(entry.value, str):
        yield from _beside(f"{head} {entry.value}", entry.note, indent)
        return
    yield from _beside(head, entry.note, indent)
    for inner in entry.value:
        yield from _lines(inner, f"{indent}  ")


def _beside(text: str, note: str, indent: str) -> Iterator[str]:
    """Yield a line with its comment beside it, or above it where that would be too long."""
    note = _clean(note)
    if not note:
        yield text
        return
    line = f"{text.ljust(COLUMN - 2)}  # {note}"
    if len(line) <= WIDTH:
        yield line
        return
    yield from _comment(note, indent)
    yield text


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in textwrap.wrap(_clean(text), WIDTH - len(indent) - 2, break_on_hyphens=False) or [""]:
        yield f"{indent}# {line}".rstrip()


def _clean(text: str) -> str:
    """Return a comment that is one, whatever names stand in it."""
    shown = "".join(letter if letter.isprintable() and letter != _MARK else "?" for letter in text)
    return shown if len(shown) <= LONGEST_COMMENT else f"{shown[:LONGEST_COMMENT]}…"


def without(entries: tuple[Entry, ...], path: Path, reason: str) -> tuple[Entry, ...]:
    """Return the entries without the one at a path, and with a comment in its place that says why.

    What becomes empty by that goes too.
    """
    first, *rest = path
    found: list[Entry] = []
    comments: tuple[str, ...] = ()
    for entry in entries:
        if entry.key != first:
            found.append(replace(entry, above=(*comments, *entry.above)))
            comments = ()
            continue
        inner = without(entry.value, tuple(rest), reason) if rest and isinstance(entry.value, tuple) else ()
        if inner:
            found.append(replace(entry, value=inner, above=(*comments, *entry.above)))
            comments = ()
        else:
            comments = (*comments, f"{'.'.join(path)}: left out: {reason}")
    if comments and found:
        found[-1] = replace(found[-1], above=(*comments, *found[-1].above))
    return tuple(found)
