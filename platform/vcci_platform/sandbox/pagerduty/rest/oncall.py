"""`/oncalls`, `/schedules/{id}` with its stretch of time, overrides, integrations, priorities, abilities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vcci_platform.sandbox.pagerduty.account import PRIORITIES, Kept, Missing
from vcci_platform.sandbox.pagerduty.account_forms import IntegrationForm, OverrideForm, PolicyForm, ScheduleForm
from vcci_platform.sandbox.pagerduty.account_shapes import integration_shape, override_shape, schedule_shape
from vcci_platform.sandbox.pagerduty.references import whole_seconds
from vcci_platform.sandbox.pagerduty.refusals import invalid, not_found
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Call, Desk, page, read, stretch, wrapped

__all__ = [
    "add_integration",
    "add_overrides",
    "get_integration",
    "get_schedule",
    "list_abilities",
    "list_oncalls",
    "list_overrides",
    "list_priorities",
    "list_schedule_users",
    "remove_override",
    "who_am_i",
]

ABILITIES: Final = ("coordinated_responding", "priorities", "webhooks", "teams", "urgencies")
A_MOMENT: Final = timedelta(seconds=1)
AHEAD: Final = timedelta(days=90)  # how far a duty is followed beyond the stretch, for its own start and end


@dataclass(frozen=True, slots=True)
class _Turn:
    policy_id: str
    level: int
    user_id: str
    schedule_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def list_oncalls(call: Call, desk: Desk) -> Answer:
    """Return who is on call in the stretch, by policy and level; without a stretch, now."""
    asked = stretch(call)
    turns = [turn for policy in desk.pagerduty.account.policies for turn in _turns(policy, desk, asked, call.now)]
    for name in ("escalation_policy_ids", "schedule_ids", "user_ids"):
        if chosen := call.many(name):
            turns = [turn for turn in turns if _value(turn, name) in chosen]
    if call.truth("earliest"):
        first: dict[tuple[str, int, str], _Turn] = {}
        for turn in sorted(turns, key=lambda turn: turn.start or call.now):
            first.setdefault((turn.policy_id, turn.level, turn.user_id), turn)
        turns = list(first.values())
    turns.sort(key=lambda turn: (turn.policy_id, turn.level, turn.start or call.now))
    return page(call, "oncalls", [_oncall_shape(turn, desk) for turn in turns])


def get_schedule(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return a schedule with who is on call in the stretch; without one, in the next two weeks."""
    asked = stretch(call) or (call.now, call.now + timedelta(days=14))
    return Answer(200, {"schedule": schedule_shape(_schedule(desk, identifier), desk.namer, asked)})


def list_schedule_users(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return who is on call for the schedule in the stretch."""
    _schedule(desk, identifier)
    since, until = stretch(call) or (call.now, call.now + A_MOMENT)
    user_ids = dict.fromkeys(duty.user_id for duty in desk.pagerduty.account.duties(identifier, since, until))
    return Answer(200, {"users": [desk.namer.user(user_id) for user_id in user_ids]})


def list_overrides(call: Call, desk: Desk, identifier: str) -> Answer:
    """Return the overrides of a schedule."""
    _schedule(desk, identifier)
    overrides = [override_shape(each, desk.namer) for each in desk.pagerduty.account.overrides_of(identifier)]
    return Answer(200, {"overrides": overrides})


def add_overrides(call: Call, desk: Desk, identifier: str) -> Answer:
    """Take a schedule's duty for a while; each override of the list has a status of its own."""
    _schedule(desk, identifier)
    body = dict(call.body or {})
    rows = [body["override"]] if set(body) == {"override"} else body.get("overrides")
    if not isinstance(rows, list) or not rows:
        raise invalid("expected a list inside the wrapper 'overrides'")
    forms = [read(OverrideForm, row) for row in rows]
    account = desk.pagerduty.account
    try:
        account.check(*(form.user for form in forms))
    except Missing as error:
        raise invalid(str(error)) from error
    made = [account.overrides_of(identifier).add(form, call.now) for form in forms]
    shown = [{"status": 201, "override": override_shape(each, desk.namer)} for each in made]
    return Answer(201, shown, f"{len(made)} overrides of {identifier}")


def remove_override(_call: Call, desk: Desk, identifier: str, override_id: str) -> Answer:
    """Give the duty back to the layers."""
    _schedule(desk, identifier)
    try:
        desk.pagerduty.account.overrides_of(identifier).drop(override_id)
    except Missing as error:
        raise not_found(str(error)) from error
    return Answer(204, None, f"override {override_id} deleted")


def add_integration(call: Call, desk: Desk, identifier: str) -> Answer:
    """Give a service a door for events, with a routing key of its own."""
    account = desk.pagerduty.account
    if identifier not in account.services:
        raise not_found(f"Service {identifier} does not exist")
    form = wrapped(IntegrationForm, "integration", call.body)
    made = account.add_integration(identifier, form, call.now)
    return Answer(201, {"integration": integration_shape(made, desk.namer)}, f"integration {made.id} of {identifier}")


def get_integration(_call: Call, desk: Desk, identifier: str, integration_id: str) -> Answer:
    """Return a service's door, with its key."""
    found = desk.pagerduty.account.integrations.get(integration_id)
    if found is None or found.service_id != identifier:
        raise not_found(f"Integration {integration_id} does not exist")
    return Answer(200, {"integration": integration_shape(found, desk.namer)})


def list_priorities(call: Call, desk: Desk) -> Answer:
    """Return the priorities, the most severe first."""
    return page(call, "priorities", [desk.namer.priority(each) for each in PRIORITIES])


def list_abilities(_call: Call, _desk: Desk) -> Answer:
    """Return what the account may do."""
    return Answer(200, {"abilities": list(ABILITIES)})


def who_am_i(_call: Call, _desk: Desk) -> Answer:
    """Refuse: the sandbox's key is the account's, and belongs to no user."""
    raise invalid("the key of this account belongs to no user, so there is no 'me'")


def _turns(
    policy: Kept[PolicyForm], desk: Desk, asked: tuple[datetime, datetime] | None, now: datetime
) -> Iterator[_Turn]:
    for level, rule in enumerate(policy.form.escalation_rules, start=1):
        for target in rule.targets:
            if target.type.startswith("user"):
                yield _Turn(policy.id, level, target.id)
                continue
            since, until = asked or (now, now + A_MOMENT)
            whole = desk.pagerduty.account.duties(target.id, since - AHEAD, until + AHEAD)
            for duty in whole:
                if duty.start < max(until, since + A_MOMENT) and duty.end > since:
                    yield _Turn(policy.id, level, duty.user_id, target.id, duty.start, duty.end)


def _value(turn: _Turn, name: str) -> str | None:
    return {
        "escalation_policy_ids": turn.policy_id,
        "schedule_ids": turn.schedule_id,
        "user_ids": turn.user_id,
    }[name]


def _oncall_shape(turn: _Turn, desk: Desk) -> dict[str, Any]:
    """Return who is on call; one who always is has neither schedule nor start and end."""
    return {
        "escalation_policy": desk.namer.policy(turn.policy_id),
        "escalation_level": turn.level,
        "schedule": desk.namer.schedule(turn.schedule_id) if turn.schedule_id else None,
        "user": desk.namer.user(turn.user_id),
        "start": whole_seconds(turn.start) if turn.start else None,
        "end": whole_seconds(turn.end) if turn.end else None,
    }


def _schedule(desk: Desk, identifier: str) -> Kept[ScheduleForm]:
    try:
        return desk.pagerduty.account.schedules[identifier]
    except Missing as error:
        raise not_found(str(error)) from error
