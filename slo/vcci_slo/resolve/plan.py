"""The resolver: one spec in, one plan out, or every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from vcci_slo import plan
from vcci_slo.errors import SpecError
from vcci_slo.resolve import accounting, oncall, organisation
from vcci_slo.resolve.alerts import alerts as resolve_alerts
from vcci_slo.resolve.components import components as resolve_components
from vcci_slo.resolve.dashboards import dashboards as resolve_dashboards
from vcci_slo.resolve.dashboards import with_links, with_pages
from vcci_slo.resolve.escalation import escalation
from vcci_slo.resolve.findings import Findings, Pace, kebab
from vcci_slo.resolve.incidents import habits
from vcci_slo.resolve.operations import check_operations
from vcci_slo.resolve.slos import slos as resolve_slos
from vcci_slo.resolve.tiers import SCRAPE_EVERY, Watch
from vcci_slo.spec.document import Document, Spec

__all__ = ["resolve"]

FASTEST_SCRAPE = timedelta(seconds=1)
"""Under a time scale. Of each scrape the blackbox exporter keeps half a second, so a faster one would see nothing."""

MONITOR_FOR = timedelta(minutes=15)
"""The manual: verify a fix for 15 minutes before an incident is resolved."""

PAGE_WAIT_MARGIN = timedelta(minutes=1)


def resolve(document: Document, *, time_scale: float = 1.0, links: Mapping[str, str] | None = None) -> plan.Plan:
    """Return the plan of a spec.

    `time_scale` makes windows and timers run that many times faster, for demonstrations only. `links` replaces places
    that the environment knows better than the spec. Raises SpecError with every reference that leads nowhere, every
    threshold in the wrong unit, and every alert that could never fire.
    """
    spec, findings, pace = document.spec, Findings(document.source), Pace(time_scale)
    where = organisation.links(spec, links or {})
    severities = organisation.severities(spec, pace, findings)
    components = resolve_components(spec, pace, findings)
    scrape_every = spec.monitoring.scrape or SCRAPE_EVERY
    slos = resolve_slos(spec, components, where, Watch(scrape_every, pace), findings)
    alerts = resolve_alerts(spec, components, slos, severities, where, pace, findings)
    boards = resolve_dashboards(spec, components, slos, alerts, where, findings)
    slos = with_pages(slos, boards)
    check_operations(spec, components, findings)
    _check_enforced(spec, alerts, findings)
    _check_names(alerts, slos, findings)
    _check_pages("components", spec.components, findings)
    _check_pages("dashboards", spec.dashboards, findings)
    result = plan.Plan(
        name=spec.metadata.name,
        title=spec.metadata.title or spec.metadata.name,
        version=spec.metadata.version,
        team=spec.metadata.owner,
        time_scale=time_scale,
        selector=findings.matchers(("metadata", "selector"), spec.metadata.selector),
        scrape_every=max(pace.of(scrape_every), FASTEST_SCRAPE),
        evaluate_every=max(pace.of(spec.monitoring.evaluate or scrape_every), FASTEST_SCRAPE),
        retention=spec.monitoring.retention,
        sloth_labels=spec.monitoring.sloth_labels,
        page_wait=_page_wait(alerts, pace),
        monitor_for=pace.of(MONITOR_FOR),
        links=where,
        calendar=organisation.calendar(spec),
        contacts=oncall.contacts(spec, findings),
        teams=oncall.teams(spec, findings),
        on_call=oncall.on_call(spec, findings),
        severities=severities,
        escalation=escalation(spec, severities, pace, findings),
        incidents=habits(spec, severities, pace, findings),
        watchdog=organisation.watchdog(spec, pace),
        components=components,
        slos=slos,
        alerts=with_links(alerts, boards),
        dashboards=boards,
        corrections=accounting.corrections(spec, components, slos, findings),
        budget_policies=accounting.budget_policies(spec, findings),
        status_page=organisation.status_page(spec, findings),
        source=document.source.file,
    )
    if findings.problems:
        raise SpecError(findings.problems)
    return result


def _page_wait(alerts: tuple[plan.Alert, ...], pace: Pace) -> timedelta:
    """Return how long a lower page waits for a P0 of the same system to speak, so that one fault rings once."""
    lasts = [limit.lasts for alert in alerts for limit in alert.limits if limit.priority == "P0"]
    return 2 * max(lasts, default=timedelta(0)) + pace.of(PAGE_WAIT_MARGIN)


def _check_enforced(spec: Spec, alerts: tuple[plan.Alert, ...], findings: Findings) -> None:
    """Note each limit of the severity table that no alert enforces."""
    known = {f"alerts.{alert.name}": alert for alert in alerts}
    for priority, severity in spec.severities.items():
        for index, ref in enumerate(severity.enforced_by):
            path = ("severities", priority, "enforced_by", index)
            alert = findings.lookup(path, "an alert", ref, known)
            if alert is not None and priority not in {limit.priority for limit in alert.limits}:
                has = ", ".join(limit.priority for limit in alert.limits)
                findings.add(path, f"an alert with a limit for {priority}", f"{ref}, which has {has}")


def _check_names(alerts: tuple[plan.Alert, ...], slos: tuple[plan.Slo, ...], findings: Findings) -> None:
    """Note alerts and pages that would have the same name."""
    taken: dict[str, str] = {}
    for slo in slos:
        for name in (slo.burn_alert, slo.no_data_alert):
            if name in taken:
                findings.add(
                    ("slos", slo.declared), f"a name that gives an alert of its own, unlike slos.{taken[name]}", name
                )
            taken[name] = slo.declared
    pages: dict[str, str] = {slo.runbook: f"slos.{slo.declared}" for slo in slos}
    for alert in alerts:
        if alert.name in taken or alert.runbook in pages:
            other = taken.get(alert.name) or pages[alert.runbook]
            findings.add(("alerts", alert.name), f"a name and runbook of its own, unlike {other}", alert.runbook)
        pages[alert.runbook] = f"alerts.{alert.name}"


def _check_pages(section: str, names: Iterable[str], findings: Findings) -> None:
    """Note names whose files would have the same name, also where upper and lower case are one."""
    taken: dict[str, str] = {}
    for name in names:
        other = taken.setdefault(kebab(name), name)
        if other != name:
            findings.add((section, name), f"a name that gives a page of its own, unlike {section}.{other}", repr(name))
