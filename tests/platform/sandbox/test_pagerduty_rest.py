"""PagerDuty's REST API v2: who may call, what an incident does, what is refused and with which code."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from vcci_platform.sandbox import PAGERDUTY_API_KEY, PAGERDUTY_FROM, create_app

SERVICE = {"id": "PSERVCE", "type": "service_reference"}
INCIDENT = {"type": "incident", "title": "eleven", "service": SERVICE, "incident_key": "key-11"}
P0 = {"id": "PPRIO00", "type": "priority_reference"}
USER = {"id": "PUSER04", "type": "user_reference"}
SELF = {"id": "PUSER06", "type": "user_reference"}


@pytest.fixture
def opened(rest):
    """Open an incident and return it: `opened(priority=…)`."""

    def create(**fields: Any) -> dict[str, Any]:
        answer = rest.post("/incidents", json={"incident": INCIDENT | fields})
        assert answer.status_code == 201, answer.json()
        return answer.json()["incident"]

    return create


@pytest.fixture
def put(rest):
    def change(incident: dict[str, Any], **fields: Any) -> Any:
        body = {"incident": {"type": "incident_reference", **fields}}
        return rest.put(f"/incidents/{incident['id']}", json=body)

    return change


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def webhooks(rest):
    """Return the events that would go out, the oldest first."""
    return [each["event"] for each in reversed(rest.get("/sandbox/state").json()["pagerduty"]["webhooks"])]


@pytest.fixture
def listening(sandbox):
    sandbox.subscribe("http://127.0.0.1:9/v1/hooks/pagerduty")


def test_an_incident_opens_with_its_key_priority_and_whoever_is_on_call(opened, state):
    incident = opened(priority=P0, urgency="high", body={"type": "incident_body", "details": "words"})

    assert (incident["incident_key"], incident["status"], incident["priority"]["name"]) == ("key-11", "triggered", "P0")
    assert incident["body"] == {"details": "words"}
    assert [each["assignee"]["summary"] for each in incident["assignments"]] == ["Ada Primary"]
    assert [action["type"] for action in incident["pending_actions"]] == ["escalate", "resolve"]
    assert state()["pagerduty"]["woken"] == 1


def test_an_open_incident_with_the_key_is_not_opened_again_but_found_and_after_its_end_it_is(rest, opened, put):
    first = opened()

    again = rest.post("/incidents", json={"incident": INCIDENT})
    query = [("incident_key", "key-11"), ("statuses[]", "triggered"), ("statuses[]", "acknowledged")]
    found = rest.get("/incidents", params=query).json()["incidents"]
    put(first, status="resolved")

    assert code(again) == (400, 2001)
    assert "matching incident_key" in again.json()["error"]["errors"][0]
    assert [each["id"] for each in found] == [first["id"]]
    assert opened()["id"] != first["id"]
    assert rest.get("/incidents", params=query[:1]).json()["more"] is False


def test_events_and_rest_share_one_incident(rest, enqueue, opened, put):
    enqueue("trigger", "key-11")
    taken = rest.post("/incidents", json={"incident": INCIDENT})
    (incident,) = rest.get("/incidents", params={"incident_key": "key-11"}).json()["incidents"]
    put(incident, status="acknowledged")
    enqueue("trigger", "key-11", summary="worse")
    enqueue("resolve", "key-11")
    other = opened(incident_key="key-12")
    enqueue("resolve", "key-12")

    assert taken.status_code == 400
    assert rest.get(f"/incidents/{incident['id']}").json()["incident"]["status"] == "resolved"
    assert rest.get(f"/incidents/{other['id']}").json()["incident"]["status"] == "resolved"
    assert rest.get("/sandbox/state").json()["pagerduty"]["notifications"] == 2


def test_the_severity_of_an_event_gives_urgency_priority_and_an_alert(rest, enqueue):
    enqueue("trigger", "key-11")
    enqueue("trigger", "key-12", payload={"summary": "s", "source": "h", "severity": "info"})

    loud, quiet = rest.get("/incidents").json()["incidents"]
    (alert,) = rest.get(f"/incidents/{loud['id']}/alerts").json()["alerts"]

    assert (loud["urgency"], loud["priority"]["name"]) == ("high", "P1")
    assert (quiet["urgency"], quiet["priority"]["name"]) == ("low", "P3")
    assert (alert["alert_key"], alert["severity"], alert["status"]) == ("key-11", "error", "triggered")
    assert rest.get(f"/incidents/{loud['id']}/alerts/{alert['id']}").json()["alert"] == alert


def test_who_opens_an_incident_for_themselves_has_it_and_nobody_is_told(rest, opened, state):
    incident = opened(assignments=[{"assignee": SELF}])

    assert incident["status"] == "acknowledged"
    assert state()["pagerduty"]["notifications"] == 0


def test_an_incident_goes_through_its_states_and_codes(opened, put):
    incident = opened()

    states = [put(incident, status="acknowledged"), put(incident, status="acknowledged")]
    states += [put(incident, status="resolved", resolution="Rolled back."), put(incident, status="resolved")]
    reopened = put(incident, status="triggered")

    assert states[0].json()["incident"]["acknowledgements"][0]["acknowledger"]["summary"] == "The incident desk"
    assert code(states[1]) == (400, 1002)
    assert states[2].json()["incident"]["status"] == "resolved"
    assert code(states[3]) == (400, 1001)
    assert reopened.json()["incident"]["status"] == "triggered"


def test_an_incident_is_escalated_given_away_and_raised(rest, opened, put, listening):
    incident = opened()
    put(incident, status="acknowledged")

    raised = put(incident, escalation_level=2, priority="P0", urgency="low", title="twelve").json()["incident"]
    given = put(incident, assignments=[{"assignee": USER}]).json()["incident"]
    bridge = {"conference_url": "https://meet.test/13", "conference_number": "+1 555"}
    put(incident, conference_bridge=bridge)

    assert (raised["status"], raised["priority"]["name"], raised["title"]) == ("triggered", "P0", "twelve")
    assert [each["assignee"]["summary"] for each in raised["assignments"]] == ["Ben Secondary", "Cleo Manager"]
    assert (given["assigned_via"], given["pending_actions"][0]["type"]) == ("direct_assignment", "resolve")
    assert [event["event_type"].removeprefix("incident.") for event in webhooks(rest)] == [
        "triggered",
        "acknowledged",
        "priority_updated",
        "escalated",
        "reassigned",
        "conference_bridge.updated",
    ]
    assert webhooks(rest)[-1]["data"]["conference_url"] == "https://meet.test/13"


def test_another_policy_takes_over_and_tells_its_first_level(rest, opened, put, listening):
    rule = {"escalation_delay_in_minutes": 5, "targets": [USER]}
    policy = {"type": "escalation_policy", "name": "Executives", "escalation_rules": [rule]}
    made = rest.post("/escalation_policies", json={"escalation_policy": policy}).json()["escalation_policy"]
    incident = opened()

    reference = {"id": made["id"], "type": "escalation_policy_reference"}
    changed = put(incident, escalation_policy=reference).json()["incident"]

    assert changed["escalation_policy"]["summary"] == "Executives"
    assert [each["assignee"]["summary"] for each in changed["assignments"]] == ["Dora Director"]
    assert webhooks(rest)[-1]["event_type"] == "incident.delegated"


def test_several_incidents_are_changed_at_once_or_none(rest, opened):
    incidents = [opened(incident_key=f"key-{number}") for number in (11, 12)]
    rows = [{"id": each["id"], "type": "incident_reference", "status": "resolved"} for each in incidents]

    rest.put(f"/incidents/{rows[1]['id']}", json={"incident": {"type": "incident", "status": "resolved"}})
    refused = rest.put("/incidents", json={"incidents": rows})
    untouched = rest.get(f"/incidents/{rows[0]['id']}").json()["incident"]["status"]
    taken = rest.put("/incidents", json={"incidents": rows[:1]})
    many = rest.put("/incidents", json={"incidents": rows * 126})

    assert (code(refused), untouched) == ((400, 1001), "triggered")
    assert [each["status"] for each in taken.json()["incidents"]] == ["resolved"]
    assert many.status_code == 413


def test_notes_updates_and_responders_hang_on_the_incident(rest, opened, listening, state):
    incident = opened()
    path = f"/incidents/{incident['id']}"

    note = rest.post(f"{path}/notes", json={"note": {"content": "twelve"}})
    update = rest.post(f"{path}/status_updates", json={"message": "thirteen"})
    target = {"responder_request_target": {"id": "PPOLICY", "type": "escalation_policy_reference"}}
    call = {"requester_id": "PUSER06", "message": "help", "responder_request_targets": [target]}
    asked = rest.post(f"{path}/responder_requests", json=call, headers={"From": ""})

    assert (note.status_code, update.status_code, asked.status_code) == (200, 200, 200)
    assert [each["content"] for each in rest.get(f"{path}/notes").json()["notes"]] == ["twelve"]
    assert asked.json()["responder_request"]["message"] == "help"
    kinds = [event["event_type"] for event in webhooks(rest)]
    assert kinds[1:] == ["incident.annotated", "incident.status_update_published", "incident.responder.added"]
    assert [event["data"]["type"] for event in webhooks(rest)] == [
        "incident",
        "incident_note",
        "incident_status_update",
        "incident_responder",
    ]
    assert state()["pagerduty"]["incidents"][0]["told"][-1]["why"] == "asked to help"


def test_a_snoozed_incident_comes_back(rest, opened, clock):
    incident = opened()
    clock.advance(seconds=11)

    quiet = rest.post(f"/incidents/{incident['id']}/snooze", json={"duration": 600})
    clock.advance(seconds=601)
    back = rest.get(f"/incidents/{incident['id']}").json()["incident"]

    assert (quiet.status_code, quiet.json()["incident"]["status"]) == (201, "acknowledged")
    assert back["status"] == "triggered"
    log = rest.get(f"/incidents/{incident['id']}/log_entries").json()["log_entries"]
    assert [each["type"] for each in reversed(log)] == [
        "trigger_log_entry",
        "notify_log_entry",
        "snooze_log_entry",
        "unacknowledge_log_entry",
        "notify_log_entry",
    ]


@pytest.mark.parametrize(
    ("headers", "status", "number"),
    [
        ({"Authorization": ""}, 401, 2006),
        ({"Authorization": "Token token=wrong"}, 401, 2006),
        ({"Authorization": f"OAuth {PAGERDUTY_API_KEY}"}, 401, 2006),
        ({"Accept": "application/json"}, 406, 2001),
        ({"From": ""}, 400, 2001),
        ({"From": "nobody@sandbox.test"}, 400, 1008),
        ({"Content-Type": "text/plain"}, 400, 2001),
    ],
)
def test_a_caller_who_does_not_say_what_is_needed_is_refused(rest, headers, status, number):
    answer = rest.post("/incidents", json={"incident": INCIDENT}, headers=headers)

    assert code(answer) == (status, number)
    assert rest.get("/incidents").json()["incidents"] == []


def test_a_bearer_token_is_taken_too_and_reading_needs_no_from(rest):
    headers = {"Authorization": f"Bearer {PAGERDUTY_API_KEY}", "From": ""}

    assert rest.get("/incidents", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"title": " "}, "'title' is missing or blank"),
        ({"service": {"id": "PNOBODY", "type": "service_reference"}}, "service_reference PNOBODY does not exist"),
        ({"priority": {"id": "P9", "type": "priority_reference"}}, "Priority P9 does not exist"),
        ({"urgency": "critical"}, "'urgency' is invalid"),
        ({"severity": "critical"}, "'severity' is not a field"),
        ({"body": {"type": "incident_body", "details": {"a": 1}}}, "'body.details'"),
        (
            {
                "assignments": [{"assignee": USER}],
                "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference"},
            },
            "found both",
        ),
    ],
)
def test_an_incident_that_makes_no_sense_is_refused_with_its_reason(rest, change, says):
    answer = rest.post("/incidents", json={"incident": INCIDENT | change})

    assert code(answer) == (400, 2001)
    assert any(says in error for error in answer.json()["error"]["errors"]), answer.json()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/incidents/QNOBODY", 404),
        ("POST", "/incidents/QNOBODY/notes", 404),
        ("GET", "/schedules/PNOBODY", 404),
        ("PUT", "/users/PNOBODY", 404),
        ("GET", "/incidents/Q1/nothing", 404),
        ("DELETE", "/incidents", 405),
    ],
)
def test_what_does_not_exist_is_not_found(rest, method, path, status):
    answer = rest.request(method, path, json={"note": {"content": "x"}} if method == "POST" else None)

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "code", "errors"}


def test_the_limit_is_told_with_every_answer_and_refuses_with_2020(rest, clock):
    first = rest.get("/priorities")
    for _ in range(959):
        rest.get("/priorities")
    refused = rest.get("/priorities")
    clock.advance(seconds=60)

    assert [first.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["960", "959", "60"]
    assert code(refused) == (429, 2020)
    assert refused.headers["ratelimit-remaining"] == "0"
    assert rest.get("/priorities").status_code == 200


def test_without_tls_nothing_is_taken(sandbox):
    plain = TestClient(create_app(sandbox), base_url="http://sandbox.test")

    assert plain.get("/incidents", headers={"Authorization": f"Token token={PAGERDUTY_API_KEY}"}).status_code == 403


def test_what_was_done_by_rest_survives_a_restart(tmp_path, clock):
    from vcci_platform.sandbox import Sandbox
    from vcci_platform.sandbox.pagerduty.rest.call import Call

    path = tmp_path / "sandbox.jsonl"
    before = Sandbox(clock=clock, journal=path)
    made = before.rest(Call("POST", "/incidents", clock.now(), {}, {"incident": INCIDENT}, PAGERDUTY_FROM)).body
    clock.advance(minutes=5)
    identifier = made["incident"]["id"]
    body = {"note": {"content": "twelve"}}
    before.rest(Call("POST", f"/incidents/{identifier}/notes", clock.now(), {}, body, PAGERDUTY_FROM))
    before.click(identifier, "resolved")

    after = Sandbox(clock=clock, journal=path)

    assert after.pagerduty.incidents == before.pagerduty.incidents
    assert after.pagerduty.incidents[0].changed_by.name == "Ada Primary"
