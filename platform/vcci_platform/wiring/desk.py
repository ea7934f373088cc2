"""The parts of the desk: its rules, the SLO service that lives with it, and their pages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import FastAPI

from vcci_platform.console.chrome import desk_chrome
from vcci_platform.console.desk import desk_console
from vcci_platform.incidents.clockwork import Recovery
from vcci_platform.incidents.loops import Loop
from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.office import DeskParts
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.vendors import VendorTargets
from vcci_platform.reliability import routes as reliability_routes
from vcci_platform.reliability.assemble import Addresses, with_prometheus, with_recorder
from vcci_platform.reliability.evaluator import Finding
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_platform.settings import Settings
from vcci_platform.specs import platform_plan
from vcci_slo import Plan

__all__ = ["desk_parts"]


def desk_parts(settings: Settings) -> DeskParts:
    """Return what the spec and the settings give the desk: its rules, and the SLO service that lives with it.

    With PROMETHEUS_URL, Prometheus decides what fires and Alertmanager tells the desk; without, the desk looks itself.
    """
    plan = platform_plan(settings)
    rules = IncidentPolicy.from_plan(plan)
    held: list[Reliability] = []

    def extend(app: FastAPI, desk: Desk) -> Sequence[Loop]:
        reliability = _reliability(settings, plan, desk)
        held.append(reliability)
        desk.objectives = _Objectives(reliability)
        app.state.reliability = reliability
        app.include_router(reliability_routes.router(reliability))
        sandboxed = VendorTargets.from_settings(settings).sandboxed
        chrome = desk_chrome(settings, plan, sandboxed, self_reported=reliability.source.self_reported)
        app.include_router(desk_console(lambda: app.state.office, reliability, chrome))
        return [Loop("watch", reliability.watch.round, plan.scrape_every)] if reliability.watch else []

    def close() -> None:
        for reliability in held:
            reliability.close()

    links = {**rules.links, "desk": settings.desk_at}
    return DeskParts(replace(rules, links=links), beat=plan.watchdog.beat, extend=extend, close=close)


def _reliability(settings: Settings, plan: Plan, desk: Desk) -> Reliability:
    if settings.prometheus_url is not None:
        return with_prometheus(plan, desk.database, desk.clock, settings.prometheus_url)
    addresses = Addresses({"vcci-api": settings.service_at, "vcci-desk": settings.desk_at}, self_job="vcci-desk")

    def announce(findings: Sequence[Finding]) -> None:
        desk.receive([_as_alert(found) for found in findings])

    return with_recorder(plan, desk.database, desk.clock, addresses, announce)


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

    def recovery(self, system: str, since: datetime, until: datetime) -> Recovery:
        """Return what the promises say about a span; a source that is away knows nothing."""
        try:
            return Recovery(self.reliability.recovery(system, since, until))
        except SourceUnavailable:
            return Recovery.UNKNOWN
