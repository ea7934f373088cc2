"""What is really sent to PagerDuty's REST API is valid by the vendor's own schema, closed.

In one place the document is narrower than the vendor: a timeout that is off is null, says the field's own description.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, ValidationError

from support.pagerduty_account import PagerDutyAccount
from vcci_alerts.pagerduty import wanted
from vcci_platform.incidents.oncall.account import read_account
from vcci_platform.incidents.oncall.applying import apply
from vcci_platform.incidents.oncall.difference import difference, known_ids
from vcci_platform.incidents.vendors.pagerduty_connection import Connection
from vcci_platform.incidents.vendors.pagerduty_rest import PagerDutyRest
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
PLAN = a_plan(
    links__desk="https://desk.shop.example",
    contacts={"boss": {"mail": "boss@shop.example"}},
    on_call={
        "crew": {
            "shift": "1w",
            "starts": "2026-03-09",
            "primary": {"members": ["ada@shop.example", "grace@shop.example"]},
            "secondary": {"members": ["grace@shop.example", "ada@shop.example"]},
        }
    },
    escalation={
        "levels": {"1": ["crew.primary"], "2": ["crew.secondary", "boss"]},
        "unacknowledged": {"P0": {"5m": 2}},
    },
)
Sent = list[tuple[str, str, dict[str, Any]]]
Check = Callable[[str, str, dict[str, Any]], None]


@pytest.fixture(scope="session")
def check(pagerduty_rest_document, rest_schemas) -> Check:
    """Return what validates one request by the operation that its path belongs to."""
    patterns = {re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): path for path in pagerduty_rest_document["paths"]}

    def validate(method: str, path: str, body: dict[str, Any]) -> None:
        matching = [known for pattern, known in patterns.items() if pattern.fullmatch(path)]
        assert matching, f"{path} is no path of the vendor"
        known = min(matching, key=lambda candidate: candidate.count("{"))
        Draft202012Validator(rest_schemas.request(known, method.lower())).validate(body)

    return validate


def applied() -> Sent:
    """Return what makes an empty account what the spec says, and what mends it afterwards."""
    account = PagerDutyAccount("ada@shop.example", "grace@shop.example", "boss@shop.example")
    sent: Sent = []
    answer = account._answer

    def keep(request: httpx2.Request) -> httpx2.Response:
        if request.content:
            sent.append((request.method, request.url.path, json.loads(request.content)))
        return answer(request)

    wish = wanted(PLAN)
    assert wish is not None
    connection = Connection("token", ManualClock(), transport=httpx2.MockTransport(keep))
    for _ in range(2):
        known = read_account(connection, wish, {}, "", NOW)
        found = difference(wish, known, {})
        apply(connection, wish, known, found, known_ids(wish, known, {}), NOW)
        for thing in (*account.things["services"].values(), *account.things["schedules"].values()):
            thing["name"] += " renamed"
        (subscription,) = account.things["webhook_subscriptions"].values()
        subscription["events"] = ["incident.triggered"]
    return sent


def commanded() -> Sent:
    """Return what is said about an incident."""
    sent: Sent = []

    def keep(request: httpx2.Request) -> httpx2.Response:
        if request.content:
            sent.append((request.method, request.url.path, json.loads(request.content)))
        known = {"id": "P1", "status": "triggered", "incident_key": "vcci:inc_11", "title": "Requests fail"}
        body = json.dumps({"incident": known, "incidents": [known]}).encode()
        return httpx2.Response(200, stream=httpx2.ByteStream(body))

    rest = PagerDutyRest(Connection("token", ManualClock(), transport=httpx2.MockTransport(keep)))
    rest.acknowledge("P1")
    rest.resolve("P1", "Rolled back")
    rest.escalate("P1", 2)
    rest.set_priority("P1", "P0")
    rest.rename_under("vcci:inc_11", "[P0] Security incident")
    rest.add_note("P1", "Still looking.", "[inc_11 #7]")
    rest.post_status_update("P1", "We look into it.", "[inc_11 #8]")
    return sent


def test_everything_that_is_said_about_incidents_is_what_the_vendor_takes(check: Check) -> None:
    sent = commanded()

    for request in sent:
        check(*request)
    assert len(sent) == 7


def test_everything_that_is_configured_is_what_the_vendor_takes(check: Check) -> None:
    sent = applied()

    for method, path, body in sent:
        check(method, path, {name: _without_null(value) for name, value in body.items()})
    assert {(method, path.split("/")[1]) for method, path, _ in sent} >= {
        ("POST", "schedules"),
        ("PUT", "schedules"),
        ("POST", "escalation_policies"),
        ("POST", "services"),
        ("PUT", "services"),
        ("POST", "webhook_subscriptions"),
        ("PUT", "webhook_subscriptions"),
        ("PUT", "event_orchestrations"),
    }


def test_a_field_that_the_vendor_does_not_have_would_be_found(check: Check) -> None:
    with pytest.raises(ValidationError):
        check("POST", "/escalation_policies", {"escalation_policy": {"type": "escalation_policy", "names": "x"}})
    with pytest.raises(ValidationError):
        check("PUT", "/incidents/P1", {"incident": {"type": "incident_reference", "status": "investigating"}})
    for rule in ({"labels": "x"}, {"actions": {"policy": "P1"}}, {"conditions": [{"expr": "x"}]}):
        path = {"sets": [{"id": "start", "rules": [rule]}]}
        with pytest.raises(ValidationError):
            check("PUT", "/event_orchestrations/services/P1", {"orchestration_path": path})


def _without_null(value: Any) -> Any:
    return {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else value
