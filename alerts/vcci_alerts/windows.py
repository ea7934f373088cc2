"""The windows of a promise: which are read from raw series, and which are built from smaller ones.

Reading three days of raw series at every evaluation is what makes such rules dear: here raw series are read for an hour
at the most, and longer windows add up what is already recorded. Events and errors are added separately, so the sums
are those of the raw window, where a mean of ratios would be wrong by the shape of a day's traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vcci_slo import burn
from vcci_slo.plan import Plan, Slo
from vcci_slo.resolve.findings import Pace

__all__ = ["Window", "base_window", "bridge", "current_window", "windows"]

MILLISECOND = timedelta(milliseconds=1)
BRIDGE = timedelta(minutes=15)
"""How long a tile may be missing before it counts as empty: Prometheus restarts within that."""


@dataclass(frozen=True)
class Window:
    """A span of time: raw, or `count` tiles of the window `tile`."""

    span: timedelta
    tile: timedelta | None = None
    count: int = 0


def current_window(plan: Plan) -> timedelta:
    """Return the window of what is called "now"."""
    return Pace(plan.time_scale).of(burn.TIERS[0].short)


def base_window(plan: Plan) -> timedelta:
    """Return the longest window that is read from raw series."""
    return Pace(plan.time_scale).of(burn.TIERS[0].long)


def bridge(plan: Plan) -> timedelta:
    """Return how far back a tile is looked for."""
    return Pace(plan.time_scale).of(BRIDGE)


def windows(plan: Plan, slo: Slo) -> tuple[Window, ...]:
    """Return every window of a promise, the smallest first, so that each tile is recorded before it is used."""
    base = base_window(plan)
    spans = {current_window(plan), base, slo.window}
    spans |= {span for tier in slo.tiers for span in (tier.short, tier.long)}
    ordered = sorted(spans)
    return tuple(_window(span, [smaller for smaller in ordered if smaller < span], base) for span in ordered)


def _window(span: timedelta, smaller: list[timedelta], base: timedelta) -> Window:
    if span <= base:
        return Window(span)
    for tile in reversed(smaller):
        count = round(span / tile)
        # Under a time scale each span is rounded to a millisecond, so tiles may miss the window by as many.
        if abs(span - count * tile) <= count * MILLISECOND:
            return Window(span, tile, count)
    return Window(span)
