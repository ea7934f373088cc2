"""What the spec says about incidents, in the few words that the desk's decisions need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

from vcci_alerts.pagerduty import joins, places
from vcci_platform.incidents.ledger import Ledger
from vcci_platform.incidents.model import Alert, Incident, Nature, Priority, Tracked, firing
from vcci_slo.contacts import is_channel
from vcci_slo.hours import Hours, business_hours, hours_of
from vcci_slo.plan import Correlation, Task, Words
from vcci_slo.promql.patterns import Pattern
from vcci_slo.promql.patterns import pattern as read_pattern

if TYPE_CHECKING:
    from vcci_slo.plan import Plan

__all__ = ["IncidentPolicy", "SeverityPolicy"]

FALLBACK_AFTER = timedelta(seconds=60)
"""How long a page may wait for PagerDuty before another channel is used. Vendors are not scaled, so neither is it."""

VENDOR_BEHIND = timedelta(seconds=30)
"""How far a vendor's clock may be behind ours: what it dates that much before a word of ours may have followed it."""

SOURCE_AHEAD = timedelta(minutes=5)
"""How far the clock of an alert's source may be ahead of ours: an episode that begins later is a wrong clock's word."""

STILL_FIRES_AFTER = timedelta(hours=24)
"""How long a resolve stands against an alert that still fires, at a severity whose pages cannot be forgotten."""

LONGEST_KEY = 200

RESOLVED_IS_NEWS = timedelta(hours=1)
"""A resolve for an alert that the desk never saw fire tells of an incident only while it is this fresh."""

Shown = Literal["at-once", "users-above", "optional", "never"]


@dataclass(frozen=True)
class SeverityPolicy:
    """What one severity asks of people. A deadline of None is not promised; `pagerduty` is PagerDuty's own word.

    `hours` is when people may be asked at all: outside them every deadline stands still. None is around the clock.
    `workdays` is set where work begins by the end of the next business day, and says what such a day is.
    """

    page: bool
    acknowledge: timedelta | None
    assess: timedelta | None
    update: timedelta | None
    status_page: Shown
    review: timedelta | None
    pagerduty: str
    means: str = ""
    respond: timedelta | None = None
    forgotten: timedelta | None = None
    users_above: float | None = None
    tell: tuple[str, ...] = ()
    hours: Hours | None = None
    workdays: Hours | None = None

    def after(self, since: datetime, span: timedelta) -> datetime:
        """Return when a deadline of this length is over that began at a moment."""
        return since + span if self.hours is None else self.hours.after(since, span)

    def wakes(self, moment: datetime) -> datetime:
        """Return a moment in which people may be asked: this one, or when the next working time begins."""
        return moment if self.hours is None else self.hours.next(moment)

    def respond_by(self, since: datetime) -> datetime | None:
        """Return by when somebody works on it; None where that is not promised, or is due at once."""
        if self.respond:
            return self.after(since, self.respond)
        return None if self.workdays is None else self.workdays.end_of_next_day(since)


