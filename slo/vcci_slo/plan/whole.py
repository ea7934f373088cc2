"""The plan itself: everything that is derived, in the order in which it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from vcci_slo.plan.accounting import BudgetPolicy, Correction
from vcci_slo.plan.alerts import Alert
from vcci_slo.plan.components import Component, Signal
from vcci_slo.plan.incidents import IncidentHabits
from vcci_slo.plan.organisation import Calendar, Contact, Escalation, Links, OnCall, Severity, StatusPage, Watchdog
from vcci_slo.plan.promises import Slo
from vcci_slo.plan.views import Dashboard
from vcci_slo.promql.matchers import Matcher

__all__ = ["Plan"]

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Plan:
    """Everything that is derived, in the order in which it is printed."""

    name: str
    title: str
    version: str
    team: str
    time_scale: float
    selector: tuple[Matcher, ...]
    scrape_every: timedelta
    evaluate_every: timedelta
    retention: timedelta | None
    sloth_labels: bool
    page_wait: timedelta
    monitor_for: timedelta
    links: Links
    calendar: Calendar
    contacts: tuple[Contact, ...]
    teams: tuple[tuple[str, str], ...]
    on_call: tuple[OnCall, ...]
    severities: tuple[Severity, ...]
    escalation: Escalation
    incidents: IncidentHabits
    watchdog: Watchdog
    components: tuple[Component, ...]
    slos: tuple[Slo, ...]
    alerts: tuple[Alert, ...]
    dashboards: tuple[Dashboard, ...]
    status_page: StatusPage | None
    corrections: tuple[Correction, ...]
    budget_policies: tuple[BudgetPolicy, ...]
    source: str = field(default="slo/specs/vcci.yaml")

    def severity(self, priority: str) -> Severity:
        """Return the policy of a severity, or raise KeyError."""
        return {severity.priority: severity for severity in self.severities}[priority]  # type: ignore[index]

    def component(self, name: str) -> Component:
        """Return a component by its name, or raise KeyError."""
        return self._components[name]

    def slo(self, name: str) -> Slo:
        """Return a promise by its name, or raise KeyError."""
        return self._slos[name]

    def alert(self, name: str) -> Alert:
        """Return an alert by its name, or raise KeyError."""
        return self._alerts[name]

    def budget_policy(self, name: str) -> BudgetPolicy:
        """Return an error budget policy by its name, or raise KeyError."""
        return {policy.name: policy for policy in self.budget_policies}[name]

    def signal(self, ref: str) -> Signal:
        """Return the signal `component.name`, or raise KeyError."""
        return self._signals[ref]

    def slos_of(self, component: str) -> tuple[Slo, ...]:
        """Return the promises about a component, in the plan's order."""
        return self._slos_of.get(component, ())

    def alerts_of(self, *components: str) -> tuple[Alert, ...]:
        """Return the declared and probe alerts of some components, in the plan's order."""
        found = [place for name in dict.fromkeys(components) for place in self._alerts_of.get(name, ())]
        return tuple(self.alerts[place] for place in sorted(found))

    def needed_by(self, component: str) -> tuple[Component, ...]:
        """Return the components that name this one among their needs."""
        return self._needed_by.get(component, ())

    def in_system(self, system: str) -> tuple[Component, ...]:
        """Return the components whose faults become one incident."""
        return self._in_system.get(system, ())

    # Each is built once: a plan of thousands of promises is asked for one of them a hundred thousand times.
    @cached_property
    def _components(self) -> Mapping[str, Component]:
        return {component.name: component for component in self.components}

    @cached_property
    def _slos(self) -> Mapping[str, Slo]:
        return {slo.name: slo for slo in self.slos}

    @cached_property
    def _alerts(self) -> Mapping[str, Alert]:
        return {alert.name: alert for alert in self.alerts}

    @cached_property
    def _signals(self) -> Mapping[str, Signal]:
        return {signal.ref: signal for component in self.components for signal in component.signals}

    @cached_property
    def _slos_of(self) -> Mapping[str, tuple[Slo, ...]]:
        return _grouped((slo.component, slo) for slo in self.slos)

    @cached_property
    def _alerts_of(self) -> Mapping[str, tuple[int, ...]]:
        return _grouped((alert.component, place) for place, alert in enumerate(self.alerts))

    @cached_property
    def _needed_by(self) -> Mapping[str, tuple[Component, ...]]:
        return _grouped((need, other) for other in self.components for need in dict.fromkeys(other.needs))

    @cached_property
    def _in_system(self) -> Mapping[str, tuple[Component, ...]]:
        return _grouped((component.system, component) for component in self.components)


def _grouped(pairs: Iterable[tuple[str, Thing]]) -> Mapping[str, tuple[Thing, ...]]:
    found: dict[str, list[Thing]] = {}
    for name, thing in pairs:
        found.setdefault(name, []).append(thing)
    return {name: tuple(things) for name, things in found.items()}
