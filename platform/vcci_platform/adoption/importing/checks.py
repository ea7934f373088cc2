"""Which imported alerts the generated tests cannot prove without a proof of the spec's own."""

from __future__ import annotations

from vcci_alerts.errors import AlertsError
from vcci_alerts.limit_rules import component_group
from vcci_alerts.proofs.limits import alert_cases
from vcci_slo.errors import SpecError
from vcci_slo.load import load_plan

__all__ = ["unproven"]


def unproven(text: str, file: str) -> dict[str, str]:
    """Return what the makers of rules and tests say of each alert that they refuse, by its name.

    A spec that is refused as a whole gives nothing: what is wrong with it is found again when it is written.
    """
    try:
        plan = load_plan(text, file=file)
    except SpecError:
        return {}
    found: dict[str, str] = {}
    for alert in plan.alerts:
        try:
            alert_cases(plan, alert)
        except AlertsError as error:
            found[alert.name] = str(error).partition(": ")[2]
    for component in plan.components:
        try:
            component_group(plan, component)
        except AlertsError as error:
            found.setdefault(error.owner.removeprefix("alerts."), str(error).partition(": ")[2])
    return {name: said for name, said in found.items() if name in {alert.name for alert in plan.alerts}}
