"""PromQL checked in process: that it parses, that a rule may hold it, and which labels its result can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import promql_parser as promql

from vcci_alerts.errors import AlertsError
from vcci_slo.promql.size import DEEPEST, too_deep

__all__ = ["Expression", "check", "labels_of", "parse", "syntax_tree"]

Expression = promql.Expr
Kind = Literal["vector", "scalar", "matrix", "string"]
SET_OPERATORS = frozenset({"and", "or", "unless"})
SELECTS = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
KEEPS_LABELS = frozenset({"label_replace", "label_join", "absent", "absent_over_time", "scalar", "vector", "time"})


def syntax_tree(expression: str) -> Expression:
    """Return the syntax tree of any text: foreign PromQL is read here and nowhere else.

    Raises ValueError for what is no PromQL, and for what is so deep that reading it would end the process.
    """
    if deep := too_deep(expression):
        raise ValueError(f"expected at most {DEEPEST} levels of operators and brackets, found {deep}")
    try:
        return promql.parse(expression)
    except OverflowError as error:
        raise ValueError(f"a number is too large: {error}") from None


def parse(owner: str, expression: str) -> Expression:
    """Return the syntax tree; AlertsError names the owner of a text that is no PromQL, or too deep."""
    if deep := too_deep(expression):
        raise AlertsError(owner, f"at most {DEEPEST} levels of operators and brackets", deep)
    try:
        return syntax_tree(expression)
    except ValueError as error:
        raise AlertsError(owner, "PromQL", f"{expression!r}: {error}") from error


def check(owner: str, expression: str) -> None:
    """Refuse what promtool lets through: a rule whose result is a range, a text or a bare number.

    >>> check("HighLoad", "up[5m]")
    Traceback (most recent call last):
    vcci_alerts.errors.AlertsError: HighLoad: expected an instant vector, found a matrix: up[5m]
    """
    found = _kind(parse(owner, expression))
    if found != "vector":
        raise AlertsError(owner, "an instant vector", f"a {found}: {expression}")


def _kind(expression: Expression) -> Kind:  # noqa: PLR0911 - one answer for each kind of node
    match expression:
        case promql.MatrixSelector() | promql.SubqueryExpr():
            return "matrix"
        case promql.StringLiteral():
            return "string"
        case promql.NumberLiteral():
            return "scalar"
        case promql.Call():
            return "scalar" if expression.func.return_type == promql.ValueType.Scalar else "vector"
        case promql.ParenExpr() | promql.UnaryExpr():
            return _kind(expression.expr)
        case promql.BinaryExpr():
            return "scalar" if {_kind(expression.lhs), _kind(expression.rhs)} == {"scalar"} else "vector"
        case _:
            return "vector"


def labels_of(expression: Expression, recorded: Mapping[str, frozenset[str] | None]) -> frozenset[str] | None:
    """Return the labels that a result can have, or None if it may have any.

    `recorded` gives the labels of recorded series by name. Nothing is known of what nests too deeply to be followed.
    """
    try:
        return _labels_of(expression, recorded)
    except RecursionError:
        return None


def _labels_of(  # noqa: PLR0911 - one answer for each kind of node
    expression: Expression, recorded: Mapping[str, frozenset[str] | None]
) -> frozenset[str] | None:
    match expression:
        case promql.VectorSelector():
            return recorded.get(expression.name or "")
        case promql.MatrixSelector():
            return _labels_of(expression.vector_selector, recorded)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _labels_of(expression.expr, recorded)
        case promql.NumberLiteral() | promql.StringLiteral():
            return frozenset()
        case promql.AggregateExpr():
            return _of_aggregate(expression, recorded)
        case promql.BinaryExpr():
            return _of_binary(expression, recorded)
        case promql.Call():
            return _of_call(expression, recorded)
        case _:
            return None


def _of_aggregate(
    expression: promql.AggregateExpr, recorded: Mapping[str, frozenset[str] | None]
) -> frozenset[str] | None:
    inner = _labels_of(expression.expr, recorded)
    if str(expression.op) in SELECTS:
        return inner
    if expression.modifier is None:
        return frozenset()
    named = frozenset(expression.modifier.labels)
    if expression.modifier.type == promql.AggModifierType.By:
        return named if inner is None else named & inner
    return None if inner is None else inner - named


def _of_binary(expression: promql.BinaryExpr, recorded: Mapping[str, frozenset[str] | None]) -> frozenset[str] | None:
    left, right = _labels_of(expression.lhs, recorded), _labels_of(expression.rhs, recorded)
    operator = str(expression.op)
    if operator == "or":
        return None if left is None or right is None else left | right
    if operator in SET_OPERATORS or _kind(expression.rhs) == "scalar":
        return left
    if _kind(expression.lhs) == "scalar":
        return right
    if expression.modifier and expression.modifier.group_labels is not None:
        return None
    if left is None or right is None:
        return left if right is None else right
    return left & right


def _of_call(expression: promql.Call, recorded: Mapping[str, frozenset[str] | None]) -> frozenset[str] | None:
    name = expression.func.name
    if name == "label_replace":
        inner = _labels_of(expression.args[0], recorded)
        return None if inner is None else inner | {expression.args[1].val}
    if name == "histogram_quantile":
        inner = _labels_of(expression.args[1], recorded)
        return None if inner is None else inner - {"le"}
    if name in KEEPS_LABELS:
        return None if name not in {"scalar", "vector", "time"} else frozenset()
    vectors = [argument for argument in expression.args if _kind(argument) in {"vector", "matrix"}]
    return _labels_of(vectors[0], recorded) if vectors else frozenset()
