"""Whom the desk asks when an incident opens: the SLO service that lives with it, Prometheus, Alertmanager, the spec.

Every address comes from the settings or the spec. What stands in an alert is shown, never asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vcci_platform.asking import Access, Asker, AskingError, Bounds, client_for, data_of
from vcci_platform.incidents.context.links import Board, Handbook, link_sources, span_of, with_time
from vcci_platform.incidents.context.model import Fact, Question, Source, Unavailable
from vcci_platform.incidents.tenants import TenantsOf
from vcci_platform.live.alertmanager import AlertmanagerApi, Treated
from vcci_platform.reliability.service import ActiveAlert, Reliability
from vcci_platform.reliability.status import MOSTLY
from vcci_platform.reliability.store import Change
from vcci_platform.settings import Settings
from vcci_platform.shipped import shipped
from vcci_platform.wiring.affected import ServiceTenants, operators_access, service_tenants
from vcci_platform.wiring.exemplars import ExemplarsOf, ExposedExemplars, PrometheusExemplars, TraceSource
from vcci_runbooks_site.names import RUN_AN_INCIDENT
from vcci_runbooks_site.rendering import ABOUT, about
from vcci_slo import Plan
from vcci_slo.plan import Dashboard, EventsSignal, Slo
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.indicators import events_matchers
from vcci_slo.promql.matchers import equalities, selector
from vcci_slo.windows import Span

__all__ = ["Gathered", "gathered"]

ANSWER_SECONDS: Final = 4.0
ANSWER_BYTES: Final = 4 * 1024 * 1024
RECENT: Final = timedelta(hours=24)
BEFORE: Final = timedelta(minutes=5)
TOP: Final = 10
ENDPOINT: Final = "endpoint"
TENANT: Final = "tenant"
"""By which label of a series what failed is grouped."""


@dataclass(frozen=True)
class Gathered:
    """The sources of a desk, whom its reviews ask for tenants, and how to let go of the connections they hold."""

    sources: Mapping[str, Source]
    tenants: TenantsOf
    close: Callable[[], None]


def gathered(settings: Settings, plan: Plan, reliability: Reliability) -> Gathered:
    """Return whom to ask. Raises WrongAddress or WrongAccess for what cannot be asked."""
    bounds = Bounds(answer_bytes=ANSWER_BYTES, answer_seconds=ANSWER_SECONDS)
    closing: list[Callable[[], None]] = []
    prometheus: Asker | None = None
    if settings.prometheus_url is not None:
        client = client_for(settings.prometheus_access)
        closing.append(client.close)
        prometheus = Asker(client, "Prometheus", settings.prometheus_url, bounds)
    alertmanager: AlertmanagerApi | None = None
    if settings.alertmanager_url:
        client = client_for(settings.alertmanager_access)
        closing.append(client.close)
        alertmanager = AlertmanagerApi(Asker(client, "Alertmanager", settings.alertmanager_url, bounds))
    client = client_for(operators_access(settings))
    closing.append(client.close)
    tenants = service_tenants(settings, plan, client, bounds)
    before = BEFORE / plan.time_scale
    deployments = {one.name: one.runs.deployment for one in plan.components if one.runs is not None}
    sources: dict[str, Source] = {
        **link_sources(_boards(plan), plan.links, deployments, _handbook(plan)),
        "traces": TraceSource(plan, deployments, _exemplars(settings, plan, prometheus, closing)),
        "releases": _Releases(reliability),
        "alerts": _Alerts(reliability, alertmanager),
        "budgets": _Budgets(reliability),
        "endpoints": _Endpoints(_Failing(reliability, prometheus, ENDPOINT), tenants, before),
        "tenants": _Tenants(tenants, _Failing(reliability, prometheus, TENANT), before),
    }

    def close() -> None:
        for each in closing:
            each()

    return Gathered(sources, tenants, close)


def _exemplars(
    settings: Settings, plan: Plan, prometheus: Asker | None, closing: list[Callable[[], None]]
) -> ExemplarsOf:
    """Return who knows the traces of single requests: Prometheus, or the service's own figures."""
    if prometheus is not None:
        return PrometheusExemplars(plan, prometheus)
    client = client_for(Access(), seconds=ANSWER_SECONDS)
    closing.append(client.close)
    return ExposedExemplars(plan, client, settings.service_at)


def _boards(plan: Plan) -> tuple[Board, ...]:
    """Return the dashboards of a plan, each with what its variables are for what it shows."""
    common = equalities(plan.selector)
    scraped = {one.name: equalities(one.selector) for one in plan.components}
    found: list[Board] = []
    for board in plan.dashboards:
        shows = _shown(plan, board)
        about_one = board.component or (next(iter(shows)) if len(shows) == 1 else "")
        values = {**common, **scraped.get(about_one, {})}
        variables = (*common, "job", "instance", "slo")
        found.append(Board(board.title, board.url, board.component, variables, values, shows))
    return tuple(found)


