"""What the board shows: incidents with who was told and what comes next, on-call, webhooks, threads, switches."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vcci_platform.sandbox.kinds import KINDS
from vcci_platform.sandbox.pagerduty import timers
from vcci_platform.sandbox.pagerduty.incident import Incident
from vcci_platform.sandbox.pagerduty.timers import Due
from vcci_platform.sandbox.slack.model import Message
from vcci_platform.sandbox.state import Sandbox

__all__ = ["CALLS_SHOWN", "INCIDENTS_SHOWN", "board_view", "threads"]

CALLS_SHOWN: Final = 60
INCIDENTS_SHOWN: Final = 50
WEBHOOKS_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Page:
    """An incident with the names of what it refers to, and what it will do by itself."""

    incident: Incident
    priority: str
    service: str
    policy: str
    assignees: tuple[str, ...]
    dues: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """Who is told at one level of a policy now, and after how many minutes the next is."""

    number: int
    names: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class Thread:
    """A message with the replies below it, the oldest first."""

    message: Message
    replies: tuple[Message, ...]


def board_view(sandbox: Sandbox) -> dict[str, Any]:
    """Return everything that the board's templates show."""
    incidents = sorted(sandbox.pagerduty.incidents, key=lambda incident: not incident.open)  # open first, then newest
    public = sorted(sandbox.statuspage.incidents, key=lambda incident: incident.status == "resolved")
    return {
        "sandbox": sandbox,
        "calls": list(itertools.islice(reversed(sandbox.calls), CALLS_SHOWN)),
        "pages": [_page(incident, sandbox) for incident in incidents[:INCIDENTS_SHOWN]],
        "on_call": _on_call(sandbox, sandbox.clock.now()),
        "deliveries": sandbox.webhooks.deliveries[:WEBHOOKS_SHOWN],
        "public": public[:INCIDENTS_SHOWN],
        "threads": threads(sandbox.slack.messages)[:INCIDENTS_SHOWN],
        "kinds": KINDS,
    }


def threads(messages: tuple[Message, ...]) -> tuple[Thread, ...]:
    """Return the messages, the newest first, with their replies; a reply to nothing that is kept stands alone."""
    known = {(message.channel, message.ts) for message in messages}
    replies: dict[tuple[str, str], list[Message]] = {}
    roots: list[Message] = []
    for message in messages:
        parent = (message.channel, message.thread_ts or "")
        if parent in known and message.thread_ts != message.ts:
            replies.setdefault(parent, []).append(message)
        else:
            roots.append(message)
    return tuple(Thread(root, tuple(reversed(replies.get((root.channel, root.ts), ())))) for root in roots)


def _page(incident: Incident, sandbox: Sandbox) -> Page:
    account = sandbox.pagerduty.account
    priority = account.priority(incident.priority_id) if incident.priority_id else None
    return Page(
        incident,
        priority.name if priority else "",
        account.services[incident.service_id].form.name if incident.service_id in account.services else "deleted",
        account.policies[incident.policy_id].form.name if incident.policy_id in account.policies else "deleted",
        tuple(_name(sandbox, user_id) for user_id in incident.assignees),
        timers.dues(sandbox.pagerduty, incident),
    )


def _on_call(sandbox: Sandbox, now: datetime) -> tuple[tuple[str, tuple[Level, ...]], ...]:
    account = sandbox.pagerduty.account
    return tuple(
        (
            policy.form.name,
            tuple(
                Level(
                    number,
                    tuple(_name(sandbox, user_id) for user_id in account.on_call(policy.id, number, now)),
                    rule.escalation_delay_in_minutes,
                )
                for number, rule in enumerate(policy.form.escalation_rules, start=1)
            ),
        )
        for policy in account.policies
    )


def _name(sandbox: Sandbox, user_id: str) -> str:
    users = sandbox.pagerduty.account.users
    return users[user_id].form.name if user_id in users else "a deleted user"
