"""The event rules of services: kept, and at work: which priority, policy and severity an event's incident gets."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

from vcci_platform.sandbox.pagerduty.conditions import condition
from vcci_platform.sandbox.pagerduty.forms import EventForm
from vcci_platform.sandbox.pagerduty.orchestration_forms import START, Actions, OrchestrationForm, RuleForm, RuleSet

__all__ = ["FEATURES", "Decision", "Feature", "Orchestration", "ServiceRules", "decide", "event_fields"]

Feature = Literal["escalation_policy", "suppress", "nested_rules"]
FEATURES: Final[tuple[Feature, ...]] = get_args(Feature)
"""What a plan of the account may lack: the rules are taken with a warning, and this part of them does nothing."""


NO_RULES: Final = OrchestrationForm.model_validate({"sets": [{"id": START, "rules": []}]})


@dataclass(frozen=True, slots=True)
class Orchestration:
    """The rules of a service as they were last written. They do nothing until they are `active`."""

    form: OrchestrationForm
    active: bool
    created_at: datetime
    updated_at: datetime
    version: str
    created_by: str | None = None
    updated_by: str | None = None


class ServiceRules:
    """The rules of every service. `lacks` are features that the account's plan does not have."""

    def __init__(self) -> None:
        self.lacks: frozenset[Feature] = frozenset()
        self._kept: dict[str, Orchestration] = {}

    def of(self, service_id: str, now: datetime) -> Orchestration:
        """Return the rules of a service; one whose rules nobody has written has none, and they are off."""
        return self._kept.get(service_id) or Orchestration(NO_RULES, False, now, now, _digest(service_id, 32))

    def write(self, service_id: str, form: OrchestrationForm, now: datetime, by: str | None) -> Orchestration:
        """Keep the rules anew, under ids that replaying the same calls gives again."""
        before = self.of(service_id, now)
        version = _digest(before.version, 32)
        known = service_id in self._kept
        self._kept[service_id] = replace(
            before,
            form=_with_ids(form, version),
            updated_at=now,
            version=version,
            created_by=before.created_by if known else by,
            updated_by=by,
        )
        return self._kept[service_id]

    def switch(self, service_id: str, now: datetime, *, active: bool) -> None:
        """Let the rules hold, or not."""
        self._kept[service_id] = replace(self.of(service_id, now), active=active)

    def drop(self, service_id: str) -> None:
        """Forget the rules of a service that is deleted."""
        self._kept.pop(service_id, None)

    def decide(self, service_id: str, event: EventForm) -> Decision:
        """Return what the rules of a service make of an event; nothing while they are off."""
        kept = self._kept.get(service_id)
        return decide(kept.form, event_fields(event), self.lacks) if kept and kept.active else Decision()


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules make of an event; None leaves it as it is."""

    suppress: bool = False
    severity: str | None = None
    event_action: str | None = None
    priority_id: str | None = None
    policy_id: str | None = None


def event_fields(event: EventForm) -> Mapping[str, Any]:
    """Return an event as its conditions see it: the payload's fields beside the action and the key."""
    payload = event.payload.model_dump(by_alias=True, exclude_none=True) if event.payload else {}
    return {**payload, "event_action": event.event_action, "dedup_key": event.dedup_key}


def decide(form: OrchestrationForm, event: Mapping[str, Any], lacks: Collection[str] = ()) -> Decision:
    """Return what becomes of an event. `lacks` are features that the account's plan does not have."""
    found = Decision()
    for actions in _path(form, event, lacks):
        found = _with(found, actions, lacks)
    return found


def _path(form: OrchestrationForm, event: Mapping[str, Any], lacks: Collection[str]) -> Iterator[Actions]:
    """Yield the actions on the way: from set to set as rules lead on, and those for the rest at its end."""
    sets = {each.id: each for each in form.sets}
    here: RuleSet | None = sets[START]
    while here is not None:
        rule = next((rule for rule in here.rules if _means(rule, event)), None)
        if rule is None:
            yield form.catch_all.actions
            return
        yield rule.actions
        leads_on = rule.actions.route_to if "nested_rules" not in lacks else None
        here = sets[leads_on] if leads_on else None


def _means(rule: RuleForm, event: Mapping[str, Any]) -> bool:
    if rule.disabled:
        return False
    return not rule.conditions or any(condition(each.expression)(event) for each in rule.conditions)


def _with(found: Decision, actions: Actions, lacks: Collection[str]) -> Decision:
    policy_id = actions.escalation_policy if "escalation_policy" not in lacks else None
    return replace(
        found,
        suppress=found.suppress or (actions.suppress and "suppress" not in lacks),
        severity=actions.severity or found.severity,
        event_action=actions.event_action or found.event_action,
        priority_id=actions.priority or found.priority_id,
        policy_id=policy_id or found.policy_id,
    )


def _with_ids(form: OrchestrationForm, version: str) -> OrchestrationForm:
    """Return the rules with an id for each that has none."""
    sets = tuple(
        each.model_copy(
            update={"rules": tuple(_with_id(rule, f"{version}{each.id}#{number}") for number, rule in rows)}
        )
        for each, rows in ((each, enumerate(each.rules)) for each in form.sets)
    )
    return form.model_copy(update={"sets": sets})


def _with_id(rule: RuleForm, seed: str) -> RuleForm:
    return rule if rule.id else rule.model_copy(update={"id": _digest(seed, 8)})


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]
