"""Conditions of event rules: the part of PagerDuty's Condition Language that this stand-in carries out.

Fields of the event are compared with quoted text, and joined by `and`, `or`, `not` and parentheses. Numbers, times and
counts are refused, so that a rule which would never be tried here is not taken for one that works.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

__all__ = ["Condition", "UnknownCondition", "condition"]

# https://developer.pagerduty.com/docs/pcl-overview/
_TOKEN: Final = re.compile(r"\s*(?:(?P<sign>[()])|'(?P<text>(?:[^'\\]|\\.)*)'|(?P<word>[\w.\-]+))")

Condition = Callable[[Mapping[str, Any]], bool]
"""Whether an event, as a tree of its fields, is meant."""


class UnknownCondition(ValueError):
    """The words are not the condition language, or of a part of it that this stand-in does not carry out."""


def condition(expression: str) -> Condition:
    """Return what the words mean.

    >>> condition("event.severity matches 'critical' and not event.source matches part 'test'")(
    ...     {"severity": "critical", "source": "desk"}
    ... )
    True
    """
    parser = _Parser(list(_tokens(expression)))
    found = parser.either()
    if parser.next() is not None:
        raise UnknownCondition(f"expected and, or, or the end, found {parser.next()!r}")
    return found


def _tokens(expression: str) -> Iterator[str]:
    at = 0
    while expression[at:].strip():
        match = _TOKEN.match(expression, at)
        if match is None:
            raise UnknownCondition(f"expected a field, an operator or a quoted text, found {expression[at:].strip()!r}")
        text = match["text"]
        yield match["sign"] or match["word"] or "'" + re.sub(r"\\(.)", r"\1", text or "")
        at = match.end()


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._left = tokens

    def next(self) -> str | None:
        """Return what comes next, None at the end."""
        return self._left[0] if self._left else None

    def either(self) -> Condition:
        """Read conditions of which one is enough."""
        found = [self._both()]
        while self._skipped("or"):
            found.append(self._both())
        return lambda event: any(each(event) for each in found)

    def _both(self) -> Condition:
        found = [self._one()]
        while self._skipped("and"):
            found.append(self._one())
        return lambda event: all(each(event) for each in found)

    def _one(self) -> Condition:
        if self._skipped("not"):
            inner = self._one()
            return lambda event: not inner(event)
        if self._skipped("("):
            found = self.either()
            if not self._skipped(")"):
                raise UnknownCondition(f"expected a closing parenthesis, found {self.next()!r}")
            return found
        return self._comparison()

    def _comparison(self) -> Condition:
        field = self._taken("a field")
        path = field.split(".")
        if path[0] != "event" or len(path) == 1 or not all(path):
            raise UnknownCondition(f"expected a field such as event.severity, found {field!r}")
        turned = self._skipped("does")
        if turned and not self._skipped("not"):
            raise UnknownCondition(f"expected not after does, found {self.next()!r}")
        test = self._test("match" if turned else "matches", "exist" if turned else "exists")
        return lambda event: test(_field(event, path[1:])) != turned

    def _test(self, matches: str, exists: str) -> Callable[[Any], bool]:
        if self._skipped(exists):
            return lambda value: value is not None
        if not self._skipped(matches):
            raise UnknownCondition(f"expected {matches} or {exists}, found {self.next()!r}; the rest is not tried here")
        how = next((word for word in ("part", "regex") if self._skipped(word)), "")
        text = self._taken("a quoted text")
        if not text.startswith("'"):
            raise UnknownCondition(f"expected a quoted text, found {text!r}")
        return _compared(how, text[1:])

    def _skipped(self, token: str) -> bool:
        if self.next() == token:
            self._left.pop(0)
            return True
        return False

    def _taken(self, what: str) -> str:
        if not self._left:
            raise UnknownCondition(f"expected {what}, found the end")
        return self._left.pop(0)


def _compared(how: str, text: str) -> Callable[[Any], bool]:
    if how == "regex":
        try:
            pattern = re.compile(text)
        except re.error as error:
            raise UnknownCondition(f"expected a regular expression, found {text!r}: {error}") from error
        return lambda value: value is not None and pattern.search(str(value)) is not None
    if how == "part":
        return lambda value: value is not None and text in str(value)
    return lambda value: value is not None and str(value) == text


def _field(event: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = event
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
