"""Identifiers that sort by the time they were made in."""

from __future__ import annotations

import secrets
import time

__all__ = ["new_id"]


def new_id(kind: str) -> str:
    """Return a new identifier such as `inc_0193a1b2c3d4f00dfeed12345678`: the kind, milliseconds, randomness.

    Two that were made in different milliseconds sort in that order, so a cursor over ids is a cursor over time.

    >>> new_id("inc").startswith("inc_")
    True
    """
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"
