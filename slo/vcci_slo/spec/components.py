"""What the platform is made of: components, how they run, how they are seen from outside, their signals."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from vcci_slo.spec.section import Line, ListOrOne, Name, Priority, Query, Section
from vcci_slo.spec.units import Delay, Duration, Range, refuse

__all__ = ["ComponentSpec", "Kind", "ProbeSpec", "RunsSpec", "ScrapeSpec", "SignalSpec", "UnitName"]

Metric = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
Kind = Literal[
    "http",
    "celery",
    "postgresql",
    "redis",
    "rabbitmq",
    "kubernetes",
    "node",
    "certificates",
    "prometheus",
    "other",
]
UnitName = Literal["ratio", "seconds", "bytes", "boolean", "messages", "count", "per-second", "kilograms", "state"]


_ADDRESS = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
MOST_REPLICAS = 10_000


class RunsSpec(Section):
    """A Kubernetes deployment and its limits."""

    deployment: Name
    replicas: Range
    cpu: Range | None = None
    memory: Range | None = None

    @model_validator(mode="after")
    def _whole(self) -> RunsSpec:
        low, high = self.replicas.low, self.replicas.high
        if not (low.is_integer() and high.is_integer() and 1 <= high <= MOST_REPLICAS):
            raise refuse(f"replicas in whole numbers up to {MOST_REPLICAS}", f"{low:g}-{high:g}")
        return self


class ScrapeSpec(Section):
    """Where Prometheus reads the metrics."""

    targets: ListOrOne
    path: Annotated[str, StringConstraints(pattern=r"^/")] = "/metrics"
    params: dict[str, ListOrOne] = Field(default_factory=dict)
    scheme: Literal["http", "https"] = "http"

    @model_validator(mode="after")
    def _addresses(self) -> ScrapeSpec:
        strange = [target for target in self.targets if _ADDRESS.fullmatch(target) is None]
        if strange or not self.targets:
            raise refuse("targets as host:port, such as api:8000", strange[0] if strange else self.targets)
        return self


class ProbeSpec(Section):
    """A look from outside the process."""

    url: Annotated[str, StringConstraints(pattern=r"^(https?|tcp)://[^\s{}\"'<>`\\]+$")]
    module: Name | None = None
    places: Annotated[int, Field(ge=1, le=9, alias="from")] = 1
    fails_for: dict[Priority, Delay] = Field(default_factory=dict)
    timeout: Duration | None = None


class SignalSpec(Section):
    """What is measured, written once: events (what counts as valid and bad), a value, or free PromQL that counts.

    In free PromQL, WINDOW stands where the range goes: `errors` and `total` count events in it (or each second, with
    `per_second`), `error_ratio` is a ratio from 0 to 1.
    """

    title: Line | None = None
    events: Metric | None = None
    duration: Metric | None = None
    native: bool = False
    where: str = ""
    valid: str = ""
    bad: str = ""
    timed: str = ""
    buckets: list[Duration] = Field(default_factory=list)
    value: Line | None = None
    unit: UnitName | None = None
    record: Metric | None = None
    errors: Query | None = None
    total: Query | None = None
    per_second: bool = False
    error_ratio: Query | None = None
    each: dict[Name, str] = Field(default_factory=dict, max_length=1)

    @model_validator(mode="after")
    def _one_kind(self) -> SignalSpec:
        kinds = [name for name in ("events", "value", "errors", "error_ratio") if getattr(self, name) is not None]
        if len(kinds) != 1:
            raise refuse("exactly one of events, value, errors and error_ratio", " and ".join(kinds) or "none of them")
        if (self.errors is None) != (self.total is None):
            raise refuse("errors and total together", "only one of them")
        if self.per_second and self.errors is None:
            raise refuse("per_second only beside errors and total", f"per_second beside {kinds[0]}")
        if kinds[0] in {"errors", "error_ratio"}:
            return self._counts()
        if self.value is not None:
            strange = [
                name for name in ("duration", "where", "valid", "bad", "timed", "buckets") if getattr(self, name)
            ]
            if strange:
                raise refuse("a value without what belongs to events", ", ".join(strange))
            if self.unit is None:
                raise refuse("the unit of the value", None, "unit: seconds")
        elif self.record is not None:
            raise refuse("record only on a value", f"record on the events {self.events}")
        if self.native and (self.duration is None or self.buckets):
            raise refuse("native beside a duration, without buckets", "buckets" if self.buckets else "no duration")
        return self

    def _counts(self) -> SignalSpec:
        strange = sorted(self.model_fields_set - {"title", "errors", "total", "per_second", "error_ratio"})
        if strange:
            raise refuse("free PromQL with a title and nothing else", ", ".join(strange))
        for query in (self.errors, self.total, self.error_ratio):
            if query is not None and "WINDOW" not in query:
                raise refuse("WINDOW where the range goes, as in rate(x[WINDOW])", query)
        if self.errors is not None and self.errors == self.total:
            raise refuse("errors that differ from total", "the same query twice")
        return self


class ComponentSpec(Section):
    """A part of the platform. `system` names what fails together: its alerts become one incident."""

    kind: Kind
    title: Line | None = None
    system: Name | None = None
    owner: Name | None = None
    runs: RunsSpec | None = None
    needs: list[Name] = Field(default_factory=list)
    selector: str = ""
    scrape: ScrapeSpec | None = None
    probe: ProbeSpec | None = None
    queues: list[Name] = Field(default_factory=list)
    signals: dict[Name, SignalSpec] = Field(default_factory=dict)
