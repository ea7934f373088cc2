"""What every alert carries: the labels that route it, and the annotations that help whoever it wakes."""

from __future__ import annotations

from vcci_slo.plan import Alert, Plan, Slo

__all__ = ["labels", "notes"]

Pairs = tuple[tuple[str, str], ...]


def labels(plan: Plan, owner: Alert | Slo, priority: str, *extra: tuple[str, str]) -> Pairs:
    """Return the labels of an alert; `system` is what becomes one incident."""
    own = {
        "severity": plan.severity(priority).alertmanager,
        "priority": priority,
        "team": owner.team,
        "component": owner.component,
        "system": owner.system,
    }
    return tuple((dict(extra) | own).items())


def notes(summary: str, description: str, owner: Alert | Slo) -> Pairs:
    """Return the annotations that have something to say; `runbook` is the manual's name for `runbook_url`."""
    written = (
        ("summary", summary),
        ("description", description),
        ("runbook_url", owner.runbook_url),
        ("runbook", owner.runbook_url),
        ("dashboard_url", owner.dashboard_url),
    )
    return tuple((name, text) for name, text in written if text)
