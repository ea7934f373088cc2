"""A syntax tree of PromQL as text again: on one line, with the brackets of its author, in every version's notation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import promql_parser as promql

from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.matchers import Matcher

__all__ = [
    "Expression",
    "constant",
    "grouping",
    "matchers_of",
    "operator",
    "parsed",
    "selectors",
    "text_of",
    "unwrapped",
]

LONGEST = 4000
"""The parser recurses: what is longer may be nested so deeply that it ends the process."""

DEEPEST = 60

Expression = promql.Expr
OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def parsed(text: str) -> Expression:
    """Return the syntax tree of an expression. Raises ValueError for what is no PromQL, too long, or nested too deeply.

    >>> parsed("(" * 1500 + "a" + ")" * 1500)
    Traceback (most recent call last):
    ValueError: it is nested too deeply
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} letters; a recording rule shortens it")
    try:
        node = promql.parse(text)
    except OverflowError as error:
        raise ValueError(str(error)) from None
    if _is_deeper(node, DEEPEST):
        raise ValueError("it is nested too deeply")
    return node


def _is_deeper(node: Expression, levels: int) -> bool:
    """Return whether an expression has more levels. The parser copies what it is asked for: depth costs its square."""
    match node:
        case promql.BinaryExpr():
            inner: tuple[Expression, ...] = (node.lhs, node.rhs)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.AggregateExpr() | promql.SubqueryExpr():
            inner = (node.expr,)
        case promql.Call():
            inner = tuple(node.args)
        case _:
            return False
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)


def text_of(  # noqa: C901, PLR0911 - one answer for each kind of node
    node: Expression, joined: str = ""
) -> str:
    """Return the text of an expression; the matcher `joined`, where a selector has it, is written SELECTOR.

    >>> text_of(promql.parse('sum by (a) (rate(x{job="b"}[5m])) / on (a) y'), 'job="b"')
    'sum by (a) (rate(x{SELECTOR}[5m])) / on (a) y'
    """
    match node:
        case promql.NumberLiteral():
            return _number(node.val)
        case promql.StringLiteral():
            return _quoted(node.val)
        case promql.ParenExpr():
            return f"({text_of(node.expr, joined)})"
        case promql.UnaryExpr():
            return f"-{text_of(node.expr, joined)}"
        case promql.VectorSelector():
            return f"{_selector(node, joined)}{_shifted(node)}"
        case promql.MatrixSelector():
            inner = node.vector_selector
            return f"{_selector(inner, joined)}[{promql_duration(node.range)}]{_shifted(inner)}"
        case promql.SubqueryExpr():
            step = promql_duration(node.step) if node.step else ""
            return f"{text_of(node.expr, joined)}[{promql_duration(node.range)}:{step}]{_shifted(node)}"
        case promql.Call():
            return f"{node.func.name}({', '.join(text_of(argument, joined) for argument in node.args)})"
        case promql.AggregateExpr():
            return _aggregate(node, joined)
        case promql.BinaryExpr():
            return f"{text_of(node.lhs, joined)} {node.op}{_modifier(node)} {text_of(node.rhs, joined)}"
        case _:
            return str(node)


def _number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - it is how NaN is found
        return "NaN" if value != value else f"{'-' if value < 0 else '+'}Inf"  # noqa: PLR0124
    return number(value) if abs(value) < 1e15 else repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _selector(node: promql.VectorSelector, joined: str) -> str:
    name = node.name or ""
    matchers = list(matchers_of(node))
    if not name:
        named = next((one for one in matchers if (one.label, one.operator) == ("__name__", "=")), None)
        if named is not None:
            name = named.value
            matchers.remove(named)
    inside = [_matcher(one) for one in matchers]
    inside = ["SELECTOR" if joined and one == joined else one for one in inside]
    if node.matchers.or_matchers:
        return str(node)
    if name and not _METRIC.fullmatch(name):
        inside, name = [_quoted(name), *inside], ""
    return f"{name}{{{','.join(inside)}}}" if inside or not name else name


