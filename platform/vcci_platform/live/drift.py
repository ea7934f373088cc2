"""Everything in which what runs differs from the spec: Prometheus, its rules and targets, Alertmanager, silences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from vcci_alerts import alertmanager, rules
from vcci_platform.live.alertmanager import AlertmanagerApi
from vcci_platform.live.delivery import delivery_drift, silence_drift
from vcci_platform.live.finding import Drift
from vcci_platform.live.loaded import group_troubles, rule_drift
from vcci_platform.live.prometheus import PrometheusApi
from vcci_platform.live.surroundings import clock_drift, retention_drift, target_drift
from vcci_slo.plan import Plan

__all__ = ["Report", "drift", "wanted_delivery"]


@dataclass(frozen=True)
class Report:
    """What was held against the spec, and what differs."""

    plan: str
    prometheus: str
    alertmanager: str
    rules: int
    findings: tuple[Drift, ...]
    at: datetime


def wanted_delivery(plan: Plan) -> Mapping[str, Any]:
    """Return Alertmanager's configuration as the spec gives it."""
    found: Mapping[str, Any] = yaml.safe_load(alertmanager.render(plan)[alertmanager.PATH])
    return found


def drift(plan: Plan, prometheus: PrometheusApi | None, manager: AlertmanagerApi | None, now: datetime) -> Report:
    """Return every difference. Without Prometheus, or without Alertmanager, its part is not looked at.

    Raises AskingError if one of them does not answer.
    """
    groups = tuple(rules.rule_files(plan).values())
    alerts = [rule for group in groups for rule in group.alerts]
    found: list[Drift] = []
    if prometheus is not None:
        live = prometheus.groups()
        found += rule_drift(groups, live, frozenset(component.system for component in plan.components))
        found += group_troubles(groups, live, now)
        found += target_drift(plan, prometheus.targets())
        found += clock_drift(plan, prometheus.configuration())
        found += retention_drift(plan, prometheus.flags())
        if not prometheus.alertmanagers():
            found.append(Drift("prometheus", "Prometheus", "knows no Alertmanager: nobody hears what fires"))
    if manager is not None:
        found += delivery_drift(wanted_delivery(plan), manager.configuration(), alerts)
        found += silence_drift(manager.silences(), alerts, now)
    return Report(
        plan=plan.name,
        prometheus=prometheus.url if prometheus else "",
        alertmanager=manager.url if manager else "",
        rules=sum(len(group.rules) for group in groups),
        findings=tuple(found),
        at=now,
    )
