"""The part of Go's text/template that queries use: fields, texts, pipelines, `printf`, trim marks, comments.

Whatever else Go knows (conditions, loops, variables) is refused by name: no query of Sloth's needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import general, quote

__all__ = ["Template"]

_ACTION = re.compile(r"\{\{(?:-(?=\s))?")
_SPACE = " \t\r\n"
_TOKEN = re.compile(
    r"""\s+|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<raw>`[^`]*`)|(?P<number>[+-]?\d+(?:\.\d+)?)|(?P<field>\.[\w.]*)"""
    r"""|(?P<variable>\$\w+)|(?P<root>\$(?:\.[\w.]*)?)|(?P<word>[^\W\d]\w*)|(?P<mark>[|()])"""
)
_COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_KEYWORDS = frozenset({"if", "else", "end", "range", "with", "define", "block", "template", "break", "continue"})
_FUNCTIONS = frozenset({"printf", "print", "println", "index"})
_NAMES = frozenset({"field", "root", "word"})
_ENDS = frozenset({"", *" \t\r\n.,|:()"})
"""What may stand behind a name; the end of the action may too."""

_NOTHING = "<no value>"

Value = str | int | float


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


_Node = str | tuple["_Token", ...]  # text as it stands, or the words of an action


class Template:
    """A text with actions, ready to be rendered with different values.

    >>> Template("expr", 'rate(x[{{ .window }}]){{"{{"}}').render({"window": "5m"})
    'rate(x[5m]){{'
    """

    def __init__(self, name: str, text: str) -> None:
        self.name, self.source = name, text
        self.nodes: tuple[_Node, ...] = tuple(self._parse())

    def render(self, values: Mapping[str, str], *, strict: bool = True) -> str:
        """Return the text with its actions carried out. Unless `strict`, an unknown name prints `<no value>`."""
        return "".join(
            node if isinstance(node, str) else _printed(_Evaluation(self, node, values, strict=strict).pipeline())
            for node in self.nodes
        )

    def wrong(self, position: int, what: str) -> SlothError:
        """Return Go's complaint about a text that is no template."""
        return SlothError(f"template: {self.name}:{self.source.count(chr(10), 0, position) + 1}: {what}")

    def failed(self, token: _Token, what: str) -> SlothError:
        """Return Go's complaint about an action that cannot be carried out."""
        before = self.source[: token.position]
        line, column = before.count("\n") + 1, len(before[before.rfind("\n") + 1 :].encode("utf-8", "replace"))
        place = f"{self.name}:{line}:{column}"
        return SlothError(f"template: {place}: executing {quote(self.name)} at <{token.text}>: {what}")

    def _parse(self) -> Iterator[_Node]:
        position, trim = 0, False
        while match := _ACTION.search(self.source, position):
            text = self.source[position : match.start()]
            text = text.lstrip(_SPACE) if trim else text
            yield text.rstrip(_SPACE) if match.group().endswith("-") else text
            tokens, position, trim = self._action(match.end())
            if tokens:
                yield tokens
        rest = self.source[position:]
        yield rest.lstrip(_SPACE) if trim else rest

    def _action(self, position: int) -> tuple[tuple[_Token, ...], int, bool]:
        """Return the words of an action, where the text goes on, and whether its space goes."""
        if comment := _COMMENT.match(self.source, position):
            trims = self.source.startswith("-}}", comment.end()) and self.source[comment.end() - 1] in _SPACE
            end = comment.end() + (1 if trims else 0)
            if not self.source.startswith("}}", end):
                raise self.wrong(position, "comment ends before closing delimiter")
            return (), end + 2, trims
        tokens: list[_Token] = []
        start = position
        while True:
            trims = self.source.startswith("-}}", position) and self.source[position - 1] in _SPACE
            if trims or self.source.startswith("}}", position):
                if not tokens:
                    raise self.wrong(start, "missing value for command")
                return tuple(tokens), position + (3 if trims else 2), trims
            match = _TOKEN.match(self.source, position)
            if match is None:
                raise self._unreadable(position, tokens)
            if match.lastgroup:
                tokens.append(self._checked(_Token(match.lastgroup, match.group(), position)))
            position = match.end()
            after = self.source[position : position + 1]
            if match.lastgroup in _NAMES and after not in _ENDS and not self.source.startswith("}}", position):
                raise self.wrong(position, f"bad character {_character(after)}")

    def _checked(self, token: _Token) -> _Token:
        if token.kind == "variable":
            raise self.wrong(token.position, f"undefined variable {quote(token.text)}")
        if token.kind != "word" or token.text in _FUNCTIONS:
            return token
        if token.text in _KEYWORDS:
            raise self.wrong(token.position, f"{{{{{token.text}}}}} is no part of the templates that are rendered here")
        raise self.wrong(token.position, f"function {quote(token.text)} not defined")

    def _unreadable(self, position: int, tokens: list[_Token]) -> SlothError:
        if position >= len(self.source):
            return self.wrong(position, "unclosed action")
        letter = self.source[position]
        if letter == '"':
            return self.wrong(position, "unterminated quoted string")
        if letter == "`":
            return self.wrong(position, "unterminated raw quoted string")
        if not letter.isascii():
            return self.wrong(position, f"unrecognized character in action: {_character(letter)}")
        begins = not tokens or tokens[-1].text in {"|", "("}
        return self.wrong(position, f"unexpected {quote(letter)} in {'command' if begins else 'operand'}")


