"""The outage: requests fail or slow down, and each thing that must follow is waited for, for so long and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

import httpx

from vcci_platform.demo.story import Incident, Line, Scene, news
from vcci_platform.demo.watcher import Watcher
from vcci_platform.errors import PlatformError
from vcci_slo import Plan

__all__ = ["Fault", "Narrator", "Outage", "Report", "StepMissed"]

LOOK_SECONDS: Final = 0.5
PATIENCE: Final = timedelta(seconds=60)
"""What a busy machine may add to every step. It is no part of the promise, so no clock shortens it."""

REQUESTS_SEEN: Final = 40
QUIET: Final = frozenset({"monitoring", "resolved"})
FAULT_SECONDS: Final = 15 * 60


class StepMissed(PlatformError):
    """Something that must follow from a fault did not, in its time."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong: a share of the requests ends in an exception, or takes `slow_ms` longer."""

    share: float
    slow_ms: int | None = None

    @property
    def words(self) -> str:
        """The fault in words."""
        what = f"take {self.slow_ms} ms longer" if self.slow_ms else "end in an exception"
        return f"{self.share:.0%} of the requests to the service {what}"

    @property
    def promise(self) -> str:
        """The promise that it breaks."""
        return "api-latency-p95" if self.slow_ms else "api-errors"

    @property
    def order(self) -> dict[str, Any]:
        """The body of PUT /v1/faults."""
        common = {"share": self.share, "seconds": FAULT_SECONDS}
        return {"kind": "delay", "delay_ms": self.slow_ms, **common} if self.slow_ms else {"kind": "error", **common}


@dataclass(frozen=True)
class Report:
    """What came of it. Times are real seconds; multiplied by the time scale they are those of the promise.

    `rang` is how often the page rang before anything escalated.
    """

    detected_after: float
    paged_after: float
    rang: int
    escalations: int
    public_after: float | None
    recovered_after: float
    resolved_after: float
    lasted: float
    priority: str
    incident_id: str
    page: str
    runbook: str
    runbook_opens: bool


class Narrator(Protocol):
    """Whoever tells the story to a person."""

    def chapter(self, text: str) -> None:
        """Say what comes now."""
        ...

    def line(self, line: Line) -> None:
        """Tell what happened."""
        ...

    def scene(self, scene: Scene) -> None:
        """Show how things are at this moment."""
        ...


@dataclass
class Outage:
    """One outage from the fault to the end of the incident."""

    service: str
    watcher: Watcher
    plan: Plan
    fault: Fault
    narrator: Narrator
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _scene: Scene | None = field(default=None, init=False)

    def run(self) -> Report:
        """Carry it out and return what came of it; raise StepMissed for what did not happen."""
        promise = self.fault.promise
        self.narrator.chapter("Customers use the service, and every promise is kept")
        self._until(
            f"{promise} to be measured and kept",
            lambda now: now.promise is not None and now.promise.state == "kept" and now.promise.total >= REQUESTS_SEEN,
            PATIENCE,
        )
        began = self.seconds()
        self.narrator.chapter(f"A fault begins: {self.fault.words}")
        self._fault_begins()
        try:
            report = self._outage(began)
        finally:
            with suppress(httpx.HTTPError):  # the service may be gone, and faults end by themselves
                self._fault_ends()
        return report

    def _outage(self, began: float) -> Report:
        plan = self.plan
        windows = max(tier.short for slo in plan.slos if slo.name == self.fault.promise for tier in slo.tiers[:2])
        self._until("an alert that pages to fire", self._pages, windows + PATIENCE)
        self._until("an incident", lambda now: now.incident is not None, PATIENCE)
        detected = self.seconds() - began
        paging = self._until("a page", lambda now: now.rang > 0, 2 * plan.page_wait + PATIENCE)
        paged = self.seconds() - began
        policy = plan.severity(_incident(paging).priority)
        public: float | None = None
        if policy.status_page == "at-once":
            self._until("the status page to show it", lambda now: bool(now.broken), PATIENCE)
            public = self.seconds() - began
        if policy.acknowledge is not None:
            self.narrator.chapter("Nobody acknowledges: the escalation clock counts")
            self._until(
                "the desk to notice that nobody acknowledges",
                lambda now: _incident(now).has("acknowledge_missed"),
                policy.acknowledge + PATIENCE,
            )
        ended = self.seconds()
        self.narrator.chapter("The fault ends: every request is served again")
        self._fault_ends()
        self._until("every alert to be over", lambda now: _incident(now).state in QUIET, self._recovery())
        recovered = self.seconds() - ended
        self.narrator.chapter(f"The incident is watched for {_minutes(plan.monitor_for * plan.time_scale)} of good SLI")
        last = self._until(
            "the incident to be resolved",
            lambda now: _incident(now).state == "resolved" and all(page.status == "resolved" for page in now.pages),
            3 * plan.monitor_for + PATIENCE,
        )
        if public is not None:
            last = self._until("the status page to be operational", lambda now: not now.broken, PATIENCE)
        page = last.pages[0]
        return Report(
            detected_after=detected,
            paged_after=paged,
            rang=paging.rang,
            escalations=_incident(last).level - 1,
            public_after=public,
            recovered_after=recovered,
            resolved_after=self.seconds() - ended,
            lasted=self.seconds() - began,
            priority=_incident(last).priority,
            incident_id=_incident(last).id,
            page=page.summary,
            runbook=page.runbook,
            runbook_opens=bool(page.runbook) and self.watcher.opens(page.runbook),
        )

    def _pages(self, now: Scene) -> bool:
        return any(self.plan.severity(alarm.priority).page for alarm in now.firing)

    def _recovery(self) -> timedelta:
        """Return how long alerts may take to be over: the longest window that looks back, and what holds them."""
        tiers = [tier for slo in self.plan.slos if slo.name == self.fault.promise for tier in slo.tiers]
        holds = [limit.keep_firing_for for alert in self.plan.alerts for limit in alert.limits]
        looks_back = max((tier.short + tier.keep_firing_for for tier in tiers), default=timedelta(0))
        return max(looks_back, max(holds, default=timedelta(0))) + PATIENCE

    def _until(self, what: str, condition: Callable[[Scene], bool], within: timedelta) -> Scene:
        deadline = self.seconds() + within.total_seconds()
        while True:
            now = self.watcher.look()
            for line in news(self._scene, now) if self._scene else ():
                self.narrator.line(line)
            self._scene = now
            self.narrator.scene(now)
            if condition(now):
                return now
            if self.seconds() > deadline:
                raise StepMissed(f"expected {what} within {within.total_seconds():.0f} s, and it did not happen")
            self.sleep(LOOK_SECONDS)

    def _fault_begins(self) -> None:
        httpx.put(f"{self.service}/v1/faults", json=self.fault.order, trust_env=False).raise_for_status()

    def _fault_ends(self) -> None:
        httpx.delete(f"{self.service}/v1/faults", trust_env=False).raise_for_status()


def _incident(scene: Scene) -> Incident:
    if scene.incident is None:
        raise StepMissed("expected the incident to stay where it was, and it is gone")
    return scene.incident


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} minutes"
