"""Charts as SVG: values as data, colours by class, so that they follow light and dark under a strict page policy.

Drawn here because a span that nobody observed must look like one, a limit must carry its name, and the pages allow no
inline style or script, which chart libraries put into their SVG. Every chart says in words what it shows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

__all__ = ["Bar", "Chart", "Limit", "Line", "bar", "draw", "sparkline"]

WIDTH, HEIGHT = 960, 230
LEFT, RIGHT, TOP, BOTTOM = 62, 128, 12, 26
LABEL_APART = 15
LABEL_BELOW = 11
BAR_APART = 0.12
TICKS_WANTED = 7
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEPS = (
    *(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 15, 30)),
    *(minutes * MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * DAY for days in (1, 2, 5, 7, 14)),
)

Points = tuple[tuple[datetime, float | None], ...]


@dataclass(frozen=True)
class Line:
    """Values over time; None where there is none, and there the line is interrupted."""

    css: str
    points: Points
    area: bool = False


@dataclass(frozen=True)
class Bar:
    """A span of time that stands or hangs from `base` to `value`, with a few letters at its end if there are any."""

    css: str
    start: datetime
    end: datetime
    base: float
    value: float
    label: str = ""


@dataclass(frozen=True)
class Limit:
    """A value that means something, with its name at the right edge. `to` makes it a slope that ends elsewhere."""

    css: str
    label: str
    value: float
    to: float | None = None


@dataclass(frozen=True)
class Chart:
    """One picture. `unseen` are the spans that nobody observed; `scale` bends the axis of values, if it is bent.

    `times` are the moments that stand below it; without any, round ones in UTC do.
    """

    name: str
    title: str
    words: str
    start: datetime
    end: datetime
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    bars: tuple[Bar, ...] = ()
    limits: tuple[Limit, ...] = ()
    times: tuple[tuple[datetime, str], ...] = ()
    unseen: tuple[tuple[datetime, datetime], ...] = ()
    scale: Callable[[float], float] = lambda value: value

    def x(self, moment: datetime) -> float:
        """Return where a moment lies."""
        share = (moment - self.start) / (self.end - self.start)
        return LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return where a value lies; one beyond the axis lies at its end."""
        low, high = self.scale(self.low), self.scale(self.high)
        share = (self.scale(min(max(value, self.low), self.high)) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def draw(chart: Chart) -> Markup:
    """Return the chart as SVG."""
    parts = [
        Markup(
            '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-words">'
            '<title id="{}-title">{}</title><desc id="{}-words">{}</desc>'
            '<defs><pattern id="{}-hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="7"/></pattern></defs>'
        ).format(WIDTH, HEIGHT, *(chart.name,) * 3, chart.title, chart.name, chart.words, chart.name),
        *(_unseen(chart, start, end) for start, end in chart.unseen),
        *(_value_tick(chart, value, label) for value, label in chart.ticks),
        *_time_ticks(chart),
        *(_bar(chart, each) for each in chart.bars),
        *_limits(chart),
        *(part for line in chart.lines for part in _line(chart, line)),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _unseen(chart: Chart, start: datetime, end: datetime) -> Markup:
    left, right = chart.x(start), chart.x(end)
    return Markup('<rect class="unseen" fill="url(#{}-hatch)" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
        chart.name, left, TOP, right - left, HEIGHT - TOP - BOTTOM
    )


def _value_tick(chart: Chart, value: float, label: str) -> Markup:
    y = chart.y(value)
    return Markup(
        '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/><text class="tick end" x="{}" y="{:.1f}">{}</text>'
    ).format(LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, label)


def _bar(chart: Chart, each: Bar) -> Markup:
    """Return a bar with a hair of paper on either side, and at least a trace of ink: a day of zero is still a day."""
    left, right = chart.x(each.start), chart.x(each.end)
    apart = min((right - left) * BAR_APART, 1.5)
    base, value = sorted((chart.y(each.base), chart.y(each.value)))
    height = max(value - base, 1.0)
    drawn = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        each.css, left + apart, base, right - left - 2 * apart, height
    )
    if not each.label:
        return drawn
    below = base + height + LABEL_BELOW
    return drawn + Markup('<text class="mark {} middle" x="{:.1f}" y="{:.1f}">{}</text>').format(
        each.css, (left + right) / 2, min(below, HEIGHT - BOTTOM - 3), each.label
    )


def _time_ticks(chart: Chart) -> list[Markup]:
    return [
        Markup(
            '<line class="stub" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>'
            '<text class="tick middle" x="{0:.1f}" y="{3}">{4}</text>'
        ).format(chart.x(moment), HEIGHT - BOTTOM, HEIGHT - BOTTOM + 4, HEIGHT - 6, label)
        for moment, label in chart.times or _round_times(chart)
    ]


def _round_times(chart: Chart) -> list[tuple[datetime, str]]:
    span = chart.end - chart.start
    step = next((step for step in STEPS if span / step <= TICKS_WANTED), STEPS[-1])
    form = "%H:%M:%S" if step < MINUTE else "%H:%M" if step < DAY else "%d %b"
    since = datetime(2026, 1, 1, tzinfo=UTC)
    first = since + -(-(chart.start - since) // step) * step
    moments = itertools.takewhile(lambda moment: moment <= chart.end, (first + count * step for count in range(100)))
    return [(moment, f"{moment:{form}}") for moment in moments]


def _limits(chart: Chart) -> list[Markup]:
    parts: list[Markup] = []
    lowest = float("inf")
    for limit in sorted(chart.limits, key=lambda limit: limit.value if limit.to is None else limit.to):
        y, end = chart.y(limit.value), chart.y(limit.value if limit.to is None else limit.to)
        label = min(end + 4, lowest - LABEL_APART)
        lowest = label
        parts.append(
            Markup(
                '<line class="limit {}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text class="label {}" x="{}" y="{:.1f}">{}</text>'
            ).format(limit.css, LEFT, WIDTH - RIGHT, y, end, limit.css, WIDTH - RIGHT + 8, label, limit.label)
        )
    return parts


def _line(chart: Chart, line: Line) -> list[Markup]:
    parts: list[Markup] = []
    for run in _runs(line.points):
        dots = [(chart.x(at), chart.y(value)) for at, value in run]
        if len(dots) == 1:
            parts.append(Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(line.css, *dots[0]))
            continue
        path = _path(dots)
        if line.area:
            floor = HEIGHT - BOTTOM
            closed = f"{path}L{dots[-1][0]:.1f},{floor}L{dots[0][0]:.1f},{floor}Z"
            parts.append(Markup('<path class="area {}" d="{}"/>').format(line.css, closed))
        parts.append(Markup('<path class="line {}" d="{}"/>').format(line.css, path))
    return parts


def _runs(points: Points) -> list[list[tuple[datetime, float]]]:
    """Return the stretches without interruption.

    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [[value for _, value in run] for run in _runs(((at, 1.0), (at, None), (at, 2.0), (at, 3.0)))]
    [[1.0], [2.0, 3.0]]
    """
    runs: list[list[tuple[datetime, float]]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def _path(dots: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in dots)


SPARK_WIDTH, SPARK_HEIGHT = 96, 28


def sparkline(values: Sequence[float | None], *, floor: float, words: str) -> Markup:
    """Return a small line from `floor` to 1 for a table; it stands beside the figures, so it says only its gist."""
    low = min([floor, *(value for value in values if value is not None)])
    width = SPARK_WIDTH / max(len(values) - 1, 1)

    def place(index: int, value: float) -> tuple[float, float]:
        return index * width, 2 + (1 - (value - low) / (1 - low)) * (SPARK_HEIGHT - 4)

    parts = [
        Markup(
            '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
            "<title>{words}</title>"
        ).format(w=SPARK_WIDTH, h=SPARK_HEIGHT, words=words)
    ]
    run: list[tuple[float, float]] = []
    for index, value in enumerate([*values, None]):
        if value is not None:
            run.append(place(index, value))
            continue
        if len(run) == 1:
            parts.append(Markup('<circle class="dot sli" cx="{:.1f}" cy="{:.1f}" r="1.5"/>').format(*run[0]))
        elif run:
            parts.append(Markup('<path class="line sli" d="{}"/>').format(_path(run)))
        run = []
    return Markup("").join([*parts, Markup("</svg>")])


def bar(ratio: float, css: str = "") -> Markup:
    """Return a bar of which this share is filled; below zero it is empty. The figure stands beside it in text."""
    filled = min(max(ratio, 0.0), 1.0) * 100
    return Markup(
        '<svg class="bar {}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="100" height="8"/><rect class="fill" width="{:.2f}" height="8"/></svg>'
    ).format(css, filled)
