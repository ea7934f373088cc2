"""What a spec that says nothing means: severities, notifications, policies. A section is filled, never bent."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from vcci_slo.spec.source import read

__all__ = ["DEFAULTS", "with_defaults"]

_TEXT = """
notify:
  page: {pagerduty: high}
  working-hours: {pagerduty: low, during: business}
  board: {}
severities:
  P0:
    means: Complete service outage or data loss
    notify: page
    acknowledge: 5m
    assess: 10m
    respond: 0m
    update: 15m
    status_page: at-once
    review: 48h
    labels: {alertmanager: critical, pagerduty: critical}
  P1:
    means: Major function impaired, a workaround exists
    notify: page
    respond: 15m
    update: 30m
    status_page: {users_above: 5%}
    review: 48h
    labels: {alertmanager: warning, pagerduty: error}
  P2:
    means: Minor function impaired, few users touched
    notify: working-hours
    respond: 1h
    update: 2h
    status_page: optional
    labels: {alertmanager: info, pagerduty: warning}
  P3:
    means: Cosmetic fault or a wish
    notify: board
    respond: next-business-day
    labels: {alertmanager: none, pagerduty: info}
burn_policies:
  user-facing: {fast: P1, slow: P1, steady: P2, creep: P3}
  background: {fast: P1, slow: P2, creep: P3}
budget_policies:
  standard:
    about: What is left of the budget decides how much may change
    states:
      healthy:
        above: 50%
        means: Work goes on as planned; there is room for risk.
      watch:
        above: 0%
        means: Work goes on; the team finds out what spends the budget, and plans the repair before other work.
      frozen:
        means: The promise is broken. Nothing but fixes is released until more than nothing of the budget is left.
        allows: fixes
"""

DEFAULTS: dict[str, dict[str, Any]] = read(_TEXT, "the defaults of vcci").data


def with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data with each entry of the defaults that it does not have."""
    filled = dict(data)
    for section, entries in DEFAULTS.items():
        given = filled.get(section, {})
        if isinstance(given, dict):
            filled[section] = deepcopy(entries) | given
    return filled
