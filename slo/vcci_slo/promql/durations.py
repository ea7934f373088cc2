"""Durations as people and Prometheus write them: `30s`, `1h30m`, `5d`."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["LONGEST", "parse_duration", "promql_duration", "words"]

LONGEST = timedelta(days=36_500)
"""A century. Prometheus itself stops at 292 years."""

_UNITS: tuple[tuple[str, int], ...] = (
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
)
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
_WORDS = {"w": "week", "d": "day", "h": "hour", "m": "minute", "s": "second", "ms": "millisecond"}


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` says, such as `500ms`, `1h30m` or `4w`.

    >>> parse_duration("1h30m").total_seconds()
    5400.0

    Raises ValueError for anything else: a number without unit above all, and what is longer than a century.
    """
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError(f"expected a duration with its unit such as 30s, 5m or 1h30m, got {text}")
    milliseconds = sum(int(part or 0) * size for part, (_, size) in zip(found.groups(), _UNITS, strict=True))
    if milliseconds > LONGEST / timedelta(milliseconds=1):
        raise ValueError(f"expected a duration of at most {LONGEST.days}d, got {text}")
    return timedelta(milliseconds=milliseconds)


def promql_duration(duration: timedelta) -> str:
    """Return the shortest exact form, without weeks, since people say `28d`.

    >>> promql_duration(timedelta(days=30)), promql_duration(timedelta(seconds=90))
    ('30d', '1m30s')

    Raises ValueError below a millisecond: Prometheus has nothing smaller.
    """
    milliseconds = round(duration / timedelta(milliseconds=1))
    if milliseconds <= 0:
        raise ValueError(f"expected a duration of at least 1ms, got {duration}")
    parts: list[str] = []
    for unit, size in _UNITS[1:]:
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def words(duration: timedelta) -> str:
    """Return the duration as a person says it, in its two largest units.

    >>> words(timedelta(hours=50)), words(timedelta(minutes=1))
    ('2 days 2 hours', '1 minute')
    """
    milliseconds = round(duration / timedelta(milliseconds=1))
    parts: list[str] = []
    for unit, size in _UNITS[1:]:
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count} {_WORDS[unit]}{'s' if count != 1 else ''}")
    return " ".join(parts[:2]) or "0 seconds"
