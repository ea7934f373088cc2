"""Colours by priority, and thresholds from the limits of alerts: one value for the rule, the line and the words."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from vcci_dashboards.model import Threshold
from vcci_slo.plan import Limit

__all__ = ["BAD", "CALM", "GOOD", "NEUTRAL", "OF", "steps"]

GOOD = "green"
BAD = "red"
CALM = "blue"
NEUTRAL = "text"
OF = {"P0": "red", "P1": "orange", "P2": "yellow", "P3": "blue"}
"""Red is kept for what wakes someone at once."""


def steps(limits: Iterable[Limit]) -> tuple[Threshold, ...]:
    """Return where the colour changes: each stretch has the colour of the most serious limit that it breaks.

    None without limits, since a colour would promise a meaning.
    """
    limits = tuple(limits)
    if not limits:
        return ()
    edges = sorted({limit.value for limit in limits})
    middles = [edges[0] - 1, *((low + high) / 2 for low, high in pairwise(edges)), edges[-1] + 1]
    starts: list[float | None] = [None, *edges]
    return tuple(Threshold(start, _colour(middle, limits)) for start, middle in zip(starts, middles, strict=True))


def _colour(value: float, limits: tuple[Limit, ...]) -> str:
    broken = [
        limit.priority for limit in limits if (value > limit.value if limit.side == "above" else value < limit.value)
    ]
    return OF[min(broken)] if broken else GOOD
