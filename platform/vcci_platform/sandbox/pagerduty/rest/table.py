"""The table of the calls: which function answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vcci_platform.sandbox.pagerduty.refusals import INVALID_INPUT, RestRefusal, not_found
from vcci_platform.sandbox.pagerduty.rest import incidents, oncall, orchestrations, subscriptions
from vcci_platform.sandbox.pagerduty.rest.call import Answer, Call, Desk
from vcci_platform.sandbox.pagerduty.rest.things import POLICIES, SCHEDULES, SERVICES, USERS

__all__ = ["ROOTS", "answer"]


@dataclass(frozen=True, slots=True)
class _Row:
    method: str
    path: re.Pattern[str]
    do: Callable[..., Answer]


def _row(method: str, path: str, do: Callable[..., Answer]) -> _Row:
    return _Row(method, re.compile(path.replace("{}", "([^/]+)")), do)


ROOTS: Final = (
    "abilities",
    "escalation_policies",
    "event_orchestrations",
    "incidents",
    "oncalls",
    "priorities",
    "schedules",
    "services",
    "users",
    "webhook_subscriptions",
)
"""The first parts of the paths that belong to PagerDuty's REST API."""

_TABLE: Final = (
    _row("GET", "/incidents", incidents.list_incidents),
    _row("POST", "/incidents", incidents.create),
    _row("PUT", "/incidents", incidents.update_many),
    _row("GET", "/incidents/{}", incidents.get),
    _row("PUT", "/incidents/{}", incidents.update),
    _row("GET", "/incidents/{}/notes", incidents.list_notes),
    _row("POST", "/incidents/{}/notes", incidents.annotate),
    _row("POST", "/incidents/{}/status_updates", incidents.publish),
    _row("POST", "/incidents/{}/responder_requests", incidents.ask_responders),
    _row("POST", "/incidents/{}/snooze", incidents.snooze),
    _row("GET", "/incidents/{}/alerts", incidents.list_alerts),
    _row("GET", "/incidents/{}/alerts/{}", incidents.get_alert),
    _row("GET", "/incidents/{}/log_entries", incidents.list_log),
    _row("GET", "/priorities", oncall.list_priorities),
    _row("GET", "/abilities", oncall.list_abilities),
    _row("GET", "/oncalls", oncall.list_oncalls),
    _row("GET", "/users/me", oncall.who_am_i),
    *(
        row
        for things in (USERS, SERVICES, POLICIES, SCHEDULES)
        for row in (
            _row("GET", f"/{things.many}", things.list_all),
            _row("POST", f"/{things.many}", things.create),
            _row("PUT", f"/{things.many}/{{}}", things.update),
            _row("DELETE", f"/{things.many}/{{}}", things.remove),
        )
    ),
    _row("GET", "/users/{}", USERS.get),
    _row("GET", "/services/{}", SERVICES.get),
    _row("POST", "/services/{}/integrations", oncall.add_integration),
    _row("GET", "/services/{}/integrations/{}", oncall.get_integration),
    _row("GET", "/escalation_policies/{}", POLICIES.get),
    _row("GET", "/schedules/{}", oncall.get_schedule),
    _row("GET", "/schedules/{}/users", oncall.list_schedule_users),
    _row("GET", "/schedules/{}/overrides", oncall.list_overrides),
    _row("POST", "/schedules/{}/overrides", oncall.add_overrides),
    _row("DELETE", "/schedules/{}/overrides/{}", oncall.remove_override),
    _row("GET", "/event_orchestrations/services/{}", orchestrations.get),
    _row("PUT", "/event_orchestrations/services/{}", orchestrations.update),
    _row("GET", "/event_orchestrations/services/{}/active", orchestrations.get_active),
    _row("PUT", "/event_orchestrations/services/{}/active", orchestrations.set_active),
    _row("GET", "/webhook_subscriptions", subscriptions.list_all),
    _row("POST", "/webhook_subscriptions", subscriptions.create),
    _row("GET", "/webhook_subscriptions/{}", subscriptions.get),
    _row("PUT", "/webhook_subscriptions/{}", subscriptions.update),
    _row("DELETE", "/webhook_subscriptions/{}", subscriptions.remove),
    _row("POST", "/webhook_subscriptions/{}/enable", subscriptions.enable),
    _row("POST", "/webhook_subscriptions/{}/ping", subscriptions.ping),
)


def answer(call: Call, desk: Desk) -> Answer:
    """Carry out a call, or raise `RestRefusal`: nothing has this path, or it does not take this method."""
    known = False
    for row in _TABLE:
        match = row.path.fullmatch(call.path)
        if match is None:
            continue
        known = True
        if row.method == call.method:
            return row.do(call, desk, *match.groups())
    if known:
        raise RestRefusal(405, INVALID_INPUT, "Method Not Allowed", [f"{call.path} does not take {call.method}"])
    raise not_found(f"this stand-in has no {call.path}")
