"""What runs: components, how they are deployed, scraped and probed, and their signals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from vcci_slo.plan.organisation import Priority
from vcci_slo.promql.matchers import Matcher

__all__ = [
    "WINDOW",
    "Component",
    "EventsSignal",
    "Probe",
    "QuerySignal",
    "Runs",
    "Scrape",
    "Signal",
    "Unit",
    "ValueSignal",
]


Unit = Literal["ratio", "seconds", "bytes", "boolean", "messages", "count", "per-second", "kilograms", "state"]


@dataclass(frozen=True)
class Runs:
    """How a component is deployed; minimum and maximum, CPU in cores, memory in bytes."""

    deployment: str
    replicas: tuple[int, int]
    cpu: tuple[float, float] | None
    memory_bytes: tuple[int, int] | None


@dataclass(frozen=True)
class Scrape:
    """Where Prometheus reads a component's metrics."""

    targets: tuple[str, ...]
    path: str
    params: tuple[tuple[str, tuple[str, ...]], ...]
    scheme: str


@dataclass(frozen=True)
class Probe:
    """A look from outside the process: which URL, by which blackbox module, from how many places."""

    url: str
    module: str
    places: int
    fails_for: tuple[tuple[Priority, timedelta], ...]
    timeout: timedelta


@dataclass(frozen=True)
class EventsSignal:
    """Things that happen and may go wrong, counted. `each` splits them by a label with a closed set of values.

    `selector` finds the component's series, `where` is common to events and durations, `valid` and `bad` choose among
    events, `timed` among durations. `native` says that the durations are a native histogram, which needs no buckets.
    """

    component: str
    name: str
    title: str
    events: str
    duration: str | None
    selector: tuple[Matcher, ...]
    where: tuple[Matcher, ...]
    valid: tuple[Matcher, ...]
    bad: tuple[Matcher, ...]
    timed: tuple[Matcher, ...]
    buckets: tuple[float, ...]
    each: tuple[str, tuple[str, ...]] | None
    native: bool = False
    unit: Unit = "per-second"

    @property
    def ref(self) -> str:
        return f"{self.component}.{self.name}"


@dataclass(frozen=True)
class ValueSignal:
    """A number that is measured now. `promql` has its selectors filled in.

    `simple` is set when the expression is one aggregation of one metric, which the desk can evaluate by itself:
    (aggregation, labels kept, metric, matchers). `record` is the name under which a rule records it.
    """

    component: str
    name: str
    title: str
    promql: str
    unit: Unit
    each: tuple[str, tuple[str, ...]] | None
    record: str | None
    by: tuple[str, ...]
    simple: tuple[str, tuple[str, ...], str, tuple[Matcher, ...]] | None

    @property
    def ref(self) -> str:
        return f"{self.component}.{self.name}"

    @property
    def series(self) -> str:
        """The recorded name if there is one, else the expression."""
        return self.record or self.promql


WINDOW = "WINDOW"
"""Stands in free PromQL where the range goes."""


@dataclass(frozen=True)
class QuerySignal:
    """What free PromQL counts: `bad` and `valid` events in WINDOW, or each second if `per_second`.

    Without `valid`, `bad` is a ratio from 0 to 1; its mean over time is then all that can be known of it.
    """

    component: str
    name: str
    title: str
    bad: str
    valid: str | None
    per_second: bool
    unit: Unit = "per-second"
    each: None = None

    @property
    def ref(self) -> str:
        return f"{self.component}.{self.name}"


Signal = EventsSignal | ValueSignal | QuerySignal


@dataclass(frozen=True)
class Component:
    """A part of the platform. `system` names the parts that fail together and so become one incident."""

    name: str
    title: str
    kind: str
    system: str
    team: str
    selector: tuple[Matcher, ...]
    needs: tuple[str, ...]
    queues: tuple[str, ...]
    runs: Runs | None
    scrape: Scrape | None
    probe: Probe | None
    signals: tuple[Signal, ...]
