"""PromQL as a dashboard asks it: narrowed by the choices at the top of the page, rates over Grafana's own interval.

Expressions are changed as text, selector by selector, so that what stands on a panel reads like what stands in the
spec. The parser says which names are metrics, and checks the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import promql_parser as promql

from vcci_slo.plan import Plan, ValueSignal
from vcci_slo.promql.matchers import Matcher
from vcci_slo.promql.series import INFO
from vcci_slo.promql.size import DEEPEST, too_deep

__all__ = [
    "ALERTS",
    "ALERTS_FOR_STATE",
    "RATE_INTERVAL",
    "UP",
    "Scope",
    "children",
    "functions",
    "gives_one",
    "metrics",
    "nodes",
    "parsed",
    "substituted",
    "variables",
]

RATE_INTERVAL = "$__rate_interval"
UP = "up"
ALERTS = "ALERTS"
ALERTS_FOR_STATE = "ALERTS_FOR_STATE"

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[a-zA-Z_:][a-zA-Z0-9_:]*|\d[\w.]*|\s+|.', re.DOTALL)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
OPENING, SEPARATOR = "{", ","
_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_RATES = frozenset({"rate", "irate"})
# $name, ${name} and ${name:format}; `$1` is a group of label_replace.
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::[^}]*)?\}|([A-Za-z_]\w*))")


@dataclass(frozen=True)
class Scope:
    """Which choices narrow an expression.

    `fixed` pairs a matcher of the spec with the variable that takes its place. `recorded` are series made by rules:
    they were summed over jobs and instances and cannot be narrowed by them.
    """

    fixed: tuple[tuple[str, str], ...]
    recorded: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> Scope:
        """Return the scope of a plan: its common selector becomes variables, with its own values chosen at first."""
        return cls(
            fixed=tuple(
                (str(matcher), matcher.label)
                for matcher in plan.selector
                if matcher.operator == "=" and matcher.label not in {"job", "instance"}
            ),
            recorded=frozenset(
                signal.record
                for component in plan.components
                for signal in component.signals
                if isinstance(signal, ValueSignal) and signal.record
            ),
        )

    def aggregated(self, metric: str) -> bool:
        """Return whether a rule made these series, so that no job or instance is left on them."""
        return metric in self.recorded or metric in {ALERTS, ALERTS_FOR_STATE, INFO} or ":" in metric

    def narrowed(self, expr: str) -> str:
        """Return the expression under the choices of the page, its rates over Grafana's interval.

        >>> scope = Scope((('namespace="live"', "namespace"),), frozenset())
        >>> scope.narrowed('sum by (job) (rate(hits_total{namespace="live"}[5m]))')
        'sum by (job) (rate(hits_total{namespace=~"$namespace",job=~"$job",instance=~"$instance"}[$__rate_interval]))'

        Raises ValueError if it is no PromQL.
        """
        known = metrics(parsed(expr))
        tokens = _TOKEN.findall(expr)
        out: list[str] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token in _LISTS and _next(tokens, position + 1) == "(":
                end = tokens.index(")", position)
                out += tokens[position : end + 1]
                position = end + 1
            elif token == OPENING or (_NAME.fullmatch(token) and token in known and _next(tokens, position + 1) != "("):
                position = self._selector(tokens, position, out)
            else:
                out.append(token)
                position += 1
        return "".join(out)

    def _selector(self, tokens: list[str], position: int, out: list[str]) -> int:
        """Write one selector, narrowed, with the range that follows it; return where the rest begins."""
        in_rate = [token for token in out[-4:] if not token.isspace()][-2:]
        metric = ""
        if tokens[position] != "{":
            metric = tokens[position]
            position += 1
        matchers: list[str] = []
        if position < len(tokens) and tokens[position] == "{":
            end = tokens.index("}", position)
            matchers = _split(tokens[position + 1 : end])
            position = end + 1
        if not self.aggregated(metric):
            choices = dict(self.fixed)
            matchers = [
                str(Matcher(choices[text], "=~", f"${choices[text]}")) if text in choices else text for text in matchers
            ]
            matchers += [str(Matcher(label, "=~", f"${label}")) for label in ("job", "instance")]
        out.append(metric + (f"{{{','.join(matchers)}}}" if matchers else ""))
        if len(in_rate) == 2 and in_rate[0] in _RATES and in_rate[1] == "(" and _next(tokens, position) == "[":
            out.append(f"[{RATE_INTERVAL}]")
            position = tokens.index("]", position) + 1
        return position


def _next(tokens: list[str], position: int) -> str:
    """Return the next token that is not a space."""
    return next((token for token in tokens[position:] if not token.isspace()), "")


def _split(tokens: list[str]) -> list[str]:
    """Return the matchers between braces, each as text without spaces."""
    found = [""]
    for token in tokens:
        if token == SEPARATOR:
            found.append("")
        elif not token.isspace():
            found[-1] += token
    return [text for text in found if text]


def parsed(expr: str) -> promql.Expr:
    """Return the syntax tree of an expression without variables.

    Raises ValueError if it is no PromQL, or deeper than can be read.
    """
    if deep := too_deep(expr):
        raise ValueError(f"expected at most {DEEPEST} levels of operators and brackets, got {deep}")
    try:
        return promql.parse(expr)
    except ValueError as error:
        raise ValueError(f"expected PromQL, got {expr!r}: {error}") from None


def nodes(tree: promql.Expr) -> Iterator[tuple[promql.Expr, tuple[promql.Expr, ...]]]:
    """Yield every node with its ancestors, the nearest last. A range holds its selector as a child."""
    stack: list[tuple[promql.Expr, tuple[promql.Expr, ...]]] = [(tree, ())]
    while stack:
        node, above = stack.pop()
        yield node, above
        stack += [(child, (*above, node)) for child in reversed(children(node))]


def children(node: promql.Expr) -> list[promql.Expr]:
    """Return the parts of a node, what is aggregated or ranged over first."""
    match node:
        case promql.AggregateExpr():
            return [node.expr, *([node.param] if isinstance(node.param, promql.Expr) else [])]
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql.Call():
            return [argument for argument in node.args if isinstance(argument, promql.Expr)]
        case promql.UnaryExpr() | promql.ParenExpr() | promql.SubqueryExpr():
            return [node.expr]
        case promql.MatrixSelector():
            return [node.vector_selector]
        case _:
            return []


def metrics(tree: promql.Expr) -> frozenset[str]:
    """Return the names of the metrics that are read."""
    return frozenset(node.name for node, _ in nodes(tree) if isinstance(node, promql.VectorSelector) and node.name)


def functions(expr: str) -> frozenset[str]:
    """Return the names of the functions that an expression calls."""
    return frozenset(node.func.name for node, _ in nodes(parsed(expr)) if isinstance(node, promql.Call))


def gives_one(expr: str) -> bool:
    """Return whether an expression gives one number: its last step is an aggregation that keeps no label.

    >>> gives_one("max(age_seconds)"), gives_one("max by (queue) (age_seconds)")
    (True, False)
    """
    tree = parsed(expr)
    return isinstance(tree, promql.AggregateExpr) and tree.modifier is None


def variables(text: str) -> frozenset[str]:
    """Return the variables of Grafana that a text uses.

    >>> sorted(variables('rate(x{job=~"$job"}[$__rate_interval]) * ${__to:date:M}'))
    ['__rate_interval', '__to', 'job']
    """
    return frozenset(found[1] or found[2] for found in _VARIABLE.finditer(text))


def substituted(expr: str, values: Mapping[str, str]) -> str:
    """Return the expression with every variable replaced, as Grafana does before it asks.

    Raises KeyError for a variable without a value.
    """
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)
