"""Label values that satisfy matchers, and values that violate exactly one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import product

from vcci_alerts.errors import AlertsError
from vcci_slo.promql.matchers import Matcher
from vcci_slo.promql.patterns import pattern as pattern_of

__all__ = ["labels_for", "samples", "values_for", "violation"]

MOST = 16
_CLASS_CANDIDATES = "ax0_-. "
_ESCAPED = {"d": "1", "w": "x", "s": " ", "n": "\n", "t": "\t"}


@lru_cache(maxsize=4096)
def samples(pattern: str) -> tuple[str, ...]:
    """Return some texts that a regular expression matches, in the order in which it names them.

    >>> samples("vcci-(api|worker)"), samples("/health/.*"), samples("5..")
    (('vcci-api', 'vcci-worker'), ('/health/', '/health/x'), ('5xx',))
    """
    try:
        whole = pattern_of(pattern)
        found, rest = _alternatives(pattern, 0)
    except (IndexError, ValueError):
        return ()
    if rest != len(pattern):
        return ()
    return tuple(dict.fromkeys(text for text in found if whole.matches(text)))


def _alternatives(pattern: str, place: int) -> tuple[list[str], int]:
    found, place = _sequence(pattern, place)
    while place < len(pattern) and pattern[place] == "|":
        more, place = _sequence(pattern, place + 1)
        found += more
    return found[:MOST], place


def _sequence(pattern: str, place: int) -> tuple[list[str], int]:
    found = [""]
    while place < len(pattern) and pattern[place] not in "|)":
        atom, place = _atom(pattern, place)
        atom, place = _repeated(pattern, place, atom)
        found = ["".join(parts) for parts in product(found, atom)][:MOST]
    return found, place


def _atom(pattern: str, place: int) -> tuple[list[str], int]:
    mark = pattern[place]
    if mark == "(":
        inner, place = _alternatives(pattern, place + (3 if pattern[place + 1 : place + 3] == "?:" else 1))
        return inner, place + 1
    if mark == "[":
        end = pattern.index("]", place + 2) + 1
        one = re.compile(pattern[place:end])
        inside = pattern[place + 1 : end - 1]
        candidates = _CLASS_CANDIDATES if inside.startswith("^") else inside + _CLASS_CANDIDATES
        chosen = [letter for letter in candidates if one.fullmatch(letter)]
        return chosen[:1], end
    if mark == "\\":
        return [_ESCAPED.get(pattern[place + 1], pattern[place + 1])], place + 2
    return [{".": "x", "^": "", "$": ""}.get(mark, mark)], place + 1


def _repeated(pattern: str, place: int, atom: list[str]) -> tuple[list[str], int]:
    mark = pattern[place : place + 1]
    if mark == "{":
        end = pattern.index("}", place)
        least = int(pattern[place + 1 : end].partition(",")[0] or 0)
        return [text * least for text in atom], end + 1
    if mark in {"*", "+", "?"} and mark:
        once = atom if mark == "+" else ["", *atom]
        lazy = pattern[place + 1 : place + 2] == "?"
        return once, place + (2 if lazy else 1)
    return atom, place


def values_for(label: str, matchers: Iterable[Matcher], preferred: Iterable[str] = ()) -> tuple[str, ...]:
    """Return values of a label that satisfy every matcher on it; an empty text is a label that is not there."""
    return _values_for(label, tuple(matcher for matcher in matchers if matcher.label == label), tuple(preferred))


@lru_cache(maxsize=4096)
def _values_for(label: str, mine: tuple[Matcher, ...], preferred: tuple[str, ...]) -> tuple[str, ...]:
    equal = [matcher.value for matcher in mine if matcher.operator == "="]
    named = [text for matcher in mine if matcher.operator == "=~" for text in samples(matcher.value)]
    invented = [f"{label}-a", f"{label}-b", ""]
    return tuple(
        value
        for value in dict.fromkeys([*equal, *preferred, *named, *invented])
        if all(matcher.holds({label: value}) for matcher in mine)
    )


def labels_for(owner: str, matchers: Iterable[Matcher], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return labels that satisfy every matcher, with those given taken as they are."""
    wanted = tuple(matchers)
    labels = dict(given or {})
    for label in dict.fromkeys(matcher.label for matcher in wanted):
        values = values_for(label, wanted, [labels[label]] if label in labels else [])
        if not values or (label in labels and values[0] != labels[label] and labels[label] not in values):
            said = ", ".join(str(matcher) for matcher in wanted if matcher.label == label)
            raise AlertsError(owner, f"a label {label} that satisfies {said}, or a proof of its own", "none")
        labels.setdefault(label, values[0])
    return {label: value for label, value in labels.items() if value}


def violation(matcher: Matcher, others: Iterable[Matcher] = ()) -> str | None:
    """Return a value that breaks this matcher and, if there is one, keeps the others on the same label."""
    match matcher.operator:
        case "=":
            candidates: tuple[str, ...] = (f"{matcher.value}-other", "")
        case "!=":
            candidates = (matcher.value,)
        case "=~":
            candidates = ("other", "", "0")
        case "!~":
            candidates = samples(matcher.value)
    broken = [value for value in candidates if not matcher.holds({matcher.label: value})]
    mine = [other for other in others if other.label == matcher.label and other != matcher]
    kept = [value for value in broken if all(other.holds({matcher.label: value}) for other in mine)]
    return next(iter(kept or broken), None)
