"""Label matchers such as `status=~"5.."`: read, written, joined, and applied to labels in process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from vcci_slo.promql.patterns import pattern

__all__ = ["Matcher", "equalities", "parse_matchers", "selector"]

MOST_CHARACTERS = 10_000
"""Matchers are repeated in every rule, and in every series of its tests."""

Operator = Literal["=", "!=", "=~", "!~"]

_MATCHER = re.compile(
    r"""\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*"""
)
_OPERATORS: dict[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}
_ESCAPES = {"\\": "\\", '"': '"', "n": "\n"}


@dataclass(frozen=True)
class Matcher:
    """One condition on a label. An absent label counts as empty, as Prometheus has it.

    >>> Matcher("status", "=~", "5..").holds({"status": "503"})
    True
    """

    label: str
    operator: Operator
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Return whether a series with these labels is selected; regular expressions match the whole value."""
        found = labels.get(self.label, "")
        match self.operator:
            case "=":
                return found == self.value
            case "!=":
                return found != self.value
            case "=~":
                return pattern(self.value).matches(found)
            case "!~":
                return not pattern(self.value).matches(found)

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.label}{self.operator}"{escaped}"'


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of a comma-separated list, in the order written.

    >>> [str(matcher) for matcher in parse_matchers('job="api", status!~"4.."')]
    ['job="api"', 'status!~"4.."']

    Raises ValueError with the place where the text stops being a list of matchers.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"expected matchers of at most {MOST_CHARACTERS:,} characters, got {len(text):,}")
    matchers: list[Matcher] = []
    position = 0
    while position < len(text.rstrip()):
        found = _MATCHER.match(text, position)
        if found is None:
            raise ValueError(
                f'expected matchers such as job="api", status!~"4..", got {text[position : position + 100]!r}'
            )
        operator = _OPERATORS[found["operator"]]
        value = re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], "\\" + match[1]), found["value"])
        if operator in {"=~", "!~"}:
            try:
                pattern(value)
            except ValueError as error:
                raise ValueError(
                    f"expected a regular expression for {found['label']}, got {value[:100]!r}: {error}"
                ) from None
        matchers.append(Matcher(found["label"], operator, value))
        position = found.end()
        if position < len(text.rstrip()):
            if text[position] != ",":
                raise ValueError(f"expected a comma between matchers, got {text[position : position + 100]!r}")
            position += 1
    return tuple(matchers)


def selector(metric: str, matchers: Iterable[Matcher] = ()) -> str:
    """Return `metric{matchers}`; a matcher that is said twice stands once.

    >>> selector("up", parse_matchers('job="api"'))
    'up{job="api"}'
    """
    inside = ",".join(dict.fromkeys(str(matcher) for matcher in matchers))
    return f"{metric}{{{inside}}}" if inside else metric


def equalities(matchers: Iterable[Matcher]) -> dict[str, str]:
    """Return the labels that a series must have by `=`, which is also what a scrape puts on it."""
    return {matcher.label: matcher.value for matcher in matchers if matcher.operator == "="}
