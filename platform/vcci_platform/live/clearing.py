"""When a condition ends if nothing bad happens from now: the arithmetic of windows that empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from vcci_platform.reliability.sources import Point

__all__ = ["few_after", "under_after"]


def under_after(points: Sequence[Point], threshold: float) -> timedelta | None:
    """Return how long until the error ratio of a window is no longer above `threshold`, with good traffic as before.

    `points` are equal steps that make up the window, the oldest first. Each step that passes leaves the window at its
    old end, and one with the same traffic and no failure comes in. Zero if it is not above it now; None without points.
    """
    if not points:
        return None
    step = _step(points)
    bad = [point.traffic.bad for point in points]
    total = [point.traffic.total for point in points]
    if len(points) == 1:
        return None if bad[0] > threshold * total[0] else timedelta(0)
    coming = sum(total) / len(total)
    for passed in range(len(points) + 1):
        events = sum(total[passed:]) + passed * coming
        if events == 0 or sum(bad[passed:]) / events <= threshold:
            return passed * step
    return len(points) * step


def few_after(points: Sequence[Point], least: float) -> timedelta | None:
    """Return how long until fewer than `least` bad events are left in a window."""
    if not points:
        return None
    bad = [point.traffic.bad for point in points]
    passed = next((passed for passed in range(len(bad) + 1) if sum(bad[passed:]) < least), len(bad))
    return passed * _step(points)


def _step(points: Sequence[Point]) -> timedelta:
    return points[1].at - points[0].at if len(points) > 1 else timedelta(0)
