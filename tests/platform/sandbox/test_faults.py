"""The fault switches: what they spoil, how often, and what they leave alone."""

from __future__ import annotations

import pytest

from vcci_platform.sandbox import PAGERDUTY_API_KEY, PAGERDUTY_FROM, SLACK_WEBHOOK_PATH
from vcci_platform.sandbox.edge import DroppedConnection
from vcci_platform.sandbox.kinds import KINDS, kind_of, vendor_of


def set_fault(client, **fault):
    return client.put("/sandbox/faults", json=fault)


def test_a_status_is_answered_for_the_next_calls_to_its_target_only(client, enqueue, state):
    set_fault(client, target="pagerduty", status=503, count=2)

    statuses = [enqueue("trigger", "key-11").status_code for _ in range(3)]

    assert statuses == [503, 503, 202]
    assert client.post(SLACK_WEBHOOK_PATH, json={"text": "x"}).status_code == 200
    assert len(state()["pagerduty"]["incidents"][0]["log"]) == 1
    assert [call["fault"] for call in state()["calls"]] == ["", "", "answer 503", "answer 503"]


@pytest.mark.parametrize(("target", "path"), [("slack", SLACK_WEBHOOK_PATH), ("statuspage", "/v1/pages/x/incidents")])
def test_each_vendor_fails_in_its_own_form(client, target, path):
    set_fault(client, target=target, status=429)

    answer = client.post(path, json={"text": "x"})

    assert answer.status_code == 429
    assert ("retry-after" in answer.headers) == (target == "slack")


def test_a_dropped_answer_leaves_the_outcome_ambiguous_for_the_caller_alone(client, enqueue, state):
    set_fault(client, target="pagerduty", drop=True)

    with pytest.raises(DroppedConnection):
        enqueue("trigger", "key-11")

    assert [incident["dedup_key"] for incident in state()["pagerduty"]["incidents"]] == ["key-11"]
    (call,) = state()["calls"]
    assert (call["status"], call["note"], call["fault"]) == (None, "trigger key-11: opened", "drop the answer")


def test_a_call_that_is_dropped_before_leaves_nothing(client, enqueue, state):
    set_fault(client, target="pagerduty", drop="before")

    with pytest.raises(DroppedConnection):
        enqueue("trigger", "key-11")

    assert state()["pagerduty"]["incidents"] == []


def test_a_call_that_hangs_is_carried_out_late(client, enqueue, state):
    set_fault(client, target="pagerduty", hang_seconds=0.05)

    answer = enqueue("trigger", "key-11")

    assert answer.status_code == 202
    assert answer.elapsed.total_seconds() >= 0.05
    assert state()["calls"][0]["fault"] == "hang 0.05 s"


def test_switches_are_shown_and_cleared(client, enqueue, state):
    set_fault(client, target="pagerduty", status=500, count=11)
    enqueue("trigger", "key-11")

    assert [(fault["target"], fault["count"]) for fault in state()["faults"]] == [("pagerduty", 10)]
    assert client.get("/sandbox/faults").json() == state()["faults"]
    assert client.delete("/sandbox/faults").status_code == 204
    assert enqueue("trigger", "key-11").status_code == 202


@pytest.mark.parametrize(
    "fault",
    [
        {"target": "pagerduty"},
        {"target": "pagerduty", "status": 200},
        {"target": "pagerduty", "status": 503, "drop": True},
        {"target": "pagerduty", "status": 503, "count": 0},
        {"target": "pagerduty", "status": 503, "often": 2},
        {"target": "opsgenie", "status": 503},
        {"status": 503},
    ],
)
def test_a_switch_that_means_nothing_is_refused_with_a_problem(client, fault):
    answer = set_fault(client, **fault)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


def test_forgetting_forgets_what_came_the_faults_and_the_limits(client, enqueue, state):
    for _ in range(120):
        enqueue("trigger", "key-11")
    set_fault(client, target="slack", status=500)

    assert client.delete("/sandbox/state").status_code == 204

    assert state()["pagerduty"]["incidents"] == state()["calls"] == state()["faults"] == []
    assert enqueue("trigger", "key-11").status_code == 202


