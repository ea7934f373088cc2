"""Where panels lie: Grafana's grid is 24 columns wide, and each row of panels fills its lines from left to right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vcci_dashboards.model import Panel, Row

__all__ = ["COLUMNS", "HEADING", "Place", "places"]

COLUMNS = 24
HEADING = 1
"""The height of a row's heading."""
MOST_IN_A_LINE = 3
"""A graph narrower than a third of the page cannot show its legend."""


@dataclass(frozen=True)
class Place:
    """A rectangle: left and top edge, width and height, in cells."""

    x: int
    y: int
    w: int
    h: int


def places(rows: tuple[Row, ...]) -> dict[int, Place]:
    """Return the place of every heading and panel by its id; no two overlap, and every line is full."""
    found: dict[int, Place] = {}
    y = 0
    for row in rows:
        found[row.id] = Place(0, y, COLUMNS, HEADING)
        y += HEADING
        for line in _lines(row.panels):
            height = max(panel.height for panel in line)
            width, spare = divmod(COLUMNS, len(line))
            x = 0
            for index, panel in enumerate(line):
                own = width + (spare if index == len(line) - 1 else 0)
                found[panel.id] = Place(x, y, own, height)
                x += own
            y += height
    return found


def _lines(panels: tuple[Panel, ...]) -> Iterator[tuple[Panel, ...]]:
    """Cut panels into lines: a wide one stands alone, neighbours share lines evenly (four make two and two)."""
    together: list[Panel] = []
    for panel in panels:
        if panel.wide:
            yield from _shared(together)
            together = []
            yield (panel,)
        else:
            together.append(panel)
    yield from _shared(together)


def _shared(panels: list[Panel]) -> Iterator[tuple[Panel, ...]]:
    count = -(-len(panels) // MOST_IN_A_LINE)
    start = 0
    for line in range(count):
        size = -(-(len(panels) - start) // (count - line))
        yield tuple(panels[start : start + size])
        start += size