def _shown(plan: Plan, board: Dashboard) -> Mapping[str, int]:
    """Return how many panels of a dashboard draw a signal of each component."""
    drawn = [panel.signal for row in board.rows for panel in row.panels if panel.signal is not None]
    counts = {one.name: sum(signal in one.signals for signal in drawn) for one in plan.components}
    return {name: count for name, count in counts.items() if count}


def _handbook(plan: Plan) -> Handbook:
    """Return what the runbook site has besides the pages of alerts: the procedures are of this platform alone."""
    written = about({ABOUT: (shipped("content") / ABOUT).read_text(encoding="utf-8")}) == plan.name
    return Handbook(frozenset(one.name for one in plan.components), RUN_AN_INCIDENT if written else "")


@dataclass(frozen=True)
class _Releases:
    """New versions and restarts of the last day, as far as they are seen."""

    reliability: Reliability

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        span = Span(question.incident.began_at - RECENT, question.now)
        seen = self._seen(span)
        if seen is None:
            raise Unavailable("nothing tells which version runs")
        recent = sorted((change for change in seen if change.at >= span.start), key=lambda change: change.at)
        return tuple(_change(change, question) for change in reversed(recent))

    def _seen(self, span: Span) -> tuple[Change, ...] | None:
        ask = self.reliability.deployments
        return self.reliability.store.changes() if ask is None else ask(span)


@dataclass(frozen=True)
class _Alerts:
    """What fires now, and what is held back: by Alertmanager's word, else by that of whoever judges."""

    reliability: Reliability
    alertmanager: AlertmanagerApi | None

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        if self.alertmanager is not None:
            try:
                held = self.alertmanager.alerts()
            except AskingError as error:
                raise Unavailable(str(error)) from None
            ours = [alert for alert in held if alert.labels.get("system", "") in question.systems]
            return tuple(_treated(alert) for alert in sorted(ours, key=_by_weight))
        ours_now = [alert for alert in self.reliability.active() if alert.system in question.systems]
        return tuple(_active(alert) for alert in sorted(ours_now, key=lambda alert: (alert.priority, alert.since)))


@dataclass(frozen=True)
class _Budgets:
    """What is left of the budget of every promise of the systems concerned, those that have least first."""

    reliability: Reliability

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        slos = [slo for slo in self.reliability.plan.slos if slo.system in question.systems]
        if not slos:
            raise Unavailable("no promise is made about this system")
        found = [self._fact(slo, question) for slo in slos]
        return tuple(sorted(found, key=_by_what_is_left))

    def _fact(self, slo: Slo, question: Question) -> Fact:
        account = self.reliability.account(slo)
        where = with_time(slo.dashboard_url, *span_of(question)) if slo.dashboard_url else ""
        if not account.budget.known:
            return Fact(f"{slo.name}: unknown, nothing was counted", where, {"slo": slo.name, "remaining": None})
        left = account.remaining_time / timedelta(minutes=1)
        data = {"slo": slo.name, "remaining": account.budget.remaining, "minutes": left, "known": account.budget.known}
        if account.budget.known < MOSTLY:
            seen = f"{account.budget.bad:,.0f} bad of {account.budget.total:,.0f}"
            words = f"{slo.name}: {seen} so far, {account.budget.known:.0%} of its window was observed"
            return Fact(words, where, {**data, "remaining": None, "minutes": None, "bad": account.budget.bad})
        words = f"{left:.1f} min left" if left >= 0 else f"{-left:.1f} min overspent"
        return Fact(f"{slo.name}: {account.spent_share:.0%} spent, {words}", where, data)