class _Evaluation:
    """One action at work."""

    def __init__(
        self, template: Template, tokens: tuple[_Token, ...], values: Mapping[str, str], *, strict: bool
    ) -> None:
        self.template, self.tokens, self.values, self.strict = template, tokens, values, strict
        self.position = 0

    def pipeline(self) -> Value:
        result = self._pipe()
        if self.position < len(self.tokens):
            raise self.template.wrong(self._next().position, 'unexpected ")" in operand')
        return result

    def _pipe(self) -> Value:
        given: tuple[Value, ...] = ()
        while True:
            given = (self._command(given),)
            if self._peek() != "|":
                return given[0]
            self.position += 1

    def _command(self, given: tuple[Value, ...]) -> Value:
        if self._peek() in {"", "|", ")"}:
            raise self.template.wrong(self.tokens[-1].position, "missing value for command")
        first = self.tokens[self.position]
        if first.kind == "word":
            self.position += 1
            arguments = []
            while self._peek() not in {"", "|", ")"}:
                arguments.append(self._operand())
            return self._call(first, (*arguments, *given))
        value = self._operand()
        if given or self._peek() not in {"", "|", ")"}:
            raise self.template.failed(first, f"can't give argument to non-function {first.text}")
        return value

    def _operand(self) -> Value:
        token = self._next()
        match token.kind:
            case "text":
                return _unescaped(token.text[1:-1])
            case "raw":
                return token.text[1:-1]
            case "number":
                return float(token.text) if "." in token.text else int(token.text)
            case "field" | "root":
                return self._field(token)
            case _ if token.text == "(":
                value = self._pipe()
                if self._peek() != ")":
                    raise self.template.wrong(token.position, "unclosed left paren")
                self.position += 1
                return value
            case _:
                raise self.template.wrong(token.position, f"unexpected {quote(token.text)} in operand")

    def _field(self, token: _Token) -> str:
        names = token.text.removeprefix("$").split(".")[1:]
        if not names or not names[0]:
            raise self.template.failed(token, "only a field of the data can be printed here")
        if len(names) > 1:
            raise self.template.failed(token, f"can't evaluate field {names[1]} in type string")
        return self._entry(token, names[0])

    def _entry(self, token: _Token, name: str) -> str:
        found = self.values.get(name)
        if found is None and self.strict:
            raise self.template.failed(token, f"map has no entry for key {quote(name)}")
        return _NOTHING if found is None else found

    def _call(self, function: _Token, arguments: tuple[Value, ...]) -> Value:
        match function.text, arguments:
            case "printf", (str() as pattern, *rest):
                return self._printf(function, pattern, rest)
            case "print", _:
                return _joined(arguments, always=False)
            case "println", _:
                return f"{_joined(arguments, always=True)}\n"
            case _:
                raise self.template.failed(function, f"wrong number or type of args for {function.text}")

    def _printf(self, function: _Token, pattern: str, arguments: list[Value]) -> str:
        left = iter(arguments)

        def verb(match: re.Match[str]) -> str:
            if match.group() == "%%":
                return "%"
            value = next(left, None)
            if value is None:
                return f"%!{match.group(1)}(MISSING)"
            return quote(value) if match.group(1) == "q" and isinstance(value, str) else _printed(value)

        if wrong := re.search(r"%(?![svqd]).?", pattern.replace("%%", "")):
            raise self.template.failed(function, f"no verb {quote(wrong.group())} is known here")
        return re.sub(r"%([svqd%])", verb, pattern)

    def _peek(self) -> str:
        return self.tokens[self.position].text if self.position < len(self.tokens) else ""

    def _next(self) -> _Token:
        if self.position >= len(self.tokens):
            raise self.template.wrong(self.tokens[-1].position, "unexpected end of the action in operand")
        self.position += 1
        return self.tokens[self.position - 1]


def _character(letter: str) -> str:
    """Return a character as Go's `%#U` prints it."""
    return f"U+{ord(letter):04X} '{letter}'" if letter.isprintable() else f"U+{ord(letter):04X}"


def _printed(value: Value) -> str:
    return general(value) if isinstance(value, float) else str(value)


def _joined(values: tuple[Value, ...], *, always: bool) -> str:
    """Return values side by side; `print` parts only those that are both no text."""
    text = ""
    for position, value in enumerate(values):
        both = position and not isinstance(value, str) and not isinstance(values[position - 1], str)
        text += (" " if position and (always or both) else "") + _printed(value)
    return text


def _unescaped(text: str) -> str:
    def letter(match: re.Match[str]) -> str:
        code = match.group(1) or match.group(2) or match.group(3)
        if code:
            return chr(int(code, 16))
        if match.group(4):
            return chr(int(match.group(4), 8))
        return _ESCAPED.get(match.group(5), match.group(5))

    return _ESCAPE.sub(letter, text)
