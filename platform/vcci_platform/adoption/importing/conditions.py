"""What an alert's expression compares with what: the threshold comes out as data, the rest stays an expression.

Whatever comes out is true at exactly the same moments as what went in; where that holds only for whole numbers, or only
beside the threshold itself, `changes` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

import promql_parser as promql

from vcci_platform.adoption.importing.promql_text import Expression, constant, operator, selectors, text_of, unwrapped

__all__ = ["Condition", "condition_of"]

FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
COMPARISONS = frozenset(FLIPPED)
NARROWING = frozenset({"and", "unless"})
COUNTS = frozenset({"count", "count_values", "group"})
WHOLE_CALLS = frozenset({"changes", "resets", "count_over_time", "absent", "absent_over_time", "present_over_time"})
MOVING = frozenset(
    {"rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "histogram_quantile", "avg_over_time"}
    | {"quantile_over_time", "histogram_fraction", "holt_winters", "double_exponential_smoothing", "stddev_over_time"}
)
_FLAG = re.compile(r"(.*_)?(up|success|successful|healthy|ready|alive|connected|enabled|active|down|leader|readonly)")
_FLAGS = re.compile(r"kube_.*_(status_condition|status_phase|unschedulable|reason|created)|.*_(state|status)")
_FRACTION = re.compile(r".*_(seconds|bytes|ratio|percent|celsius|volts)")


@dataclass(frozen=True)
class Condition:
    """`measure` followed by `tail` is above or below `value`.

    `measure` is None where the whole condition stays an expression that has a value while it is true. `flag` says that
    the measure is 0 or 1.
    """

    measure: Expression | None
    text: str
    tail: str
    side: Literal["above", "below"]
    value: float
    flag: bool = False
    changes: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """The text of what is measured."""
        needs_brackets = self.tail and self.measure is not None and operator(self.measure) == "or"
        return f"({self.text}){self.tail}" if needs_brackets else f"{self.text}{self.tail}"


def condition_of(expression: Expression) -> Condition:  # noqa: PLR0911 - one answer for each form
    """Return the condition of an alert's expression.

    >>> found = condition_of(promql.parse("errors / total > 0.05 and on () total > 10"))
    >>> found.text, found.tail, found.side, found.value
    ('errors / total', ' and on () total > 10', 'above', 0.05)
    """
    node = unwrapped(expression)
    if operator(node) in NARROWING and isinstance(node, promql.BinaryExpr):
        inner = condition_of(node.lhs)
        # What is compared first and narrowed then may be narrowed first: a comparison only leaves series out.
        if inner.measure is not None:
            return replace(inner, tail=f"{inner.tail}{text_of(node).removeprefix(text_of(node.lhs))}")
        return _as_it_is(node)
    if operator(node) in COMPARISONS and isinstance(node, promql.BinaryExpr):
        if node.modifier is not None and node.modifier.return_bool:
            return _as_it_is(node)
        left, right = constant(node.lhs), constant(node.rhs)
        if right is not None and left is None:
            return _compared(node.lhs, operator(node), right)
        if left is not None and right is None:
            return _compared(node.rhs, FLIPPED[operator(node)], left)
        if left is None and right is None and operator(node) in {">", "<"}:
            return _difference(node)
    return _as_it_is(node)


def _difference(node: promql.BinaryExpr) -> Condition:
    """Return `a > b` as a difference above 0: the matching of the sides is the same."""
    age = _age(node.lhs, str(node.op), node.rhs) or _age(node.rhs, FLIPPED[str(node.op)], node.lhs)
    if age is not None:
        return age
    whole, left, right = text_of(node), text_of(node.lhs), text_of(node.rhs)
    modifier = whole.removeprefix(f"{left} {node.op}").removesuffix(f" {right}")
    left = f"({left})" if operator(node.lhs) in COMPARISONS else left
    right = f"({right})" if operator(node.rhs) in {"+", "-"} else right
    text = f"{left} -{modifier} {right}"
    change = "compares two series; its value is now by how much they differ"
    return Condition(promql.parse(text), text, "", "above" if str(node.op) == ">" else "below", 0.0, changes=(change,))


def _age(moment: Expression, sign: str, clock: Expression) -> Condition | None:
    """Return `moment < time() - 3600` as `time() - moment > 3600`, so that an age has its limit; else None."""
    clock = unwrapped(clock)
    ago = 0.0
    if isinstance(clock, promql.BinaryExpr) and str(clock.op) in {"+", "-"}:
        shift = constant(clock.rhs)
        if shift is None:
            return None
        ago, clock = (shift if str(clock.op) == "-" else -shift), unwrapped(clock.lhs)
    if not isinstance(clock, promql.Call) or clock.func.name != "time":
        return None
    brackets = operator(moment) in COMPARISONS | {"+", "-"}
    text = f"({text_of(moment)})" if brackets else text_of(moment)
    if ago >= 0:
        text, side = f"time() - {text}", "above" if sign == "<" else "below"
    else:
        text, side, ago = f"{text} - time()", "below" if sign == "<" else "above", -ago
    change = "compares a moment with the clock; its value is now the time between them"
    return Condition(promql.parse(text), text, "", "above" if side == "above" else "below", ago, changes=(change,))


def _as_it_is(node: Expression) -> Condition:
    if isinstance(node, promql.Call) and node.func.name in {"absent", "absent_over_time"}:
        return Condition(node, text_of(node), "", "above", 0.5, flag=True)
    change = "stays one expression, which is 1 while it is true: it has no single threshold"
    return Condition(None, f"clamp({text_of(node)}, 1, 1)", "", "above", 0.5, flag=True, changes=(change,))


def _compared(  # noqa: PLR0911 - one answer for each sign
    measure: Expression, sign: str, value: float
) -> Condition:
    measure, value, factor = _as_share(unwrapped(measure), value)
    text = text_of(measure)
    if sign in {">", "<"}:
        return Condition(measure, text, "", "above" if sign == ">" else "below", value, changes=factor)
    if sign == "!=":
        return _filtered(measure, text, sign, value)
    is_flag, is_whole = _is_flag(measure), _is_whole(measure)
    if sign == "==" and is_flag and value in {0.0, 1.0}:
        change = f"== {value:g} of a value that is 0 or 1"
        if value == 0.0:
            return Condition(measure, text, "", "below", 1.0, flag=True, changes=(change,))
        return Condition(measure, text, "", "above", 0.5, flag=True, changes=(change,))
    if sign in {">=", "<="}:
        step = -0.5 if sign == ">=" else 0.5
        side: Literal["above", "below"] = "above" if sign == ">=" else "below"
        if value.is_integer() and (is_whole or is_flag):
            change = f"{sign} {value:g} of whole numbers is {side} {value + step:g}"
            return Condition(measure, text, "", side, value + step, flag=is_flag, changes=(change,))
        if value and _is_continuous(measure):
            change = f"{sign} {value:g} became {side} {value:g}, which differs at exactly {value:g} alone"
            return Condition(measure, text, "", side, value, changes=(*factor, change))
    return _filtered(measure, text, sign, value)


def _as_share(node: Expression, value: float) -> tuple[Expression, float, tuple[str, ...]]:
    """Return `a / b` and 0.05 for `a / b * 100` compared with 5."""
    if operator(node) == "*" and isinstance(node, promql.BinaryExpr):
        for factor, other in ((constant(node.lhs), node.rhs), (constant(node.rhs), node.lhs)):
            inner = unwrapped(other)
            is_share = operator(inner) == "/" or (operator(inner) == "-" and constant(inner.lhs) == 1.0)  # type: ignore[attr-defined]
            if factor == 100.0 and is_share:
                return inner, float(f"{value / 100:.12g}"), ("a percentage became a share, and so did its limit",)
    return node, value, ()


def _filtered(measure: Expression, text: str, sign: str, value: float) -> Condition:
    """Return a comparison that stays in the expression: what it lets through is beyond a limit next to it."""
    kept = f"({text})" if operator(measure) in NARROWING | COMPARISONS | {"or"} else text
    change = f"{sign} {value:g} stays in the expression, since a limit of the spec is above or below"
    if sign == "!=":
        return Condition(None, f"clamp({kept} != {value:g}, 1, 1)", "", "above", 0.5, flag=True, changes=(change,))
    whole = f"{kept} {sign} {text_of(_literal(value))}"
    if sign == "<=":
        return Condition(None, whole, "", "below", value + 1, changes=(change,))
    return Condition(None, whole, "", "above", value - 1, changes=(change,))


def _literal(value: float) -> Expression:
    return promql.parse(repr(value))


def _is_flag(node: Expression) -> bool:
    """Return whether a value is 0 or 1, by the name of its metric and what is done to it."""
    node = unwrapped(node)
    match node:
        case promql.VectorSelector():
            name = node.name or ""
            return bool(_FLAG.fullmatch(name) or _FLAGS.fullmatch(name))
        case promql.AggregateExpr() if str(node.op) in {"min", "max", "group"}:
            return str(node.op) == "group" or _is_flag(node.expr)
        case promql.Call() if node.func.name in {"max_over_time", "min_over_time", "last_over_time"}:
            inner = node.args[0]
            return _is_flag(inner.vector_selector if isinstance(inner, promql.MatrixSelector) else node)
        case promql.Call():
            return node.func.name in {"absent", "absent_over_time", "present_over_time"}
        case promql.BinaryExpr():
            return node.modifier is not None and node.modifier.return_bool
        case _:
            return False


def _is_whole(node: Expression) -> bool:
    """Return whether a value is a whole number, whatever the series hold."""
    node = unwrapped(node)
    match node:
        case promql.AggregateExpr():
            return str(node.op) in COUNTS or (str(node.op) in {"sum", "min", "max"} and _is_whole(node.expr))
        case promql.Call():
            return node.func.name in WHOLE_CALLS
        case promql.BinaryExpr() if str(node.op) in {"+", "-"}:
            return all(_is_whole(side) or _is_flag(side) for side in (node.lhs, node.rhs))
        case _:
            return _is_flag(node)


def _is_continuous(node: Expression) -> bool:
    """Return whether a value is measured and not counted, so that it is hardly ever exactly its limit."""
    found = [False]

    def visit(one: Expression) -> bool:
        if isinstance(one, promql.Call) and one.func.name in MOVING:
            found[0] = True
        if isinstance(one, promql.BinaryExpr) and str(one.op) in {"/", "%", "^"}:
            found[0] = True
        return True

    promql.walk(node, visit)
    return found[0] or any(_FRACTION.fullmatch(one.name or "") for one in selectors(node))