@dataclass(frozen=True)
class _Failing:
    """Where requests fail, by a label: from Prometheus, or as far as the desk's own counts are kept apart by it."""

    reliability: Reliability
    prometheus: Asker | None
    label: str

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        span = Span(question.incident.began_at - BEFORE, question.now)
        failed = self._counted(question, span) if self.prometheus is None else self._asked(question, span)
        if failed is None:
            raise Unavailable(f"nothing is counted by {self.label}")
        return _worst(failed, self.label)

    def _asked(self, question: Question, span: Span) -> dict[str, float] | None:
        window = promql_duration(timedelta(seconds=max(60, round(span.length.total_seconds()))))
        found: dict[str, float] = {}
        known = False
        for signal in self._signals(question):
            bad = selector(signal.events, (*events_matchers(signal), *signal.bad))
            query = f"topk({TOP}, sum by ({self.label}) (increase({bad}[{window}])))"
            for labels, value in self._vector(query, question):
                known = known or self.label in labels
                if labels.get(self.label) and math.isfinite(value):
                    found[labels[self.label]] = found.get(labels[self.label], 0.0) + value
        return found if known else None

    def _counted(self, question: Question, span: Span) -> dict[str, float] | None:
        found: dict[str, float] = {}
        apart = [slo for slo in self._slos(question) if self.label in slo.by]
        for slo in apart:
            for labels, traffic in self.reliability.source.groups(slo, span).items():
                value = dict(labels).get(self.label, "")
                found[value] = max(found.get(value, 0.0), traffic.bad)
        return found if apart else None

    def _vector(self, query: str, question: Question) -> list[tuple[dict[str, str], float]]:
        if self.prometheus is None:
            return []
        try:
            moment = f"{question.now.timestamp():.3f}"
            data = data_of(self.prometheus, "query", {"query": query, "time": moment, "limit": str(TOP)})
            return [(dict(one["metric"]), float(one["value"][1])) for one in data["result"]]
        except AskingError as error:
            raise Unavailable(str(error)) from None

    def _signals(self, question: Question) -> list[EventsSignal]:
        components = [one for one in self.reliability.plan.components if one.system in question.systems]
        named = [one for one in components if one.name in question.components] or components
        return [signal for one in named for signal in one.signals if isinstance(signal, EventsSignal) and signal.bad]

    def _slos(self, question: Question) -> list[Slo]:
        return [slo for slo in self.reliability.plan.slos if slo.system in question.systems]


@dataclass(frozen=True)
class _Endpoints:
    """Where requests fail: by the series, and where those are not kept apart, by what the service counted by tenant."""

    counted: Source
    service: ServiceTenants
    before: timedelta = BEFORE

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        try:
            return self.counted(question)
        except Unavailable:
            found = self.service(question.systems, question.incident.began_at - self.before, question.now)
            if found.unknown:
                raise
            return _worst(found.endpoints, ENDPOINT)


@dataclass(frozen=True)
class _Tenants:
    """Whom it touched: by the service's own counts, or by a label `tenant` of another team's series, if there is one.

    Everybody may read how many; the names are for those who work on incidents.
    """

    service: ServiceTenants
    labelled: Source
    before: timedelta = BEFORE

    def __call__(self, question: Question) -> tuple[Fact, ...]:
        if not question.systems & self.service.systems:
            named = self.labelled(question)
            names = tuple(fact.text for fact in named)
            return (Fact(f"{len(named)} met failures", restricted=names),) if named else ()
        start = question.incident.began_at - self.before
        found = self.service(question.systems, start, question.now)
        if found.unknown:
            raise Unavailable(found.unknown)
        counts = {name: value for name, value in found.document().items() if name not in {"tenants", "endpoints"}}
        counts |= {"affected": found.touched, "start": start.isoformat(), "end": question.now.isoformat()}
        return (Fact(found.words, data=counts, restricted=found.names),)


def _worst(failed: Mapping[str, float], label: str) -> tuple[Fact, ...]:
    """Return where most failed, by the values of a label."""
    some = ((count, value) for value, count in failed.items() if count > 0)
    worst = sorted(some, key=lambda pair: (-pair[0], pair[1]))[:TOP]
    return tuple(Fact(f"{value}: {count:,.0f} failed", data={label: value, "failed": count}) for count, value in worst)


def _change(change: Change, question: Question) -> Fact:
    before = round((question.incident.began_at - change.at) / timedelta(minutes=1))
    when = f"{before} min before" if before >= 0 else f"{-before} min after it began"
    data = {"at": change.at.isoformat(), "target": change.target, "kind": change.kind}
    return Fact(f"{change.text} ({change.at:%H:%M} UTC, {when})", data=data)


def _by_what_is_left(fact: Fact) -> tuple[bool, float, float]:
    """Return the order of budgets: the least left first, then by what was bad so far, then what nobody knows."""
    left = fact.data["remaining"]
    return left is None, left or 0.0, -fact.data.get("bad", 0.0)


def _by_weight(alert: Treated) -> tuple[bool, str, str]:
    return alert.state != "active", alert.labels.get("priority", "P9"), alert.labels.get("alertname", "")


def _treated(alert: Treated) -> Fact:
    name = alert.labels.get("alertname", alert.fingerprint)
    state = "fires" if alert.state == "active" else alert.state
    held = "inhibited" if alert.inhibited_by else "silenced" if alert.silenced_by else ""
    data = {"state": held or state, "since": alert.starts_at.isoformat(), "labels": dict(alert.labels)}
    return Fact(f"{name} {held or state} since {alert.starts_at:%H:%M} UTC", data=data)


def _active(alert: ActiveAlert) -> Fact:
    state = "fires" if alert.state == "firing" else f"is {alert.state}"
    data = {"state": alert.state, "since": alert.since.isoformat(), "labels": dict(alert.labels)}
    return Fact(f"{alert.priority} {alert.alert} {state} since {alert.since:%H:%M} UTC", data=data)
