"""The grammar of PromQL as far as converters need it: from a text to nodes that know their places.

The checks of a finished rule use a full parser, which tells no places. What is not understood here raises
NotUnderstood, and the query is then taken as it stands.
"""

from __future__ import annotations

import re

from vcci_slo.formats.queries.nodes import Aggregate, Binary, Call, Group, Literal, Minus, Node, Selector, Subquery
from vcci_slo.formats.queries.tokens import NotUnderstood, Token, tokens
from vcci_slo.promql.matchers import Matcher, Operator

__all__ = ["parse"]

AGGREGATES = frozenset(
    {
        *("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"),
        *("topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"),
    }
)
_STRENGTH = {
    **dict.fromkeys(("or",), 1),
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(("==", "!=", "<=", "<", ">=", ">"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_SIGN = 6
_MATCHING = frozenset({"on", "ignoring", "group_left", "group_right"})
_OPERATORS: dict[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
LIMIT_DEPTH = 60
LIMIT_OPERATORS = 300
_RANGES = frozenset({"duration", "number", "window"})


def parse(text: str) -> Node:
    """Return the query as nodes.

    >>> parse("sum(rate(x[5m]))").operator
    'sum'

    Raises NotUnderstood.
    """
    reader = _Reader(tokens(text))
    found = reader.expression(0)
    if reader.now.kind != "end":
        raise NotUnderstood(repr(reader.now.text))
    return found


class _Reader:
    def __init__(self, words: tuple[Token, ...]) -> None:
        self._words = words
        self._at = 0
        self._depth = 0
        self._operators = 0

    @property
    def now(self) -> Token:
        return self._words[self._at]

    def _next(self) -> Token:
        token = self.now
        self._at += token.kind != "end"
        return token

    def _sees(self, text: str) -> bool:
        return self.now.text.lower() == text and self.now.kind in {"mark", "name"}

    def _take(self, text: str) -> Token:
        if not self._sees(text):
            raise NotUnderstood(f"expected {text}, found {self.now.text!r}")
        return self._next()

    def expression(self, least: int) -> Node:
        """Return an expression whose operators bind stronger than `least`."""
        self._depth += 1
        if self._depth > LIMIT_DEPTH:
            raise NotUnderstood(f"more than {LIMIT_DEPTH} levels")
        left = self._operand()
        while (strength := _STRENGTH.get(self.now.text.lower(), 0)) > least and self.now.kind in {"mark", "name"}:
            self._operators += 1
            if self._operators > LIMIT_OPERATORS:
                raise NotUnderstood(f"more than {LIMIT_OPERATORS} operators")
            operator = self._next().text.lower()
            matching = self._matching()
            right = self.expression(strength - 1 if operator == "^" else strength)
            left = Binary(left.start, right.end, operator, matching, left, right)
        self._depth -= 1
        return left

    def _matching(self) -> str:
        words: list[str] = []
        if self._sees("bool"):
            words.append(self._next().text.lower())
        while self.now.kind == "name" and self.now.text.lower() in _MATCHING:
            words.append(self._next().text.lower())
            if self._sees("("):
                words.append(f"({','.join(self._names())})")
        return " ".join(words)

    def _names(self) -> tuple[str, ...]:
        self._take("(")
        names: list[str] = []
        while not self._sees(")"):
            if self.now.kind != "name":
                raise NotUnderstood(f"expected a label, found {self.now.text!r}")
            names.append(self._next().text)
            if not self._sees(")"):
                self._take(",")
        self._take(")")
        return tuple(names)

    def _operand(self) -> Node:
        token = self.now
        if self._sees("-") or self._sees("+"):
            self._next()
            inner = self.expression(_SIGN - 1)
            return Minus(token.start, inner.end, inner) if token.text == "-" else Group(token.start, inner.end, inner)
        return self._followed(self._single())

    def _single(self) -> Node:
        token = self.now
        if self._sees("("):
            self._next()
            inner = self.expression(0)
            return Group(token.start, self._take(")").end, inner)
        if token.kind == "number":
            self._next()
            number = int(token.text, 16) if token.text[:2] in {"0x", "0X"} else float(token.text)
            return Literal(token.start, token.end, float(number))
        if token.kind == "string":
            self._next()
            return Literal(token.start, token.end, None)
        if self._sees("{"):
            return self._selector("", token.start)
        if token.kind != "name":
            raise NotUnderstood(f"{token.text!r}")
        return self._named()

    def _named(self) -> Node:
        token = self._next()
        name = token.text.lower()
        if name in {"inf", "nan"}:
            return Literal(token.start, token.end, float(name))
        if name in AGGREGATES and (self._sees("(") or self._sees("by") or self._sees("without")):
            return self._aggregate(name, token.start)
        if self._sees("("):
            arguments, end = self._arguments()
            return Call(token.start, end, name, arguments)
        return self._selector(token.text, token.start)

    def _aggregate(self, operator: str, start: int) -> Node:
        groups: dict[str, tuple[str, ...]] = {}
        if self._sees("by") or self._sees("without"):
            word = self._next().text.lower()
            groups[word] = self._names()
        arguments, end = self._arguments()
        if not groups and (self._sees("by") or self._sees("without")):
            word = self._next().text.lower()
            groups[word] = self._names()
            end = self._words[self._at - 1].end
        return Aggregate(start, end, operator, groups.get("by"), groups.get("without"), arguments)

    def _arguments(self) -> tuple[tuple[Node, ...], int]:
        self._take("(")
        found: list[Node] = []
        while not self._sees(")"):
            found.append(self.expression(0))
            if not self._sees(")"):
                self._take(",")
        return tuple(found), self._take(")").end

    def _selector(self, metric: str, start: int) -> Selector:
        matchers: list[Matcher] = []
        plain, end = True, self._words[max(self._at - 1, 0)].end
        if self._sees("{"):
            self._next()
            while not self._sees("}"):
                if self.now.kind != "name":  # a name in quotes, as UTF-8 metrics have it
                    raise NotUnderstood(f"expected a label, found {self.now.text!r}")
                label = self._next().text
                sign, value = self._next(), self._next()
                if sign.text not in _OPERATORS or value.kind != "string":
                    raise NotUnderstood(f"expected a matcher of {label}, found {sign.text!r} {value.text!r}")
                matchers.append(Matcher(label, _OPERATORS[sign.text], _unquoted(value.text)))
                plain = plain and label != "__name__"
                if not self._sees("}"):
                    self._take(",")
            end = self._take("}").end
        return Selector(start, end, metric, tuple(matchers), None, None, shifted=False, plain=plain and bool(metric))

    def _followed(self, node: Node) -> Node:
        """Return the node with the ranges, steps and shifts in time that follow it."""
        while self._sees("["):
            self._next()
            if self.now.kind not in _RANGES:
                raise NotUnderstood(f"expected a range, found {self.now.text!r}")
            window = self._next()
            place = (window.start, window.end)
            if self._sees(":"):
                self._next()
                if self.now.kind in {"duration", "number"}:
                    self._next()
                node = Subquery(node.start, self._take("]").end, node, window.text, place, shifted=self._shifts())
                continue
            end = self._take("]").end
            if not isinstance(node, Selector) or node.window is not None:
                raise NotUnderstood("a range of what is no series")
            node = Selector(
                node.start, end, node.metric, node.matchers, window.text, place, shifted=False, plain=node.plain
            )
        if isinstance(node, Selector) and self._shifts():
            return Selector(
                node.start,
                self._words[self._at - 1].end,
                node.metric,
                node.matchers,
                node.window,
                node.window_at,
                shifted=True,
                plain=node.plain,
            )
        return node

    def _shifts(self) -> bool:
        shifted = False
        while self._sees("offset") or self._sees("@"):
            shifted = True
            self._next()
            if self._sees("-"):
                self._next()
            if self.now.kind not in {"duration", "number", "name"}:
                raise NotUnderstood(f"expected a time, found {self.now.text!r}")
            if self._next().kind == "name" and self._sees("("):  # @ start()
                self._names()
        return shifted


def _unquoted(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), text[1:-1])
