"""Rule files: one for each promise, one for each component with alerts, the recorded signals, the Watchdog."""

from __future__ import annotations

from collections.abc import Mapping

from vcci_alerts.limit_rules import component_group, signals_group, watchdog_group
from vcci_alerts.model import Group, rules_document
from vcci_alerts.slo_rules import slo_group
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.plan import Plan, Slo
from vcci_slo.resolve.tiers import check_pace

__all__ = ["SIGNALS", "WATCHDOG", "alerts_file", "render", "rule_files", "slo_file"]

SIGNALS = "rules/signals.yml"
WATCHDOG = "rules/watchdog.yml"


def rule_files(plan: Plan) -> Mapping[str, Group]:
    """Return the group of every rule file by its path."""
    files = {slo_file(slo): slo_group(plan, slo) for slo in plan.slos}
    files |= {alerts_file(component.name): component_group(plan, component) for component in plan.components}
    files[SIGNALS] = signals_group(plan)
    files[WATCHDOG] = watchdog_group(plan)
    return {path: group for path, group in files.items() if group.rules}


def slo_file(slo: Slo) -> str:
    """Return where the rules of a promise stand; alone, so that its tests evaluate nothing else."""
    return f"rules/slo-{slo.name}.yml"


def alerts_file(component: str) -> str:
    """Return where the alerts of a component stand."""
    return f"rules/alerts-{component}.yml"


def render(plan: Plan) -> Mapping[str, str]:
    """Return every rule file as text. Raises HasteError if clocks run too fast for rules."""
    check_pace(plan)
    return {path: yaml_text(rules_document([group]), source=plan.source) for path, group in rule_files(plan).items()}
