"""The stand-ins agree with the vendors' own schemas, closed: what those refuse is refused here, what is sent is valid.

Where the stand-in is stricter than the schema (lengths and required keys that only the prose names, fields that no path
of ours uses), the sample says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from vcci_platform.sandbox import PAGE_ID, ROUTING_KEY, STATUSPAGE_API_KEY, Sandbox, create_app
from vcci_platform.testing import ManualClock

PAYLOAD = {"summary": "eleven", "source": "host-12", "severity": "error"}
EVENT = {"routing_key": ROUTING_KEY, "event_action": "trigger", "payload": PAYLOAD}
FULL = EVENT | {
    "dedup_key": "key-13",
    "client": "vcci desk",
    "client_url": "https://desk.test/incidents/inc_14",
    "links": [{"href": "https://runbooks.test/15", "text": "Runbook"}, {"href": "https://runbooks.test/16"}],
    "images": [{"src": "https://charts.test/17.png", "href": "https://charts.test", "alt": "burn"}],
    "payload": PAYLOAD
    | {
        "timestamp": "2026-03-02T09:00:00.123+00:00",
        "component": "api",
        "group": "production",
        "class": "HighErrorRate",
        "custom_details": {"burn": 37.2, "nested": {"firing": ["a"]}},
    },
}
# What Alertmanager 0.34 sends (notify/pagerduty): every field it can fill.
ALERTMANAGER = FULL | {"client": "Alertmanager", "dedup_key": "9f" * 32, "images": []}

EVENTS_TAKEN = {
    "the least": EVENT,
    "everything": FULL,
    "Alertmanager's": ALERTMANAGER,
    "an acknowledge": {"routing_key": ROUTING_KEY, "event_action": "acknowledge", "dedup_key": "key-13"},
    "a resolve": {"routing_key": ROUTING_KEY, "event_action": "resolve", "dedup_key": "key-13"},
    "a resolve with a payload": FULL | {"event_action": "resolve"},
    **{
        f"severity {word}": EVENT | {"payload": PAYLOAD | {"severity": word}}
        for word in ("critical", "warning", "info")
    },
}
EVENTS_REFUSED_BY_BOTH = {
    "links inside the payload": EVENT | {"payload": PAYLOAD | {"links": [{"href": "https://a.test"}]}},
    "severity P0": EVENT | {"payload": PAYLOAD | {"severity": "P0"}},
    "no severity": EVENT | {"payload": {"summary": "eleven", "source": "host-12"}},
    "no summary": EVENT | {"payload": {"source": "host-12", "severity": "error"}},
    "no source": EVENT | {"payload": {"summary": "eleven", "severity": "error"}},
    "no routing key": {"event_action": "trigger", "payload": PAYLOAD},
    "no action": {"routing_key": ROUTING_KEY, "payload": PAYLOAD},
    "an action of ours": EVENT | {"event_action": "escalate"},
    "an unknown field": EVENT | {"priority": "P0"},
    "a link without href": EVENT | {"links": [{"text": "Runbook"}]},
    "an image without src": EVENT | {"images": [{"alt": "burn"}]},
    "links that are no list": EVENT | {"links": {"href": "https://a.test"}},
    "details that are no object": EVENT | {"payload": PAYLOAD | {"custom_details": "text"}},
    "a summary that is no text": EVENT | {"payload": PAYLOAD | {"summary": 11}},
    "null for nothing": EVENT | {"client_url": None},
}
EVENTS_REFUSED_BY_PROSE = {  # the schema does not say it, the documentation does
    "an acknowledge without its key": {"routing_key": ROUTING_KEY, "event_action": "acknowledge"},
    "a key of 256 characters": EVENT | {"dedup_key": "k" * 256},
    "a summary of 1025 characters": EVENT | {"payload": PAYLOAD | {"summary": "s" * 1025}},
    "a trigger without a payload": {"routing_key": ROUTING_KEY, "event_action": "trigger"},
    "a routing key that is too short": EVENT | {"routing_key": "short"},
}

INCIDENT = {"name": "Eleven"}
INCIDENTS_TAKEN = {
    "the least": INCIDENT,
    "everything we send": INCIDENT
    | {
        "status": "investigating",
        "impact_override": "critical",
        "body": "We look into it.",
        "component_ids": ["api", "data"],
        "components": {"api": "major_outage", "data": "degraded_performance"},
        "deliver_notifications": False,
        "metadata": {"vcci": {"incident": "inc_12", "seq": 1}},
        "reminder_intervals": "[]",
    },
    **{f"status {word}": INCIDENT | {"status": word} for word in ("identified", "monitoring", "resolved")},
    **{f"impact {word}": INCIDENT | {"impact_override": word} for word in ("none", "maintenance", "minor", "major")},
}
INCIDENTS_REFUSED_BY_BOTH = {
    "no name": {"status": "investigating"},
    "impact without override": INCIDENT | {"impact": "critical"},
    "components as a list": INCIDENT | {"components": ["api"]},
    "a component state of ours": INCIDENT | {"components": {"api": "down"}},
    "a state of ours": INCIDENT | {"status": "acknowledged"},
    "an impact of ours": INCIDENT | {"impact_override": "P0"},
    "component_ids as text": INCIDENT | {"component_ids": "api"},
    "metadata as text": INCIDENT | {"metadata": "inc_12"},
    "notifications as text": INCIDENT | {"deliver_notifications": "no"},
}
INCIDENTS_REFUSED_BY_PROSE = {
    "a name of 256 characters": {"name": "E" * 256},
    "a body of 25001 characters": INCIDENT | {"body": "b" * 25_001},
    "metadata of plain values": INCIDENT | {"metadata": {"seq": 1}},
    "a component that is not there": INCIDENT | {"components": {"nope": "operational"}},
    "a scheduled incident, which no path of ours uses": INCIDENT | {"status": "scheduled"},
}


@pytest.fixture
def client() -> Iterator[TestClient]:
    headers = {"Authorization": f"OAuth {STATUSPAGE_API_KEY}"}
    app = create_app(Sandbox(clock=ManualClock()))
    with TestClient(app, base_url="https://sandbox.test", headers=headers) as client:
        yield client


def complaints(schema: dict[str, Any], value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def named(samples: dict[str, Any]) -> Any:
    return pytest.mark.parametrize("sample", samples.values(), ids=list(samples))


@named(EVENTS_TAKEN)
def test_an_event_that_the_vendors_schema_takes_is_taken(client, event_schema, sample):
    assert complaints(event_schema, sample) == []
    assert client.post("/v2/enqueue", json=sample).status_code == 202


@named(EVENTS_REFUSED_BY_BOTH)
def test_an_event_that_the_closed_schema_refuses_is_refused(client, event_schema, sample):
    assert complaints(event_schema, sample)
    assert client.post("/v2/enqueue", json=sample).status_code == 400


@named(EVENTS_REFUSED_BY_PROSE)
def test_an_event_that_only_the_vendors_prose_refuses_is_refused_too(client, event_schema, sample):
    assert complaints(event_schema, sample) == []
    assert client.post("/v2/enqueue", json=sample).status_code == 400


def test_the_vendors_own_examples_are_taken_with_our_key(client, pagerduty_document):
    for path in ("/enqueue", "/change/enqueue"):
        content = pagerduty_document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        for example in content["examples"].values():
            answer = client.post(f"/v2{path}", json=example["value"] | {"routing_key": ROUTING_KEY})
            assert answer.status_code == 202, answer.json()


@pytest.mark.parametrize(
    "change",
    [{}, {"payload": {"summary": "s", "severity": "error"}}, {"payload": {}}, {"dedup_key": "x"}, {"links": [{}]}],
)
def test_a_change_is_taken_or_refused_as_the_closed_schema_says(client, change_schema, change):
    sample = {"routing_key": ROUTING_KEY, "payload": {"summary": "deployed"}} | change

    answer = client.post("/v2/change/enqueue", json=sample)

    assert answer.status_code == (400 if complaints(change_schema, sample) else 202)


def test_pagerdutys_answers_have_the_vendors_shape(client, pagerduty_document):
    for answer, name in (
        (client.post("/v2/enqueue", json=EVENT), "Success"),
        (client.post("/v2/enqueue", json=EVENT | {"priority": "P0"}), "Error"),
        (client.post("/v2/enqueue", content="{"), "Error"),
    ):
        content = pagerduty_document["components"]["responses"][name]["content"]["application/json"]
        shape = content["schema"] | {"additionalProperties": False}
        assert complaints(shape, answer.json()) == []


@named(INCIDENTS_TAKEN)
def test_an_incident_that_the_vendors_schema_takes_is_taken(client, statuspage_schema, sample):
    body = {"incident": sample}

    created = client.post(f"/v1/pages/{PAGE_ID}/incidents", json=body)
    patched = client.patch(f"/v1/pages/{PAGE_ID}/incidents/{created.json()['id']}", json=body)

    assert complaints(statuspage_schema("postPagesPageIdIncidents"), body) == []
    assert complaints(statuspage_schema("patchPagesPageIdIncidents"), body) == []
    assert (created.status_code, patched.status_code) == (201, 200)


@named(INCIDENTS_REFUSED_BY_BOTH)
def test_an_incident_that_the_closed_schema_refuses_is_refused(client, statuspage_schema, sample):
    assert complaints(statuspage_schema("postPagesPageIdIncidents"), {"incident": sample})
    assert client.post(f"/v1/pages/{PAGE_ID}/incidents", json={"incident": sample}).status_code == 422


@named(INCIDENTS_REFUSED_BY_PROSE)
def test_an_incident_that_only_the_vendors_prose_refuses_is_refused_too(client, statuspage_schema, sample):
    assert complaints(statuspage_schema("postPagesPageIdIncidents"), {"incident": sample}) == []
    assert client.post(f"/v1/pages/{PAGE_ID}/incidents", json={"incident": sample}).status_code == 422


def test_a_body_without_the_wrapper_is_refused_by_both(client, statuspage_schema):
    assert complaints(statuspage_schema("postPagesPageIdIncidents"), INCIDENT)
    assert client.post(f"/v1/pages/{PAGE_ID}/incidents", json=INCIDENT).status_code == 422


@pytest.mark.parametrize(
    "component", [{"status": "major_outage"}, {"status": "down"}, {"state": "operational"}, {"name": "Renamed"}]
)
def test_a_component_is_patched_or_refused_as_the_closed_schema_says(client, statuspage_schema, component):
    body = {"component": component}

    answer = client.patch(f"/v1/pages/{PAGE_ID}/components/api", json=body)

    assert answer.status_code == (422 if complaints(statuspage_schema("patchPagesPageIdComponents"), body) else 200)


def test_statuspages_answers_have_the_vendors_shape(client, statuspage_schema):
    incidents = f"/v1/pages/{PAGE_ID}/incidents"
    full = INCIDENTS_TAKEN["everything we send"]
    created = client.post(incidents, json={"incident": full}).json()
    resolved = client.patch(f"{incidents}/{created['id']}", json={"incident": {"status": "resolved"}}).json()
    listed = [*client.get(incidents).json(), client.get(f"{incidents}/{created['id']}").json()]

    for incident in (created, resolved, *listed):
        assert complaints(statuspage_schema("Incident"), incident) == []
    for component in client.get(f"/v1/pages/{PAGE_ID}/components").json():
        assert complaints(statuspage_schema("Component"), component) == []
    refused = client.post(incidents, json={})
    assert complaints(statuspage_schema("ErrorEntity"), refused.json()) == []


def test_every_field_that_is_called_the_vendors_is_the_vendors(statuspage_document):
    """The advice about fields that this stand-in does not carry out names no field that the vendor does not have."""
    from vcci_platform.sandbox.statuspage.forms import WHERE_ELSE

    schema = json.dumps(statuspage_document["components"]["schemas"]["postPagesPageIdIncidents"])
    for place, advice in WHERE_ELSE.items():
        if "the vendor knows it" in advice:
            assert f'"{place.removeprefix("incident.")}"' in schema


def test_reviews_and_mended_updates_have_the_vendors_shape(client, statuspage_schema):
    created = client.post(f"/v1/pages/{PAGE_ID}/incidents", json={"incident": INCIDENT | {"body": "b"}}).json()
    path = f"/v1/pages/{PAGE_ID}/incidents/{created['id']}"
    draft = {"postmortem": {"body_draft": "What happened"}}
    publish = {"postmortem": {"notify_subscribers": True, "notify_twitter": False, "custom_tweet": "over"}}
    mend = {"incident_update": {"body": "c", "display_at": "2026-03-02T08:00:00Z", "deliver_notifications": False}}
    schemas = {
        "draft": statuspage_schema("putPagesPageIdIncidentsIncidentIdPostmortem"),
        "publish": statuspage_schema("putPagesPageIdIncidentsIncidentIdPostmortemPublish"),
        "mend": statuspage_schema("patchPagesPageIdIncidentsIncidentIdIncidentUpdates"),
    }

    answers = [client.put(f"{path}/postmortem", json=draft)]
    client.patch(path, json={"incident": {"status": "resolved"}})
    answers += [client.put(f"{path}/postmortem/publish", json=publish), client.get(f"{path}/postmortem")]
    update = client.patch(f"{path}/incident_updates/{created['incident_updates'][0]['id']}", json=mend)
    shown = client.get(path).json()
    answers.append(client.put(f"{path}/postmortem/revert"))

    assert [complaints(schemas[name], body) for name, body in (("draft", draft), ("publish", publish))] == [[], []]
    assert complaints(schemas["mend"], mend) == []
    for answer in answers:
        assert answer.status_code == 200
        assert complaints(statuspage_schema("Postmortem"), answer.json()) == []
    assert complaints(statuspage_schema("IncidentUpdate"), update.json()) == []
    assert complaints(statuspage_schema("Incident"), shown) == []
    assert shown["postmortem_body"] == "What happened"


@pytest.mark.parametrize("body", [{"postmortem": {"body": "x"}}, {"postmortem": {}}, {"review": {"body_draft": "x"}}])
def test_a_review_that_the_closed_schema_refuses_is_refused(client, statuspage_schema, body):
    created = client.post(f"/v1/pages/{PAGE_ID}/incidents", json={"incident": INCIDENT}).json()
    path = f"/v1/pages/{PAGE_ID}/incidents/{created['id']}/postmortem"

    assert complaints(statuspage_schema("putPagesPageIdIncidentsIncidentIdPostmortem"), body)
    assert client.put(path, json=body).status_code == 422
