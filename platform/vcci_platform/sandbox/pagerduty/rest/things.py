"""`/users`, `/services`, `/escalation_policies`, `/schedules`: listing, reading, making, changing, deleting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from vcci_platform.sandbox.pagerduty.account import Account, Kept, Missing, Shelf, StillUsed
from vcci_platform.sandbox.pagerduty.account_forms import (
    Layer,
    PolicyForm,
    Reference,
    ScheduleForm,
    ServiceForm,
    UserForm,
)
from vcci_platform.sandbox.pagerduty.account_shapes import (
    layer_id,
    policy_shape,
    schedule_shape,
    service_shape,
    user_shape,
)
from vcci_platform.sandbox.pagerduty.references import Namer, whole_seconds
from vcci_platform.sandbox.pagerduty.refusals import INVALID_INPUT, RestRefusal, invalid, not_found
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Call, Desk, page, requester, wrapped

__all__ = ["POLICIES", "SCHEDULES", "SERVICES", "USERS", "Collection"]

FormT = TypeVar("FormT", UserForm, ServiceForm, PolicyForm, ScheduleForm)


@dataclass(frozen=True)
class Collection(Generic[FormT]):
    """The calls that every kind of thing has."""

    one: str
    many: str
    form: type[FormT]
    shelf: Callable[[Account], Shelf[FormT]]
    shape: Callable[[Kept[FormT], Namer], dict[str, Any]]
    needs: Callable[[FormT], tuple[Reference, ...]]
    unique: Callable[[FormT], str]
    delete: Callable[[Account], Callable[[str], None]]
    settle: Callable[[Kept[FormT], FormT, datetime], FormT] = lambda _before, form, _now: form
    """What is kept of a change, beside what was before."""

    def list_all(self, call: Call, desk: Desk) -> Answer:
        """Return a page of them, in the order of their names; `query` searches the name."""
        wanted = call.one("query").lower()
        things = [each for each in self.shelf(desk.pagerduty.account) if wanted in self.unique(each.form).lower()]
        things.sort(key=lambda each: each.form.name.lower())
        return page(call, self.many, [self.shape(each, desk.namer) for each in things])

    def get(self, _call: Call, desk: Desk, identifier: str) -> Answer:
        """Return one of them."""
        return self._answer(200, self._find(desk, identifier), desk, "")

    def create(self, call: Call, desk: Desk) -> Answer:
        """Make one; its name is taken once. Who makes a user says who they are."""
        if self.one == "user":
            requester(call, desk)
        form = self._read(call, desk, "")
        made = self.shelf(desk.pagerduty.account).add(form, call.now)
        return self._answer(201, made, desk, f"{self.one} {made.id} made: {form.name}")

    def update(self, call: Call, desk: Desk, identifier: str) -> Answer:
        """Write one anew; what is left out of the body keeps its value."""
        before = self._find(desk, identifier)
        form = self.settle(before, self._read(call, desk, identifier, before.form), call.now)
        changed = self.shelf(desk.pagerduty.account).put(identifier, form)
        return self._answer(200, changed, desk, f"{self.one} {changed.id} changed: {form.name}")

    def remove(self, _call: Call, desk: Desk, identifier: str) -> Answer:
        """Delete one that nothing refers to."""
        self._find(desk, identifier)
        if blocking := _open_incidents(desk, self.one, identifier):
            raise RestRefusal(400, INVALID_INPUT, "Invalid Input Provided", [blocking])
        try:
            self.delete(desk.pagerduty.account)(identifier)
        except StillUsed as error:
            raise invalid(str(error)) from error
        return Answer(204, None, f"{self.one} {identifier} deleted")

    def _find(self, desk: Desk, identifier: str) -> Kept[FormT]:
        try:
            return self.shelf(desk.pagerduty.account)[identifier]
        except Missing as error:
            raise not_found(str(error)) from error

    def _read(self, call: Call, desk: Desk, identifier: str, before: FormT | None = None) -> FormT:
        body = call.body
        if before is not None and body is not None and isinstance(body.get(self.one), dict):
            kept = {name: value for name, value in before.model_dump(mode="json", by_alias=True).items() if value != ""}
            body = {**body, self.one: kept | _nulls_are_off(body[self.one])}
        form: FormT = wrapped(self.form, self.one, body)
        account = desk.pagerduty.account
        try:
            account.check(*self.needs(form))
        except Missing as error:
            raise invalid(str(error)) from error
        name = self.unique(form)
        if any(self.unique(each.form) == name and each.id != identifier for each in self.shelf(account)):
            raise invalid(f"'{name}' has already been taken")
        return form

    def _answer(self, status: int, thing: Kept[FormT], desk: Desk, note: str) -> Answer:
        return Answer(status, {self.one: self.shape(thing, desk.namer)}, note)


def _nulls_are_off(given: dict[str, Any]) -> dict[str, Any]:
    """Return the given fields with a timeout of null written as the 0 that it means."""
    timeouts = {"auto_resolve_timeout", "acknowledgement_timeout"}
    return {name: 0 if value is None and name in timeouts else value for name, value in given.items()}


def _open_incidents(desk: Desk, kind: str, identifier: str) -> str:
    """Return why an open incident keeps the thing from being deleted."""
    for incident in desk.pagerduty.incidents:
        if not incident.open:
            continue
        concerned = {"service": incident.service_id, "escalation_policy": incident.policy_id}.get(kind)
        if concerned == identifier or (kind == "user" and identifier in incident.assignees):
            return f"incident {incident.id} is open: resolve it first"
    return ""


def _layers_that_stay(before: Kept[ScheduleForm], form: ScheduleForm, now: datetime) -> ScheduleForm:
    """Return a changed schedule: a layer can be ended and never removed, so one that is left out ends now."""
    known = {
        layer.id or layer_id(before.id, number): layer for number, layer in enumerate(before.form.schedule_layers, 1)
    }
    if unknown := {layer.id for layer in form.schedule_layers if layer.id} - known.keys():
        raise invalid(f"Schedule layer {', '.join(sorted(unknown))} does not exist")
    given, made = list[Layer](), len(known)
    for layer in form.schedule_layers:
        made += not layer.id
        given.append(layer if layer.id else layer.model_copy(update={"id": layer_id(before.id, made)}))
    named = {layer.id for layer in given}
    ended = [
        layer.model_copy(update={"id": name, "end": layer.end or whole_seconds(now)})
        for name, layer in known.items()
        if name not in named
    ]
    return form.model_copy(update={"schedule_layers": (*given, *ended)})


def _user_needs(_form: UserForm) -> tuple[Reference, ...]:
    return ()


def _service_needs(form: ServiceForm) -> tuple[Reference, ...]:
    return (form.escalation_policy,)


def _policy_needs(form: PolicyForm) -> tuple[Reference, ...]:
    return tuple(target for rule in form.escalation_rules for target in rule.targets)


def _schedule_needs(form: ScheduleForm) -> tuple[Reference, ...]:
    return tuple(member.user for layer in form.schedule_layers for member in layer.users)


USERS = Collection(
    "user",
    "users",
    UserForm,
    lambda account: account.users,
    user_shape,
    _user_needs,
    lambda form: form.email,
    lambda account: account.delete_user,
)
SERVICES = Collection(
    "service",
    "services",
    ServiceForm,
    lambda account: account.services,
    service_shape,
    _service_needs,
    lambda form: form.name,
    lambda account: account.delete_service,
)
POLICIES = Collection(
    "escalation_policy",
    "escalation_policies",
    PolicyForm,
    lambda account: account.policies,
    policy_shape,
    _policy_needs,
    lambda form: form.name,
    lambda account: account.delete_policy,
)
SCHEDULES = Collection(
    "schedule",
    "schedules",
    ScheduleForm,
    lambda account: account.schedules,
    schedule_shape,
    _schedule_needs,
    lambda form: form.name,
    lambda account: account.delete_schedule,
    _layers_that_stay,
)
