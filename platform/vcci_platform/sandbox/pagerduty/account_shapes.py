"""The things of an account in the shape in which PagerDuty's REST API v2 shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from vcci_platform.sandbox.pagerduty import rota
from vcci_platform.sandbox.pagerduty.account import Account, Integration, Kept
from vcci_platform.sandbox.pagerduty.account_forms import OverrideForm, PolicyForm, ScheduleForm, ServiceForm, UserForm
from vcci_platform.sandbox.pagerduty.references import Namer, whole_seconds

__all__ = [
    "integration_shape",
    "layer_id",
    "override_shape",
    "policy_shape",
    "schedule_shape",
    "service_shape",
    "user_shape",
]


def user_shape(user: Kept[UserForm], namer: Namer) -> dict[str, Any]:
    """Return a user as the vendor's `User`."""
    return namer.user(user.id) | user.form.model_dump(mode="json") | {"type": "user", "teams": []}


def service_shape(service: Kept[ServiceForm], namer: Namer) -> dict[str, Any]:
    """Return a service as the vendor's `Service`; a timeout that is switched off is null."""
    form = service.form
    return namer.service(service.id) | {
        "type": "service",
        "name": form.name,
        "description": form.description,
        "created_at": whole_seconds(service.created_at),
        "status": "disabled" if form.disabled else "active",
        "auto_resolve_timeout": form.auto_resolve_timeout or None,
        "acknowledgement_timeout": form.acknowledgement_timeout or None,
        "escalation_policy": namer.policy(form.escalation_policy.id),
        "teams": [],
        "integrations": [_integration_reference(each, namer) for each in namer.account.integrations_of(service.id)],
        "incident_urgency_rule": form.incident_urgency_rule.model_dump(),
        "alert_creation": form.alert_creation,
    }


def integration_shape(integration: Integration, namer: Namer) -> dict[str, Any]:
    """Return a service's door for events; `integration_key` is the routing key."""
    return _integration_reference(integration, namer) | {
        "type": "events_api_v2_inbound_integration",
        "name": integration.form.name,
        "service": namer.service(integration.service_id),
        "created_at": whole_seconds(integration.created_at),
        "integration_key": integration.key,
    }


def policy_shape(policy: Kept[PolicyForm], namer: Namer) -> dict[str, Any]:
    """Return an escalation policy as the vendor's `EscalationPolicy`."""
    form = policy.form
    return namer.policy(policy.id) | {
        "type": "escalation_policy",
        "name": form.name,
        "description": form.description,
        "num_loops": form.num_loops,
        "on_call_handoff_notifications": form.on_call_handoff_notifications,
        "escalation_rules": [
            {
                "id": f"{policy.id}{number}",
                "escalation_delay_in_minutes": rule.escalation_delay_in_minutes,
                "escalation_rule_assignment_strategy": rule.escalation_rule_assignment_strategy,
                "targets": [namer.target(target.type, target.id) for target in rule.targets],
            }
            for number, rule in enumerate(form.escalation_rules, start=1)
        ],
        "services": [
            namer.service(service.id)
            for service in namer.account.services
            if service.form.escalation_policy.id == policy.id
        ],
        "teams": [],
    }


def schedule_shape(
    schedule: Kept[ScheduleForm], namer: Namer, stretch: tuple[datetime, datetime] | None = None
) -> dict[str, Any]:
    """Return a schedule as the vendor's `Schedule`; with a stretch of time, who is on call in it too."""
    form, account = schedule.form, namer.account
    user_ids = dict.fromkeys(member.user.id for layer in form.schedule_layers for member in layer.users)
    shape = namer.schedule(schedule.id) | {
        "type": "schedule",
        "name": form.name,
        "description": form.description,
        "time_zone": form.time_zone,
        "escalation_policies": [namer.policy(each) for each in _policies_using(schedule.id, account)],
        "users": [namer.user(user_id) for user_id in user_ids],
        "teams": [],
    }
    layers: list[dict[str, Any]] = []
    for number, layer in enumerate(form.schedule_layers, start=1):
        shown: dict[str, Any] = {
            "id": layer.id or layer_id(schedule.id, number),
            "name": layer.name or f"Layer {number}",
            "start": layer.start,
            "rotation_virtual_start": layer.rotation_virtual_start,
            "rotation_turn_length_seconds": layer.rotation_turn_length_seconds,
            "users": [{"user": namer.user(member.user.id)} for member in layer.users],
            "restrictions": [each.model_dump(exclude_none=True) for each in layer.restrictions],
        }
        if layer.end:
            shown["end"] = layer.end
        if stretch:
            duties = rota.layer_duties(layer, ZoneInfo(form.time_zone), *stretch)
            shown |= _rendered(duties, stretch, namer)
        layers.append(shown)
    shape["schedule_layers"] = layers
    if stretch:
        overrides = [kept.form for kept in account.overrides_of(schedule.id)]
        every = rota.final(form, overrides, *stretch)
        swapped = rota.override_duties(overrides, *stretch)
        shape["final_schedule"] = {"name": "Final Schedule", **_rendered(every, stretch, namer)}
        shape["overrides_subschedule"] = {"name": "Overrides", **_rendered(swapped, stretch, namer)}
    return shape


def layer_id(schedule_id: str, number: int) -> str:
    """Return the id of a layer by the order in which layers were made, from 1."""
    return f"{schedule_id}{number}"


def override_shape(override: Kept[OverrideForm], namer: Namer) -> dict[str, Any]:
    """Return an override as the vendor's `Override`."""
    return {
        "id": override.id,
        "type": "override",
        "start": override.form.start,
        "end": override.form.end,
        "user": namer.user(override.form.user.id),
    }


def _rendered(duties: tuple[rota.Duty, ...], stretch: tuple[datetime, datetime], namer: Namer) -> dict[str, Any]:
    return {
        "rendered_schedule_entries": [
            {"user": namer.user(duty.user_id), "start": whole_seconds(duty.start), "end": whole_seconds(duty.end)}
            for duty in duties
        ],
        "rendered_coverage_percentage": rota.coverage(duties, *stretch),
    }


def _policies_using(schedule_id: str, account: Account) -> list[str]:
    return [
        policy.id
        for policy in account.policies
        if any(target.id == schedule_id for rule in policy.form.escalation_rules for target in rule.targets)
    ]


def _integration_reference(integration: Integration, namer: Namer) -> dict[str, Any]:
    path = f"services/{integration.service_id}/integrations"
    kind = "events_api_v2_inbound_integration_reference"
    return namer.reference(kind, path, integration.id, integration.form.name)
