"""PromQL cut into words, up to the first character that Prometheus's lexer would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vcci_slo.formats.sloth.go import quote

__all__ = ["AGGREGATORS", "OPERATORS", "Token", "tokens_of"]

AGGREGATORS = frozenset(
    {"avg", "bottomk", "count", "count_values", "group", "limitk", "limit_ratio"}
    | {"max", "min", "quantile", "stddev", "stdvar", "sum", "topk"}
)
_WORD_OPERATORS = frozenset({"and", "or", "unless", "atan2"})
OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">=", *_WORD_OPERATORS})
_KEYWORDS = frozenset(
    {"bool", "by", "end", "group_left", "group_right", "ignoring", "offset", "on", "start", "without"}
)

_SKIP = re.compile(r"(?:\s|#[^\n]*)+")
_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`')
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]+|(?:[0-9]+(?:ms|[smhdwy]))+(?![0-9a-zA-Z])|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_NO_NUMBER = re.compile(rf"(?!(?:{_NUMBER.pattern})(?![0-9A-Za-z_]))((?:[0-9]+(?:ms|[smhdwy]))*[0-9]+)[A-Za-z_]")
_SIGN = re.compile(r"==|!=|<=|>=|=~|!~|[-+*/%^<>=,@()]")
_MATCHING = re.compile(r"=~|!~|!=|=|,")


@dataclass(frozen=True)
class Token:
    """A word with its place; of kind `error`, the complaint about what follows."""

    kind: str
    text: str
    position: int

    @property
    def described(self) -> str:
        """The word as Prometheus names it in its complaints."""
        lower = self.text.lower()
        if self.kind == "end":
            return "end of input"
        if self.kind == "word" and lower in AGGREGATORS:
            return f"<aggr:{lower}>"
        if self.kind in {"word", "sign"} and lower in OPERATORS:
            return f"<op:{lower}>"
        if self.kind == "word" and lower in _KEYWORDS:
            return f"<{lower}>"
        if self.kind in {"word", "number", "text"}:
            names = {"word": "identifier", "number": "number or duration", "text": "string"}
            return f"{names[self.kind]} {quote(self.text)}"
        return quote(self.text)


def tokens_of(query: str, *, units: bool = False) -> Iterator[Token]:
    """Yield the words of a query; the last one is of kind `end` or `error`. With `units`, any may follow a number."""
    position, depth, in_braces, in_brackets = 0, 0, False, False
    while True:
        if match := _SKIP.match(query, position):
            position = match.end()
        if position >= len(query):
            yield _at_end(query, depth, in_braces=in_braces, in_brackets=in_brackets)
            return
        token = _next(query, position, in_braces=in_braces, in_brackets=in_brackets, units=units)
        if token.text == ")" and depth == 0 and token.kind == "sign":
            token = Token("error", "unexpected right parenthesis ')'", position + 1)  # told once it has been read
        yield token
        if token.kind == "error":
            return
        if token.kind == "sign":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            in_braces = token.text == "{" or (in_braces and token.text != "}")
            in_brackets = token.text == "[" or (in_brackets and token.text != "]")
        position += len(token.text)


def _at_end(query: str, depth: int, *, in_braces: bool, in_brackets: bool) -> Token:
    if in_braces:
        return Token("error", "unexpected end of input inside braces", len(query))
    if depth:
        return Token("error", "unclosed left parenthesis", len(query))
    if in_brackets:
        return Token("error", "unclosed left bracket", len(query))
    return Token("end", "", len(query))


def _next(query: str, position: int, *, in_braces: bool, in_brackets: bool, units: bool) -> Token:
    letter = query[position]
    if letter in "\"'`":
        match = _TEXT.match(query, position)
        kind = "unterminated raw string" if letter == "`" else "unterminated quoted string"
        return Token("text", match.group(), position) if match else Token("error", kind, position)
    if in_braces:
        return _inside_braces(query, position)
    if letter == "{" or letter in ("]:" if in_brackets else "["):
        return Token("sign", letter, position)
    if not units and (match := _NO_NUMBER.match(query, position)):
        return Token("error", f"bad number or duration syntax: {quote(match.group(1))}", position)
    for kind, pattern in (("number", _NUMBER), ("word", _WORD), ("sign", _SIGN)):
        if match := pattern.match(query, position):
            return Token(kind, match.group(), position)
    return Token("error", _refusal(letter, query[position + 1 : position + 2]), position)


def _inside_braces(query: str, position: int) -> Token:
    letter = query[position]
    for kind, pattern in (("word", _LABEL), ("sign", _MATCHING)):
        if match := pattern.match(query, position):
            return Token(kind, match.group(), position)
    if letter == "}":
        return Token("sign", letter, position)
    if letter == "!":
        after = query[position + 1 : position + 2]
        return Token("error", f"unexpected character after '!' inside braces: {_letter(after)}", position)
    if letter == "{":
        return Token("error", "unexpected left brace '{'", position)
    return Token("error", f"unexpected character inside braces: {_letter(letter)}", position)


def _refusal(letter: str, after: str) -> str:
    known = {
        "[": "unexpected left bracket '['",
        "]": "unexpected right bracket ']'",
        "!": f"unexpected character after '!': {_letter(after)}",
    }
    return known.get(letter, f"unexpected character: {_letter(letter)}")


def _letter(letter: str) -> str:
    """Return a character as Go quotes one."""
    if letter == "'":
        return "'\\''"
    return f"'{quote(letter)[1:-1]}'" if letter != '"' else "'\"'"
