"""The account: users, priorities, services, escalation policies, schedules. It answers who is told at which level."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

from vcci_platform.sandbox.constants import ROUTING_KEY
from vcci_platform.sandbox.pagerduty import rota
from vcci_platform.sandbox.pagerduty.account_forms import (
    IntegrationForm,
    OverrideForm,
    PolicyForm,
    Reference,
    ScheduleForm,
    ServiceForm,
    UserForm,
)
from vcci_platform.sandbox.pagerduty.first_account import FIRST_POLICY, FIRST_SCHEDULES, FIRST_SERVICE, FIRST_USERS
from vcci_platform.sandbox.pagerduty.forms import SEVERITIES
from vcci_platform.sandbox.pagerduty.orchestration import ServiceRules
from vcci_platform.sandbox.pagerduty.orchestration_forms import START, OrchestrationForm

__all__ = ["PRIORITIES", "Account", "Integration", "Kept", "Missing", "Priority", "Shelf", "StillUsed"]

FormT = TypeVar("FormT", UserForm, ServiceForm, PolicyForm, ScheduleForm, OverrideForm, IntegrationForm)

A_MOMENT: Final = timedelta(seconds=1)


class Missing(LookupError):
    """The account has no such thing."""


class StillUsed(ValueError):
    """The thing cannot be deleted while another one refers to it."""


@dataclass(frozen=True, slots=True)
class Priority:
    """A priority of the account; they are made in the vendor's UI and can only be read."""

    id: str
    name: str
    description: str


PRIORITIES: Final = (
    Priority("PPRIO00", "P0", "Critical"),
    Priority("PPRIO01", "P1", "High"),
    Priority("PPRIO02", "P2", "Medium"),
    Priority("PPRIO03", "P3", "Low"),
)
"""From the most severe down, as the vendor lists them."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[FormT]):
    """A thing as it was last written."""

    id: str
    form: FormT
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Integration:
    """A service's door for events: `key` is the routing key."""

    id: str
    service_id: str
    key: str
    form: IntegrationForm
    created_at: datetime


@dataclass
class Shelf(Generic[FormT]):
    """The things of one kind, in the order in which they were made."""

    kind: str
    letter: str
    things: dict[str, Kept[FormT]] = field(default_factory=dict[str, Kept[FormT]])
    made: int = 0

    def __iter__(self) -> Iterator[Kept[FormT]]:
        return iter(self.things.values())

    def __getitem__(self, identifier: str) -> Kept[FormT]:
        if identifier not in self.things:
            raise Missing(f"{self.kind} {identifier} does not exist")
        return self.things[identifier]

    def __contains__(self, identifier: str) -> bool:
        return identifier in self.things

    def add(self, form: FormT, now: datetime, identifier: str = "") -> Kept[FormT]:
        """Keep a new thing under an id that replaying the same calls gives again."""
        self.made += 1
        kept = Kept(identifier or f"P{self.letter}{_digest(f'{self.kind}#{self.made}')[:5].upper()}", form, now)
        self.things[kept.id] = kept
        return kept

    def put(self, identifier: str, form: FormT) -> Kept[FormT]:
        """Write a thing anew."""
        self.things[identifier] = Kept(identifier, form, self[identifier].created_at)
        return self.things[identifier]

    def drop(self, identifier: str) -> None:
        """Delete a thing."""
        del self.things[self[identifier].id]


