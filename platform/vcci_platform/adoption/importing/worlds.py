"""The value of an expression in a small world: one series for each selector, each steady, growing, falling, or absent.

It reads more of PromQL than the solver of the generated tests, and less exactly: good enough to look for series that
lie well beyond a threshold, which promtool then judges.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import promql_parser as promql

from vcci_platform.adoption.importing.promql_text import Expression, matchers_of, text_of

__all__ = ["Slope", "Unreadable", "World", "key_of"]

Values = tuple[float, ...]

SAME = frozenset(
    {"label_replace", "label_join", "sort", "sort_desc", "scalar", "vector", "min_over_time", "max_over_time"}
    | {"avg_over_time", "last_over_time", "quantile_over_time", "first_over_time"}
)
MATHS: Mapping[str, Callable[..., float]] = {
    "abs": lambda value: abs(value),  # noqa: PLW0108 - the built-in has a type of its own
    "ceil": math.ceil,
    "floor": math.floor,
    "sgn": lambda value: (value > 0) - (value < 0),
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
    "exp": lambda value: math.exp(min(value, 700)),
    "ln": lambda value: math.log(value) if value > 0 else math.nan,
    "log2": lambda value: math.log2(value) if value > 0 else math.nan,
    "log10": lambda value: math.log10(value) if value > 0 else math.nan,
    "round": lambda value, to=1.0: round(value / to) * to if to else math.nan,
    "clamp": lambda value, low, high: min(max(value, low), high),
    "clamp_min": max,
    "clamp_max": min,
}
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else math.nan,
    "%": lambda left, right: math.fmod(left, right) if right else math.nan,
}
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
GATHERS: Mapping[str, Callable[[Values], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "topk": max,
    "bottomk": min,
    "quantile": max,
}


class Unreadable(Exception):
    """An expression that this cannot value."""


@dataclass(frozen=True)
class Slope:
    """A series that begins at `start` and changes by `per_second`."""

    start: float
    per_second: float = 0.0

    def at(self, seconds: float) -> float:
        return self.start + self.per_second * seconds


def key_of(node: promql.VectorSelector) -> str:
    """Return what names the series of a selector: the same selector twice finds the same series."""
    name = node.name or ""
    return f"{name}{{{','.join(sorted(str(one) for one in matchers_of(node)))}}}"


class World:
    """Series by the key of their selector, None for one that is absent; `finds` lists what each selector selects.

    `step` is the time between two samples, and `now` the time since the series began, in seconds.
    """

    def __init__(
        self, series: Mapping[str, Slope | None], finds: Mapping[str, tuple[str, ...]], step: float, now: float
    ) -> None:
        self._series = series
        self._finds = finds
        self._step = step
        self._now = now

    def values(self, node: Expression) -> Values:  # noqa: PLR0911 - one answer for each kind of node
        """Return the values of an expression; of one without a value, none."""
        match node:
            case promql.NumberLiteral():
                return (float(node.val),)
            case promql.ParenExpr() | promql.SubqueryExpr():
                return self.values(node.expr)
            case promql.UnaryExpr():
                return tuple(-value for value in self.values(node.expr))
            case promql.VectorSelector():
                return tuple(one.at(self._now) for one in self._found(node))
            case promql.AggregateExpr():
                return self._gathered(node)
            case promql.Call():
                return self._called(node)
            case promql.BinaryExpr():
                return self._combined(node)
            case _:
                raise Unreadable(text_of(node))

    def _found(self, node: promql.VectorSelector) -> tuple[Slope, ...]:
        series = (self._series.get(key) for key in self._finds[key_of(node)])
        return tuple(one for one in series if one is not None)

    def _gathered(self, node: promql.AggregateExpr) -> Values:
        how = GATHERS.get(str(node.op))
        if how is None:
            raise Unreadable(text_of(node))
        inner = self.values(node.expr)
        return (how(inner),) if inner else ()

    def _called(self, node: promql.Call) -> Values:  # noqa: PLR0911 - one answer for each kind of function
        name = node.func.name
        if name == "time":
            return (self._now,)
        if name == "timestamp":
            return tuple(self._now for _ in self.values(node.args[0]))
        if name in {"absent", "absent_over_time"}:
            inner = node.args[0]
            matrix = isinstance(inner, promql.MatrixSelector)
            return () if (self._found(inner.vector_selector) if matrix else self.values(inner)) else (1.0,)
        if name == "histogram_quantile":
            return self._quantile(node)
        matrix_argument = next((one for one in node.args if isinstance(one, promql.MatrixSelector)), None)
        if matrix_argument is not None:
            return self._over(node, matrix_argument)
        subquery = next((one for one in node.args if isinstance(one, promql.SubqueryExpr)), None)
        if subquery is not None and subquery.range is not None:
            return self._steady(name, self.values(subquery.expr), subquery.range.total_seconds())
        if name in SAME:
            return self.values(node.args[0])
        if name in MATHS:
            return self._maths(name, node)
        raise Unreadable(text_of(node))

    def _maths(self, name: str, node: promql.Call) -> Values:
        numbers: list[float] = []
        for argument in node.args[1:]:
            found = self.values(argument)
            if len(found) != 1:
                raise Unreadable(text_of(node))
            numbers.append(found[0])
        return tuple(float(MATHS[name](value, *numbers)) for value in self.values(node.args[0]))

    def _steady(self, name: str, values: Values, seconds: float) -> Values:
        """Return what a function makes of a span in which nothing changed."""
        if name in SAME:
            return values
        known = {"changes": 0.0, "resets": 0.0, "present_over_time": 1.0, "stddev_over_time": 0.0, "deriv": 0.0}
        known |= {"delta": 0.0, "rate": 0.0, "increase": 0.0, "count_over_time": seconds / self._step}
        if name == "sum_over_time":
            return tuple(value * seconds / self._step for value in values)
        if name not in known:
            raise Unreadable(name)
        return tuple(known[name] for _ in values)

    def _over(self, node: promql.Call, matrix: promql.MatrixSelector) -> Values:
        name, seconds = node.func.name, matrix.range.total_seconds()
        return tuple(self._of(name, node, one, seconds) for one in self._found(matrix.vector_selector))

    def _of(  # noqa: PLR0911 - one answer for each function
        self, name: str, node: promql.Call, one: Slope, seconds: float
    ) -> float:
        growth = one.per_second
        match name:
            case "rate" | "irate" | "deriv":
                return growth
            case "increase" | "delta":
                return growth * min(seconds, self._now)
            case "idelta":
                return growth * self._step
            case "changes":
                return min(seconds, self._now) / self._step if growth else 0.0
            case "resets":
                return min(seconds, self._now) / self._step if growth < 0 else 0.0
            case "predict_linear":
                ahead = self.values(node.args[1])
                return one.at(self._now + (ahead[0] if ahead else 0.0))
            case "avg_over_time":
                return one.at(self._now - min(seconds, self._now) / 2)
            case "min_over_time":
                return min(one.at(self._now), one.at(max(self._now - seconds, 0.0)))
            case "max_over_time":
                return max(one.at(self._now), one.at(max(self._now - seconds, 0.0)))
            case _:
                found = self._steady(name, (one.at(self._now),), min(seconds, self._now))
                return found[0]

    def _quantile(self, node: promql.Call) -> Values:
        """Return a quantile where every event took as long as the series of its buckets says, at most."""
        share = self.values(node.args[0])
        buckets = [one for selector in _bucket_selectors(node.args[1]) for one in self._found(selector)]
        if len(share) != 1 or not buckets:
            return ()
        longest = max(one.start for one in buckets)
        return (longest / 2 * (1 + min(max(share[0], 0.0), 1.0)),)

    def _combined(self, node: promql.BinaryExpr) -> Values:  # noqa: PLR0911 - one answer for each operator
        sign = str(node.op)
        left, right = self.values(node.lhs), self.values(node.rhs)
        if sign == "or":
            return left or right
        if sign == "and":
            return left if right else ()
        if sign == "unless":
            return () if right else left
        if not left or not right:
            return ()
        if len(right) > 1 and len(left) > 1:
            raise Unreadable(text_of(node))
        pairs = [(one, other) for one in left for other in right]
        if sign == "^":
            return tuple(_power(one, other) for one, other in pairs)
        if sign in ARITHMETIC:
            return tuple(ARITHMETIC[sign](one, other) for one, other in pairs)
        if sign not in COMPARISONS:
            raise Unreadable(text_of(node))
        if node.modifier is not None and node.modifier.return_bool:
            return tuple(float(COMPARISONS[sign](one, other)) for one, other in pairs)
        kept_right = isinstance(node.lhs, promql.NumberLiteral)
        return tuple(other if kept_right else one for one, other in pairs if COMPARISONS[sign](one, other))


def _power(one: float, other: float) -> float:
    try:
        return float(one**other)
    except (ArithmeticError, ValueError):
        return math.nan


_BUCKETS = re.compile(r".+_bucket")


def _bucket_selectors(node: Expression) -> list[promql.VectorSelector]:
    found: list[promql.VectorSelector] = []

    def visit(one: Expression) -> bool:
        if isinstance(one, promql.VectorSelector):
            if one.name is None or not _BUCKETS.fullmatch(one.name):
                raise Unreadable(text_of(node))
            found.append(one)
        return True

    promql.walk(node, visit)
    return found
