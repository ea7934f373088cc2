"""What PagerDuty is told to do: the spec's rotas and its `unacknowledged` steps as schedules, policies and a service.

One authority at a time: PagerDuty counts until somebody acknowledges, also while the desk is down; the desk counts
until it is resolved, and is never the first. So the service takes no acknowledgement back and resolves nothing itself.
People and schedules stand here by mail address and by the name of a variable; ids are looked up in the account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from vcci_alerts.errors import AlertsError
from vcci_alerts.yaml_text import yaml_text
from vcci_slo.oncall import shifts
from vcci_slo.plan import LINES, Line, OnCall, Plan, Severity

__all__ = [
    "EVENTS",
    "PATH",
    "Policy",
    "Route",
    "Rule",
    "Schedule",
    "Service",
    "Subscription",
    "Target",
    "Wanted",
    "joins",
    "places",
    "wanted",
]

PATH = "pagerduty.yml"

LAST_WAIT_MINUTES = 30
"""How long the last level is left alone before everybody is asked again, from the first on."""
ROUNDS = 9
"""How often it is begun anew while nobody acknowledges: PagerDuty's most. A page that rings nobody is lost."""

HOOK = "/v1/hooks/pagerduty"
# https://developer.pagerduty.com/docs/webhooks-overview/#event-types: what changes who is at work, or what is known
EVENTS = (
    "incident.acknowledged",
    "incident.annotated",
    "incident.delegated",
    "incident.escalated",
    "incident.priority_updated",
    "incident.reassigned",
    "incident.reopened",
    "incident.resolved",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.status_update_published",
    "incident.triggered",
    "incident.unacknowledged",
)


@dataclass(frozen=True)
class Target:
    """Whom a rule rings. `ref` is the mail of a user, the variable of a schedule, or the key of one made here."""

    kind: Literal["user", "variable", "schedule"]
    ref: str
    role: str


@dataclass(frozen=True)
class Rule:
    """One level, and for how many minutes it is rung before the next one is."""

    level: int
    minutes: int
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Policy:
    """An escalation policy: the `unacknowledged` steps of one severity."""

    key: str
    name: str
    rounds: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Schedule:
    """A schedule with one layer. `start` is the first handoff; `members` are mail addresses in the order of turns."""

    key: str
    name: str
    zone: str
    start: datetime
    turn: timedelta
    members: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """The service that is paged; `policy` is the key of the policy that holds where nothing else chooses one."""

    name: str
    policy: str
    integration: str


@dataclass(frozen=True)
class Route:
    """Which priority and policy an event of a severity gets. `severity` is PagerDuty's word."""

    severity: str
    priority: str
    policy: str


@dataclass(frozen=True)
class Subscription:
    """Where PagerDuty tells what people do there."""

    url: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """Everything that an account should have. `owner` is the plan's name: it marks what is kept from here.

    `policies` are those of the severities, `levels` those through which the desk asks a level to join an open page.
    """

    owner: str
    schedules: tuple[Schedule, ...]
    policies: tuple[Policy, ...]
    levels: tuple[Policy, ...]
    service: Service
    routes: tuple[Route, ...]
    subscription: Subscription | None
    priorities: tuple[str, ...]

    @property
    def every_policy(self) -> tuple[Policy, ...]:
        """Every escalation policy that the account should have."""
        return *self.policies, *self.levels

    def marker(self, kind: str, key: str) -> str:
        """Return what stands in the description of a thing, so that it is known again under any name."""
        return f"[vcci:{self.owner}:{kind}:{key}]"

    def description(self, kind: str, key: str) -> str:
        """Return the description of a thing that is kept from the spec."""
        return f"Kept by vcci: change the spec, not this. {self.marker(kind, key)}"


def wanted(plan: Plan) -> Wanted | None:
    """Return what PagerDuty should have, or None for a spec that does not say whom to ask.

    Raises AlertsError for a plan whose clocks are scaled below PagerDuty's smallest step, a minute.
    """
    rings = [severity for severity in plan.severities if severity.notify.pagerduty is not None]
    if not rings or not plan.escalation.who(1):
        return None
    policies = tuple(_policy(plan, severity) for severity in rings)
    return Wanted(
        owner=plan.name,
        schedules=tuple(_schedules(plan)),
        policies=policies,
        levels=tuple(_policy_of_level(plan, level, name) for level, name in joins(plan).items()),
        service=Service(plan.title, policies[0].key, f"{plan.name} desk and Alertmanager"),
        routes=tuple(Route(severity.pagerduty, severity.priority, severity.priority) for severity in rings),
        subscription=Subscription(f"{plan.links.desk}{HOOK}", EVENTS) if plan.links.desk else None,
        priorities=tuple(severity.priority for severity in plan.severities),
    )


def render(plan: Plan) -> Mapping[str, str]:
    """Return pagerduty.yml; nothing for a spec that does not say whom to ask, nor for clocks that run faster."""
    found = wanted(plan) if plan.time_scale == 1 else None
    return {PATH: yaml_text(_document(found), source=plan.source)} if found else {}


# --- from the plan ---


def _policy(plan: Plan, severity: Severity) -> Policy:
    """Return the policy of a severity: each level is rung until the next one's time has come."""
    steps = [(timedelta(0), 1), *_steps(plan, severity)]
    ends = [after for after, _ in steps[1:]]
    rules: list[Rule] = []
    for index, (after, level) in enumerate(steps):
        minutes = _minutes(severity.priority, ends[index] - after) if index < len(ends) else LAST_WAIT_MINUTES
        targets = tuple(_target(plan, role) for role in plan.escalation.who(level))
        rules.append(Rule(level, minutes, targets))
    return Policy(severity.priority, f"{plan.name} {severity.priority}", ROUNDS if severity.page else 0, tuple(rules))


