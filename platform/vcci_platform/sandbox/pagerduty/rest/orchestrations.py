"""`/event_orchestrations/services/{id}`: the event rules of a service, and whether they are active."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from vcci_platform.sandbox.pagerduty.account import PRIORITIES, Account
from vcci_platform.sandbox.pagerduty.orchestration import Orchestration
from vcci_platform.sandbox.pagerduty.orchestration_forms import START, Actions, ActiveForm, OrchestrationForm
from vcci_platform.sandbox.pagerduty.references import Links, whole_seconds
from vcci_platform.sandbox.pagerduty.refusals import invalid, not_found
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Call, Desk, read, wrapped

__all__ = ["get", "get_active", "set_active", "update"]

ACTIONS: Final = {"escalation_policy": "Escalation Policy", "suppress": "Suppress"}
"""Actions that a plan may lack, as the vendor's sentences call them."""


def get(call: Call, desk: Desk, service_id: str) -> Answer:
    """Return the rules of a service; one whose rules nobody has written has none."""
    found = _of(desk, service_id, call)
    return Answer(200, {"orchestration_path": _shape(service_id, found, desk.links)})


def update(call: Call, desk: Desk, service_id: str) -> Answer:
    """Write the rules anew. What the account's plan lacks, and policies that are not there, are warned of only."""
    _of(desk, service_id, call)
    form = wrapped(OrchestrationForm, "orchestration_path", call.body)
    account = desk.pagerduty.account
    for actions in _actions(form):
        if actions.priority is not None and actions.priority not in {each.id for each in PRIORITIES}:
            raise invalid(f"Priority {actions.priority} does not exist")
    user = account.user_by_email(call.by) if call.by else None
    written = account.rules.write(service_id, form, call.now, user.id if user else None)
    body: dict[str, Any] = {"orchestration_path": _shape(service_id, written, desk.links)}
    if warnings := list(_warnings(written.form, account, account.rules.lacks)):
        body["warnings"] = warnings
    return Answer(200, body, f"event rules of {service_id}: {sum(len(each.rules) for each in form.sets)}")


def get_active(call: Call, desk: Desk, service_id: str) -> Answer:
    """Return whether the events of a service are held against its rules."""
    return Answer(200, {"active": _of(desk, service_id, call).active})


def set_active(call: Call, desk: Desk, service_id: str) -> Answer:
    """Switch the rules of a service on or off."""
    _of(desk, service_id, call)
    active = read(ActiveForm, call.body).active
    desk.pagerduty.account.rules.switch(service_id, call.now, active=active)
    return Answer(200, {"active": active}, f"event rules of {service_id} {'on' if active else 'off'}")


def _of(desk: Desk, service_id: str, call: Call) -> Orchestration:
    account = desk.pagerduty.account
    if service_id not in account.services:
        raise not_found(f"Service {service_id} does not exist")
    return account.rules.of(service_id, call.now)


def _shape(service_id: str, found: Orchestration, links: Links) -> dict[str, Any]:
    """Return the rules as the vendor's `ServiceOrchestration` shows them, without what was never said."""
    people = {"created_by": found.created_by, "updated_by": found.updated_by}
    return {
        "type": "service",
        "parent": {"id": service_id, "type": "service_reference", "self": f"{links.api}/services/{service_id}"},
        "sets": [
            {
                "id": each.id,
                "rules": [
                    {
                        "id": rule.id,
                        "label": rule.label,
                        "conditions": [{"expression": one.expression} for one in rule.conditions],
                        "actions": rule.actions.model_dump(mode="json", exclude_unset=True),
                        "disabled": rule.disabled,
                    }
                    for rule in each.rules
                ],
            }
            for each in found.form.sets
        ],
        "catch_all": {"actions": found.form.catch_all.actions.model_dump(mode="json", exclude_unset=True)},
        "created_at": whole_seconds(found.created_at),
        "updated_at": whole_seconds(found.updated_at),
        "version": found.version,
        **{
            name: {"id": user_id, "type": "user_reference", "self": f"{links.api}/users/{user_id}"}
            for name, user_id in people.items()
            if user_id
        },
    }


def _actions(form: OrchestrationForm) -> Iterator[Actions]:
    yield from (rule.actions for each in form.sets for rule in each.rules)
    yield form.catch_all.actions


def _warnings(form: OrchestrationForm, account: Account, lacks: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield what will not be carried out, in the vendor's words."""
    if "nested_rules" in lacks and len(form.sets) > 1:
        yield _warning(
            "This orchestration contains Nested Rules, which is not available on your account plan. The orchestration "
            f"will be updated, however, only rules in the '{START}' set will be evaluated",
            "nested_rules",
            "nested_rules",
        )
    for rule in (rule for each in form.sets for rule in each.rules):
        for feature, name in ACTIONS.items():
            if getattr(rule.actions, feature) and feature in lacks:
                sentence = (
                    f"This rule uses {name}, which is an action not available on your account plan. The "
                    "rule will be updated, but the action will not be fired when the rule is evaluated"
                )
                yield _warning(sentence, feature, "actions", rule.id)
        policy_id = rule.actions.escalation_policy
        if policy_id is not None and policy_id not in account.policies:
            sentence = f"This rule uses the Escalation Policy {policy_id}, which does not exist"
            yield _warning(sentence, "escalation_policy", "actions", rule.id, kind="invalid_data")


def _warning(
    message: str, feature: str, feature_type: str, rule_id: str | None = None, *, kind: str = "forbidden_feature"
) -> dict[str, Any]:
    found = {"message": message, "feature": feature, "feature_type": feature_type, "warning_type": kind}
    return {**found, "rule_id": rule_id}
