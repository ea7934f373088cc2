"""Calendar months as PromQL: which month it is where the clocks show a zone, and what was counted since it began.

Prometheus knows UTC alone. Where clocks change, only their state at the beginning of each month matters, and that is
the same every year (`vcci_slo.windows.month_offsets` refuses the few zones where it is not).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta

from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.windows import month_offsets

__all__ = ["in_this_month", "month_of", "tile_of"]

HOUR = timedelta(hours=1)
LONGEST_MONTH = timedelta(days=32)
"""31 days, and the hour that clocks are set back."""


def tile_of(zone: str) -> timedelta:
    """Return the longest span of at most an hour at whose edges the months of a zone begin.

    >>> tile_of("America/New_York") == timedelta(hours=1), tile_of("Asia/Kolkata") == timedelta(minutes=30)
    (True, True)
    """
    minutes = [round(offset / timedelta(minutes=1)) for offset in month_offsets(zone)]
    return timedelta(minutes=math.gcd(60, *minutes))


def month_of(moment: str, zone: str) -> str:
    """Return the number of the month, 1 to 12, that holds a moment in a zone; `moment` is seconds since 1970 as PromQL.

    >>> month_of("time()", "UTC")
    'month(vector(time()))'
    >>> month_of("time()", "Europe/Berlin")
    '(month(vector(time() + 7200)) >= 4 <= 10 or month(vector(time() + 3600)))'

    Of two states of the clocks, the one that is ahead begins a month early; that counts only for the months that begin
    in it.
    """
    offsets = month_offsets(zone)
    low, *others = sorted(set(offsets))
    if not others:
        return f"month({_shifted(moment, low)})"
    if len(others) > 1:
        raise ValueError(f"{zone}, whose clocks have more than two states")
    ahead = [month for month, offset in enumerate(offsets, start=1) if offset == others[0]]
    early = f"month({_shifted(moment, others[0])})"
    chosen = [f"{early} >= {first} <= {last}" for first, last in _runs(ahead)]
    return f"({' or '.join((*chosen, f'month({_shifted(moment, low)})'))})"


def _shifted(moment: str, offset: timedelta) -> str:
    seconds = offset.total_seconds()
    sign = "+" if seconds > 0 else "-"
    return f"vector({moment} {sign} {number(abs(seconds))})" if seconds else f"vector({moment})"


def _runs(months: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Return the first and last of each run of months."""
    start = months[0]
    for month, following in zip(months, [*months[1:], 99], strict=True):
        if following != month + 1:
            yield start, month
            start = following


def in_this_month(tile: str, rest: str, now: str, *, zone: str, current: timedelta) -> str:
    """Return the sum of a count since the month began, up to the last whole `current` window.

    `tile` counts in the last `tile_of(zone)`, `rest` in the last `current`, and `now` is the series that says which
    month it is. Whole tiles of the month are added up, then what has passed of the tile that is not over.
    """
    every = tile_of(zone)
    size = number(every.total_seconds())
    whole = (
        f"sum_over_time(({tile} and on () ({month_of('(time() - 1)', zone)} == on () {now} @ end()))"
        f"[{promql_duration(LONGEST_MONTH)}:{promql_duration(every)}])"
    )
    running = (
        f"sum_over_time(({rest} and on () (floor(vector((time() - 1) / {size})) == on () "
        f"floor(timestamp({now} @ end()) / {size})))[{promql_duration(every)}:{promql_duration(current)}])"
    )
    return f"({running} or 0 * {rest})\n+ ({whole} or 0 * {rest})"
