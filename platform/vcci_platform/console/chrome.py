"""What every page carries: the name, the sections, the ways to everything else, and what must not be overlooked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vcci_platform.console.words import TIMES
from vcci_platform.origin import names_of
from vcci_platform.settings import Settings
from vcci_slo.plan import Links, Plan

__all__ = ["Chrome", "Notice", "Place", "desk_chrome", "service_chrome"]

VENDORS = {"pagerduty": "PagerDuty", "statuspage": "the status page", "slack": "Slack"}


@dataclass(frozen=True)
class Place:
    """Somewhere to go. `key` names a section of the console."""

    title: str
    url: str
    key: str = ""


@dataclass(frozen=True)
class Notice:
    """What stands above every page, so that nobody is misled."""

    key: str
    lead: str
    text: str


@dataclass(frozen=True)
class Chrome:
    """The frame around the pages of one process. `names` are the host names under which its forms may be sent."""

    title: str
    sections: tuple[Place, ...]
    elsewhere: tuple[Place, ...]
    notices: tuple[Notice, ...]
    names: frozenset[str]


def desk_chrome(settings: Settings, plan: Plan, sandboxed: Sequence[str], *, self_reported: bool) -> Chrome:
    """Return the frame of the desk's pages."""
    notices = [*_notices(sandboxed, plan.time_scale)]
    if self_reported:
        notices.append(Notice("self-reported", "Figures are self-reported", "by the desk."))
    return Chrome(
        title=plan.title,
        sections=_sections("", settings.service_at),
        elsewhere=_elsewhere(settings, plan.links, sandboxed),
        notices=tuple(notices),
        names=names_of(settings.desk_at, plan.links.desk),
    )


def service_chrome(settings: Settings, plan: Plan | None, sandboxed: Sequence[str]) -> Chrome:
    """Return the frame of the service's pages; a spec that cannot be read takes its title and links away, no more."""
    links = plan.links if plan else Links()
    return Chrome(
        title=plan.title if plan else "VCCI",
        sections=_sections(settings.desk_at, ""),
        elsewhere=_elsewhere(settings, links, sandboxed),
        notices=_notices(sandboxed, settings.time_scale),
        names=names_of(settings.service_at, links.api),
    )


def _sections(desk: str, service: str) -> tuple[Place, ...]:
    return (
        Place("Now", f"{desk}/", "now"),
        Place("Promises", f"{desk}/slos", "slos"),
        Place("Incidents", f"{desk}/incidents", "incidents"),
        Place("On call", f"{desk}/on-call", "on-call"),
        Place("Desk", f"{desk}/desk", "desk"),
        Place("Results", f"{service}/", "results"),
    )


def _elsewhere(settings: Settings, links: Links, sandboxed: Sequence[str]) -> tuple[Place, ...]:
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}"
    found = (
        Place("Runbooks", links.runbooks),
        Place("Dashboards", links.grafana),
        Place("Traces", links.traces),
        Place("Prometheus", settings.prometheus_url or ""),
        Place("Alertmanager", settings.alertmanager_url or ""),
        Place("PagerDuty", "" if "pagerduty" in sandboxed else links.pagerduty),
        Place("Sandbox", f"{sandbox}/" if sandboxed else ""),
        Place("Status page", f"{sandbox}/status" if "statuspage" in sandboxed else links.status_page),
        Place("API of the service", f"{settings.service_at}/docs"),
        Place("API of the desk", f"{settings.desk_at}/docs"),
        Place("Metrics of the service", f"{settings.service_at}/health/metrics"),
        Place("Metrics of the desk", f"{settings.desk_at}/health/metrics"),
    )
    return tuple(place for place in found if place.url)


def _notices(sandboxed: Sequence[str], time_scale: float) -> tuple[Notice, ...]:
    notices: list[Notice] = []
    if sandboxed:
        names = [VENDORS.get(name, name) for name in sandboxed]
        listed = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
        lead = "Sandbox: nobody will be woken." if "pagerduty" in sandboxed else "Sandbox:"
        notices.append(Notice("sandbox", lead, f"Stand-ins play {listed}."))
    if time_scale != 1:
        text = "a demonstration."
        notices.append(Notice("scale", f"Time runs {time_scale:g}{TIMES} faster:", text))
    return tuple(notices)
