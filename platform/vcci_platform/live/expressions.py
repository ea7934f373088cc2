"""PromQL taken apart: the same text for the same expression, the halves of a condition, the series it looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import promql_parser as promql

from vcci_alerts.expressions import syntax_tree
from vcci_slo.promql.matchers import Matcher

__all__ = ["Clause", "Look", "clauses", "look_of", "looks", "normalised", "what_differs"]

_OPERATORS = frozenset({">", "<", ">=", "<=", "==", "!="})
Operator = Literal["=", "!=", "=~", "!~"]
_MATCHERS: Mapping[str, Operator] = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\w.:]+|[^\w\s]')
_AROUND = 3
"""So many words on either side of what differs, to know where one is."""


@dataclass(frozen=True)
class Clause:
    """One part of a condition that must hold: an expression against a number, or one that need only have a result."""

    expression: str
    operator: str = ""
    limit: float | None = None

    def holds(self, value: float) -> bool:
        """Return whether a value keeps the condition true."""
        limit = self.limit
        if limit is None:
            return True
        return {
            ">": value > limit,
            "<": value < limit,
            ">=": value >= limit,
            "<=": value <= limit,
            "==": value == limit,
            "!=": value != limit,
        }[self.operator]


@dataclass(frozen=True)
class Look:
    """Series that an expression looks at."""

    metric: str
    matchers: tuple[Matcher, ...]


@lru_cache(maxsize=65_536)
def normalised(expression: str) -> str:
    """Return the same text for every spelling of an expression; what is no PromQL only loses its line breaks.

    >>> normalised("sum(rate(x[60s])) by (a)\\n  > 1e-2") == normalised("sum by(a) (rate(x[1m])) > 0.01")
    True
    """
    try:
        return syntax_tree(expression).prettify()
    except ValueError:
        return " ".join(expression.split())


def clauses(expression: str) -> tuple[Clause, ...]:
    """Return the parts of a condition that must all hold, in the order written.

    >>> [(part.expression, part.operator, part.limit) for part in clauses("a > 0.5 and (b < 2 and c)")]
    [('a', '>', 0.5), ('b', '<', 2.0), ('c', '', None)]
    """
    return tuple(_parts(syntax_tree(expression)))


def _parts(tree: promql.Expr) -> Iterator[Clause]:
    match tree:
        case promql.ParenExpr():
            inner = list(_parts(tree.expr))
            yield from inner if len(inner) > 1 or inner[0].operator else [Clause(tree.prettify())]
        case promql.BinaryExpr() if str(tree.op) == "and":
            yield from _parts(tree.lhs)
            yield from _parts(tree.rhs)
        case promql.BinaryExpr() if str(tree.op) in _OPERATORS and isinstance(tree.rhs, promql.NumberLiteral):
            yield Clause(_bare(tree.lhs), str(tree.op), float(tree.rhs.val))
        case _:
            yield Clause(tree.prettify())


def _bare(tree: promql.Expr) -> str:
    return _bare(tree.expr) if isinstance(tree, promql.ParenExpr) else tree.prettify()


def looks(expression: str) -> tuple[Look, ...]:
    """Return the series that an expression looks at, each once; none if it is no PromQL."""
    try:
        tree = syntax_tree(expression)
    except ValueError:
        return ()
    return tuple(dict.fromkeys(_looks(tree)))


def _looks(tree: promql.Expr) -> Iterator[Look]:
    match tree:
        case promql.VectorSelector():
            yield look_of(tree)
        case promql.MatrixSelector():
            yield look_of(tree.vector_selector)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _looks(tree.expr)
        case promql.AggregateExpr():
            yield from _looks(tree.expr)
            if tree.param is not None:
                yield from _looks(tree.param)
        case promql.BinaryExpr():
            yield from _looks(tree.lhs)
            yield from _looks(tree.rhs)
        case promql.Call():
            for argument in tree.args:
                yield from _looks(argument)
        case _:
            return


def look_of(selector: promql.VectorSelector) -> Look:
    """Return what a selector looks at."""
    found = [Matcher(one.name, _MATCHERS[str(one.op)], one.value) for one in selector.matchers.matchers]
    name = selector.name or next((one.value for one in found if one.label == "__name__" and one.operator == "="), "")
    return Look(name, tuple(one for one in found if one.label != "__name__"))


def what_differs(expected: str, found: str) -> tuple[str, str]:
    """Return the part of each text that the other does not have, with a little around it.

    >>> what_differs("sum(rate(x[5m])) > 0.01", "sum(rate(x[5m])) > 0.05")
    ('… )) > 0.01', '… )) > 0.05')
    """
    left, right = [[found.span() for found in _TOKEN.finditer(text)] for text in (expected, found)]
    texts = [[expected[start:end] for start, end in left], [found[start:end] for start, end in right]]
    shortest = min(len(left), len(right))
    same = next((index for index in range(shortest) if texts[0][index] != texts[1][index]), shortest)
    tail = next(
        (index for index in range(shortest - same) if texts[0][-1 - index] != texts[1][-1 - index]), shortest - same
    )
    return _cut(expected, left, same, tail), _cut(found, right, same, tail)


def _cut(text: str, tokens: list[tuple[int, int]], same: int, tail: int) -> str:
    first, last = max(same - _AROUND, 0), len(tokens) - max(tail - _AROUND, 0) - 1
    middle = text[tokens[first][0] : tokens[last][1]] if tokens else ""
    return f"{'… ' if first else ''}{middle}{' …' if last < len(tokens) - 1 else ''}"
