"""The sandbox's PagerDuty answers as the vendor's closed REST schemas say, and takes what they take.

Where it answers another status than the document names, the difference is listed with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from vcci_platform.sandbox import PAGERDUTY_API_KEY, PAGERDUTY_FROM, ROUTING_KEY, Sandbox, create_app
from vcci_platform.testing import ManualClock

ACCEPT = "application/vnd.pagerduty+json;version=2"
SERVICE = {"id": "PSERVCE", "type": "service_reference"}
USER = {"id": "PUSER04", "type": "user_reference"}
POLICY = {"id": "PPOLICY", "type": "escalation_policy_reference"}
LAYER = {
    "name": "Nights",
    "start": "2026-03-02T09:00:00-05:00",
    "rotation_virtual_start": "2026-03-02T09:00:00-05:00",
    "rotation_turn_length_seconds": 86_400,
    "users": [{"user": USER}],
    "restrictions": [{"type": "daily_restriction", "start_time_of_day": "20:00:00", "duration_seconds": 36_000}],
}
RULE = {"escalation_delay_in_minutes": 30, "targets": [USER, {"id": "PSCHED1", "type": "schedule_reference"}]}
HOOK = {
    "type": "webhook_subscription",
    "delivery_method": {"type": "http_delivery_method", "url": "http://127.0.0.1:9/hook"},
    "description": "eleven",
    "events": ["incident.triggered"],
    "filter": {"type": "account_reference"},
}
RULES = "/event_orchestrations/services/{service_id}"
PATH = {
    "type": "service",
    "sets": [
        {
            "id": "start",
            "rules": [
                {
                    "id": "c91f72f3",
                    "label": "the worst",
                    "conditions": [{"expression": "event.severity matches 'critical'"}],
                    "actions": {"priority": "PPRIO00", "escalation_policy": "PPOLICY", "route_to": "then"},
                }
            ],
        },
        {"id": "then", "rules": [{"conditions": [], "actions": {"suppress": False, "severity": "error"}}]},
    ],
    "catch_all": {"actions": {"suppress": True}},
}
FULL = {
    "type": "incident",
    "title": "eleven",
    "service": SERVICE,
    "priority": {"id": "PPRIO00", "type": "priority_reference"},
    "urgency": "high",
    "incident_key": "key-11",
    "body": {"type": "incident_body", "details": "words"},
    "escalation_policy": POLICY,
    "conference_bridge": {"conference_number": "+1 555", "conference_url": "https://meet.test/12"},
}
CHANGE = {
    "type": "incident_reference",
    "status": "acknowledged",
    "title": "twelve",
    "priority": {"id": "PPRIO01", "type": "priority_reference"},
    "urgency": "high",
    "escalation_level": 2,
}
RESPONDER = {
    "requester_id": "PUSER06",
    "message": "help",
    "responder_request_targets": [
        {"responder_request_target": USER},
        {"responder_request_target": POLICY},
    ],
}

CALLS: list[tuple[str, str, str, Any, int]] = [
    ("post", "/incidents", "/incidents", {"incident": {**FULL, "incident_key": "key-12"}}, 201),
    ("get", "/incidents", "/incidents?statuses[]=triggered&total=true&limit=1", None, 200),
    ("put", "/incidents", "/incidents", {"incidents": [{"id": "{id}", **CHANGE}]}, 200),
    ("get", "/incidents/{id}", "/incidents/{id}", None, 200),
    ("put", "/incidents/{id}", "/incidents/{id}", {"incident": CHANGE}, 200),
    ("post", "/incidents/{id}/notes", "/incidents/{id}/notes", {"note": {"content": "thirteen"}}, 200),
    ("get", "/incidents/{id}/notes", "/incidents/{id}/notes", None, 200),
    (
        "post",
        "/incidents/{id}/status_updates",
        "/incidents/{id}/status_updates",
        {"message": "fourteen", "subject": "s", "html_message": "<p>fourteen</p>"},
        200,
    ),
    ("post", "/incidents/{id}/responder_requests", "/incidents/{id}/responder_requests", RESPONDER, 200),
    ("post", "/incidents/{id}/snooze", "/incidents/{id}/snooze", {"duration": 600}, 201),
    ("get", "/incidents/{id}/alerts", "/incidents/{id}/alerts", None, 200),
    ("get", "/incidents/{id}/alerts/{alert_id}", "/incidents/{id}/alerts/A{id}", None, 200),
    ("get", "/incidents/{id}/log_entries", "/incidents/{id}/log_entries", None, 200),
    ("get", "/priorities", "/priorities", None, 200),
    ("get", "/abilities", "/abilities", None, 200),
    ("get", "/oncalls", "/oncalls", None, 200),
    ("get", "/users", "/users", None, 200),
    ("post", "/users", "/users", {"user": {"type": "user", "name": "Fay", "email": "fay@sandbox.test"}}, 201),
    ("get", "/users/{id}", "/users/PUSER01", None, 200),
    ("put", "/users/{id}", "/users/PUSER01", {"user": {"type": "user", "name": "A", "email": "a@b.test"}}, 200),
    ("get", "/services", "/services", None, 200),
    (
        "post",
        "/services",
        "/services",
        {
            "service": {
                "type": "service",
                "name": "reports",
                "description": "fifteen",
                "escalation_policy": POLICY,
                "acknowledgement_timeout": 600,
                "auto_resolve_timeout": 3600,
                "incident_urgency_rule": {"type": "constant", "urgency": "severity_based"},
                "alert_creation": "create_alerts_and_incidents",
            }
        },
        201,
    ),
    ("get", "/services/{id}", "/services/PSERVCE", None, 200),
    (
        "put",
        "/services/{id}",
        "/services/PSERVCE",
        {"service": {"type": "service", "name": "vcci", "escalation_policy": POLICY}},
        200,
    ),
    (
        "post",
        "/services/{id}/integrations",
        "/services/PSERVCE/integrations",
        {"integration": {"type": "events_api_v2_inbound_integration", "name": "sixteen"}},
        201,
    ),
    ("get", "/escalation_policies", "/escalation_policies", None, 200),
    (
        "post",
        "/escalation_policies",
        "/escalation_policies",
        {"escalation_policy": {"type": "escalation_policy", "name": "n", "escalation_rules": [RULE], "num_loops": 2}},
        201,
    ),
    ("get", "/escalation_policies/{id}", "/escalation_policies/PPOLICY", None, 200),
    (
        "put",
        "/escalation_policies/{id}",
        "/escalation_policies/PPOLICY",
        {"escalation_policy": {"type": "escalation_policy", "name": "n", "escalation_rules": [RULE]}},
        200,
    ),
    ("get", "/schedules", "/schedules", None, 200),
    (
        "post",
        "/schedules",
        "/schedules",
        {"schedule": {"type": "schedule", "name": "n", "time_zone": "America/New_York", "schedule_layers": [LAYER]}},
        201,
    ),
    ("get", "/schedules/{id}", "/schedules/PSCHED1", None, 200),
    (
        "put",
        "/schedules/{id}",
        "/schedules/PSCHED1",
        {"schedule": {"type": "schedule", "name": "n", "time_zone": "Europe/Berlin", "schedule_layers": [LAYER]}},
        200,
    ),
    (
        "post",
        "/schedules/{id}/overrides",
        "/schedules/PSCHED1/overrides",
        {"overrides": [{"start": "2026-03-03T00:00:00Z", "end": "2026-03-04T00:00:00Z", "user": USER}]},
        201,
    ),
    ("get", "/schedules/{id}/overrides", "/schedules/PSCHED1/overrides", None, 200),
    ("get", RULES, "/event_orchestrations/services/PSERVCE", None, 200),
    ("put", RULES, "/event_orchestrations/services/PSERVCE", {"orchestration_path": PATH}, 200),
    ("get", f"{RULES}/active", "/event_orchestrations/services/PSERVCE/active", None, 200),
    ("put", f"{RULES}/active", "/event_orchestrations/services/PSERVCE/active", {"active": False}, 200),
    ("get", "/webhook_subscriptions", "/webhook_subscriptions", None, 200),
    ("post", "/webhook_subscriptions", "/webhook_subscriptions", {"webhook_subscription": HOOK}, 200),
    ("get", "/webhook_subscriptions/{id}", "/webhook_subscriptions/PWHOOK0", None, 200),
    (
        "put",
        "/webhook_subscriptions/{id}",
        "/webhook_subscriptions/PWHOOK0",
        {"webhook_subscription": {"active": False, "events": ["incident.resolved"]}},
        200,
    ),
    ("post", "/webhook_subscriptions/{id}/enable", "/webhook_subscriptions/PWHOOK0/enable", None, 200),
    ("post", "/webhook_subscriptions/{id}/ping", "/webhook_subscriptions/PWHOOK0/ping", None, 202),
    ("delete", "/webhook_subscriptions/{id}", "/webhook_subscriptions/PWHOOK0", None, 204),
]

DOCUMENTED_AS = {
    ("get", "/schedules/{id}/overrides"): 201,  # a list is not created: the document must mean 200
}


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(clock=ManualClock(), webhook_url="http://127.0.0.1:9/v1/hooks/pagerduty")


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[TestClient]:
    headers = {"Authorization": f"Token token={PAGERDUTY_API_KEY}", "Accept": ACCEPT, "From": PAGERDUTY_FROM}
    with TestClient(create_app(sandbox), base_url="https://sandbox.test", headers=headers) as client:
        yield client


@pytest.fixture
def incident_id(client: TestClient) -> str:
    """An incident that an event opened, with everything on it."""
    payload = {"summary": "s", "source": "h", "severity": "critical", "custom_details": {"burn": 11}}
    event = {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "key-11",
        "payload": payload,
        "links": [{"href": "https://runbooks.test/11"}],
    }
    client.post("/v2/enqueue", json=event)
    identifier: str = client.get("/incidents").json()["incidents"][0]["id"]
    client.post(f"/incidents/{identifier}/responder_requests", json=RESPONDER)
    client.post(f"/incidents/{identifier}/notes", json={"note": {"content": "twelve"}})
    client.post(f"/incidents/{identifier}/status_updates", json={"message": "thirteen"})
    return identifier


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(value)
    return [f"{'.'.join(map(str, error.path))}: {error.message[:200]}" for error in found]


def filled(value: Any, incident_id: str) -> Any:
    """Return the value with the id of the incident in every place that asks for it."""
    if isinstance(value, dict):
        return {name: filled(each, incident_id) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, incident_id) for each in value]
    return value.replace("{id}", incident_id) if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("method", "path", "at", "body", "status"), CALLS, ids=[f"{call[0]} {call[1]}" for call in CALLS]
)
def test_a_call_is_taken_and_answered_as_the_closed_schemas_say(
    client, rest_schemas, incident_id, method, path, at, body, status
):
    sent = filled(body, incident_id)
    if sent is not None:
        assert complaints(rest_schemas.request(path, method), sent) == []

    answer = client.request(method.upper(), filled(at, incident_id), json=sent)

    assert answer.status_code == status, answer.text
    named = DOCUMENTED_AS.get((method, path), status)
    assert named in rest_schemas.statuses(path, method)
    if rest_schemas.empty(path, method, named):
        assert answer.content == b""
    else:
        assert complaints(rest_schemas.answer(path, method, named), answer.json()) == []


@pytest.mark.parametrize(
    ("lacks", "warned"),
    [
        ((), ["invalid_data escalation_policy"]),
        (("nested_rules",), ["forbidden_feature nested_rules", "invalid_data escalation_policy"]),
        (("suppress",), ["forbidden_feature suppress", "invalid_data escalation_policy"]),
        (("escalation_policy",), ["forbidden_feature escalation_policy", "invalid_data escalation_policy"]),
    ],
)
def test_event_rules_that_will_not_be_carried_out_are_warned_of(client, sandbox, rest_schemas, lacks, warned):
    sandbox.limit_plan(lacks)
    gone = {"id": "start", "rules": [{"actions": {"escalation_policy": "PNOBODY", "suppress": True}}]}
    path = {"sets": [gone, {"id": "more", "rules": []}]}

    answer = client.put("/event_orchestrations/services/PSERVCE", json={"orchestration_path": path})

    assert answer.status_code == 200
    assert [f"{each['warning_type']} {each['feature']}" for each in answer.json()["warnings"]] == warned
    assert complaints(rest_schemas.answer(RULES, "put", 200), answer.json()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"sets": [{"id": "start", "rules": [{"labels": "x"}]}]},
        {"sets": [{"id": "start", "rules": [{"actions": {"policy": "PPOLICY"}}]}]},
        {"sets": [{"id": "start", "rules": [{"conditions": [{"expr": "x"}]}]}]},
        {"sets": [{"id": "start", "rules": [{"actions": {"severity": "P0"}}]}]},
        {"sets": [{"id": "start"}], "catch_all": {"suppress": True}},
    ],
)
def test_event_rules_that_the_closed_schemas_refuse_are_refused(client, rest_schemas, wrong):
    refused = client.put("/event_orchestrations/services/PSERVCE", json={"orchestration_path": wrong})

    assert refused.status_code == 400
    assert complaints(rest_schemas.request(RULES, "put"), {"orchestration_path": wrong})
    assert complaints(rest_schemas.answer(RULES, "put", 400), refused.json()) == []


@pytest.mark.parametrize(
    ("path", "at", "wrong"),
    [
        ("/incidents", "/incidents", {"incident": {**FULL, "severity": "critical"}}),
        ("/incidents", "/incidents", {"incident": {**FULL, "urgency": "critical"}}),
        ("/incidents", "/incidents", {"incident": {**FULL, "incident_key": 11}}),
        ("/incidents", "/incidents", {"incident": {name: FULL[name] for name in ("type", "title")}}),
        ("/incidents", "/incidents", FULL),
        ("/incidents/{id}/notes", "/incidents/{id}/notes", {"content": "x"}),
        ("/incidents/{id}/notes", "/incidents/{id}/notes", {"note": {"text": "x"}}),
        ("/incidents/{id}/status_updates", "/incidents/{id}/status_updates", {"status_update": {"message": "x"}}),
        ("/incidents/{id}/snooze", "/incidents/{id}/snooze", {"duration": 604_801}),
        ("/incidents/{id}/snooze", "/incidents/{id}/snooze", {"duration": 0}),
        ("/escalation_policies", "/escalation_policies", {"escalation_policy": {"name": "n", "escalation_rules": []}}),
        ("/webhook_subscriptions", "/webhook_subscriptions", {"webhook_subscription": {**HOOK, "events": []}}),
    ],
)
def test_what_the_closed_schemas_refuse_is_refused(client, rest_schemas, incident_id, path, at, wrong):
    refused = client.post(filled(at, incident_id), json=filled(wrong, incident_id))

    assert refused.status_code == 400
    if "escalation_policy" not in wrong:  # the document has no least number of rules, its guide says one
        assert complaints(rest_schemas.request(path, "post"), wrong)
    assert complaints(rest_schemas.answer("/incidents", "post", 400), refused.json()) == []


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (401, {"headers": {"Authorization": "Token token=wrong"}}),
        (404, {}),
    ],
)
def test_refusals_have_the_vendors_shape(client, rest_schemas, status, how):
    answer = client.get("/incidents/QNOBODY", **how)

    assert answer.status_code == status
    assert complaints(rest_schemas.answer("/incidents/{id}", "get", status), answer.json()) == []


def test_too_many_calls_are_refused_in_the_vendors_shape(client, rest_schemas):
    answers = [client.get("/priorities") for _ in range(961)]

    assert answers[-1].status_code == 429
    assert complaints(rest_schemas.answer("/priorities", "get", 429), answers[-1].json()) == []


def test_the_calls_that_the_vendor_wants_a_requester_for_want_one_here(client, rest_schemas, incident_id):
    """`From` is required where the document says so, and nowhere else that we send it to."""
    for method, path, at, body, _ in CALLS:
        wanted = rest_schemas.parameters(path, method).get("From", False)
        answer = client.request(
            method.upper(), filled(at, incident_id), json=filled(body, incident_id), headers={"From": ""}
        )
        refused = answer.status_code == 400 and "From" in answer.text
        assert refused == wanted, (method, path)


def test_the_vendors_own_example_of_a_subscription_is_taken_when_it_leads_here(client, pagerduty_rest_document):
    example = pagerduty_rest_document["components"]["examples"]["CreateSubscriptionExample"]["value"]
    wanted = example["webhook_subscription"]
    wanted["delivery_method"]["url"] = "http://127.0.0.1:9/hook"
    wanted["filter"] = {"type": "account_reference"}
    del wanted["oauth_client_id"]  # the closed schema has it nowhere

    answer = client.post("/webhook_subscriptions", json=example)

    assert answer.status_code == 200, answer.text
    assert answer.json()["webhook_subscription"]["events"] == wanted["events"]
