"""What an account should have, as bodies of PagerDuty's REST API in which ids are still names.

A `Ref` stands where an id belongs; `filled` puts in the ids that are known. A thing and the wish for it are compared by
the same `View`: what PagerDuty adds by itself, or may write in another form, is left out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vcci_alerts.pagerduty import Policy, Rule, Schedule, Target, Wanted
from vcci_slo.promql.durations import words

__all__ = ["KINDS", "Kind", "Ref", "View", "Wish", "filled", "wishes"]

ROUND_ROBIN, DISABLED = "round_robin", "disabled"

View = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Ref:
    """The id of a thing that may not exist yet: one of ours by its key, a user by mail, a variable's value."""

    kind: str
    key: str

    def __str__(self) -> str:
        missing = {"user": "not in the account", "variable": "not set"}.get(self.kind)
        return f"<{self.key}, {missing}>" if missing else f"<new {self.kind} {self.key}>"


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is listed, wrapped, called and compared."""

    name: str
    path: str
    wrapper: str
    collection: str
    words: str
    view: View


@dataclass(frozen=True)
class Wish:
    """One thing that an account should have. `key` names it for ever, `name` is what people read."""

    kind: Kind
    key: str
    name: str
    marker: str
    body: Body


def wishes(wanted: Wanted) -> tuple[Wish, ...]:
    """Return the things in the order in which they can be made: each needs only those before it."""
    found = [_wish(wanted, "schedule", each.key, each.name, _schedule(each)) for each in wanted.schedules]
    found += [_wish(wanted, "policy", each.key, each.name, _policy(each)) for each in wanted.every_policy]
    found.append(_wish(wanted, "service", "main", wanted.service.name, _service(wanted)))
    if wanted.subscription is not None:
        found.append(_wish(wanted, "subscription", "desk", wanted.subscription.url, _subscription(wanted)))
    return tuple(found)


def filled(body: Any, ids: Mapping[Ref, str]) -> Any:
    """Return a body with the ids that are known in place of their names; the others stay."""
    match body:
        case Ref():
            return ids.get(body, body)
        case dict():
            return {name: filled(value, ids) for name, value in body.items()}
        case list():
            return [filled(value, ids) for value in body]
        case _:
            return body


def _wish(wanted: Wanted, kind: str, key: str, name: str, body: Body) -> Wish:
    described = {**body, "description": wanted.description(kind, key)}
    return Wish(KINDS[kind], key, name, wanted.marker(kind, key), described)


# --- bodies ---


def _reference(kind: str, ref: Ref) -> Body:
    return {"id": ref, "type": f"{kind}_reference"}


def _target(target: Target) -> Body:
    match target.kind:
        case "user":
            return _reference("user", Ref("user", target.ref))
        case "variable":
            return _reference("schedule", Ref("variable", target.ref))
        case _:
            return _reference("schedule", Ref("schedule", target.ref))


def _rule(rule: Rule) -> Body:
    return {
        "escalation_delay_in_minutes": rule.minutes,
        "targets": [_target(target) for target in rule.targets],
        "escalation_rule_assignment_strategy": "assign_to_everyone",
    }


def _policy(policy: Policy) -> Body:
    return {
        "type": "escalation_policy",
        "name": policy.name,
        "num_loops": policy.rounds,
        "escalation_rules": [_rule(rule) for rule in policy.rules],
    }


def _schedule(schedule: Schedule) -> Body:
    start = schedule.start.isoformat()
    layer = {
        "name": "From the spec",
        "start": start,
        "rotation_virtual_start": start,
        "rotation_turn_length_seconds": int(schedule.turn.total_seconds()),
        "users": [{"user": _reference("user", Ref("user", mail))} for mail in schedule.members],
    }
    return {"type": "schedule", "name": schedule.name, "time_zone": schedule.zone, "schedule_layers": [layer]}


def _service(wanted: Wanted) -> Body:
    return {
        "type": "service",
        "name": wanted.service.name,
        "escalation_policy": _reference("escalation_policy", Ref("policy", wanted.service.policy)),
        "acknowledgement_timeout": None,
        "auto_resolve_timeout": None,
        "incident_urgency_rule": {"type": "constant", "urgency": "severity_based"},
        "alert_creation": "create_alerts_and_incidents",
    }


def _subscription(wanted: Wanted) -> Body:
    assert wanted.subscription is not None  # noqa: S101 - the caller's condition
    return {
        "type": "webhook_subscription",
        "delivery_method": {"type": "http_delivery_method", "url": wanted.subscription.url},
        "events": list(wanted.subscription.events),
        "filter": {"id": Ref("service", "main"), "type": "service_reference"},
    }


# --- views ---


def _inner(item: Any, *names: str) -> Any:
    """Return what stands at the end of these names, None where one of them is missing."""
    for name in names:
        item = item.get(name) if isinstance(item, Mapping) else None
    return item


def _each(item: Body, name: str) -> Sequence[Any]:
    found = item.get(name)
    return found if isinstance(found, list) else []


def _policy_view(item: Body) -> Body:
    rules = [
        f"rule {number}: {_targets(rule)} for {_inner(rule, 'escalation_delay_in_minutes')} minutes{_in_turn(rule)}"
        for number, rule in enumerate(_each(item, "escalation_rules"), start=1)
    ]
    return {"name": item.get("name"), "rounds": item.get("num_loops"), "rules": tuple(rules)}


def _targets(rule: Body) -> str:
    names = (
        f"{str(_inner(target, 'type')).removesuffix('_reference')} {_inner(target, 'id')}"
        for target in _each(rule, "targets")
    )
    return ", ".join(sorted(names))


def _in_turn(rule: Body) -> str:
    """Return that PagerDuty rings only one of a level, where it has been told so."""
    return ", only one of them in turn" if rule.get("escalation_rule_assignment_strategy") == ROUND_ROBIN else ""


def _schedule_view(item: Body) -> Body:
    """Leave out where a layer starts: PagerDuty moves it to now when it is past. Layers that have ended are history."""
    layers = [layer for layer in _each(item, "schedule_layers") if not _inner(layer, "end")]
    turns = tuple(_turns(layer) for layer in layers)
    return {"name": item.get("name"), "time_zone": item.get("time_zone"), "turns": turns}


def _turns(layer: Body) -> str:
    who = ", ".join(str(_inner(member, "user", "id")) for member in _each(layer, "users"))
    length, start = _inner(layer, "rotation_turn_length_seconds"), _utc(_inner(layer, "rotation_virtual_start"))
    return f"{who}, each for {_span(length)}, from {start}" + (
        ", at some hours only" if _each(layer, "restrictions") else ""
    )


def _span(seconds: Any) -> str:
    return words(timedelta(seconds=seconds)) if isinstance(seconds, int) else str(seconds)


def _utc(text: Any) -> str:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).isoformat()
    except ValueError:
        return str(text)


def _service_view(item: Body) -> Body:
    return {
        "name": item.get("name"),
        "enabled": "no" if item.get("status") == DISABLED else "yes",
        "escalation_policy": _inner(item, "escalation_policy", "id"),
        "acknowledgement_timeout": item.get("acknowledgement_timeout") or "off",
        "auto_resolve_timeout": item.get("auto_resolve_timeout") or "off",
        "urgency": _inner(item, "incident_urgency_rule", "urgency"),
        "alert_creation": item.get("alert_creation"),
    }


def _subscription_view(item: Body) -> Body:
    return {
        "url": _inner(item, "delivery_method", "url"),
        "events": tuple(sorted(str(event) for event in _each(item, "events"))),
        "of": _inner(item, "filter", "id"),
        "active": "yes" if _delivers(item) else "no",
    }


def _delivers(subscription: Body) -> bool:
    """Return whether PagerDuty still delivers; it gives an address up that refuses again and again."""
    given_up = _inner(subscription, "delivery_method", "temporarily_disabled") is True
    return subscription.get("active") is not False and not given_up


def _kind(name: str, wrapper: str, view: View, collection: str = "") -> Kind:
    listed = collection or f"{wrapper}s"
    return Kind(name, f"/{listed}", wrapper, listed, wrapper.replace("_", " "), view)


KINDS: Final[Mapping[str, Kind]] = {
    "schedule": _kind("schedule", "schedule", _schedule_view),
    "policy": _kind("policy", "escalation_policy", _policy_view, "escalation_policies"),
    "service": _kind("service", "service", _service_view),
    "subscription": _kind("subscription", "webhook_subscription", _subscription_view),
}
"""In the order in which they are made; they are deleted in the opposite one."""
