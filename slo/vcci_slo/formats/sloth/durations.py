"""Durations as Prometheus writes them: `30d`, `1d12h`, `4w`. Weeks and years only where nothing is left over."""

from __future__ import annotations

import re
from datetime import timedelta

from vcci_slo.formats.sloth.errors import SlothError
from vcci_slo.formats.sloth.go import quote

__all__ = ["parse_duration", "print_duration"]

_MILLISECOND = timedelta(milliseconds=1)
_UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_ONLY_WHOLE = ("y", "w")
_WRITTEN = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _UNITS))
_LONGEST = timedelta(milliseconds=(2**63 - 1) // 1_000_000)


def parse_duration(text: str) -> timedelta:
    """Return a duration. Raises SlothError for anything that Prometheus would not take.

    >>> parse_duration("1d12h") == timedelta(hours=36)
    True
    """
    if text == "0":
        return timedelta(0)
    if not text:
        raise SlothError("empty duration string")
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise SlothError(f"not a valid duration string: {quote(text)}")
    amounts = {unit: amount for unit, amount in match.groupdict().items() if amount is not None}
    if any(len(amount) > 19 for amount in amounts.values()):
        raise SlothError("duration out of range")
    milliseconds = sum(int(amount) * _UNITS[unit] for unit, amount in amounts.items())
    if milliseconds > _LONGEST / _MILLISECOND:
        raise SlothError("duration out of range")
    return timedelta(milliseconds=milliseconds)


def print_duration(length: timedelta) -> str:
    """Return a duration as Prometheus prints it.

    >>> [print_duration(timedelta(days=days)) for days in (7, 28, 30, 1.5)]
    ['1w', '4w', '30d', '1d12h']
    """
    left = length // _MILLISECOND
    if left == 0:
        return "0s"
    text = ""
    for unit, size in _UNITS.items():
        if left >= size and not (unit in _ONLY_WHOLE and left % size):
            amount, left = divmod(left, size)
            text += f"{amount}{unit}"
    return text
