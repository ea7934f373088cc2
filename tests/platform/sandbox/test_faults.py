"""The fault switches: what they spoil, how often, and what they leave alone."""

from __future__ import annotations

import pytest

from vcci_platform.sandbox import SLACK_WEBHOOK_PATH
from vcci_platform.sandbox.edge import DroppedConnection


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
