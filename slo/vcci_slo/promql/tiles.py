"""The windows of a promise: which are read from raw series, and which are built from smaller ones.

Reading three days of raw series at every evaluation is what makes such rules dear: here raw series are read for an hour
at the most, and longer windows add up what is already recorded. Events and errors are added separately, so the sums
are those of the raw window, where a mean of ratios would be wrong by the shape of a day's traffic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo import burn
from vcci_slo.plan import Plan, Slo
from vcci_slo.promql.months import tile_of
from vcci_slo.resolve.findings import Pace

__all__ = ["MOST_TILES", "Window", "base_window", "bridge", "current_window", "infancy", "looked_back", "windows"]

MILLISECOND = timedelta(milliseconds=1)
BRIDGE = timedelta(minutes=15)
"""How long a tile may be missing before it counts as empty: Prometheus restarts within that."""

MOST_TILES = 31
STEPS = tuple(timedelta(hours=hours) for hours in (6, 24, 72, 240))
"""Windows that are recorded only to build longer ones, where no tier has one that is long enough."""


@dataclass(frozen=True)
class Window:
    """A span of time: raw, or `tiles` that lie end to end, the newest first."""

    span: timedelta
    tiles: tuple[timedelta, ...] = ()


def current_window(plan: Plan) -> timedelta:
    """Return the window of what is called "now"."""
    return Pace(plan.time_scale).of(burn.CURRENT)


def base_window(plan: Plan) -> timedelta:
    """Return the longest window that is read from raw series."""
    return Pace(plan.time_scale).of(burn.RAW)


def bridge(plan: Plan) -> timedelta:
    """Return how far back a tile is looked for."""
    return Pace(plan.time_scale).of(BRIDGE)


def windows(plan: Plan, slo: Slo) -> tuple[Window, ...]:
    """Return every window of a promise, the smallest first, so that each tile is recorded before it is used."""
    return _windows(slo, Pace(plan.time_scale))


def _windows(slo: Slo, pace: Pace) -> tuple[Window, ...]:
    base = pace.of(burn.RAW)
    wanted = {pace.of(burn.CURRENT), base, slo.window}
    wanted |= {span for tier in slo.tiers for span in (tier.short, tier.long)}
    if slo.calendar is not None:
        wanted.add(tile_of(slo.calendar))
    found: dict[timedelta, Window] = {}
    waiting = sorted(wanted)
    while waiting:
        span = waiting[0]
        window = Window(span) if span <= base else _tiled(span, found, base)
        missing = {tile for tile in window.tiles if tile not in found}
        if len(window.tiles) > MOST_TILES:
            longest = window.tiles[0]
            missing |= {pace.of(step) for step in STEPS if 2 * longest <= pace.of(step) < span}
        if missing - set(found) - {span}:
            waiting = sorted({*waiting, *missing} - set(found))
            continue
        found[span] = window
        waiting = waiting[1:]
    return tuple(found[span] for span in sorted(found))


def _tiled(span: timedelta, smaller: Iterable[timedelta], base: timedelta) -> Window:
    """Return the tiles of a window: the longest that divides it, or the longest that fit and then what is left."""
    known = sorted((one for one in {*smaller, base} if one < span), reverse=True)
    for tile in known:
        count = round(span / tile)
        # Under a time scale each span is rounded to a millisecond, so tiles may miss the window by as many.
        if tile >= base and count <= MOST_TILES and abs(span - count * tile) <= count * MILLISECOND:
            return Window(span, (tile,) * count)
    tiles: list[timedelta] = []
    rest = span
    for tile in known:
        count = rest // tile if tile >= base else int(rest == tile)
        tiles += [tile] * count
        rest -= count * tile
    return Window(span, (*tiles, rest) if rest > len(tiles) * MILLISECOND else tuple(tiles))


def _newest(slo: Slo, pace: Pace) -> Iterator[Window]:
    """Yield the promise's window, its newest tile, the newest tile of that, and so on down to the raw one."""
    known = {window.span: window for window in _windows(slo, pace)}
    window = known[slo.window]
    while window.tiles:
        yield window
        window = known[window.tiles[0]]
    yield window


def infancy(slo: Slo, seen_for: timedelta, pace: Pace) -> timedelta | None:
    """Return the shortest window that covers `seen_for` and is the beginning of the promise's own; None if none does.

    Such a window and the promise's count the very same tiles, so they differ only by what was counted before it, and
    are equal to the last digit if nothing was.
    """
    newest = tuple(_newest(slo, pace))
    return min(
        (
            window.span
            for window in _windows(slo, pace)
            if seen_for <= window.span < slo.window and any(_begins(window, other) for other in newest)
        ),
        default=None,
    )


def _begins(window: Window, other: Window) -> bool:
    """Return whether the other window is the same, or begins with just the tiles of this one."""
    return window == other or (bool(window.tiles) and window.tiles == other.tiles[: len(window.tiles)])


def looked_back(plan: Plan, slo: Slo, since: timedelta) -> tuple[timedelta, ...]:
    """Return how long ago the tiles end that the promise's window has and its newest part, as long as `since`, has not.

    What was counted is found by them if it was still counted at one of these moments.
    """
    found: set[timedelta] = set()
    for window in _newest(slo, Pace(plan.time_scale)):
        end = timedelta(0)
        for tile in window.tiles[:-1] if window.span > since else ():
            end += tile
            if end >= since:
                found.add(end)
    return tuple(sorted(found))
