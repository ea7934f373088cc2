"""When to wake someone: the plan as Prometheus rules, their tests, Alertmanager routes, and PagerDuty policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vcci_alerts import alertmanager, pagerduty, prometheus_config, rule_tests, rules
from vcci_alerts.alertmanager import Certificate, Receivers
from vcci_alerts.errors import AlertsError
from vcci_alerts.prometheus_config import with_targets
from vcci_slo.plan import Plan

__all__ = ["RENDERERS", "AlertsError", "Certificate", "Receivers", "render", "with_targets"]

RENDERERS: Mapping[str, Callable[[Plan], Mapping[str, str]]] = MappingProxyType(
    {
        "rules": rules.render,
        "tests": rule_tests.render,
        "prometheus": prometheus_config.render,
        "alertmanager": alertmanager.render,
        "pagerduty": pagerduty.render,
    }
)
"""What can be rendered alone, by its name."""


def render(plan: Plan) -> Mapping[str, str]:
    """Return every file by its path under `alerts/generated`."""
    return {path: text for renderer in RENDERERS.values() for path, text in renderer(plan).items()}
