"""The event rules by which one service follows another policy for each severity.

One key must name one page, so there is one service; which of the spec's policies an incident follows is chosen when its
event arrives. An account without event orchestration follows the policy of the most urgent severity for every page: too
early is safe, too late is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vcci_alerts.pagerduty import Wanted
from vcci_platform.incidents.oncall.wishes import Ref, filled

__all__ = ["foreign_rules", "routing_body", "routing_view"]


def routing_body(wanted: Wanted, ids: Mapping[Ref, str], priorities: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the rules; a priority that the account does not have is left out of them."""
    rules = [
        {
            "label": f"{route.priority} follows its own policy {wanted.marker('route', route.priority)}",
            "conditions": [{"expression": f"event.severity matches '{route.severity}'"}],
            "actions": {
                "escalation_policy": Ref("policy", route.policy),
                **({"priority": priorities[route.priority]} if route.priority in priorities else {}),
            },
        }
        for route in wanted.routes
    ]
    path = {"type": "service", "sets": [{"id": "start", "rules": rules}], "catch_all": {"actions": {}}}
    return {"orchestration_path": filled(path, ids)}


def routing_view(path: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the rules in a form in which two can be compared: whatever else a rule does to an event is in it."""
    rules = [f"{_condition(rule)}: {_chosen(_actions(rule))}{_disabled(rule)}" for rule in _rules(path)]
    rest = path.get("catch_all")
    otherwise = _also(_actions(rest)) if isinstance(rest, Mapping) else ""
    return (*rules, *([f"everything else: {otherwise}"] if otherwise else []))


def foreign_rules(wanted: Wanted, path: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the labels of rules that somebody else has made."""
    marker = f"[vcci:{wanted.owner}:route:"
    return tuple(
        str(rule.get("label") or "a rule without a label")
        for rule in _rules(path)
        if marker not in str(rule.get("label"))
    )


def _rules(path: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    sets = path.get("sets")
    found = (
        [rule for one in sets if isinstance(one, Mapping) for rule in one.get("rules") or ()]
        if isinstance(sets, list)
        else []
    )
    return [rule for rule in found if isinstance(rule, Mapping)]


def _condition(rule: Mapping[str, Any]) -> str:
    found = [str(one.get("expression")) for one in rule.get("conditions") or () if isinstance(one, Mapping)]
    return " or ".join(found) or "every event"


def _chosen(actions: Mapping[str, Any]) -> str:
    chosen = (
        f"policy {actions.get('escalation_policy') or 'of the service'}, priority {actions.get('priority') or 'none'}"
    )
    others = {name: value for name, value in actions.items() if name not in {"escalation_policy", "priority"}}
    return f"{chosen}, {also}" if (also := _also(others)) else chosen


def _also(actions: Mapping[str, Any]) -> str:
    """Return the actions that do something; one that is switched off is as good as absent."""
    return ", ".join(f"{name} {value}" for name, value in sorted(actions.items()) if value)


def _disabled(rule: Mapping[str, Any]) -> str:
    return ", disabled" if rule.get("disabled") else ""


def _actions(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    found = rule.get("actions")
    return found if isinstance(found, Mapping) else {}