class Account:
    """Everything that is configured. A new one has six people, two rotations, a policy, and the service `vcci` with
    rules that give its incidents a priority.
    """

    def __init__(self, now: datetime) -> None:
        self.users: Shelf[UserForm] = Shelf("User", "U")
        self.schedules: Shelf[ScheduleForm] = Shelf("Schedule", "S")
        self.policies: Shelf[PolicyForm] = Shelf("Escalation policy", "E")
        self.services: Shelf[ServiceForm] = Shelf("Service", "V")
        self.overrides: dict[str, Shelf[OverrideForm]] = {}
        self.integrations: dict[str, Integration] = {}
        self.rules = ServiceRules()
        for user_id, user in FIRST_USERS.items():
            self.users.add(user, now, user_id)
        for schedule_id, schedule in FIRST_SCHEDULES.items():
            self.schedules.add(schedule, now, schedule_id)
        self.policies.add(FIRST_POLICY, now, "PPOLICY")
        first = self.services.add(FIRST_SERVICE, now, "PSERVCE")
        self.add_integration(first.id, IntegrationForm(name="Events API v2"), now, key=ROUTING_KEY)
        self.rules.write(first.id, _first_rules(), now, None)
        self.rules.switch(first.id, now, active=True)

    def user_by_email(self, email: str) -> Kept[UserForm] | None:
        """Return the user with this address, whatever its capitals."""
        return next((user for user in self.users if user.form.email.lower() == email.strip().lower()), None)

    def priority(self, wanted: str) -> Priority | None:
        """Return the priority of this id or name."""
        return next((each for each in PRIORITIES if wanted in {each.id, each.name}), None)

    def add_integration(self, service_id: str, form: IntegrationForm, now: datetime, *, key: str = "") -> Integration:
        """Give a service a door with a key of its own."""
        number = len(self.integrations) + 1
        digest = _digest(f"{service_id}#{number}")
        made = Integration(f"PI{digest[:5].upper()}", service_id, key or digest[:32], form, now)
        self.integrations[made.id] = made
        return made

    def integration_by_key(self, key: str) -> Integration | None:
        """Return the door that this routing key opens."""
        return next((each for each in self.integrations.values() if each.key == key), None)

    def integrations_of(self, service_id: str) -> tuple[Integration, ...]:
        """Return the doors of a service."""
        return tuple(each for each in self.integrations.values() if each.service_id == service_id)

    def overrides_of(self, schedule_id: str) -> Shelf[OverrideForm]:
        """Return the overrides of a schedule."""
        return self.overrides.setdefault(schedule_id, Shelf("Override", "O"))

    def duties(self, schedule_id: str, since: datetime, until: datetime) -> tuple[rota.Duty, ...]:
        """Return who is on call for the schedule in the stretch, overrides included."""
        overrides = [kept.form for kept in self.overrides_of(schedule_id)]
        return rota.final(self.schedules[schedule_id].form, overrides, since.astimezone(UTC), until.astimezone(UTC))

    def on_call(self, policy_id: str, level: int, now: datetime) -> tuple[str, ...]:
        """Return the users who are told at this level (from 1) at this moment; none when nobody is on call."""
        told: list[str] = []
        for target in self.policies[policy_id].form.escalation_rules[level - 1].targets:
            if target.type.startswith("user"):
                told.append(target.id)
            else:
                told += [duty.user_id for duty in self.duties(target.id, now, now + A_MOMENT)]
        return tuple(dict.fromkeys(told))

    def check(self, *references: Reference) -> None:
        """Raise `Missing` for a reference to something that is not there."""
        shelves: dict[str, Shelf[UserForm] | Shelf[ScheduleForm] | Shelf[PolicyForm] | Shelf[ServiceForm]] = {
            "user": self.users,
            "schedule": self.schedules,
            "escalation_policy": self.policies,
            "service": self.services,
        }
        for reference in references:
            shelf = shelves.get(reference.type.removesuffix("_reference"))
            if shelf is None or reference.id not in shelf:
                raise Missing(f"{reference.type} {reference.id} does not exist")

    def delete_user(self, identifier: str) -> None:
        """Delete a user who is in no policy and in no schedule."""
        in_policies = [policy.form.name for policy in self._policies_with(self.users[identifier].id)]
        in_schedules = [
            schedule.form.name
            for schedule in self.schedules
            if any(member.user.id == identifier for layer in schedule.form.schedule_layers for member in layer.users)
        ]
        self._refuse_if("The user", in_policies + in_schedules)
        self.users.drop(identifier)

    def delete_schedule(self, identifier: str) -> None:
        """Delete a schedule that no policy uses."""
        self._refuse_if("The schedule", [each.form.name for each in self._policies_with(self.schedules[identifier].id)])
        self.schedules.drop(identifier)

    def delete_policy(self, identifier: str) -> None:
        """Delete a policy that no service uses."""
        policy = self.policies[identifier]
        used_by = [each.form.name for each in self.services if each.form.escalation_policy.id == policy.id]
        self._refuse_if("The escalation policy", used_by)
        self.policies.drop(identifier)

    def delete_service(self, identifier: str) -> None:
        """Delete a service, and its doors with it."""
        self.services.drop(identifier)
        self.rules.drop(identifier)
        self.integrations = {key: each for key, each in self.integrations.items() if each.service_id != identifier}

    def _policies_with(self, target_id: str) -> list[Kept[PolicyForm]]:
        return [
            policy
            for policy in self.policies
            if any(target.id == target_id for rule in policy.form.escalation_rules for target in rule.targets)
        ]

    def _refuse_if(self, what: str, used_by: list[str]) -> None:
        if used_by:
            raise StillUsed(f"{what} cannot be deleted while it is used by {', '.join(used_by)}")


def _first_rules() -> OrchestrationForm:
    """Return the rules by which the incidents of the first service get a priority: there is none without a rule."""
    rules = [
        {
            "label": f"{severity} is {priority.name}",
            "conditions": [{"expression": f"event.severity matches '{severity}'"}],
            "actions": {"priority": priority.id},
        }
        for severity, priority in zip(SEVERITIES, PRIORITIES, strict=True)
    ]
    return OrchestrationForm.model_validate({"sets": [{"id": START, "rules": rules}]})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
