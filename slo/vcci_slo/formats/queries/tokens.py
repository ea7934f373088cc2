"""The words of a PromQL text, each with its place, so that a part of it can be changed and the rest stay as written."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LIMIT_CHARACTERS", "NotUnderstood", "Token", "tokens"]

LIMIT_CHARACTERS = 20_000

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | `[^`]*`)
    | (?P<window>WINDOW(?![A-Za-z0-9_]))
    | (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![A-Za-z0-9_.]))
    | (?P<number>0[xX][0-9a-fA-F]+ | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<mark>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){}\[\],:@])
    """,
    re.VERBOSE | re.ASCII,
)


class NotUnderstood(ValueError):
    """A text is beyond what is understood here; whether it is PromQL at all is for others to say."""


@dataclass(frozen=True)
class Token:
    """One word of the text: what it is, how it is written, and where it starts and ends."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a query without blanks and comments; the last one is empty and of the kind `end`.

    >>> [token.text for token in tokens('sum(rate(x{a="b"}[5m]))')][:6]
    ['sum', '(', 'rate', '(', 'x', '{']

    Raises NotUnderstood.
    """
    if len(text) > LIMIT_CHARACTERS:
        raise NotUnderstood(f"more than {LIMIT_CHARACTERS:,} characters")
    found: list[Token] = []
    position = 0
    in_range = False  # where a colon stands between range and step, and in no name
    while position < len(text):
        if in_range and text[position] == ":":
            found.append(Token("mark", ":", position, position + 1))
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotUnderstood(f"{text[position : position + 10]!r}")
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(Token(kind, match[0], match.start(), match.end()))
        if kind == "mark" and match[0] in "[]":
            in_range = match[0] == "["
        position = match.end()
    return (*found, Token("end", "", len(text), len(text)))
