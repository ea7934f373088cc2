"""What a condition's truth leads to: pending, firing, held, over. Pure; the same rules as Prometheus, but honest.

Prometheus forgets an alert whose series vanish. Here a condition that cannot be judged neither fires nor clears.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

__all__ = ["Condition", "Verdict", "follow"]


@dataclass(frozen=True)
class Condition:
    """One limit of one alert, judged now. `holds` None means that there is nothing to judge by.

    `wait` is how long it must hold before it fires, `hold` how long it stays firing after it last held.
    """

    key: str
    alert: str
    priority: str
    system: str
    component: str
    holds: bool | None
    wait: timedelta
    hold: timedelta
    summary: str
    description: str
    runbook_url: str
    dashboard_url: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A condition that is or was true. `fired_at` and `over_at` are set once it fires and once that is over."""

    key: str
    since: datetime
    last_true: datetime
    fired_at: datetime | None = None
    over_at: datetime | None = None
    announced: bool = False
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    summary: str = ""

    @property
    def state(self) -> Literal["pending", "firing", "over"]:
        """Where it is on its way."""
        if self.fired_at is None:
            return "pending"
        return "firing" if self.over_at is None else "over"


def follow(before: Verdict | None, condition: Condition, now: datetime) -> Verdict | None:
    """Return the verdict that follows from a condition; None if there is nothing to remember.

    A verdict that is over is kept until it is announced, and a condition that is true again starts a new one.
    """
    if before is not None and before.state == "over":
        if not before.announced:
            return before
        before = None
    if condition.holds is None:
        return before
    if condition.holds:
        return _held(before, condition, now)
    if before is None or before.fired_at is None:
        return None
    if now - before.last_true < condition.hold:
        return before
    return replace(before, over_at=now, announced=False)


def _held(before: Verdict | None, condition: Condition, now: datetime) -> Verdict:
    labels = dict(condition.labels)
    if before is None:
        before = Verdict(condition.key, since=now, last_true=now, labels=labels, summary=condition.summary)
    current = replace(before, last_true=now, since=min(before.since, now))  # a clock may be set back
    if current.fired_at is None and now - current.since >= condition.wait:
        # What it says stays what it said when it fired, so that saying it twice is saying the same.
        return replace(current, fired_at=now, announced=False, labels=labels, summary=condition.summary)
    return current
