"""The value of an expression over steady series: each selector finds one series that stays or grows evenly.

That is enough to go backwards: which value must a series have for the expression to be just above a threshold? What
this cannot read, such as a quantile or a forecast, is refused, and the spec brings its own proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

import promql_parser as promql

from vcci_alerts.expressions import Expression
from vcci_slo.promql.matchers import Matcher

__all__ = ["Leaf", "Steady", "Unreadable"]

MATCHES = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
GROWTH = frozenset({"rate", "increase"})
SAME = frozenset({"avg_over_time", "min_over_time", "max_over_time", "last_over_time", "vector", "scalar", "abs"})
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right if right else float("nan"),
}
OTHERS = (1000.0, 1.0, 0.0)
"""What the series that are not solved for may be: plenty, a flag that is up, a flag that is down."""

MOST_ALTERNATIVES = 64
LARGEST = 1e15
EXTRAPOLATED = 1.1
"""Prometheus extends a growth to the edge of its window up to this many steps away, else by half a step."""


class Unreadable(Exception):
    """An expression that cannot be solved for."""


@dataclass(frozen=True)
class Leaf:
    """A selector in an expression; `grows` when the expression asks how fast."""

    text: str
    metric: str
    matchers: tuple[Matcher, ...]
    grows: bool

    def selects(self, metric: str, labels: Mapping[str, str]) -> bool:
        """Return whether it finds a series."""
        return metric == self.metric and all(matcher.holds(labels) for matcher in self.matchers)


class Steady:
    """An expression over steady series, sampled every `step`. `recorded` holds the expressions of recorded names."""

    def __init__(self, expression: Expression, recorded: Mapping[str, Expression], step: timedelta) -> None:
        self._root = expression
        self._recorded = recorded
        self._step = step.total_seconds()

    # --- what it is made of ------------------------------------------------------------------------------------------

    def leaves(self) -> tuple[tuple[Leaf, Mapping[str, str]], ...]:
        """Return each selector with the names under which it knows the labels of the result: (result, own)."""
        return tuple({leaf.text: (leaf, names) for leaf, names in self._leaves(self._root, {}, grows=False)}.values())

    def alternatives(self) -> tuple[frozenset[str], ...]:
        """Return the sets of selectors of which one suffices: `a or b` is true by either."""
        return tuple(dict.fromkeys(self._needs(self._root)))

    def longest(self) -> timedelta:
        """Return the longest window that it looks back over."""
        spans = [timedelta(0)]

        def visit(node: Expression) -> bool:
            if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr) and node.range:
                spans.append(node.range)
            if isinstance(node, promql.VectorSelector) and node.name in self._recorded:
                promql.walk(self._recorded[node.name or ""], visit)
            return True

        promql.walk(self._root, visit)
        return max(spans)

    def _leaves(  # noqa: C901, PLR0912 - one answer for each kind of node
        self, node: Expression, names: Mapping[str, str], *, grows: bool
    ) -> Iterator[tuple[Leaf, Mapping[str, str]]]:
        match node:
            case promql.VectorSelector():
                name = node.name or ""
                matchers = tuple(
                    Matcher(matcher.name, MATCHES[str(matcher.op)], matcher.value)  # type: ignore[arg-type]
                    for matcher in node.matchers.matchers
                )
                if name in self._recorded and not grows and not matchers:
                    yield from self._leaves(self._recorded[name], names, grows=False)
                elif not name or name in self._recorded or node.offset or node.at:
                    raise Unreadable(str(node))
                else:
                    yield Leaf(f"{node}{' grows' if grows else ''}", name, matchers, grows), names
            case promql.MatrixSelector():
                yield from self._leaves(node.vector_selector, names, grows=grows)
            case promql.Call() if node.func.name == "label_replace":
                inner, target, value, source, pattern = node.args
                if (value.val, pattern.val) != ("$1", "(.*)"):
                    raise Unreadable(str(node))
                renamed = {label: own for label, own in names.items() if label != target.val} | {target.val: source.val}
                yield from self._leaves(inner, renamed, grows=grows)
            case promql.Call():
                for argument in node.args:
                    yield from self._leaves(argument, names, grows=grows or node.func.name in GROWTH)
            case promql.BinaryExpr():
                yield from self._leaves(node.lhs, names, grows=grows)
                yield from self._leaves(node.rhs, names, grows=grows)
            case promql.NumberLiteral() | promql.StringLiteral():
                return
            case promql.ParenExpr() | promql.UnaryExpr() | promql.AggregateExpr() | promql.SubqueryExpr():
                yield from self._leaves(node.expr, names, grows=grows)
            case _:
                raise Unreadable(str(node))

    def _needs(self, node: Expression) -> list[frozenset[str]]:  # noqa: C901, PLR0911 - one answer for each kind of node
        if isinstance(node, promql.VectorSelector) and (node.name or "") in self._recorded:
            return self._needs(self._recorded[node.name or ""])
        if isinstance(node, promql.BinaryExpr):
            left, right = self._needs(node.lhs), self._needs(node.rhs)
            operator = str(node.op)
            if operator == "or":
                return left + right
            if operator == "unless":
                return left
            if len(left) * len(right) > MOST_ALTERNATIVES:
                raise Unreadable(f"more than {MOST_ALTERNATIVES} ways in which it can be true")
            return [one | other for one, other in product(left, right)]
        if isinstance(node, promql.VectorSelector | promql.MatrixSelector):
            return [frozenset(leaf.text for leaf, _ in self._leaves(node, {}, grows=False))]
        if isinstance(node, promql.Call):
            found = [frozenset[str]()]
            for argument in node.args:
                if isinstance(argument, promql.MatrixSelector) and node.func.name in GROWTH:
                    texts = frozenset(leaf.text for leaf, _ in self._leaves(argument, {}, grows=True))
                    found = [one | texts for one in found]
                else:
                    found = [one | other for one, other in product(found, self._needs(argument))]
            return found
        if isinstance(node, promql.ParenExpr | promql.UnaryExpr | promql.AggregateExpr | promql.SubqueryExpr):
            return self._needs(node.expr)
        return [frozenset()]

    # --- forwards ----------------------------------------------------------------------------------------------------

    def value(self, series: Mapping[str, float], at: float) -> float | None:
        """Return its value `at` seconds after the series began, None if it has none.

        `series` gives, by a leaf's text, what it is, or by how much it grows in a second.
        """
        return self._value(self._root, series, at)

    def _value(  # noqa: PLR0911 - one answer for each kind of node
        self, node: Expression, series: Mapping[str, float], at: float
    ) -> float | None:
        match node:
            case promql.NumberLiteral():
                return float(node.val)
            case promql.ParenExpr() | promql.SubqueryExpr():
                return self._value(node.expr, series, at)
            case promql.UnaryExpr():
                inner = self._value(node.expr, series, at)
                return None if inner is None else -inner
            case promql.VectorSelector():
                if (node.name or "") in self._recorded:
                    return self._value(self._recorded[node.name or ""], series, at)
                return series.get(str(node))
            case promql.AggregateExpr() if str(node.op) in {"sum", "min", "max", "avg"}:
                return self._value(node.expr, series, at)
            case promql.Call():
                return self._called(node, series, at)
            case promql.BinaryExpr():
                return self._combined(node, series, at)
            case _:
                raise Unreadable(str(node))

    def _called(self, node: promql.Call, series: Mapping[str, float], at: float) -> float | None:
        name = node.func.name
        if name == "time":
            return at
        if name == "label_replace" or name in SAME:
            inner = node.args[0]
            return self._value(inner.vector_selector if isinstance(inner, promql.MatrixSelector) else inner, series, at)
        if name not in GROWTH or not isinstance(node.args[0], promql.MatrixSelector):
            raise Unreadable(str(node))
        matrix = node.args[0]
        per_second, window = series.get(f"{matrix.vector_selector} grows"), matrix.range.total_seconds()
        if per_second is None or at < self._step:
            return None
        seen = min(at, window)
        gap = window - seen
        reach = gap if gap <= EXTRAPOLATED * self._step else self._step / 2
        growth = per_second * (seen + reach)
        return growth / window if name == "rate" else growth

    def _combined(self, node: promql.BinaryExpr, series: Mapping[str, float], at: float) -> float | None:
        operator = str(node.op)
        left, right = self._value(node.lhs, series, at), self._value(node.rhs, series, at)
        if operator == "or":
            return right if left is None else left
        if operator in {"and", "unless"}:
            return left if (right is None) == (operator == "unless") else None
        if left is None or right is None:
            return None
        if operator in ARITHMETIC:
            return ARITHMETIC[operator](left, right)
        if operator not in COMPARISONS:
            raise Unreadable(str(node))
        holds = COMPARISONS[operator](left, right)
        if node.modifier is not None and node.modifier.return_bool:
            return float(holds)
        kept = right if isinstance(node.lhs, promql.NumberLiteral) else left
        return kept if holds else None

    # --- backwards ---------------------------------------------------------------------------------------------------

    def solve(self, leaves: frozenset[str], target: float, at: float) -> Mapping[str, float] | None:
        """Return values of these selectors with which the expression is `target` then, None if there are none."""
        # A test begins at the moment 0, and `time() - x` needs an x from before that to be large so soon.
        signs = (1, -1) if "time()" in str(self._root) else (1,)
        for sign, free in product(signs, sorted(leaves)):
            rest = sorted(leaves - {free})
            for chosen in product(OTHERS, repeat=len(rest)):
                found = self._free(free, dict(zip(rest, chosen, strict=True)), target, at, sign)
                if found is not None:
                    return found
        return None

    def _free(
        self, free: str, others: Mapping[str, float], target: float, at: float, sign: int
    ) -> Mapping[str, float] | None:
        if sign < 0 and free.endswith(" grows"):
            return None

        def result(guess: float) -> float | None:
            return self.value({**others, free: sign * guess}, at)

        low, high = 0.0, LARGEST
        first, last = result(1e-9), result(LARGEST)
        if first is None or last is None or first == last:
            return None
        rising = first < last
        for _ in range(200):
            guess = (low * high) ** 0.5 if low > 0 else high / 1e3
            if high - low < 1e-12 * max(high, 1e-6) or guess < 1e-9:
                break
            found = result(guess)
            if found is None:
                return None
            low, high = (guess, high) if (found < target) == rising else (low, guess)
        values = {**others, free: sign * float(f"{high:.10g}")}
        found = self.value(values, at)
        return values if found is not None and abs(found - target) <= 1e-6 * max(abs(target), 1e-6) else None
