"""What every alert carries: the labels that route it, and the annotations that help whoever it wakes."""

from __future__ import annotations

from vcci_alerts.templates import chosen
from vcci_slo.plan import Alert, Plan, Slo

__all__ = ["labels", "notes"]

DATA_SOURCE = "datasource"
"""The choice on every page of which Prometheus is asked; a label of that name cannot be chosen."""

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
        ("dashboard_url", _opened(owner)),
    )
    return tuple((name, text) for name, text in written if text)


def _opened(owner: Alert | Slo) -> str:
    """Return where to look; of a promise that is kept apart by labels, at the part that the alert is about.

    A page on which no promise can be chosen has an address without a question mark.
    """
    url = owner.dashboard_url
    by = owner.by if isinstance(owner, Slo) and "?" in url else ()
    return url + "".join(chosen(label) for label in by if label != DATA_SOURCE)
