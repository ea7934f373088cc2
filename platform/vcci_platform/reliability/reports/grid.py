"""A grid of days: one row for each promise, one cell for each day, told apart by light, dark and hatching."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

__all__ = ["Cell", "Grid", "draw_grid"]

WIDTH, NAMES, ROW, TOP, BOTTOM = 960, 250, 20, 4, 24
CROSS_FITS = 10
LONGEST_NAME = 36


@dataclass(frozen=True)
class Cell:
    """One day: `kind` is kept, missed, unknown or none; `mark` is its letter."""

    kind: str
    mark: str


@dataclass(frozen=True)
class Grid:
    """Rows of names and cells; `columns` of them fill the width, and `labels` stand below some."""

    name: str
    title: str
    words: str
    columns: int
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    labels: tuple[tuple[int, str], ...]


def draw_grid(grid: Grid) -> Markup:
    """Return the grid as SVG."""
    width = (WIDTH - NAMES - 4) / grid.columns
    height = TOP + ROW * len(grid.rows) + BOTTOM
    parts = [
        Markup(
            '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-words">'
            '<title id="{}-title">{}</title><desc id="{}-words">{}</desc>'
            '<defs><pattern id="{}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>'
        ).format(WIDTH, height, *(grid.name,) * 3, grid.title, grid.name, grid.words, grid.name)
    ]
    for number, (name, cells) in enumerate(grid.rows):
        top = TOP + number * ROW
        shown = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"
        parts.append(Markup('<text class="name end" x="{}" y="{}">{}</text>').format(NAMES - 10, top + ROW - 6, shown))
        parts += [_cell(grid, cell, NAMES + index * width, top, width) for index, cell in enumerate(cells)]
    for index, label in grid.labels:
        x = NAMES + (index + 0.5) * width
        parts.append(Markup('<text class="tick middle" x="{:.1f}" y="{}">{}</text>').format(x, height - 8, label))
    return Markup("").join([*parts, Markup("</svg>")])


def _cell(grid: Grid, cell: Cell, x: float, y: float, width: float) -> Markup:
    fill = Markup(' fill="url(#{}-hatch)"').format(grid.name) if cell.kind == "unknown" else Markup("")
    drawn = Markup('<rect class="cell {}"{} x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
        cell.kind, fill, x, y, width, ROW - 2
    )
    if cell.kind != "missed" or width < CROSS_FITS:
        return drawn
    return drawn + Markup('<text class="cross" x="{:.1f}" y="{}">{}</text>').format(x + width / 2, y + 13, cell.mark)
