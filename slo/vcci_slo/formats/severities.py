"""Which of our severities the word of another format means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vcci_slo.plan.organisation import Priority

__all__ = ["PAGES", "WORDS", "priority_of"]

PAGES: Final[frozenset[Priority]] = frozenset({"P0", "P1"})
"""The severities that wake someone unless a spec says otherwise."""

WORDS: Final[Mapping[str, Priority]] = {
    "p0": "P0",
    "p1": "P1",
    "p2": "P2",
    "p3": "P3",
    "emergency": "P0",
    "critical": "P1",
    "page": "P1",
    "high": "P1",
    "error": "P1",
    "warning": "P2",
    "ticket": "P2",
    "medium": "P2",
    "info": "P3",
    "low": "P3",
    "notice": "P3",
}


def priority_of(word: str) -> Priority | None:
    """Return the severity that a word means, or None for a word that we do not know.

    >>> priority_of("Page"), priority_of("banana")
    ('P1', None)
    """
    return WORDS.get(word.strip().lower())
