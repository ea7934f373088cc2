"""PromQL checked as Sloth checks it, with Prometheus's words and the place of the mistake."""

from __future__ import annotations

import re

from vcci_alerts.expressions import syntax_tree
from vcci_alerts.sloth.promql_mistakes import Mistake, find_mistake
from vcci_alerts.sloth.promql_tokens import AGGREGATORS
from vcci_slo.formats.sloth import SlothError
from vcci_slo.promql.size import DEEPEST, too_deep

__all__ = ["check_promql"]

_TYPES = {"matrix": "range vector", "vector": "instant vector"}
_UNKNOWN_FUNCTION = re.compile(r"unknown function with name '(\w+)'")
_WRONG_ARGUMENT = re.compile(r"expected type (\w+) in call to function '(\w+)', got (\w+)")
_WRONG_COUNT = re.compile(r"(expected (?:at (?:least|most) )?\d+ argument\(s\) in call to) '(\w+)'(, got \d+)")
_WRONG_AGGREGATE = re.compile(r"expected type (\w+) in aggregation expression, got (\w+)")
_WRONG_SIGN = re.compile(r"unary expression only allowed on expressions of type scalar or vector, got: (\w+)")
_BEFORE_RANGE = {
    re.compile(r"\)\s*\["): "ranges only allowed for vector selectors",
    re.compile(r"offset\s+-?\w+\s*\[", re.IGNORECASE): "no offset modifiers allowed before range",
}
_QUOTED = re.compile(r"'([^']*)'")
_AGGREGATION = re.compile(
    rf"\b(?:{'|'.join(sorted(AGGREGATORS))})\s*(?:(?:by|without)\s*\([^)]*\)\s*)?\(\s*", re.IGNORECASE
)
_RANGE = re.compile(r"[\w:]*\s*(?:\{[^}]*\})?\s*\[")


def check_promql(query: str) -> None:
    """Raise SlothError for what Prometheus could not parse.

    >>> check_promql("sum(rate(x{[5m]))")
    Traceback (most recent call last):
    vcci_slo.formats.sloth.errors.SlothError: 1:12: parse error: unexpected character inside braces: '['
    """
    if too_deep(query):
        raise SlothError(f"1:1: parse error: the query has more than {DEEPEST} levels of operators and brackets")
    try:
        syntax_tree(query)
    except ValueError as error:
        mistake = find_mistake(query) or _of_meaning(query, str(error))
        before = query[: mistake.position]
        column = len(before[before.rfind("\n") + 1 :].encode("utf-8", "replace")) + 1
        raise SlothError(f"{before.count(chr(10)) + 1}:{column}: parse error: {mistake.what}") from None


def _of_meaning(query: str, found: str) -> Mistake:
    """Return in Prometheus's words what is wrong with a query whose form is right: a function, a number, a type."""
    called = _of_call(query, found)
    if called is not None:
        return called
    if match := _WRONG_AGGREGATE.fullmatch(found):
        place = "parameter" if match[1] == "scalar" else "expression"
        what = f"expected type {_type(match[1])} in aggregation {place}, got {_type(match[2])}"
        return Mistake(_aggregated(query, ranges=match[2] == "matrix"), what)
    for pattern, what in _BEFORE_RANGE.items():
        if found == what and (match := pattern.search(query)):
            return Mistake(match.end() - 1, what)
    if match := _WRONG_SIGN.fullmatch(found):
        wanted = "scalar or instant vector"
        found = f"unary expression only allowed on expressions of type {wanted}, got '{_type(match[1])}'"
    return Mistake(len(query) - len(query.lstrip()), _QUOTED.sub(r'"\1"', found))


def _of_call(query: str, found: str) -> Mistake | None:
    """Return what is wrong with a call of a function, if that is what was found."""
    if match := _UNKNOWN_FUNCTION.fullmatch(found):
        return Mistake(_call_of(query, match.group(1))[0], f'unknown function with name "{match.group(1)}"')
    if match := _WRONG_COUNT.fullmatch(found):
        return Mistake(_call_of(query, match[2])[0], f'{match[1]} "{match[2]}"{match[3]}')
    if match := _WRONG_ARGUMENT.fullmatch(found):
        wanted, function, got = match.groups()
        what = f'expected type {_type(wanted)} in call to function "{function}"'
        return Mistake(_call_of(query, function)[1], f"{what}, got {_type(got)}")
    return None


def _type(kind: str) -> str:
    return _TYPES.get(kind, kind)


def _aggregated(query: str, *, ranges: bool) -> int:
    """Return where the first argument of an aggregation starts; with `ranges`, of one over a range if there is one."""
    starts = [match.end() for match in _AGGREGATION.finditer(query)]
    over_ranges = [start for start in starts if ranges and _RANGE.match(query, start)]
    return next(iter((*over_ranges, *starts)), 0)


def _call_of(query: str, function: str) -> tuple[int, int]:
    """Return where a function is called, and where its first argument starts."""
    match = re.search(rf"\b{re.escape(function)}\s*\(\s*", query)
    return (match.start(), match.end()) if match else (0, 0)