def places(plan: Plan) -> Mapping[str, Mapping[int, int]]:
    """Return where each level stands in PagerDuty's policy of a severity, counted from one as PagerDuty does."""
    return {
        severity.priority: {
            level: place for place, level in enumerate((1, *(level for _, level in _steps(plan, severity))), 1)
        }
        for severity in plan.severities
        if severity.notify.pagerduty is not None
    }


def joins(plan: Plan) -> Mapping[int, str]:
    """Return the policy through which each level is asked to join a page out of its turn, as for a declared breach.

    To hand the page on would take it away from those who work on it; and a policy for the unacknowledged must not ring
    for executives merely because nobody answers. A level of which PagerDuty knows nobody has none.
    """
    return {
        level: f"{plan.name} level {level}"
        for level, roles in plan.escalation.levels
        if level > 1 and all(_is_known(plan, role) for role in roles)
    }


def _policy_of_level(plan: Plan, level: int, name: str) -> Policy:
    targets = tuple(_target(plan, role) for role in plan.escalation.who(level))
    return Policy(f"level-{level}", name, ROUNDS, (Rule(level, LAST_WAIT_MINUTES, targets),))


def _steps(plan: Plan, severity: Severity) -> tuple[tuple[timedelta, int], ...]:
    return plan.escalation.steps(severity.priority, "unacknowledged")


def _is_known(plan: Plan, role: str) -> bool:
    try:
        _target(plan, role)
    except AlertsError:
        return False
    return True


def _minutes(priority: str, wait: timedelta) -> int:
    minutes, rest = divmod(wait, timedelta(minutes=1))
    if rest or not minutes:
        owner = f"escalation.unacknowledged.{priority}"
        raise AlertsError(owner, "steps of whole minutes, PagerDuty's smallest", f"{wait.total_seconds():g} s")
    return minutes


def _target(plan: Plan, role: str) -> Target:
    """Return how PagerDuty knows a role; the spec has been checked that it does."""
    team, _, line = role.rpartition(".")
    rota = next((rota for rota in plan.on_call if rota.team == team), None)
    if rota is not None:
        which: Line = "primary" if line == "primary" else "secondary"
        variable = rota.schedule(which)
        return Target("variable", variable, role) if variable else Target("schedule", role, role)
    contact = next((contact for contact in plan.contacts if contact.name == role), None)
    if contact is None or not (contact.pagerduty_schedule or contact.mail):
        raise AlertsError(f"contacts.{role}", "a mail or a pagerduty_schedule", "neither")
    if contact.pagerduty_schedule:
        return Target("variable", contact.pagerduty_schedule, role)
    return Target("user", contact.mail, role)


def _schedules(plan: Plan) -> Iterator[Schedule]:
    """Yield the schedules whose members stand in the spec."""
    mails = {contact.name: contact.mail for contact in plan.contacts}
    for rota in plan.on_call:
        for line in LINES:
            members = tuple(mails.get(member, member) for member in rota.members(line))
            if members:
                key = f"{rota.team}.{line}"
                yield Schedule(
                    key, f"{plan.name} {key}", plan.calendar.timezone, _first(plan, rota), rota.shift, members
                )


def _first(plan: Plan, rota: OnCall) -> datetime:
    """Return the first handoff of a rota with members, which always says when it starts."""
    assert rota.starts is not None  # noqa: S101 - the resolver refuses members without it
    near = datetime.combine(rota.starts, time(), UTC)
    known = shifts(rota, plan.calendar.timezone, near - timedelta(days=2), near + timedelta(days=3))
    return next(shift.start for shift in known if shift.number == 0)


# --- to text ---


def _document(found: Wanted) -> Mapping[str, Any]:
    return {
        "service": {
            "name": found.service.name,
            "escalation_policy": _named(found, found.service.policy),
            "acknowledgement_timeout": "off",
            "auto_resolve_timeout": "off",
            "urgency": "by severity",
            "integration": found.service.integration,
        },
        "priorities": list(found.priorities),
        "escalation_policies": [_policy_words(policy) for policy in found.every_policy],
        **({"schedules": [_schedule_words(schedule) for schedule in found.schedules]} if found.schedules else {}),
        "severities": [
            {"severity": route.severity, "priority": route.priority, "escalation_policy": _named(found, route.policy)}
            for route in found.routes
        ],
        **(
            {"webhook_subscription": {"url": found.subscription.url, "events": list(found.subscription.events)}}
            if found.subscription
            else {}
        ),
    }


def _named(found: Wanted, key: str) -> str:
    return next(policy.name for policy in found.policies if policy.key == key)


def _policy_words(policy: Policy) -> Mapping[str, Any]:
    return {
        "name": policy.name,
        "num_loops": policy.rounds,
        "escalation_rules": [
            {
                "level": rule.level,
                "escalation_delay_in_minutes": rule.minutes,
                "targets": [{"role": target.role, target.kind: target.ref} for target in rule.targets],
            }
            for rule in policy.rules
        ],
    }


def _schedule_words(schedule: Schedule) -> Mapping[str, Any]:
    return {
        "name": schedule.name,
        "time_zone": schedule.zone,
        "rotation_virtual_start": schedule.start.isoformat(),
        "rotation_turn_length_seconds": int(schedule.turn.total_seconds()),
        "members": list(schedule.members),
    }
