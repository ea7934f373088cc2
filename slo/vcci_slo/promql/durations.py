"""Durations as people and Prometheus write them: `30s`, `1h30m`, `5d`."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

from vcci_slo.promql.figures import number

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
A_THOUSAND = 1000
A_SECOND, A_MINUTE = 1000, 60_000  # milliseconds
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


@lru_cache(maxsize=4096)
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


@lru_cache(maxsize=4096)
def words(duration: timedelta) -> str:
    """Return the duration as a person says it, without what is less than a thousandth of it.

    Of seconds three digits count, and from a minute on whole ones.

    >>> words(timedelta(hours=50)), words(timedelta(hours=25, minutes=10)), words(timedelta(days=300, seconds=5))
    ('2 days 2 hours', '1 day 1 hour 10 minutes', '300 days')
    >>> words(timedelta(seconds=5.821)), words(timedelta(seconds=1.5)), words(timedelta(seconds=65.821))
    ('5.82 seconds', '1.5 seconds', '1 minute 5 seconds')
    """
    milliseconds = round(duration / timedelta(milliseconds=1))
    if milliseconds >= A_MINUTE:
        milliseconds -= milliseconds % A_SECOND
    elif milliseconds > A_SECOND and milliseconds % A_SECOND:
        return f"{number(milliseconds / A_SECOND, 3)} seconds"
    least = milliseconds / A_THOUSAND
    parts: list[str] = []
    for unit, size in _UNITS[1:]:
        count, milliseconds = divmod(milliseconds, size)
        if count * size > least:
            parts.append(f"{count} {_WORDS[unit]}{'s' if count != 1 else ''}")
    return " ".join(parts) or "0 seconds"