REST = {
    "Authorization": f"Token token={PAGERDUTY_API_KEY}",
    "Accept": "application/vnd.pagerduty+json;version=2",
    "From": PAGERDUTY_FROM,
}
INCIDENT = {
    "incident": {"type": "incident", "title": "eleven", "service": {"id": "PSERVCE", "type": "service_reference"}}
}


def test_a_kind_of_call_is_spoiled_alone_and_beside_others(client, enqueue):
    set_fault(client, target="pagerduty", kind="incident.create", status=503)
    set_fault(client, target="pagerduty", kind="rest", status=429)
    set_fault(client, target="pagerduty", kind="note", drop="before")

    statuses = [enqueue("trigger", "key-11").status_code]
    statuses += [client.post("/incidents", json=INCIDENT, headers=REST).status_code for _ in range(3)]
    (pending,) = client.get("/sandbox/faults").json()

    assert statuses == [202, 503, 429, 201]
    assert (pending["kind"], pending["count"]) == ("note", 1)


def test_a_429_of_rest_comes_with_its_headers_and_body_or_bare(client):
    set_fault(client, target="pagerduty", kind="rest", status=429)
    worded = client.get("/incidents", headers=REST)
    set_fault(client, target="pagerduty", kind="rest", status=429, bare=True)
    bare = client.get("/incidents", headers=REST)

    assert (worded.json()["error"]["code"], worded.headers["ratelimit-remaining"]) == (2020, "0")
    assert (bare.status_code, bare.content, "ratelimit-remaining" in bare.headers) == (429, b"", False)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v2/enqueue", "event"),
        ("POST", "/v2/change/enqueue", "change"),
        ("GET", "/incidents", "incident.read"),
        ("PUT", "/incidents/Q1", "incident.update"),
        ("POST", "/incidents/Q1/status_updates", "status_update"),
        ("POST", "/incidents/Q1/responder_requests", "responder_request"),
        ("POST", "/incidents/Q1/snooze", "incident.update"),
        ("GET", "/oncalls", "account"),
        ("PUT", "/services/P1", "account"),
        ("POST", "/webhook_subscriptions", "subscription"),
    ],
)
def test_every_call_to_pagerduty_has_a_kind_that_a_switch_knows(method, path, kind):
    assert vendor_of(path) == "pagerduty"
    assert kind_of("pagerduty", method, path) == kind
    assert kind in KINDS["pagerduty"]


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v1/pages/p/incidents", "incident.create"),
        ("GET", "/v1/pages/p/incidents/unresolved", "incident.read"),
        ("PATCH", "/v1/pages/p/components/api", "component"),
        ("PUT", "/v1/pages/p/incidents/1/postmortem/publish", "postmortem"),
    ],
)
def test_every_call_to_statuspage_has_a_kind_too(method, path, kind):
    assert (vendor_of(path), kind_of("statuspage", method, path)) == ("statuspage", kind)
    assert kind in KINDS["statuspage"]


@pytest.mark.parametrize(
    "fault",
    [
        {"target": "pagerduty", "kind": "component", "status": 500},
        {"target": "webhook", "status": 500},
        {"target": "slack", "signature": "wrong"},
        {"target": "slack", "refuse_seconds": 5},
        {"target": "pagerduty", "refuse_seconds": 5, "status": 500},
        {"target": "pagerduty", "bare": True, "drop": "before"},
    ],
)
def test_a_switch_that_does_not_fit_its_target_is_refused(client, fault):
    assert set_fault(client, **fault).status_code == 422


def test_slack_by_token_fails_in_its_own_form(client):
    set_fault(client, target="slack", kind="chat.postMessage", status=429)

    answer = client.post("/api/chat.postMessage", json={"channel": "incidents", "text": "x"})

    assert (answer.status_code, answer.json()) == (429, {"ok": False, "error": "ratelimited"})
    assert answer.headers["Retry-After"] == "1"
