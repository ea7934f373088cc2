"""Moments as files write them: ISO 8601, or seconds or milliseconds since 1970."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from vcci_slo.backtest.history import micros

__all__ = ["micros_of"]

MILLISECONDS_FROM = 1e11
"""As seconds that is the year 5138, as milliseconds 1973: no history mixes them up."""

LATEST_SECONDS = 253_402_300_800


def micros_of(text: str) -> int:
    """Return a moment in microseconds since 1970; without a zone it is UTC.

    >>> micros_of("60") == micros_of("1970-01-01T00:01:00Z") == micros_of("1970-01-01 01:01+01:00") == 60_000_000
    True
    >>> micros_of("1760000000000") == micros_of("1760000000")
    True

    Raises ValueError for anything else.
    """
    try:
        number = float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        return micros(at if at.tzinfo is not None else at.replace(tzinfo=UTC))
    seconds = number / 1000 if abs(number) >= MILLISECONDS_FROM else number
    if not math.isfinite(seconds) or not 0 <= seconds < LATEST_SECONDS:
        raise ValueError(f"no moment since 1970: {text}")
    return round(seconds * 1_000_000)
