"""What the spec says about incidents, in the few words that the desk's decisions need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast

from vcci_platform.incidents.model import Incident, Priority, Tracked, firing

if TYPE_CHECKING:
    from vcci_slo.plan import Plan

__all__ = ["IncidentPolicy", "SeverityPolicy"]

FALLBACK_AFTER = timedelta(seconds=60)
"""How long a page may wait for PagerDuty before another channel is used. Vendors are not scaled, so neither is it."""

RESOLVED_IS_NEWS = timedelta(hours=1)
"""A resolve for an alert that the desk never saw fire tells of an incident only while it is this fresh."""

Shown = Literal["at-once", "users-above", "optional", "never"]


@dataclass(frozen=True)
class SeverityPolicy:
    """What one severity asks of people. A deadline of None is not promised; `pagerduty` is PagerDuty's own word."""

    page: bool
    acknowledge: timedelta | None
    assess: timedelta | None
    update: timedelta | None
    status_page: Shown
    review: timedelta | None
    pagerduty: str
    means: str = ""


@dataclass(frozen=True)
class IncidentPolicy:
    """The rules of the desk. Durations are already scaled.

    `escalation` has (after, level) for each priority, counted from detection; `levels` the roles of each level;
    `page_wait` is how long a page below P0 waits for a P0 of the same system, so that one fault rings once;
    `monitor_for` how long the SLI must be good before an incident resolves by itself; `public` maps the names on the
    status page to the components that they stand for; `approve` says who lets a priority go public.
    """

    severities: Mapping[Priority, SeverityPolicy]
    escalation: Mapping[Priority, tuple[tuple[timedelta, int], ...]]
    levels: Mapping[int, tuple[str, ...]]
    page_wait: timedelta
    monitor_for: timedelta
    watchdog_silent: timedelta
    public: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    shows: Mapping[Priority, str] = field(default_factory=dict[Priority, str])
    approve: Mapping[Priority, str] = field(default_factory=dict[Priority, str])
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    mentions: Mapping[str, str] = field(default_factory=dict[str, str])
    time_scale: float = 1.0

    def __getitem__(self, priority: Priority) -> SeverityPolicy:
        return self.severities[priority]

    def holding(self, incident: Incident, alerts: Iterable[Tracked]) -> tuple[Tracked, ...]:
        """Return the alerts that keep an incident open.

        Of one that woke somebody, only those that would: a creeping burn remembers an outage for six hours. And not one
        of Alertmanager's that began before something graver was over: Alertmanager holds it back in favour of the
        graver one, and then never tells that it has ended.
        """
        known = tuple(alerts)
        pages = self[incident.priority].page
        return tuple(
            tracked
            for tracked in firing(known)
            if (self[tracked.alert.priority].page or not pages) and not _overshadowed(tracked, known)
        )

    def public_names(self, components: frozenset[str]) -> tuple[str, ...]:
        """Return the names on the status page that stand for any of these components, sorted."""
        return tuple(sorted(name for name, members in self.public.items() if components & set(members)))

    @classmethod
    def from_plan(cls, plan: Plan) -> IncidentPolicy:
        """Return the rules that the resolved spec holds."""
        page = plan.status_page
        return cls(
            severities={
                Priority(severity.priority): SeverityPolicy(
                    page=severity.page,
                    acknowledge=severity.acknowledge,
                    assess=severity.assess,
                    update=severity.update,
                    status_page=severity.status_page if page else "never",
                    review=severity.review,
                    pagerduty=severity.pagerduty,
                    means=severity.means,
                )
                for severity in plan.severities
            },
            escalation={priority: plan.escalation.steps(priority, "unresolved") for priority in Priority},
            levels=dict(plan.escalation.levels),
            page_wait=plan.page_wait,
            monitor_for=plan.monitor_for,
            watchdog_silent=plan.watchdog.silent,
            public=dict(page.components) if page else {},
            shows=cast("dict[Priority, str]", dict(page.shows)) if page else {},
            approve=cast("dict[Priority, str]", dict(page.approve)) if page else {},
            links={name: link for name, link in vars(plan.links).items() if link},
            mentions={contact.name: contact.slack for contact in plan.contacts if contact.slack},
            time_scale=plan.time_scale,
        )


def _overshadowed(tracked: Tracked, known: Iterable[Tracked]) -> bool:
    began = tracked.alert.starts_at
    return tracked.alert.pager_key is not None and any(
        other.alert.priority < tracked.alert.priority and (other.over_at is None or other.over_at >= began)
        for other in known
    )
