"""The SLO service of one process: its source, its plan, and, embedded, the recorder and the evaluator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from vcci_platform.clock import Clock
from vcci_platform.reliability.conditions import Unevaluated
from vcci_platform.reliability.evaluator import Evaluator
from vcci_platform.reliability.recorder import Recorder
from vcci_platform.reliability.sources import Point, Source
from vcci_platform.reliability.status import Status, recovered, status_of
from vcci_platform.reliability.store import IncrementStore
from vcci_slo import Plan
from vcci_slo.plan import Slo
from vcci_slo.windows import rolling

__all__ = ["ActiveAlert", "Reliability", "Watch"]

THIN_OUT_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class ActiveAlert:
    """A condition that is pending or firing, whoever judged it."""

    alert: str
    state: str
    priority: str
    system: str
    component: str
    since: datetime
    summary: str
    labels: Mapping[str, str]
    runbook_url: str
    dashboard_url: str


@dataclass
class Watch:
    """The embedded watch: one round looks, judges and announces."""

    recorder: Recorder
    evaluator: Evaluator
    store: IncrementStore
    clock: Clock
    _thinned_at: datetime | None = None

    def round(self) -> bool:
        """Go round once; false, since there is nothing more to do before the next one is due."""
        self.evaluator.round(self.recorder.round())
        now = self.clock.now()
        if self._thinned_at is None or now - self._thinned_at >= THIN_OUT_EVERY:
            self.store.thin_out(now)
            self._thinned_at = now
        return False

    def close(self) -> None:
        """Let go of connections."""
        self.recorder.close()


@dataclass
class Reliability:
    """Answers how each promise is doing. `watch` is None where Prometheus and Alertmanager decide."""

    plan: Plan
    source: Source
    store: IncrementStore
    clock: Clock
    watch: Watch | None
    not_evaluated: tuple[Unevaluated, ...] = ()
    close: Callable[[], None] = lambda: None

    @property
    def evaluated_by(self) -> str:
        """Who decides what fires."""
        return "the desk" if self.watch is not None else "Prometheus"

    def status(self, slo: Slo) -> Status:
        """Return how a promise is doing now."""
        return status_of(slo, self.source, self.clock.now(), self.plan.calendar.timezone)

    def history(self, slo: Slo, length: timedelta, steps: int) -> tuple[timedelta, tuple[Point, ...]]:
        """Return the last `length` in a number of equal steps, and how long one is."""
        step = timedelta(milliseconds=max(round(length / steps / timedelta(milliseconds=1)), 1))
        return step, self.source.history(slo, rolling(self.clock.now(), step * steps), step)

    def active(self) -> tuple[ActiveAlert, ...]:
        """Return what is pending or firing: by the desk's own judgement, or by that of Prometheus."""
        if self.watch is None:
            return tuple(_of_prometheus(found) for found in self.source.alerts() if found["labels"].get("priority"))
        return tuple(
            ActiveAlert(
                alert=found.condition.alert,
                state=found.verdict.state,
                priority=found.condition.priority,
                system=found.condition.system,
                component=found.condition.component,
                since=found.verdict.since,
                summary=found.condition.summary,
                labels=dict(found.condition.labels),
                runbook_url=found.condition.runbook_url,
                dashboard_url=found.condition.dashboard_url,
            )
            for found in self.watch.evaluator.active()
        )

    def recovery(
        self, system: str, since: datetime, until: datetime
    ) -> Literal["good", "bad", "unknown", "unmeasured"]:
        """Return what the promises of a system say about a span: with data, or not at all."""
        slos = tuple(slo for slo in self.plan.slos if slo.system == system)
        if not slos:
            return "unmeasured"
        verdict = recovered(slos, self.source, since, until)
        return "unknown" if verdict is None else "good" if verdict else "bad"


def _of_prometheus(found: Mapping[str, Any]) -> ActiveAlert:
    labels, notes = found["labels"], found["annotations"]
    return ActiveAlert(
        alert=labels["alertname"],
        state=found["state"],
        priority=labels["priority"],
        system=labels.get("system", ""),
        component=labels.get("component", ""),
        since=datetime.fromisoformat(found["activeAt"]),
        summary=notes.get("summary", ""),
        labels=labels,
        runbook_url=notes.get("runbook_url", ""),
        dashboard_url=notes.get("dashboard_url", ""),
    )
