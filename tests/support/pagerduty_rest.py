"""PagerDuty's REST API as a function from a request to its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx2

from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.testing import ManualClock

__all__ = ["SENDER", "TOKEN", "Asked", "error", "incident", "pagerduty"]

TOKEN = "t0ken-that-nobody-may-see"
SENDER = "desk@shop.example"
Answer = Callable[[httpx2.Request], Any]


class Asked:
    """What was sent, in order, and what was answered."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = answer

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        result = self._answer(request)
        if isinstance(result, Exception):
            raise result
        made = result if isinstance(result, httpx2.Response) else httpx2.Response(200, json=result)
        # The client measures how long a body took to arrive, so it must arrive and not be there.
        return httpx2.Response(made.status_code, headers=made.headers, stream=httpx2.ByteStream(made.content))

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def query(self, index: int = -1) -> list[tuple[str, str]]:
        return parse_qsl(self.requests[index].url.query.decode())

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)


def pagerduty(answer: Answer, clock: ManualClock | None = None) -> tuple[PagerDutyRest, Asked]:
    """Return the adapter with somebody who answers in place of PagerDuty, and what was asked of them."""
    asked = Asked(answer)
    connection = Connection(TOKEN, clock or ManualClock(), sender=SENDER, transport=httpx2.MockTransport(asked))
    return PagerDutyRest(connection), asked


def incident(**changes: Any) -> dict[str, Any]:
    """Return an incident as PagerDuty shows it."""
    return {
        "id": "PT4KHLK",
        "incident_number": 11,
        "incident_key": "vcci:inc_11",
        "title": "[P0] Requests fail",
        "status": "triggered",
        "urgency": "high",
        "service": {"id": "PSERVIC", "type": "service_reference"},
        "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"},
        "priority": {"id": "PPRIO", "summary": "P0", "name": "P0"},
        "assignments": [{"at": "2026-11-23T09:00:00Z", "assignee": {"id": "PUSER", "summary": "Ada"}}],
        "html_url": "https://shop.pagerduty.com/incidents/PT4KHLK",
        "created_at": "2026-11-23T04:00:00-05:00",
        "last_status_change_at": "2026-11-23T09:00:00Z",
    } | changes


def error(status: int, message: str, code: int = 0, **headers: str) -> httpx2.Response:
    """Return a refusal as PagerDuty words it."""
    return httpx2.Response(status, json={"error": {"message": message, "code": code}}, headers=headers)
