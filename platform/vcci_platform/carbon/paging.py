"""Cursors: where the next part of a list begins, as text that clients hand back unread."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TypeVar

from vcci_platform.problems import Problem

__all__ = ["LIMIT_DEFAULT", "LIMIT_MOST", "cursor", "position", "split"]

LIMIT_DEFAULT = 100
LIMIT_MOST = 1000
MOST_ROWS = 2**63 - 1

Item = TypeVar("Item")


def cursor(position: object) -> str:
    """Return the cursor of a position in a list.

    >>> position(cursor(12), int, 0)
    12
    """
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def position(given: str | None, kind: Callable[[str], Item], first: Item) -> Item:
    """Return the position that a cursor means, `first` when there is no cursor; refuse what is none."""
    if given is None:
        return first
    try:
        padded = given + "=" * (-len(given) % 4)
        return _sane(kind(base64.b64decode(padded, altchars=b"-_", validate=True).decode()))
    except (binascii.Error, ValueError) as error:
        raise Problem(
            status=422,
            code="invalid-cursor",
            detail="The cursor is not one that this list gave; begin without one.",
            errors=[{"field": "query.cursor", "reason": f"found {given!r}"}],
        ) from error


def _sane(position: Item) -> Item:
    """Return a position that a database can look for: no number beyond 64 bits, no text with a zero in it."""
    if isinstance(position, int) and not -MOST_ROWS <= position <= MOST_ROWS:
        raise ValueError("beyond the largest row number")
    if isinstance(position, str) and "\0" in position:
        raise ValueError("a zero byte")
    return position


def split(items: list[Item], limit: int, place: Callable[[Item], object]) -> tuple[list[Item], str | None]:
    """Return the first `limit` of `limit + 1` items that were asked for, and the cursor of what follows."""
    if len(items) <= limit:
        return items, None
    shown = items[:limit]
    return shown, cursor(place(shown[-1]))
