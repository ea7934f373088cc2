"""What an incident cost, and when it really began and ended: by what was counted, not by what rang. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from vcci_platform.incidents.review.ports import Cost, Counters, Step
from vcci_platform.incidents.tenants import Affected, TenantsOf

__all__ = ["Impact", "bad_spans", "impact_of", "measured", "touched_by"]

MINUTE = timedelta(minutes=1)
LOOK_BACK = timedelta(minutes=30)
"""How long before the first alert a fault may have begun: a slow burn is told late."""

SHORTEST = timedelta(seconds=5)
MOST_STEPS = 600
QUIET_STEPS = 3
"""So many steps without trouble end a spell of it, when the beginning is looked for."""

OBSERVED = 0.5
"""The share of a step that must have been seen for a word on it."""


@dataclass(frozen=True)
class Impact:
    """When the promises were broken, and what that took.

    `start` and `end` come from the SLIs: the first bad minute and the moment from which none was bad any more. `end`
    is None while it is bad, or when nothing was observed after the last bad step; `unknown` says why nothing is
    known at all, and is empty otherwise. `precision` is how finely it was looked at, in seconds. `tenants` are those
    whom it touched, None where nobody was asked.
    """

    start: datetime | None = None
    end: datetime | None = None
    costs: tuple[Cost, ...] = ()
    unknown: str = ""
    precision: float = 60.0
    tenants: Affected | None = None

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        moments = {
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
        }
        return {**asdict(self), **moments, "costs": [asdict(cost) for cost in self.costs]}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Impact:
        """Return the impact that `document` wrote."""
        values: dict[str, Any] = dict(document)
        for name in ("start", "end"):
            values[name] = datetime.fromisoformat(values[name]) if values[name] else None
        values["costs"] = tuple(Cost(**cost) for cost in values["costs"])
        values["tenants"] = Affected.of_document(values["tenants"]) if values.get("tenants") else None
        return cls(**values)


def bad_spans(steps: Sequence[Step], length: timedelta, allowed: float) -> tuple[tuple[datetime, datetime], ...]:
    """Return the spans in which a promise was broken: more of the events were bad than its budget allows."""
    spans: list[tuple[datetime, datetime]] = []
    for step in steps:
        if step.total <= 0 or step.bad / step.total <= allowed:
            continue
        start = step.end - length
        if spans and spans[-1][1] >= start:
            spans[-1] = (spans[-1][0], step.end)
        else:
            spans.append((start, step.end))
    return tuple(spans)


def measured(
    histories: Sequence[tuple[Sequence[Step], float]], length: timedelta, began_at: datetime
) -> tuple[datetime | None, datetime | None, str]:
    """Return when the impact began, when it ended, and why that is not known.

    `histories` holds the steps of each promise and what it allows. Trouble before `began_at` belongs to the incident
    while it hangs together with it; a trifle half an hour earlier does not.
    """
    if not histories:
        return None, None, "no promise is made about this system"
    if not any(step.known > 0 for steps, _ in histories for step in steps):
        return None, None, "nothing was counted in this time"
    spans = sorted(span for steps, allowed in histories for span in bad_spans(steps, length, allowed))
    if not spans:
        return None, None, ""
    start = _onset(spans, length, began_at)
    if start is None:
        return None, None, ""
    last = max(end for _, end in spans)
    return start, last if _seen_after(histories, last) else None, ""


def _onset(spans: Sequence[tuple[datetime, datetime]], length: timedelta, began_at: datetime) -> datetime | None:
    """Return the start of the spell that lasts at `began_at`, or of the first one after it."""
    gap = QUIET_STEPS * length
    spells: list[list[datetime]] = []
    for start, end in spans:
        if spells and start - spells[-1][1] <= gap:
            spells[-1][1] = max(spells[-1][1], end)
        else:
            spells.append([start, end])
    return next((start for start, end in spells if end + gap >= began_at), None)


def _seen_after(histories: Sequence[tuple[Sequence[Step], float]], last: datetime) -> bool:
    """Return whether every promise that was measured was also seen in the first step after the last bad one."""
    for steps, _ in histories:
        if not any(step.known > 0 for step in steps):
            continue
        after = next((step for step in steps if step.end > last), None)
        if after is None or after.known < OBSERVED:
            return False
    return True


def impact_of(
    counters: Counters | None,
    systems: frozenset[str],
    began_at: datetime,
    resolved_at: datetime,
    now: datetime,
    *,
    time_scale: float = 1.0,
) -> Impact:
    """Ask what was counted, and return the impact. Raises whatever the counters raise.

    Where clocks run `time_scale` times faster, a minute is that much shorter.
    """
    if counters is None:
        return Impact(unknown="this desk counts nothing")
    minute = max(MINUTE / time_scale, SHORTEST)
    start = began_at - LOOK_BACK / time_scale
    until = min(resolved_at + minute, now)
    length = _length(start, until, minute)
    histories: list[tuple[Sequence[Step], float]] = []
    promises = counters.promises(systems)
    for name, allowed in promises:
        histories.append((counters.steps(name, start, until, length), allowed))
    first, last, unknown = measured(histories, length, began_at)
    if unknown or first is None:
        return Impact(unknown=unknown, precision=length.total_seconds())
    costs = tuple(counters.cost(name, first, last or min(resolved_at, now)) for name, _ in promises)
    return Impact(first, last, costs, "", length.total_seconds())


def touched_by(
    impact: Impact,
    tenants: TenantsOf | None,
    systems: frozenset[str],
    began_at: datetime,
    resolved_at: datetime,
) -> Impact:
    """Return the impact with the tenants that it touched: while promises were broken, else from begin to resolve."""
    if tenants is None:
        return impact
    start, end = impact.start or began_at, impact.end or resolved_at
    return replace(impact, tenants=tenants(systems, min(start, began_at), max(end, start + MINUTE)))


def _length(start: datetime, end: datetime, minute: timedelta) -> timedelta:
    """Return how long a step is: a minute, or whole minutes for a time that has too many of them."""
    minutes = max(1, -(-(end - start) // (MOST_STEPS * minute)))
    return minutes * minute
