"""The SLO service of one process: its source, its plan, and, embedded, the recorder and the evaluator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from vcci_platform.clock import Clock
from vcci_platform.reliability.accounting import (
    Account,
    Applied,
    Occasion,
    Spent,
    account_of,
    applied,
    spent_by,
)
from vcci_platform.reliability.conditions import Unevaluated
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_platform.reliability.evaluator import Evaluator
from vcci_platform.reliability.occasions import DeploymentsOf, IncidentsOf, no_incidents, releases
from vcci_platform.reliability.outlooks import Forecast, forecasts
from vcci_platform.reliability.recorder import Recorder
from vcci_platform.reliability.samples import Labels
from vcci_platform.reliability.sources import Point, Source, SourceUnavailable
from vcci_platform.reliability.status import Status, recovered, status_of, status_of_parts, window_of
from vcci_platform.reliability.store import IncrementStore
from vcci_slo import Plan
from vcci_slo.plan import Slo
from vcci_slo.policy import Decision, Terms, decide
from vcci_slo.windows import Span, rolling

__all__ = ["ActiveAlert", "Reliability", "Statement", "Watch"]

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


@dataclass(frozen=True)
class Statement:
    """The whole account of a promise: what counted, what did not, what spent it, and when it will be gone.

    `releases` is None where nobody sees them.
    """

    account: Account
    applied: tuple[Applied, ...]
    incidents: tuple[Spent, ...]
    releases: tuple[Spent, ...] | None
    forecasts: tuple[Forecast, ...]


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
    """Answers how each promise is doing. `watch` is None where Prometheus and Alertmanager decide.

    Without `deployments`, releases are those that the recorder saw.
    """

    plan: Plan
    source: Source
    store: IncrementStore
    clock: Clock
    watch: Watch | None
    book: CorrectionBook
    unevaluated: Callable[[], tuple[Unevaluated, ...]] = lambda: ()
    incidents: IncidentsOf = no_incidents
    deployments: DeploymentsOf | None = None
    close: Callable[[], None] = lambda: None

    @property
    def evaluated_by(self) -> str:
        """Who decides what fires."""
        return "the desk" if self.watch is not None else "Prometheus"

    @property
    def not_evaluated(self) -> tuple[Unevaluated, ...]:
        """Which alerts nobody judges, and why; while that cannot be asked, that is the answer."""
        try:
            return self.unevaluated()
        except SourceUnavailable as error:
            return (Unevaluated("all alerts", str(error)),)

    def status(self, slo: Slo) -> Status:
        """Return how a promise is doing now."""
        return status_of(slo, self.source, self.clock.now(), self.plan.calendar.timezone, self.book.standing())

    def parts(self, slo: Slo) -> Mapping[Labels, Status]:
        """Return how each part of a promise is doing that is kept apart by labels."""
        now, zone = self.clock.now(), self.plan.calendar.timezone
        return status_of_parts(slo, self.source, now, zone, self.book.standing())

    def account(self, slo: Slo, span: Span | None = None) -> Account:
        """Return the account of a promise over a span, without what does not count; unset, over its window."""
        span = span or window_of(slo, self.clock.now())
        return account_of(slo, self.source, span, self.book.spans(slo, span))

    def statement(self, slo: Slo, span: Span | None = None) -> Statement:
        """Return the account of a promise with all that explains it."""
        account = self.account(slo, span)
        incidents, released = self.spent(slo, account)
        return Statement(
            account=account,
            applied=applied(slo, self.source, account.span, self.book.standing()),
            incidents=incidents,
            releases=released,
            forecasts=forecasts(slo, self.source, account, self.clock.now()),
        )

    def spent(self, slo: Slo, account: Account) -> tuple[tuple[Spent, ...], tuple[Spent, ...] | None]:
        """Return what incidents, and releases where they are seen, took of the budget of an account."""
        span = account.span
        incidents = spent_by(slo, self.source, account, self.incidents(slo.system, span))
        live = self.released(slo, span)
        return incidents, None if live is None else spent_by(slo, self.source, account, live)

    def released(self, slo: Slo, span: Span) -> tuple[Occasion, ...] | None:
        """Return the releases that were live in a span; None where nobody sees them."""
        seen = self.store.deployments(span.end) if self.deployments is None else self.deployments(span)
        return None if seen is None else releases(self.plan, slo, span, seen)

    def gate(self, slo: Slo, terms: Terms) -> tuple[Decision, Account]:
        """Return whether a change may pass as far as one promise goes, and the account that says so."""
        account = self.account(slo)
        policy = self.plan.budget_policy(slo.budget_policy)
        reported = self.source.self_reported
        return decide(policy, account.budget, terms, self_reported=reported, counted=account.counted), account

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
        self, systems: Collection[str], since: datetime, until: datetime
    ) -> Literal["good", "bad", "unknown", "unmeasured"]:
        """Return what the promises of these systems say about a span: with data, or not at all.

        One that is broken makes it bad, one without data unknown; a system without promises has no say.
        """
        slos = tuple(slo for slo in self.plan.slos if slo.system in systems)
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
