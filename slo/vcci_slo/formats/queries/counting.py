"""Free PromQL: whether it counts events or events each second, and the ranges that it is given where it has none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal as OneOf

from vcci_slo.formats.queries.nodes import (
    Aggregate,
    Binary,
    Call,
    Group,
    Literal,
    Minus,
    Node,
    Selector,
    Subquery,
    inside,
)
from vcci_slo.formats.queries.shapes import WINDOW
from vcci_slo.formats.queries.syntax import parse
from vcci_slo.formats.queries.tokens import NotUnderstood

__all__ = ["Ranged", "counting", "groups", "halves", "placed", "ranged"]

Counting = OneOf["per second", "counted"]
_PLACEHOLDER = re.compile(r"\{\{-?\s*\.?[wW]indow\s*-?\}\}|\$\{?__(?:rate_interval|interval|range)\}?|\$\{?window\}?")
_PER_SECOND = frozenset({"rate", "irate"})
_IN_WINDOW = frozenset({"increase", "sum_over_time", "count_over_time"})


def placed(query: str) -> str:
    """Return a query with our word for its window in place of `{{.window}}` and the like.

    >>> placed("sum(rate(x[{{ .window }}]))")
    'sum(rate(x[WINDOW]))'
    """
    return _PLACEHOLDER.sub(WINDOW, query.strip())


@dataclass(frozen=True)
class Ranged:
    """A query that has a range, and what had to be done for it, in words; nothing if it had one."""

    query: str
    done: str = ""


def ranged(query: str, *, counter: bool) -> Ranged | None:
    """Return a query with WINDOW where its ranges go, or None if nobody can tell where.

    A counter gets `increase` at each of its series; other values are added up at each evaluation.

    >>> ranged('sum(hits{code="200"})', counter=True).query
    'sum(increase(hits{code="200"}[WINDOW]))'
    """
    text = placed(query)
    try:
        node = parse(text)
    except NotUnderstood:
        return Ranged(text) if WINDOW in text else None
    parts = tuple(inside(node))
    fixed = [part for part in parts if isinstance(part, Selector | Subquery) and part.window not in {None, WINDOW}]
    if any(isinstance(part, Selector | Subquery) and part.window == WINDOW for part in parts):
        return Ranged(text)
    if fixed:
        return _stretched(text, parts, fixed)
    series = [part for part in parts if isinstance(part, Selector)]
    if not series:
        return None
    if counter:
        return _increases(text, node, series)
    return _added_up(text, node)


def _stretched(text: str, parts: tuple[Node, ...], fixed: list[Selector | Subquery]) -> Ranged | None:
    calls = [part for part in parts if isinstance(part, Call) and part.function in _PER_SECOND | _IN_WINDOW]
    covered = {id(argument) for call in calls for argument in call.arguments}
    if any(id(part) not in covered for part in fixed):
        return None
    found = ", ".join(dict.fromkeys(part.window or "" for part in fixed))
    places = [part.window_at for part in fixed if part.window_at is not None]
    edits = [(start, end, WINDOW) for start, end in places]
    return Ranged(_edited(text, edits), f"the fixed range {found} became the window")


def _increases(text: str, node: Node, series: list[Selector]) -> Ranged | None:
    edits: list[tuple[int, int, str]] = []
    for part in series:
        if part.shifted:
            return None
        edits.append((part.start, part.end, f"increase({text[part.start : part.end]}[{WINDOW}])"))
    edited = _edited(text, edits)
    if _is_series(node):
        return Ranged(f"sum({edited})", "sum and increase over the window were added to the counter")
    return Ranged(edited, "increase over the window was added to each counter")


def _added_up(text: str, node: Node) -> Ranged:
    done = "its values at every evaluation in the window are added up"
    match node:
        case Aggregate(operator="sum", arguments=(Selector() as part,)) if not part.shifted:
            return Ranged(
                _edited(text, [(part.start, part.end, f"sum_over_time({text[part.start : part.end]}[{WINDOW}])")]), done
            )
        case Selector(shifted=False):
            return Ranged(f"sum(sum_over_time({text}[{WINDOW}]))", done)
        case _:
            return Ranged(f"sum_over_time(({text})[{WINDOW}:])", done)


def _is_series(node: Node) -> bool:
    return isinstance(node, Selector) or (isinstance(node, Group) and _is_series(node.inner))


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    for start, end, instead in sorted(edits, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def counting(query: str) -> Counting | None:
    """Return whether a query counts events in WINDOW or each second of it; None if it does neither for certain.

    Both add up: twice the events give twice the number, so sums over windows are sums of events.
    """
    try:
        return _counting(parse(query)) or None  # zero alone counts nothing
    except NotUnderstood:
        return None


def _counting(node: Node) -> Counting | OneOf[""] | None:  # noqa: PLR0911 - one answer for each kind of node
    """Return what a node counts, an empty text for zero, or None."""
    match node:
        case Group(inner=inner) | Minus(inner=inner) | Aggregate(operator="sum", arguments=(inner,)):
            return _counting(inner)
        case Call(function="vector", arguments=(inner,)):
            return _counting(inner)
        case Literal(number=0.0):
            return ""
        case Call(function=function, arguments=(Selector(window="WINDOW") | Subquery(window="WINDOW"),)):
            return "per second" if function in _PER_SECOND else "counted" if function in _IN_WINDOW else None
        case Binary(operator="+" | "-" | "or", left=left, right=right):
            one, other = _counting(left), _counting(right)
            if one is None or other is None or (one and other and one != other):
                return None
            return one or other
        case Binary(operator="*" | "/", matching="", left=left, right=Literal(number=float())):
            return _counting(left)
        case Binary(operator="*", matching="", left=Literal(number=float()), right=right):
            return _counting(right)
        case _:
            return None


def halves(query: str) -> tuple[OneOf["bad", "good"], str, str] | None:
    """Return the parts of `bad / total`, or of `1 - good / total`, or None for another query.

    >>> halves("1 - (sum(a) / sum(b))")
    ('good', 'sum(a)', 'sum(b)')
    """
    try:
        node = parse(query)
    except NotUnderstood:
        return None
    kind: OneOf["bad", "good"] = "bad"
    node = _opened(node)
    if isinstance(node, Binary) and node.operator == "-" and isinstance(left := _opened(node.left), Literal):
        if left.number != 1:
            return None
        kind, node = "good", _opened(node.right)
    if not isinstance(node, Binary) or node.operator != "/" or node.matching:
        return None
    return kind, _text(query, node.left), _text(query, node.right)


def groups(query: str) -> tuple[str, ...] | None:
    """Return the labels that a query keeps by `by (…)`: none for a plain sum, None if that cannot be told."""
    try:
        return _groups(parse(query))
    except NotUnderstood:
        return None


def _groups(node: Node) -> tuple[str, ...] | None:
    match node:
        case Group(inner=inner) | Minus(inner=inner):
            return _groups(inner)
        case Aggregate(by=by, without=None):
            return by or ()
        case Literal() | Call(function="vector" | "scalar" | "time"):
            return ()
        case Call(function="sum_over_time" | "count_over_time" | "avg_over_time", arguments=(Subquery(inner=inner),)):
            return _groups(inner)
        case Binary(left=left, right=right):
            one, other = _groups(left), _groups(right)
            return one if other in {one, ()} else other if one == () else None
        case _:
            return None


def _opened(node: Node) -> Node:
    return _opened(node.inner) if isinstance(node, Group) else node


def _text(query: str, node: Node) -> str:
    node = _opened(node)
    return query[node.start : node.end]