@dataclass(frozen=True)
class IncidentPolicy:
    """The rules of the desk. Durations are already scaled.

    `escalation` has (after, level) for each priority, counted from detection; `levels` the roles of each level;
    `declared` the level that is asked at once when somebody declares such a thing; `grace` how late an update may be;
    `correlate` what becomes one incident; `checklists` what is to be done, by priority or kind of incident;
    `places` is where a level stands in PagerDuty's policy of a priority, counted from one; `joins` the policy through
    which a level is asked to join an open page out of its turn; `channels` are the ways to the outside of this desk;
    `page_wait` is how long a page below P0 waits for a P0 of the same system, so that one fault rings once;
    `second_person` the severities whose review is not published by its only author;
    `monitor_for` how long the SLI must be good before an incident resolves by itself; `public` maps the names on the
    status page to the components that they stand for; `approve` says who lets a priority go public; `contacts` are the
    roles that a person of the desk may have.
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
    chat: Mapping[Priority, str] = field(default_factory=dict[Priority, str])
    mails: Mapping[str, str] = field(default_factory=dict[str, str])
    declared: Mapping[str, int] = field(default_factory=dict[str, int])
    grace: timedelta = timedelta(minutes=5)
    correlate: tuple[Correlation, ...] = ()
    checklists: Mapping[str, tuple[Task, ...]] = field(default_factory=dict[str, tuple[Task, ...]])
    contacts: tuple[str, ...] = ()
    security_roles: tuple[str, ...] = ()
    security_channel: str = ""
    security_declares: str = ""
    second_person: frozenset[Priority] = frozenset()
    channels: frozenset[str] = frozenset({"pagerduty", "statuspage", "slack"})
    places: Mapping[Priority, Mapping[int, int]] = field(default_factory=dict[Priority, Mapping[int, int]])
    joins: Mapping[int, str] = field(default_factory=dict[int, str])
    words: Words = field(default_factory=Words)
    time_scale: float = 1.0

    def __getitem__(self, priority: Priority) -> SeverityPolicy:
        return self.severities[priority]

    def holding(self, incident: Incident, alerts: Iterable[Tracked]) -> tuple[Tracked, ...]:
        """Return the alerts that keep an incident open.

        Of one that woke somebody, only those that would: a creeping burn remembers an outage for six hours. And not one
        of Alertmanager's that began before something graver was over: Alertmanager holds it back in favour of the
        graver one, and then never tells that it has ended.
        """
        return firing(self._holding(incident, alerts if isinstance(alerts, Ledger) else Ledger(alerts)))

    def holds(self, incident: Incident, alerts: Ledger) -> bool:
        """Return whether any alert keeps an incident open."""
        return next(self._holding(incident, alerts), None) is not None

    def _holding(self, incident: Incident, alerts: Ledger) -> Iterator[Tracked]:
        pages = self[incident.priority].page
        return (
            tracked
            for tracked in alerts
            if tracked.fires
            and (self[tracked.alert.priority].page or not pages)
            and not alerts.is_overshadowed(tracked)
        )

    def stands_until(self, incident: Incident, now: datetime) -> datetime:
        """Return until when a person's reasoned resolve stands against alerts that still fire."""
        rules = self[incident.priority]
        if rules.forgotten is not None:
            return rules.after(now, rules.forgotten)
        return rules.wakes(now + STILL_FIRES_AFTER / self.time_scale)

    def key_of(self, alert: Alert) -> str:
        """Return what an alert's incident is known by: the first rule whose patterns match its labels says it.

        By the system alone it is the system's name; otherwise the labels and their values. A rule whose labels the
        alert does not have is not for it.
        """
        for patterns, by in self._correlation:
            labels = {**alert.labels, "system": alert.system, "alertname": alert.name}
            if all(pattern.matches(labels.get(label, "")) for label, pattern in patterns):
                values = [(label, labels.get(label, "")) for label in by]
                if all(value for _, value in values):
                    single = values[0][1] if by == ("system",) else ", ".join(f"{n}={v}" for n, v in values)
                    return single[:LONGEST_KEY]
        return alert.system

    @cached_property
    def _correlation(self) -> tuple[tuple[tuple[tuple[str, Pattern], ...], tuple[str, ...]], ...]:
        return tuple(
            (tuple((label, read_pattern(pattern)) for label, pattern in rule.match), rule.by) for rule in self.correlate
        )

    def channel_of(self, incident: Incident) -> str:
        """Return where an incident is talked about, empty for the chat's usual place."""
        if incident.nature is Nature.SECURITY and self.security_channel:
            return self.security_channel
        return self.chat.get(incident.priority, "")

    def readers(self, incident: Incident, roles: Iterable[str]) -> tuple[str, ...]:
        """Return who is written to where these roles should be: of a security incident those who may see it.

        Beside them hear of it, of these roles, those whose level was asked for help.
        """
        if incident.nature is not Nature.SECURITY:
            return tuple(roles)
        asked = {role for level in incident.asked for role in self.levels.get(level, ())}
        return *self.security_roles, *(role for role in roles if role in asked)

    def places_of(self, incident: Incident, roles: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the channels of those who have no mail, with their roles; not the incident's own, which has it all."""
        found: dict[str, tuple[str, ...]] = {}
        for role in self.readers(incident, roles):
            channel = self.mentions.get(role, "")
            if role not in self.mails and is_channel(channel) and channel != self.channel_of(incident):
                found[channel] = (*found.get(channel, ()), role)
        return found

    def who(self, level: int) -> str:
        """Return who a level is, with the names under which the chat calls them."""
        roles = (f"{role} {self.mentions.get(role, '')}".strip() for role in self.levels.get(level, ()))
        return ", ".join(roles) or "nobody"

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
                    respond=severity.respond,
                    forgotten=dict(plan.incidents.forgotten).get(severity.priority),
                    users_above=severity.users_above,
                    tell=dict(plan.incidents.tell).get(severity.priority, ()),
                    hours=hours_of(plan, severity),
                    workdays=business_hours(plan) if severity.respond is None else None,
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
            chat={Priority(one.priority): one.notify.slack for one in plan.severities if one.notify.slack},
            mails={contact.name: contact.mail for contact in plan.contacts if contact.mail},
            declared=dict(plan.escalation.declared),
            grace=plan.incidents.grace,
            correlate=plan.incidents.correlate,
            checklists={checklist.name: checklist.tasks for checklist in plan.incidents.checklists},
            contacts=tuple(contact.name for contact in plan.contacts),
            security_roles=plan.incidents.security.visible_to,
            security_channel=plan.incidents.security.channel,
            security_declares=plan.incidents.security.declares,
            second_person=frozenset(Priority(priority) for priority in plan.incidents.review.second_person),
            places={Priority(priority): found for priority, found in places(plan).items()},
            joins=joins(plan),
            words=plan.incidents.words,
            time_scale=plan.time_scale,
        )
