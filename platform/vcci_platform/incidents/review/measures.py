"""How fast incidents are noticed, acknowledged and ended, by period, severity and component. Pure.

There are many meanings of each of these words; which one a figure has is told beside it, with a version.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from vcci_platform.incidents.model import Priority

__all__ = [
    "DEFINITIONS",
    "SPANS",
    "VERSION",
    "Case",
    "Figures",
    "Group",
    "Interval",
    "Measures",
    "Period",
    "measures_of",
    "spans_of",
]

VERSION: Final = "1"

DEFINITIONS: Final[Mapping[str, str]] = {
    "period": "An incident belongs to the UTC day, week (from Monday) or month in which the desk first heard of it.",
    "severity": "The severity that the incident has now, or had when it was resolved.",
    "component": "The component that was named, else that of the incident's first alert.",
    "detect": "Time to detect: from the start of the impact to the moment at which the desk heard of it. The impact "
    "starts with the first minute in which a promise was broken; where nothing was counted, with the first alert.",
    "acknowledge": "Time to acknowledge: from the desk's hearing of it to the first acknowledgement by a person. "
    "Incidents that nobody ever acknowledged are left out and counted apart.",
    "resolve": "Time to resolve: the sum of the spans in which the incident was open, so that the time between a "
    "resolve and a reopening does not count. Only incidents that are over.",
    "first_resolve": "From the desk's hearing of it to the first resolve, whether or not it was reopened later.",
    "last_resolve": "From the desk's hearing of it to the last resolve, with the time between.",
    "recover": "Time to recover: from the start of the impact to the moment from which no promise was broken any more, "
    "by the SLIs and not by alerts. Only incidents whose impact was counted.",
    "statistics": "mean is the arithmetic mean; p50, p90 and p95 are the smallest span that is at least as long as "
    "that share of them (nearest rank). Spans are in seconds.",
    "data_errors": "A span that ends before it begins comes of clocks that disagree: it is left out and listed.",
}

SPANS: Final = ("detect", "acknowledge", "resolve", "first_resolve", "last_resolve", "recover")

Period = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Interval:
    """A span in which an incident was open; `end` is None while it is."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Case:
    """What the measures need of one incident. `impact_start` and `impact_end` are measured, not told by alerts."""

    id: str
    priority: Priority
    component: str
    began_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None
    opened: tuple[Interval, ...]
    impact_start: datetime | None = None
    impact_end: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is resolved now."""
        return bool(self.opened) and self.opened[-1].end is not None


@dataclass(frozen=True)
class Figures:
    """Statistics of one kind of span, in seconds; all None where there is none."""

    count: int
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    longest: float | None = None


@dataclass(frozen=True)
class Group:
    """The figures of some incidents: those of a period, of a severity, of a component, or all."""

    name: str
    incidents: int
    open: int
    reopened: int
    never_acknowledged: int
    spans: Mapping[str, Figures]


@dataclass(frozen=True)
class Measures:
    """Every figure with what it means. `data_errors` names (incident, span, seconds) of what ends before it begins."""

    version: str
    definitions: Mapping[str, str]
    start: datetime
    end: datetime
    total: Group
    periods: tuple[Group, ...]
    severities: tuple[Group, ...]
    components: tuple[Group, ...]
    data_errors: tuple[tuple[str, str, float], ...]


def spans_of(case: Case) -> Mapping[str, timedelta]:
    """Return the spans of one incident that are known, negative ones too."""
    found: dict[str, timedelta] = {"detect": case.detected_at - (case.impact_start or case.began_at)}
    if case.acknowledged_at is not None:
        found["acknowledge"] = case.acknowledged_at - case.detected_at
    ends = [interval.end for interval in case.opened if interval.end is not None]
    if ends:
        found["first_resolve"] = ends[0] - case.detected_at
    if case.is_over:
        found["last_resolve"] = ends[-1] - case.detected_at
        each = (interval.end - interval.start for interval in case.opened if interval.end is not None)
        found["resolve"] = sum(each, timedelta(0))
    if case.impact_start is not None and case.impact_end is not None:
        found["recover"] = case.impact_end - case.impact_start
    return found


def measures_of(cases: Iterable[Case], start: datetime, end: datetime, period: Period = "month") -> Measures:
    """Return the measures of the incidents that were detected from `start` until before `end`."""
    within = sorted(
        (case for case in cases if start <= case.detected_at < end), key=lambda case: (case.detected_at, case.id)
    )
    errors = tuple(
        (case.id, name, span.total_seconds())
        for case in within
        for name, span in spans_of(case).items()
        if span < timedelta(0)
    )
    return Measures(
        version=VERSION,
        definitions=DEFINITIONS,
        start=start,
        end=end,
        total=_group("all", within),
        periods=_grouped(within, lambda case: _period(case.detected_at, period)),
        severities=_grouped(within, lambda case: case.priority.value),
        components=_grouped(within, lambda case: case.component or "unknown"),
        data_errors=errors,
    )


def _grouped(cases: Sequence[Case], name_of: Callable[[Case], str]) -> tuple[Group, ...]:
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(name_of(case), []).append(case)
    return tuple(_group(name, members) for name, members in sorted(found.items()))


def _group(name: str, cases: Sequence[Case]) -> Group:
    known: dict[str, list[float]] = {span: [] for span in SPANS}
    for case in cases:
        for span, length in spans_of(case).items():
            if length >= timedelta(0):
                known[span].append(length.total_seconds())
    return Group(
        name=name,
        incidents=len(cases),
        open=sum(not case.is_over for case in cases),
        reopened=sum(len(case.opened) > 1 for case in cases),
        never_acknowledged=sum(case.acknowledged_at is None for case in cases),
        spans={span: _figures(seconds) for span, seconds in known.items()},
    )


def _figures(seconds: Sequence[float]) -> Figures:
    if not seconds:
        return Figures(0)
    ordered = sorted(seconds)
    p50, p90, p95 = (_nearest_rank(ordered, percent) for percent in (50, 90, 95))
    mean = min(max(math.fsum(ordered) / len(ordered), ordered[0]), ordered[-1])  # rounding must not leave the range
    return Figures(len(ordered), mean, p50, p90, p95, ordered[-1])


def _nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` of all values do not exceed.

    >>> _nearest_rank([1.0, 2.0, 3.0, 4.0], 50), _nearest_rank([1.0, 2.0, 3.0, 4.0], 95)
    (2.0, 4.0)
    """
    return ordered[-(-len(ordered) * percent // 100) - 1]


def _period(moment: datetime, period: Period) -> str:
    at = moment.astimezone(UTC)
    if period == "day":
        return f"{at:%Y-%m-%d}"
    if period == "week":
        return f"{at:%G-W%V}"
    return f"{at:%Y-%m}"
