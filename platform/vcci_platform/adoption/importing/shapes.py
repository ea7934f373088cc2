"""Known shapes of what is measured: a share of failures, a quantile, a plain value; and in which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import promql_parser as promql

from vcci_platform.adoption.importing.conditions import COMPARISONS, NARROWING, Condition
from vcci_platform.adoption.importing.promql_text import (
    Expression,
    constant,
    grouping,
    matchers_of,
    operator,
    selectors,
    unwrapped,
)
from vcci_slo.promql.matchers import Matcher
from vcci_slo.spec.components import UnitName

__all__ = ["Quantile", "Ratio", "Shape", "Whole", "shape_of"]

PLAIN = frozenset("+-*/")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_OPPOSITE: dict[str, Literal["=", "!=", "=~", "!~"]] = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}


@dataclass(frozen=True)
class Ratio:
    """Bad among valid events of one counter over a window."""

    metric: str
    valid: tuple[Matcher, ...]
    bad: tuple[Matcher, ...]
    over: timedelta


@dataclass(frozen=True)
class Quantile:
    """A quantile of a histogram over a window."""

    metric: str
    matchers: tuple[Matcher, ...]
    quantile: float
    over: timedelta


@dataclass(frozen=True)
class Whole:
    """An expression as it is; `plain` where a signal may hold it."""

    plain: bool


@dataclass(frozen=True)
class Shape:
    """What is measured, on which side of which limit, in which unit; `changes` is what that changed."""

    kind: Ratio | Quantile | Whole
    side: Literal["above", "below"]
    value: float
    unit: UnitName
    changes: tuple[str, ...]


def shape_of(condition: Condition) -> Shape:
    """Return the shape of a condition."""
    if condition.measure is not None and not condition.tail:
        measure = unwrapped(condition.measure)
        found = _ratio(measure, condition) or _quantile(measure, condition)
        if found is not None:
            return found
    plain = condition.measure is not None and not condition.tail and _is_plain(condition.measure)
    return Shape(Whole(plain), condition.side, condition.value, _unit(condition), condition.changes)


# --- a share of failures ----------------------------------------------------------------------------------------------


def _ratio(node: Expression, condition: Condition) -> Shape | None:
    """Return a ratio of rates of one counter, of failures or of successes; None for any other expression."""
    side, value, good = condition.side, condition.value, False
    if operator(node) == "-" and isinstance(node, promql.BinaryExpr) and constant(node.lhs) == 1.0:
        node, good = unwrapped(node.rhs), True
    changes = list(condition.changes)
    found = _division(node)
    if found is None or not 0 <= value <= 1:
        return None
    metric, part, whole, over = found
    own = tuple(one for one in part if one not in whole)
    if good or side == "below":
        opposite = _opposite(own)
        if opposite is None:
            return None
        own = opposite
        if not good:
            side, value = "above", float(f"{1 - value:.12g}")
            changes.append("a share of successes below a limit is a share of failures above the rest")
        elif side == "below":
            return None
    return Shape(Ratio(metric, whole, own, over), side, value, "ratio", tuple(changes))


def _opposite(own: tuple[Matcher, ...]) -> tuple[Matcher, ...] | None:
    if len(own) != 1:
        return None
    return (Matcher(own[0].label, _OPPOSITE[own[0].operator], own[0].value),)


def _division(node: Expression) -> tuple[str, tuple[Matcher, ...], tuple[Matcher, ...], timedelta] | None:
    """Return the counter, the matchers above and below the line, and the window, of a ratio without groups."""
    if operator(node) != "/" or not isinstance(node, promql.BinaryExpr):
        return None
    above, below = _summed(node.lhs), _summed(_guarded(node.rhs))
    if above is None or below is None:
        return None
    function, metric, part, over, groups = above
    if (function, metric, over, groups) != (below[0], below[1], below[3], below[4]):
        return None
    whole = below[2]
    pinned = {one.label for one in whole if one.operator == "="}
    narrower = set(whole) < set(part)
    return (metric, part, whole, over) if narrower and set(groups) <= pinned else None


def _guarded(node: Expression) -> Expression:
    """Return what is under a line, without the guard against nothing: `(x > 0)`."""
    node = unwrapped(node)
    if operator(node) == ">" and isinstance(node, promql.BinaryExpr) and constant(node.rhs) == 0.0:
        return unwrapped(node.lhs)
    return node


def _summed(node: Expression) -> tuple[str, str, tuple[Matcher, ...], timedelta, tuple[str, ...]] | None:
    """Return function, counter, matchers, window and groups of `sum by (…) (rate(x[5m]))`."""
    node = unwrapped(node)
    if not isinstance(node, promql.AggregateExpr) or str(node.op) != "sum":
        return None
    kind, labels = grouping(node)
    inner = unwrapped(node.expr)
    if kind == "without" or not isinstance(inner, promql.Call) or inner.func.name not in {"rate", "increase"}:
        return None
    matrix = inner.args[0]
    if not isinstance(matrix, promql.MatrixSelector):
        return None
    selector = matrix.vector_selector
    if selector.offset or selector.at or not selector.name or not _METRIC.fullmatch(selector.name):
        return None
    return inner.func.name, selector.name, matchers_of(selector), matrix.range, tuple(sorted(labels))


# --- a quantile -------------------------------------------------------------------------------------------------------


def _quantile(node: Expression, condition: Condition) -> Shape | None:
    """Return a quantile of a classic histogram in seconds without groups; None for any other expression."""
    if not isinstance(node, promql.Call) or node.func.name != "histogram_quantile" or condition.value <= 0:
        return None
    share, summed = constant(node.args[0]), _summed(node.args[1])
    if share is None or summed is None or not 0 < share < 1:
        return None
    _, metric, matchers, over, groups = summed
    pinned = {one.label for one in matchers if one.operator == "="}
    if not metric.endswith("_seconds_bucket") or "le" not in groups or not set(groups) - {"le"} <= pinned:
        return None
    if any(one.label == "le" for one in matchers) or not _milliseconds(condition.value):
        return None
    kind = Quantile(metric.removesuffix("_bucket"), matchers, share, over)
    return Shape(kind, condition.side, condition.value, "seconds", condition.changes)


def _milliseconds(seconds: float) -> bool:
    return seconds >= 0.001 and abs(seconds * 1000 - round(seconds * 1000)) < 1e-9 * max(seconds * 1000, 1)


# --- anything else ----------------------------------------------------------------------------------------------------


def _is_plain(node: Expression) -> bool:
    """Return whether an expression has a value all the time: nothing in it compares, narrows or waits for absence."""
    found = [True]

    def visit(one: Expression) -> bool:
        if operator(one) in COMPARISONS | NARROWING | {"or"}:
            found[0] = False
        if isinstance(one, promql.Call) and one.func.name in {"absent", "absent_over_time"}:
            found[0] = False
        return True

    promql.walk(node, visit)
    return found[0]


def _unit(condition: Condition) -> UnitName:  # noqa: PLR0911 - one answer for each unit
    """Return the unit of a value, where its name and its limit leave no doubt."""
    if condition.flag:
        return "boolean"
    measure, value = condition.measure, condition.value
    if measure is None:
        return "count"
    node = unwrapped(measure)
    if operator(node) == "/" and 0 < value <= 1:
        return "ratio"
    names = {one.name or "" for one in selectors(node)}
    only = next(iter(names), "") if len(names) == 1 else ""
    direct = isinstance(node, promql.VectorSelector | promql.AggregateExpr) and not _moves(node)
    if direct and only.endswith("_seconds") and value >= 0 and _milliseconds(max(value, 0.001)):
        return "seconds"
    if direct and only.endswith("_bytes") and value >= 1 and value.is_integer():
        return "bytes"
    if operator(node) == "-" and _is_age(node) and value >= 1 and value.is_integer():
        return "seconds"
    return "count"


def _moves(node: Expression) -> bool:
    found = [False]

    def visit(one: Expression) -> bool:
        if isinstance(one, promql.Call | promql.BinaryExpr):
            found[0] = True
        if isinstance(one, promql.AggregateExpr) and str(one.op) in {"count", "count_values", "stddev", "stdvar"}:
            found[0] = True
        return True

    promql.walk(node, visit)
    return found[0]


def _is_age(node: Expression) -> bool:
    if not isinstance(node, promql.BinaryExpr):
        return False
    sides = (unwrapped(node.lhs), unwrapped(node.rhs))
    return any(isinstance(side, promql.Call) and side.func.name == "time" for side in sides)
