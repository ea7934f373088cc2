"""What is promised: indicators, burn tiers, promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vcci_slo.plan.components import EventsSignal, QuerySignal, ValueSignal
from vcci_slo.plan.organisation import Priority
from vcci_slo.promql.matchers import Matcher

__all__ = [
    "BurnTier",
    "EventsIndicator",
    "Indicator",
    "LatencyIndicator",
    "LimitIndicator",
    "NoData",
    "ProbeIndicator",
    "QueryIndicator",
    "Slo",
]


@dataclass(frozen=True)
class EventsIndicator:
    """Bad among valid events, of one `each` value where the signal is split."""

    signal: EventsSignal
    only: tuple[Matcher, ...]


@dataclass(frozen=True)
class LatencyIndicator:
    """Slow among timed events: those above `within` seconds, which is a bucket of a classic histogram."""

    signal: EventsSignal
    within_seconds: float
    only: tuple[Matcher, ...]


@dataclass(frozen=True)
class ProbeIndicator:
    """Failed among all probes from outside. `matchers` find `probe_success`."""

    component: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class LimitIndicator:
    """Moments at which a value was on the wrong side of `limit`, among all moments at which it was known.

    `side` is the good one: a value at the limit is bad where it must stay below, and good where it must not fall below.
    """

    signal: ValueSignal
    limit: float
    side: Literal["below", "above"]
    only: tuple[Matcher, ...]

    def bad(self, value: float) -> bool:
        """Return whether a value breaks the promise at its moment."""
        return value >= self.limit if self.side == "below" else value < self.limit


@dataclass(frozen=True)
class QueryIndicator:
    """What free PromQL counts; a ratio alone has no events, and counts the time in its place."""

    signal: QuerySignal


Indicator = EventsIndicator | LatencyIndicator | ProbeIndicator | LimitIndicator | QueryIndicator


@dataclass(frozen=True)
class BurnTier:
    """One multi-window burn-rate alert: fires while both windows burn faster than `factor` times the even pace.

    `share` of the budget is gone after `long` at exactly that pace. `threshold` is the error ratio factor x budget.
    `min_bad` bad events must have been seen in `long`, so that one failed request of a quiet night wakes nobody, and
    events must have been counted `seen_for` ago, so that the first minutes of a service are not its whole history. Who
    counted any before the last `infancy`, as far back as the promise reaches, is not new, however long it paused.
    Source: Google SRE Workbook, chapter 5, table 5-8.
    """

    name: str
    priority: Priority
    share: float
    short: timedelta
    long: timedelta
    factor: float
    threshold: float
    min_bad: int
    keep_firing_for: timedelta
    seen_for: timedelta
    infancy: timedelta | None
    exhausts_in: timedelta


@dataclass(frozen=True)
class NoData:
    """How long the indicator may be absent, and how serious that is. Silence is not health."""

    after: timedelta
    priority: Priority


@dataclass(frozen=True)
class Slo:
    """One promise. A declaration with several parts or queues gives one of these for each.

    `objective` and `budget` are ratios that add up to 1; `words` is the promise in a sentence. With `by`, each value of
    these labels that Prometheus finds has an account of its own. `ceiling` is the best objective that the promises of
    what the component needs allow, None if they say nothing. `calendar` is the time zone whose months are the window;
    burn rates are then those of a `window` of 30 days.
    """

    name: str
    declared: str
    words: str
    labels: tuple[tuple[str, str], ...]
    component: str
    system: str
    team: str
    by: tuple[str, ...]
    objective: float
    budget: float
    percent: str
    ceiling: float | None
    window: timedelta
    window_name: str
    calendar: str | None
    indicator: Indicator
    tiers: tuple[BurnTier, ...]
    budget_policy: str
    no_data: NoData
    burn_alert: str
    no_data_alert: str
    runbook: str
    runbook_url: str
    dashboard_url: str
