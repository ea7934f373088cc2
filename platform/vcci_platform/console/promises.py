"""Promises as the pages show them: how each is doing, and its charts. Pure, given a status and a history."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from vcci_platform import charts
from vcci_platform.charts import Chart, Limit, Line
from vcci_platform.console import words
from vcci_platform.reliability.sources import Point
from vcci_platform.reliability.status import Burn, Status
from vcci_slo import burn
from vcci_slo.burn import Traffic
from vcci_slo.plan import Slo

__all__ = ["Promise", "budget_chart", "burn_chart", "sli_chart", "sli_of", "tier_sentence"]

MARKS = {"kept": "\N{CHECK MARK}", "burning": "▲", "exhausted": "■", "unknown": "?"}
WORST_FIRST = ("exhausted", "burning", "unknown", "kept")
LOW_BUDGET = 0.25
"""Below a quarter of its budget a promise deserves a second look, though nothing burns."""


@dataclass(frozen=True)
class Promise:
    """One promise in a list."""

    status: Status
    spark: Markup

    @classmethod
    def of(cls, status: Status, history: Sequence[Point], over: str) -> Promise:
        """Return a promise with its recent history as a small line."""
        values = [sli_of(point.traffic) for point in history]
        seen = [value for value in values if value is not None]
        gist = f"lowest {words.percent(min(seen))}" if seen else "no traffic seen"
        floor = 1 - 2 * status.slo.budget
        return cls(status, charts.sparkline(values, floor=floor, words=f"SLI over {over}: {gist}"))

    @property
    def slo(self) -> Slo:
        return self.status.slo

    @property
    def state(self) -> str:
        """kept, burning, exhausted or unknown."""
        return self.status.state

    @property
    def told(self) -> str:
        """The state in words: that of a young promise is one so far."""
        return f"{self.state} so far" if self.status.so_far and self.state != "burning" else self.state

    @property
    def mark(self) -> str:
        """A sign that tells states apart without colour."""
        return MARKS[self.state]

    @property
    def rank(self) -> int:
        """Where it stands among others, the worst first."""
        return WORST_FIRST.index(self.state)

    @property
    def bar(self) -> Markup:
        """Return the rest of the budget as a bar."""
        left = self.status.window.remaining
        css = "spent" if left <= 0 else "low" if left < LOW_BUDGET else ""
        return charts.bar(left if self.state != "unknown" else 0.0, css)

    def burn(self, tier: str) -> Burn | None:
        """Return what a tier sees."""
        return next((found for found in self.status.burns if found.tier.name == tier), None)


def sli_of(traffic: Traffic) -> float | None:
    """Return the share of good events; None without any."""
    return None if traffic.known == 0 or traffic.total == 0 else 1 - traffic.bad / traffic.total


def tier_sentence(found: Burn, window: str) -> str:
    """Return what a tier watches for, in words."""
    tier = found.tier
    return (
        f"Fires as {tier.priority} when {tier.share:.0%} of the {window} budget would be gone in "
        f"{words.lasting(tier.long)}, and still is being spent over the last {words.lasting(tier.short)}. "
        f"At that pace the whole budget lasts {words.lasting(tier.exhausts_in)}."
    )


def sli_chart(slo: Slo, points: Sequence[Point], step: timedelta) -> Markup:
    """Return the SLI of each step, with the objective as a line."""
    values = [(point.at, sli_of(point.traffic)) for point in points]
    seen = [(value, at) for at, value in values if value is not None]
    low = _floor(min([1 - 2 * slo.budget, *(value for value, _ in seen)]))
    if seen:
        worst, at = min(seen)
        gist = f"Lowest {words.percent(worst)} at {words.clock(at)} UTC, last {words.percent(seen[-1][0])}."
    else:
        gist = "There was no traffic to judge."
    chart = Chart(
        name="sli",
        title=f"SLI of {slo.name}, each {words.lasting(step)}",
        words=f"{gist} {_unseen_words(points)}",
        start=points[0].at - step,
        end=points[-1].at,
        low=low,
        high=1.0,
        ticks=tuple((low + (1 - low) * part / 4, _axis_percent(low + (1 - low) * part / 4, low)) for part in range(5)),
        lines=(Line("sli", tuple(values), area=True),),
        limits=(Limit("objective", f"objective {slo.percent}", slo.objective),),
        unseen=_unseen(points, step),
    )
    return charts.draw(chart)


def burn_chart(slo: Slo, points: Sequence[Point], step: timedelta, shown: int) -> Markup:
    """Return the burn rate over the shortest window for the last `shown` steps, with the limit of each tier.

    The axis is bent like a logarithm, so that an even pace and a thousandfold one can be read on the same picture.
    """
    short = min((tier.short for tier in slo.tiers), default=step)
    count = max(round(short / step), 1)
    values: list[tuple[datetime, float | None]] = []
    for index in range(len(points) - shown, len(points)):
        together = [point.traffic for point in points[max(0, index - count + 1) : index + 1]]
        joined = Traffic(*(sum(getattr(part, name) for part in together) for name in ("bad", "total", "known")))
        values.append((points[index].at, burn.burn_rate(joined, budget=slo.budget)))
    tail = points[len(points) - shown :]
    seen = [(value, at) for at, value in values if value is not None]
    most = max([30.0, *(tier.factor * 1.5 for tier in slo.tiers), *(value * 1.1 for value, _ in seen)])
    span = words.lasting(count * step)
    gist = f"Highest {words.rate(max(seen)[0])} at {words.clock(max(seen)[1])} UTC." if seen else "Nothing was seen."
    chart = Chart(
        name="burn",
        title=f"Burn rate of {slo.name} over {span}",
        words=f"{gist} {_unseen_words(tail)}",
        start=tail[0].at - step,
        end=tail[-1].at,
        low=0.0,
        high=most,
        ticks=tuple((value, words.rate(value)) for value in (0.0, 1.0, 10.0, 100.0, 1000.0) if value <= most),
        lines=(Line("burn", tuple(values), area=True),),
        limits=tuple(
            Limit(f"tier-{tier.priority}", f"{tier.priority} {tier.name} {words.rate(tier.factor)}", tier.factor)
            for tier in slo.tiers
        ),
        unseen=_unseen(tail, step),
        scale=math.log1p,
    )
    return charts.draw(chart)


def budget_chart(status: Status, points: Sequence[Point], step: timedelta) -> Markup:
    """Return how the budget of the window was spent, beside the line of spending it evenly."""
    slo, allowed = status.slo, status.window.allowed
    spent = max(status.window.bad - sum(point.traffic.bad for point in points), 0.0)  # before the first one shown
    values: list[tuple[datetime, float | None]] = []
    for point in points:
        spent += point.traffic.bad
        left = 1 - spent / allowed if allowed else 1.0
        values.append((point.at, left if point.traffic.known > 0 else None))
    lowest = min([0.0, *(value for _, value in values if value is not None)])
    low = max(lowest, -1.0)
    start = points[0].at - step
    chart = Chart(
        name="budget",
        title=f"Error budget of {slo.name} over {slo.window_name}",
        words=f"{words.share(status.window.remaining)} of the budget is left. {_unseen_words(points)}",
        start=start,
        end=points[-1].at,
        low=low,
        high=1.0,
        ticks=tuple((part / 4, words.share(part / 4)) for part in range(-4, 5) if low <= part / 4),
        lines=(Line("budget", tuple(values), area=True),),
        limits=(Limit("ideal", "spent evenly", min((status.at - start) / slo.window, 1.0), to=0.0),),
        unseen=_unseen(points, step),
    )
    return charts.draw(chart)


def _floor(lowest: float) -> float:
    """Return a round value at or below the lowest, where an axis may begin.

    >>> _floor(0.998), _floor(0.97), _floor(0.42)
    (0.998, 0.95, 0.0)
    """
    for floor in (0.9998, 0.9995, 0.999, 0.998, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.5):
        if lowest >= floor - 1e-9:
            return floor
    return 0.0


def _axis_percent(value: float, low: float) -> str:
    digits = 0 if low < 0.9 else 1 if low < 0.99 else 2 if low < 0.999 else 3
    return f"{value * 100:.{digits}f}%"


def _unseen(points: Sequence[Point], step: timedelta) -> tuple[tuple[datetime, datetime], ...]:
    found: list[tuple[datetime, datetime]] = []
    for point in points:
        if point.traffic.known > 0:
            continue
        start = point.at - step
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], point.at)
        else:
            found.append((start, point.at))
    return tuple(found)


def _unseen_words(points: Sequence[Point]) -> str:
    unseen = sum(1 for point in points if point.traffic.known == 0) / max(len(points), 1)
    return f"{words.share(unseen)} of the time was not observed." if unseen else "All of the time was observed."
