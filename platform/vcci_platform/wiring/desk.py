"""The parts of the desk: its rules, the SLO service that lives with it, and their pages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from fastapi import Depends, FastAPI
from sqlalchemy import Connection

from vcci_platform.console.chrome import desk_chrome
from vcci_platform.console.desk import desk_console
from vcci_platform.console.entrance import DeskDoor
from vcci_platform.incidents import people, queries
from vcci_platform.incidents.access import Access, Rank, visitor
from vcci_platform.incidents.context.gather import Gatherer
from vcci_platform.incidents.context.routes import context_routes
from vcci_platform.incidents.context.tasks import Onlooker
from vcci_platform.incidents.loops import Loop
from vcci_platform.incidents.model import Alert, Priority, Recovery
from vcci_platform.incidents.office import DeskParts
from vcci_platform.incidents.oncall.place import Pagers, roster_of
from vcci_platform.incidents.oncall.routes import OnCall, on_call_routes
from vcci_platform.incidents.review.routes import review_routes
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.vendors.shared_pace import shared_paces
from vcci_platform.incidents.vendors.targets import VendorTargets
from vcci_platform.reliability import account_routes
from vcci_platform.reliability import routes as reliability_routes
from vcci_platform.reliability.accounting import Occasion
from vcci_platform.reliability.assemble import Addresses, with_prometheus, with_recorder
from vcci_platform.reliability.corrections import Line
from vcci_platform.reliability.evaluator import Finding
from vcci_platform.reliability.reports.memory import Memory
from vcci_platform.reliability.reports.office import Clerk
from vcci_platform.reliability.reports.routes import router as reports_router
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_platform.wiring.counting import PromiseCounters
from vcci_platform.wiring.gathering import Gathered, gathered
from vcci_slo import Plan
from vcci_slo.plan import Slo
from vcci_slo.windows import Span, rolling

__all__ = ["desk_parts"]

GATHER_EVERY = timedelta(seconds=1)
REVIEW_EVERY = timedelta(seconds=5)
ROSTER_EVERY = timedelta(minutes=10)
"""How long a new incident waits until its context is looked up, and a resolved one until its review is drafted;
how old the word of PagerDuty about who is on call may be when PagerDuty goes away."""


def desk_parts(settings: Settings) -> DeskParts:
    """Return what the spec and the settings give the desk: its rules, and the SLO service that lives with it.

    With PROMETHEUS_URL, Prometheus decides what fires and Alertmanager tells the desk; without, the desk looks itself.
    """
    plan = platform_plan(settings)
    rules = IncidentPolicy.from_plan(plan)
    held: list[Reliability | Gathered | Pagers] = []

    def extend(app: FastAPI, desk: Desk) -> Sequence[Loop]:
        reliability = _reliability(settings, plan, desk)
        reliability.incidents = partial(_incidents, desk)
        reliability.book.witness = _audit_correction
        held.append(reliability)
        desk.objectives = _Objectives(reliability)
        app.state.reliability = reliability
        access: Access = app.state.access
        around = gathered(settings, plan, reliability)
        held.append(around)
        reviewer = Reviewer(desk, partial(PromiseCounters, reliability), around.tenants)
        app.include_router(review_routes(reviewer, access))
        app.include_router(context_routes(desk, access))
        decides = [Depends(access.reads(Rank.COMMANDER))]  # to take time out of an account is not for everybody
        app.include_router(reliability_routes.router(reliability), dependencies=decides)
        app.include_router(account_routes.router(reliability), dependencies=decides)
        unseen = partial(_unseen, reliability)
        memory = Memory(reliability.book.standing, partial(_occasions, reliability), unknown=unseen)
        app.include_router(reports_router(Clerk(plan, reliability.source, reliability.clock, memory)))
        sandboxed = VendorTargets.from_settings(settings).sandboxed
        chrome = desk_chrome(settings, plan, sandboxed, self_reported=reliability.source.self_reported)
        door = DeskDoor(access, app.state.sessions)
        on_call = _on_call(settings, plan, desk, reliability)
        if on_call.pagers is not None:
            held.append(on_call.pagers)
        app.include_router(on_call_routes(on_call, access))
        app.include_router(desk_console(lambda: app.state.office, reliability, chrome, door, reviewer, on_call))
        watch = [Loop("watch", reliability.watch.round, plan.scrape_every)] if reliability.watch else []
        onlooker = Onlooker(desk, Gatherer(around.sources))
        return [
            *watch,
            Loop("context", onlooker.round, GATHER_EVERY, counted=False),
            Loop("review", reviewer.round, REVIEW_EVERY, counted=False),
            Loop("roster", on_call.remember, ROSTER_EVERY, counted=False),
        ]

    def close() -> None:
        for each in held:
            each.close()

    links = {**rules.links, "desk": settings.desk_at}
    return DeskParts(replace(rules, links=links), beat=plan.watchdog.beat, extend=extend, close=close)


def _on_call(settings: Settings, plan: Plan, desk: Desk, reliability: Reliability) -> OnCall:
    """Return what is known of who is on call: the roster is in PagerDuty, or in the sandbox where that is paged."""
    targets = VendorTargets.from_settings(settings)
    sandbox = "pagerduty" in targets.sandboxed and settings.pagerduty_api_token is None
    paces = shared_paces(desk.database, desk.clock)
    pagers = roster_of(settings, plan, desk.clock, sandbox=sandbox, paces=paces, database=desk.database)
    return OnCall(plan, desk.clock, pagers, reliability.book.standing)


def _reliability(settings: Settings, plan: Plan, desk: Desk) -> Reliability:
    if settings.prometheus_url is not None:
        return with_prometheus(plan, desk.database, desk.clock, settings.prometheus_url, settings.prometheus_access)
    addresses = Addresses({"vcci-api": settings.service_at, "vcci-desk": settings.desk_at}, self_job="vcci-desk")

    def announce(findings: Sequence[Finding]) -> None:
        desk.receive([_as_alert(found) for found in findings])

    return with_recorder(plan, desk.database, desk.clock, addresses, announce)


def _incidents(desk: Desk, system: str, span: Span) -> tuple[Occasion, ...]:
    """Return the incidents of a system as what may have spent a budget; security incidents stay out of reports."""
    with desk.database.read() as connection:
        found = queries.touching(connection, system, span.start, span.end, restricted=False)
    return tuple(
        Occasion("incident", item.id, item.title, item.priority.value, item.began_at, item.resolved_at)
        for item in found
    )


def _audit_correction(connection: Connection, name: str, line: Line) -> None:
    """Write into the audit log who changed a correction: whoever signed in, beside the name that was given."""
    actor = visitor.get()
    people.audit(
        connection,
        who=(actor.name if actor else "") or line.who,
        rank=actor.rank.value if actor else "",
        action=f"correction_{line.action}",
        subject=name,
        detail={"who": line.who, "why": line.why},
        now=line.at,
    )


def _unseen(reliability: Reliability) -> str:
    """Return what the desk does not see: releases, where nothing tells which version runs."""
    hour = rolling(reliability.clock.now(), timedelta(hours=1))
    return "" if any(reliability.released(slo, hour) is not None for slo in reliability.plan.slos[:1]) else "releases"


def _occasions(reliability: Reliability, slo: Slo, span: Span) -> tuple[Occasion, ...]:
    """Return what may have spent the budget of a promise in a span, in the order in which it began."""
    found = reliability.incidents(slo.system, span)
    found += reliability.released(slo, span) or ()
    return tuple(sorted(found, key=lambda occasion: occasion.start))


def _as_alert(found: Finding) -> Alert:
    """Return what the evaluator found in the words of the desk."""
    condition, verdict = found.condition, found.verdict
    return Alert(
        fingerprint=hashlib.sha256(condition.key.encode()).hexdigest()[:16],
        name=condition.alert,
        resolved=verdict.over_at is not None,
        priority=Priority(condition.priority),
        system=condition.system,
        starts_at=verdict.since,
        ends_at=verdict.over_at,
        component=condition.component,
        summary=verdict.summary,
        description=condition.description,
        runbook_url=condition.runbook_url,
        dashboard_url=condition.dashboard_url,
        labels=dict(verdict.labels),
    )


@dataclass(frozen=True)
class _Objectives:
    """The desk's question whether a system is good again, answered by the promises."""

    reliability: Reliability

    def recovery(self, systems: frozenset[str], since: datetime, until: datetime) -> Recovery:
        """Return what the promises say about a span; a source that is away knows nothing."""
        try:
            return Recovery(self.reliability.recovery(systems, since, until))
        except SourceUnavailable:
            return Recovery.UNKNOWN
