"""When to wake someone: measures, limits, alerts and their proofs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vcci_slo.plan.components import EventsSignal, Unit, ValueSignal
from vcci_slo.plan.organisation import Priority
from vcci_slo.plan.promises import NoData
from vcci_slo.promql.matchers import Matcher

__all__ = ["Alert", "BadRatio", "Limit", "Measure", "ProbeDown", "Proof", "Quantile", "Value"]


@dataclass(frozen=True)
class BadRatio:
    """Bad among valid events over a window."""

    signal: EventsSignal
    over: timedelta


@dataclass(frozen=True)
class Quantile:
    """A quantile of the timed events over a window, in seconds."""

    signal: EventsSignal
    quantile: float
    over: timedelta


@dataclass(frozen=True)
class Value:
    """A signal's value now; or, with `share_over`, its average over that window, sampled each `step`."""

    signal: ValueSignal
    share_over: timedelta | None = None
    step: timedelta | None = None


@dataclass(frozen=True)
class ProbeDown:
    """How long a probe from outside has failed in every place."""

    component: str
    matchers: tuple[Matcher, ...]


Measure = BadRatio | Quantile | Value | ProbeDown


@dataclass(frozen=True)
class Limit:
    """One threshold: one rule, one line on the panel, one sentence on the page. `value` is in the measure's unit."""

    priority: Priority
    side: Literal["above", "below"]
    value: float
    words: str
    lasts: timedelta
    keep_firing_for: timedelta


@dataclass(frozen=True)
class Proof:
    """Series that make an alert fire and that keep it silent, in promtool's notation: (series, values)."""

    fires: tuple[tuple[str, str], ...]
    silent: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Alert:
    """A condition on a measure. `because` says why it has its severity; `min_events` is a floor of evidence.

    `source` is the section that declared it: the manual's alerts, a component's probe, or the platform itself.
    """

    name: str
    source: Literal["declared", "probe"]
    component: str
    system: str
    team: str
    measure: Measure
    unit: Unit
    limits: tuple[Limit, ...]
    missing: tuple[NoData, ...]
    min_events: int
    summary: str
    description: str
    because: str
    pages_because: str
    runbook: str
    runbook_url: str
    dashboard_url: str
    proof: Proof | None
