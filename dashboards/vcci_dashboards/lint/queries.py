"""Rules about what is asked: metrics and labels that exist, histograms with `le`, units that fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import promql_parser as promql

from vcci_dashboards.expressions import children, nodes
from vcci_dashboards.lint.page import Context, Finding, Target

__all__ = ["RULES", "dimension"]

Dimension = Literal["seconds", "bytes", "bytes per second", "ratio"]

FITS: dict[Dimension, frozenset[str]] = {
    "seconds": frozenset({"s", "dtdurations", "clocks"}),
    "bytes": frozenset({"bytes", "decbytes"}),
    "bytes per second": frozenset({"binBps", "Bps"}),
    "ratio": frozenset({"percentunit", "none"}),
}
_SUFFIXES: tuple[tuple[str, Dimension], ...] = (
    ("_seconds", "seconds"),
    ("_seconds_total", "seconds"),
    ("_seconds_bucket", "seconds"),
    ("_seconds_sum", "seconds"),
    ("_bytes", "bytes"),
    ("_bytes_total", "bytes"),
    ("_ratio", "ratio"),
    (":ratio", "ratio"),
)
_KEEPING = {"sum", "min", "max", "avg", "quantile", "topk", "bottomk"}
_SETS = {"and", "or", "unless", "==", "!=", ">", "<", ">=", "<="}


def _metrics(context: Context) -> Iterator[Finding]:
    for target in context.targets():
        for node in _selectors(target):
            if (node.name or "") not in context.catalogue.labels:
                yield _at(target, "metric", f"expected a series that exists, got {node.name}")


def _labels(context: Context) -> Iterator[Finding]:
    for target in context.targets():
        for node in _selectors(target):
            has = context.catalogue.labels.get(node.name or "")
            if has is not None:
                for matcher in node.matchers.matchers:
                    if matcher.name not in has:
                        yield _at(target, "label", f"expected a label of {node.name}, got {matcher.name}")
        if target.tree is not None:
            yield from _grouping(context, target, target.tree)


def _grouping(context: Context, target: Target, tree: promql.Expr) -> Iterator[Finding]:
    """Compare the labels that are kept with those that the series below have."""
    for node, _ in nodes(tree):
        if not isinstance(node, promql.AggregateExpr) or node.modifier is None:
            continue
        below = [inner for inner, _ in nodes(node.expr)]
        sets = [
            context.catalogue.labels.get(inner.name or "")
            for inner in below
            if isinstance(inner, promql.VectorSelector)
        ]
        made = any(isinstance(inner, promql.Call) and inner.func.name.startswith("label_") for inner in below)
        if made or None in sets or not sets:
            continue
        has = frozenset[str]().union(*(labels for labels in sets if labels is not None))
        for label in node.modifier.labels:
            if label not in has:
                yield _at(target, "label", f"expected a label of what is summed up, got {label}")


def _le(context: Context) -> Iterator[Finding]:
    for target in context.targets():
        for node, _ in nodes(target.tree) if target.tree is not None else ():
            if isinstance(node, promql.Call) and node.func.name == "histogram_quantile" and not _keeps_le(node.args[1]):
                yield _at(target, "histogram-le", "expected histogram_quantile over buckets summed by le")
        if target.query.get("format") == "heatmap" and target.tree is not None and not _keeps_le(target.tree):
            yield _at(target, "histogram-le", "expected a heatmap of buckets summed by le")


def _keeps_le(tree: promql.Expr) -> bool:
    match tree:
        case promql.ParenExpr():
            return _keeps_le(tree.expr)
        case promql.AggregateExpr():
            if tree.modifier is None:
                return False
            kept: bool = tree.modifier.type == promql.AggModifierType.By
            return ("le" in tree.modifier.labels) == kept
        case _:
            return True


def _averages(context: Context) -> Iterator[Finding]:
    for target in context.targets():
        for node, _ in nodes(target.tree) if target.tree is not None else ():
            if isinstance(node, promql.AggregateExpr) and str(node.op) == "avg":
                inside = [inner for inner, _ in nodes(node.expr)]
                if any(
                    (isinstance(inner, promql.Call) and inner.func.name == "histogram_quantile")
                    or (isinstance(inner, promql.AggregateExpr) and str(inner.op) == "avg")
                    or (isinstance(inner, promql.VectorSelector) and ":ratio" in (inner.name or ""))
                    for inner in inside
                ):
                    yield _at(target, "average-of-averages", "expected a ratio of sums, got an average of ratios")


def _at_once(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for target in page.targets:
            if target.panel.get("type") in {"timeseries", "heatmap", "state-timeline"} and target.query.get("instant"):
                yield _at(target, "instant", "expected a course over time, got one value")


def _exemplars(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for target in page.targets:
            rates = any(
                (node.name or "").endswith("_bucket") and isinstance(above[-1], promql.MatrixSelector)
                for node, above in (nodes(target.tree) if target.tree is not None else ())
                if isinstance(node, promql.VectorSelector) and above
            )
            if rates and "$__rate_interval" in target.expr and not target.query.get("exemplar"):
                yield _at(target, "exemplars", "expected exemplars on a histogram")


def _units(context: Context) -> Iterator[Finding]:
    for page in context.pages:
        for target in page.targets:
            unit = ((target.panel.get("fieldConfig") or {}).get("defaults") or {}).get("unit")
            if target.panel.get("type") == "table" or target.query.get("format") == "heatmap" or target.tree is None:
                continue
            measured = dimension(target.tree)
            if measured is not None and unit not in FITS[measured]:
                yield _at(target, "unit", f"expected a unit for {measured}, got {unit}")


def dimension(tree: promql.Expr) -> Dimension | None:
    """Return what an expression is measured in, by the suffixes of its metrics; None where they do not tell."""
    match tree:
        case promql.VectorSelector():
            return _of_name(tree.name or "")
        case promql.Call():
            return _of_call(tree)
        case promql.BinaryExpr():
            return _of_two(tree)
        case promql.AggregateExpr() if str(tree.op) not in _KEEPING:
            return None
        case _:
            inside = list(children(tree))
            return dimension(inside[0]) if inside else None


def _of_name(metric: str) -> Dimension | None:
    return next((found for suffix, found in _SUFFIXES if metric.endswith(suffix)), None)


def _of_call(call: promql.Call) -> Dimension | None:
    below: list[Dimension | None] = [dimension(argument) for argument in call.args if isinstance(argument, promql.Expr)]
    name = call.func.name
    if name in {"rate", "irate", "deriv"}:
        # Seconds per second are a share, or a duration where buckets count: the histogram above tells.
        return "bytes per second" if below[0] == "bytes" else None
    if name == "histogram_quantile":
        return next(
            (dimension(node) for node, _ in nodes(call.args[1]) if isinstance(node, promql.VectorSelector)), None
        )
    if name == "increase" or name.endswith("_over_time") or name in {"clamp_min", "clamp_max", "abs", "label_replace"}:
        bucket = any(
            isinstance(node, promql.VectorSelector) and (node.name or "").endswith("_bucket") for node, _ in nodes(call)
        )
        return None if bucket or name == "count_over_time" else below[0]
    return None


def _of_two(pair: promql.BinaryExpr) -> Dimension | None:
    left, right = dimension(pair.lhs), dimension(pair.rhs)
    operator = str(pair.op)
    if operator in _SETS:
        return left
    if operator == "/":
        return "ratio" if left is not None and left == right and left != "ratio" else None
    return left if operator in {"+", "-"} and left == right else None


def _selectors(target: Target) -> Iterator[promql.VectorSelector]:
    for node, _ in nodes(target.tree) if target.tree is not None else ():
        if isinstance(node, promql.VectorSelector):
            yield node


def _at(target: Target, rule: str, message: str) -> Finding:
    return Finding(rule, target.page.uid, target.title, f"{message} in {target.expr}")


RULES = {
    "metric": _metrics,
    "label": _labels,
    "histogram-le": _le,
    "average-of-averages": _averages,
    "instant": _at_once,
    "exemplars": _exemplars,
    "unit": _units,
}
