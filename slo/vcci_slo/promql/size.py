"""How deep an expression may be: readers of PromQL work it off on the stack, and one that is too deep ends them.

The parser in use ends the whole process at some thousand levels, and needs minutes for fewer; rules that people write
have a few dozen.
"""

from __future__ import annotations

import re

__all__ = ["DEEPEST", "depth", "too_deep"]

DEEPEST = 400
"""Levels of an expression. At that number each reader still answers in a fraction of a second."""

_TEXT = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`'
_COMMENT = r"#[^\r\n]*"
_PARTS = re.compile(
    rf"{_TEXT}|{_COMMENT}|\{{(?:{_TEXT}|{_COMMENT}|[^}}\"'`#])*\}}"
    r"|(?P<opens>[(\[])|(?P<closes>[)\]])|(?P<operator>[=!<>]=|[-+*/%^<>]|\b(?:and|or|unless|atan2)\b)",
    re.IGNORECASE,
)


def depth(expression: str) -> int:
    """Return the most levels that the tree of an expression can have: its operators, and its brackets in brackets.

    >>> depth('sum(rate(x{a="b+c"}[5m])) + sum(rate(y[5m])) / 2  # (((')
    5
    """
    operators = level = deepest = 0
    for found in _PARTS.finditer(expression):
        match found.lastgroup:
            case "opens":
                level += 1
                deepest = max(deepest, level)
            case "closes":
                level = max(level - 1, 0)
            case "operator":
                operators += 1
            case _:  # texts, comments and matchers hold nothing that nests
                pass
    return operators + deepest


def too_deep(expression: str) -> str:
    """Return in words why an expression is too deep to be read, or nothing.

    >>> too_deep("up + " * 400 + "up"), too_deep("up + " * 401 + "up")
    ('', 'an expression of 401 levels')
    """
    # One that is shorter cannot have more of them.
    found = depth(expression) if len(expression) > DEEPEST else 0
    return f"an expression of {found} levels" if found > DEEPEST else ""
