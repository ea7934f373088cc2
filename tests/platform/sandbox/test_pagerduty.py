"""The stand-in for PagerDuty: what it refuses, and what becomes of what it takes."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from vcci_platform.sandbox import ROUTING_KEY, create_app

PAYLOAD = {"summary": "eleven", "source": "host-12", "severity": "error"}


def test_the_routing_key_has_the_length_that_pagerduty_wants():
    assert len(ROUTING_KEY) == 32


def test_a_trigger_opens_an_incident_and_wakes_a_human_once(enqueue, state):
    links = [{"href": "https://runbooks.test/13", "text": "Runbook"}]

    answer = enqueue("trigger", "key-11", links=links, client="desk", client_url="https://desk.test/14")

    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "key-11"}
    (incident,) = state()["pagerduty"]["incidents"]
    assert (incident["dedup_key"], incident["status"], incident["severity"]) == ("key-11", "triggered", "error")
    assert (incident["links"], incident["client_url"]) == (links, "https://desk.test/14")
    assert incident["notifications"] == 1
    assert state()["pagerduty"]["woken"] == 1


def test_a_trigger_on_an_open_alert_folds_in_and_wakes_nobody_again(enqueue, state):
    for summary in ("eleven", "twelve", "thirteen"):
        enqueue("trigger", "key-11", summary=summary)

    (incident,) = state()["pagerduty"]["incidents"]
    assert incident["notifications"] == 1
    assert incident["summary"] == "eleven"
    assert [entry["outcome"] for entry in incident["log"]] == ["opened", "folded-in", "folded-in"]


def test_a_trigger_while_acknowledged_neither_notifies_nor_triggers_again(enqueue, state):
    enqueue("trigger", "key-11")
    enqueue("acknowledge", "key-11")

    enqueue("trigger", "key-11", summary="worse")

    (incident,) = state()["pagerduty"]["incidents"]
    assert (incident["status"], incident["notifications"]) == ("acknowledged", 1)


def test_a_trigger_after_resolve_opens_a_new_incident(enqueue, state):
    enqueue("trigger", "key-11")
    enqueue("resolve", "key-11")

    enqueue("trigger", "key-11")

    incidents = state()["pagerduty"]["incidents"]
    assert [incident["status"] for incident in incidents] == ["triggered", "resolved"]
    assert len({incident["id"] for incident in incidents}) == 2
    assert state()["pagerduty"]["notifications"] == 2


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_a_word_about_an_unknown_key_is_answered_202_and_dropped(enqueue, state, action):
    answer = enqueue(action, "key-nobody")

    assert answer.status_code == 202
    assert state()["pagerduty"]["incidents"] == []
    (dropped,) = state()["pagerduty"]["dropped"]
    assert (dropped["action"], dropped["dedup_key"]) == (action, "key-nobody")


def test_a_trigger_without_a_key_is_given_one_of_its_own(enqueue):
    keys = [enqueue("trigger").json()["dedup_key"] for _ in range(3)]

    assert len(set(keys)) == 3
    assert {len(key) for key in keys} == {32}


def test_low_severities_tell_without_waking(enqueue, state):
    enqueue("trigger", "key-11", payload=PAYLOAD | {"severity": "warning"})

    assert (state()["pagerduty"]["notifications"], state()["pagerduty"]["woken"]) == (1, 0)


def test_the_vendor_takes_the_longest_summary_and_key_it_promises(enqueue):
    assert enqueue("trigger", "k" * 255, summary="s" * 1024).status_code == 202


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"payload": PAYLOAD | {"severity": "P0"}}, "'payload.severity' is invalid"),
        ({"payload": PAYLOAD | {"summary": "s" * 1025}}, "'payload.summary' is too long (at most 1024 characters)"),
        ({"payload": PAYLOAD | {"summary": " "}}, "'payload.summary' is missing or blank"),
        ({"payload": {"summary": "eleven", "severity": "error"}}, "'payload.source' is missing or blank"),
        ({"payload": PAYLOAD | {"summary": 11}}, "'payload.summary'"),
        ({"payload": None}, "a trigger needs a 'payload'"),
        ({"payload": PAYLOAD | {"links": []}}, "links belong at the top level"),
        ({"payload": PAYLOAD | {"timestamp": "yesterday"}}, "expected an ISO 8601 time, found 'yesterday'"),
        ({"payload": PAYLOAD | {"custom_details": "text"}}, "'payload.custom_details'"),
        ({"incident_key": "x"}, "Events API v2 calls it dedup_key"),
        ({"event_action": "escalate"}, "'event_action' is invalid"),
        ({"dedup_key": "k" * 256}, "'dedup_key' is too long (at most 255 characters)"),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is required for resolve"),
        ({"links": [{"text": "Runbook"}]}, "'links.0.href' is missing or blank"),
        ({"links": [{"href": "javascript:alert(1)"}]}, "expected an http or https URL"),
        ({"images": [{"src": "http://a.test/x.png"}]}, "expected an https URL"),
        ({"routing_key": "short"}, "Length of 'routing_key' is incorrect (should be 32 characters)"),
        ({"routing_key": "0" * 32}, "Invalid routing key"),
        ({"routing_key": None}, "'routing_key' is missing or blank"),
    ],
)
def test_what_pagerduty_does_not_take_is_refused_with_its_reason(client, state, change, says):
    event = {"routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "key-11", "payload": PAYLOAD} | change
    event = {name: value for name, value in event.items() if value is not None}

    answer = client.post("/v2/enqueue", json=event)

    assert answer.status_code == 400
    assert set(answer.json()) == {"status", "message", "errors"}
    assert answer.json()["status"] == "invalid event"
    assert any(says in error for error in answer.json()["errors"]), answer.json()
    assert state()["pagerduty"]["incidents"] == []


@pytest.mark.parametrize("body", ["{", "[]", "11", "\ud800".encode("utf-8", "surrogatepass"), "[" * 100_000])
def test_what_is_no_object_is_unrecognized(client, body):
    answer = client.post("/v2/enqueue", content=body)

    assert answer.status_code == 400
    assert answer.json()["status"] == "Unrecognized object"


def test_an_event_of_512_kb_is_taken_and_one_byte_more_is_not(client):
    event = {"routing_key": ROUTING_KEY, "event_action": "trigger", "payload": PAYLOAD | {"custom_details": {"x": ""}}}
    room = 512 * 1024 - len(json.dumps(event))
    event["payload"]["custom_details"]["x"] = "x" * room
    just = json.dumps(event)

    assert client.post("/v2/enqueue", content=just).status_code == 202
    assert client.post("/v2/enqueue", content=just + " ").status_code == 413


def test_a_call_too_many_in_a_minute_is_refused_and_the_window_rolls(enqueue, clock):
    answers = []
    for _ in range(120):
        answers.append(enqueue("trigger", "key-11").status_code)
        clock.advance(seconds=0.1)

    assert set(answers) == {202}
    assert enqueue("resolve", "key-11").status_code == 429
    clock.advance(seconds=60 - 12.1)
    assert enqueue("resolve", "key-11").status_code == 429
    clock.advance(seconds=0.1)
    assert enqueue("resolve", "key-11").status_code == 202
    assert enqueue("resolve", "key-11").status_code == 429


def test_without_tls_nothing_is_taken(sandbox, state):
    plain = TestClient(create_app(sandbox), base_url="http://sandbox.test")
    event = {"routing_key": ROUTING_KEY, "event_action": "trigger", "payload": PAYLOAD}

    answer = plain.post("/v2/enqueue", json=event)

    assert answer.status_code == 403
    assert "TLS" in answer.json()["message"]
    assert state()["pagerduty"]["incidents"] == []


def test_a_change_is_kept_and_wakes_nobody(client, state):
    change = {
        "routing_key": ROUTING_KEY,
        "payload": {"summary": "deployed 11"},
        "links": [{"href": "https://ci.test/12"}],
    }

    answer = client.post("/v2/change/enqueue", json=change)

    assert (answer.status_code, answer.json()["message"]) == (202, "Change event processed")
    assert [kept["summary"] for kept in state()["pagerduty"]["changes"]] == ["deployed 11"]
    assert state()["pagerduty"]["notifications"] == 0


def test_every_call_is_noted_with_what_became_of_it(enqueue, state):
    enqueue("trigger", "key-11")
    enqueue("resolve", "key-12")
    enqueue("escalate", "key-13")

    notes = [(call["status"], call["note"]) for call in state()["calls"]]

    assert notes[1:] == [(202, "resolve key-12: dropped"), (202, "trigger key-11: opened")]
    assert notes[0][0] == 400
    assert notes[0][1].startswith("refused: 'event_action' is invalid")