def _matcher(one: Matcher) -> str:
    label = one.label if _LABEL.fullmatch(one.label) else _quoted(one.label)
    return f"{label}{one.operator}{_quoted(one.value)}"


def matchers_of(node: promql.VectorSelector) -> tuple[Matcher, ...]:
    """Return the matchers of a selector, in the order written."""
    return tuple(
        Matcher(one.name, OPERATORS[str(one.op)], one.value)  # type: ignore[arg-type]
        for one in node.matchers.matchers
    )


def _shifted(node: promql.VectorSelector | promql.SubqueryExpr) -> str:
    shift = ""
    if node.at is not None:
        kind = str(node.at.type).rpartition(".")[2].lower()
        at = node.at.at
        shift += f" @ {number(at.timestamp())}" if at is not None else f" @ {kind}()"
    if node.offset:
        back = node.offset > timedelta(0)
        shift += f" offset {promql_duration(node.offset) if back else '-' + promql_duration(-node.offset)}"
    return shift


def _names(labels: list[str]) -> str:
    return ", ".join(label if _LABEL.fullmatch(label) else _quoted(label) for label in labels)


def _aggregate(node: promql.AggregateExpr, joined: str) -> str:
    parameter = f"{text_of(node.param, joined)}, " if node.param is not None else ""
    kind, labels = grouping(node)
    by = f" {kind} ({_names(labels)}) " if kind else ""
    return f"{node.op}{by}({parameter}{text_of(node.expr, joined)})"


def grouping(node: promql.AggregateExpr) -> tuple[str, list[str]]:
    """Return how an aggregation groups: `by` or `without`, or nothing, and the labels."""
    if node.modifier is None:
        return "", []
    kind = "by" if node.modifier.type == promql.AggModifierType.By else "without"
    return kind, list(node.modifier.labels)


def _modifier(node: promql.BinaryExpr) -> str:
    modifier = node.modifier
    if modifier is None:
        return ""
    found = " bool" if modifier.return_bool else ""
    if modifier.matching is not None:
        kind = "on" if modifier.matching.type == promql.LabelModifierType.Include else "ignoring"
        found += f" {kind} ({_names(list(modifier.matching.labels))})"
    if modifier.group_labels is not None:
        side = "left" if modifier.card == promql.VectorMatchCardinality.ManyToOne else "right"
        found += f" group_{side} ({_names(list(modifier.group_labels))})"
    return found


def unwrapped(node: Expression) -> Expression:
    """Return what stands inside brackets."""
    while isinstance(node, promql.ParenExpr):
        node = node.expr
    return node


def operator(node: Expression) -> str:
    """Return the operator of a binary expression, nothing for others."""
    return str(node.op) if isinstance(node, promql.BinaryExpr) else ""


def constant(node: Expression) -> float | None:
    """Return the value of an expression of numbers alone, None for others.

    >>> constant(promql.parse("7 * 24 * 3600"))
    604800.0
    """
    node = unwrapped(node)
    match node:
        case promql.NumberLiteral():
            return float(node.val)
        case promql.UnaryExpr():
            inner = constant(node.expr)
            return None if inner is None else -inner
        case promql.BinaryExpr() if str(node.op) in "+-*/":
            left, right = constant(node.lhs), constant(node.rhs)
            if left is None or right is None or (str(node.op) == "/" and right == 0):
                return None
            return {"+": left + right, "-": left - right, "*": left * right}.get(str(node.op), left / (right or 1))
        case _:
            return None


def selectors(node: Expression) -> Iterator[promql.VectorSelector]:
    """Yield every selector of an expression."""
    found: list[promql.VectorSelector] = []

    def visit(one: Expression) -> bool:
        if isinstance(one, promql.VectorSelector):
            found.append(one)
        return True

    promql.walk(node, visit)
    yield from found
