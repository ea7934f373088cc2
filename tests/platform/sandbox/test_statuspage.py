"""The stand-in for Statuspage: components change colour, incidents gather updates, wrong calls are refused."""

from __future__ import annotations

import pytest

from vcci_platform.sandbox import PAGE_ID, Sandbox
from vcci_platform.testing import ManualClock

INCIDENTS = f"/v1/pages/{PAGE_ID}/incidents"
COMPONENTS = f"/v1/pages/{PAGE_ID}/components"


def colours(client):
    return {component["id"]: component["status"] for component in client.get(COMPONENTS).json()}


def create(client, **fields):
    return client.post(INCIDENTS, json={"incident": {"name": "Eleven", **fields}})


def test_an_incident_colours_its_components_and_mails_subscribers(statuspage, state):
    answer = create(
        statuspage,
        status="investigating",
        body="We look into it.",
        component_ids=["api", "data"],
        components={"api": "major_outage"},
        metadata={"vcci": {"incident": "inc_12"}},
    )

    assert answer.status_code == 201
    incident = answer.json()
    assert (incident["status"], incident["impact"]) == ("investigating", "critical")
    assert [component["id"] for component in incident["components"]] == ["api", "data"]
    assert incident["metadata"] == {"vcci": {"incident": "inc_12"}}
    (update,) = incident["incident_updates"]
    assert (update["body"], update["deliver_notifications"]) == ("We look into it.", True)
    assert update["affected_components"] == [
        {"code": "api", "name": "API", "old_status": "operational", "new_status": "major_outage"}
    ]
    assert colours(statuspage) == {"api": "major_outage", "calculations": "operational", "data": "operational"}
    assert state()["statuspage"]["mailed"] == 1


def test_each_patch_that_says_something_is_an_update_and_resolving_restores_nothing_by_itself(statuspage):
    incident = create(statuspage, components={"api": "partial_outage"}).json()

    patched = statuspage.patch(
        f"{INCIDENTS}/{incident['id']}",
        json={"incident": {"status": "resolved", "body": "Over.", "deliver_notifications": False}},
    )

    assert patched.status_code == 200
    assert [update["status"] for update in patched.json()["incident_updates"]] == ["resolved", "investigating"]
    assert "resolved_at" in patched.json()
    assert patched.json()["impact"] == "major"
    assert colours(statuspage)["api"] == "partial_outage"


def test_a_patch_of_metadata_alone_is_no_update(statuspage, state):
    incident = create(statuspage).json()

    patched = statuspage.patch(f"{INCIDENTS}/{incident['id']}", json={"incident": {"metadata": {"vcci": {"seq": "2"}}}})

    assert len(patched.json()["incident_updates"]) == 1
    assert patched.json()["metadata"] == {"vcci": {"seq": "2"}}
    assert state()["statuspage"]["mailed"] == 1


def test_a_drill_mails_nobody(statuspage, state):
    create(statuspage, deliver_notifications=False)

    assert state()["statuspage"]["mailed"] == 0


def test_an_overridden_impact_wins_over_the_components(statuspage):
    incident = create(statuspage, impact_override="minor", components={"api": "major_outage"}).json()

    assert incident["impact"] == "minor"


def test_only_unresolved_incidents_are_listed_as_such(statuspage):
    over = create(statuspage, status="resolved").json()
    open_one = create(statuspage).json()

    assert [each["id"] for each in statuspage.get(f"{INCIDENTS}/unresolved").json()] == [open_one["id"]]
    assert [each["id"] for each in statuspage.get(INCIDENTS).json()] == [open_one["id"], over["id"]]
    assert statuspage.get(f"{INCIDENTS}/{over['id']}").json()["id"] == over["id"]


def test_incidents_are_found_by_name_status_and_words_and_listed_in_pages(statuspage):
    for number in range(11, 16):
        create(statuspage, name=f"Number {number}", body="slow" if number % 2 else "down")

    assert [each["name"] for each in statuspage.get(INCIDENTS, params={"q": "SLOW"}).json()] == [
        "Number 15",
        "Number 13",
        "Number 11",
    ]
    assert [each["name"] for each in statuspage.get(INCIDENTS, params={"limit": 2, "page": 2}).json()] == [
        "Number 13",
        "Number 12",
    ]


def test_a_component_changes_by_itself(statuspage):
    answer = statuspage.patch(f"{COMPONENTS}/data", json={"component": {"status": "under_maintenance"}})

    assert (answer.status_code, answer.json()["status"]) == (200, "under_maintenance")
    assert statuspage.get(f"{COMPONENTS}/data").json()["status"] == "under_maintenance"


@pytest.mark.parametrize("header", [None, "Bearer sandbox-statuspage-key", "OAuth wrong", "sandbox-statuspage-key"])
def test_a_caller_without_the_key_is_not_let_in(client, header):
    headers = {"Authorization": header} if header else {}

    answer = client.post(INCIDENTS, json={"incident": {"name": "Eleven"}}, headers=headers)

    assert answer.status_code == 401
    assert "OAuth" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/pages/nopage/incidents"),
        ("GET", f"{INCIDENTS}/noincident"),
        ("GET", f"{COMPONENTS}/nocomponent"),
        ("PATCH", f"{COMPONENTS}/nocomponent"),
        ("PATCH", f"{INCIDENTS}/latest"),
    ],
)
def test_what_does_not_exist_is_not_found(statuspage, method, path):
    body = {"component": {"status": "operational"}} if "components" in path else {"incident": {"status": "resolved"}}

    answer = statuspage.request(method, path, json=body)

    assert answer.status_code == 404
    assert "no" in answer.json()["message"]


def test_components_cannot_be_patched_as_a_collection(statuspage):
    assert statuspage.patch(COMPONENTS, json={"component": {"status": "operational"}}).status_code == 405


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"incident": {"name": "E", "impact": "critical"}}, "use impact_override"),
        ({"incident": {"name": "E", "impact_override": "severe"}}, "'incident.impact_override' is invalid"),
        ({"incident": {"name": "E", "components": ["api"]}}, "'incident.components'"),
        ({"incident": {"name": "E", "components": {"api": "down"}}}, "'incident.components.api' is invalid"),
        ({"incident": {"name": "E", "components": {"nope": "operational"}}}, "component 'nope' does not exist"),
        ({"incident": {"name": "E", "component_ids": ["nope"]}}, "component 'nope' does not exist"),
        ({"incident": {"name": "E", "status": "acknowledged"}}, "'incident.status' is invalid"),
        ({"incident": {"name": "E", "status": "scheduled"}}, "'incident.status' is invalid"),
        ({"incident": {"name": "E", "scheduled_for": "2026-01-01T00:00:00Z"}}, "realtime incidents only"),
        ({"incident": {"name": "E" * 256}}, "'incident.name' is too long (at most 255 characters)"),
        ({"incident": {"name": "E", "body": "b" * 25_001}}, "'incident.body' is too long"),
        ({"incident": {"name": "E", "metadata": {"seq": 2}}}, "expected every top-level value to be an object"),
        ({"incident": {"name": "E", "deliver_notifications": "false"}}, "'incident.deliver_notifications'"),
        ({"incident": {"status": "investigating"}}, "'incident.name' is missing or blank"),
        ({"name": "E"}, "it belongs inside the wrapper 'incident'"),
    ],
)
def test_what_statuspage_cannot_process_is_refused_and_changes_nothing(statuspage, body, says):
    answer = statuspage.post(INCIDENTS, json=body)

    assert answer.status_code == 422
    assert says in answer.json()["message"]
    assert statuspage.get(INCIDENTS).json() == []
    assert set(colours(statuspage).values()) == {"operational"}


def test_json_without_its_content_type_is_read_as_a_form_and_refused(statuspage):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = statuspage.post(INCIDENTS, content='{"incident": {"name": "Eleven"}}', headers=headers)

    assert answer.status_code == 422
    assert "application/json" in answer.json()["message"]


def test_the_sixty_first_call_in_a_minute_is_refused_with_420_or_429(statuspage, clock):
    assert {statuspage.get(COMPONENTS).status_code for _ in range(60)} == {200}

    assert [statuspage.get(COMPONENTS).status_code for _ in range(3)] == [420, 429, 420]
    clock.advance(seconds=60)
    assert statuspage.get(COMPONENTS).status_code == 200


def test_components_are_made_from_the_names_that_are_passed_in():
    page = Sandbox(clock=ManualClock(), components=("Public API", "Überblick 2")).statuspage

    assert [(component.id, component.name) for component in page.components] == [
        ("public-api", "Public API"),
        ("berblick-2", "Überblick 2"),
    ]


def test_two_components_that_share_an_id_are_refused():
    with pytest.raises(ValueError, match="two status page components have the id 'api'"):
        Sandbox(clock=ManualClock(), components=("API", "api!"))


def test_an_update_is_put_right_and_told_again_only_when_asked(statuspage, state):
    incident = create(statuspage, body="We lok into it.").json()
    path = f"{INCIDENTS}/{incident['id']}/incident_updates/{incident['incident_updates'][0]['id']}"

    quiet = statuspage.patch(path, json={"incident_update": {"body": "We look into it."}})
    loud = {"display_at": "2026-03-02T08:55:00Z", "deliver_notifications": True}
    told = statuspage.patch(path, json={"incident_update": loud})

    assert (quiet.status_code, quiet.json()["body"]) == (200, "We look into it.")
    assert (told.json()["display_at"], told.json()["body"]) == ("2026-03-02T08:55:00.000Z", "We look into it.")
    assert state()["statuspage"]["mailed"] == 2
    assert len(statuspage.get(f"{INCIDENTS}/{incident['id']}").json()["incident_updates"]) == 1
    assert statuspage.patch(f"{path}x", json={"incident_update": loud}).status_code == 404


def test_a_review_is_drafted_published_and_hidden(statuspage, state):
    path = f"{INCIDENTS}/{create(statuspage).json()['id']}"
    assert statuspage.get(f"{path}/postmortem").status_code == 404

    draft = statuspage.put(f"{path}/postmortem", json={"postmortem": {"body_draft": "What happened"}})
    early = statuspage.put(f"{path}/postmortem/publish", json={"postmortem": {}})
    statuspage.patch(path, json={"incident": {"status": "resolved", "deliver_notifications": False}})
    shown = statuspage.put(f"{path}/postmortem/publish", json={"postmortem": {"notify_subscribers": True}})
    public = statuspage.get(path).json()
    hidden = statuspage.put(f"{path}/postmortem/revert", json={})

    assert (draft.status_code, draft.json()["body_draft"], "body" in draft.json()) == (200, "What happened", False)
    assert (early.status_code, "is investigating" in early.json()["message"]) == (400, True)
    assert (shown.json()["body"], public["postmortem_body"]) == ("What happened", "What happened")
    assert public["postmortem_notified_subscribers"] is True
    assert state()["statuspage"]["mailed"] == 2
    assert "body" not in hidden.json()
    assert "postmortem_body" not in statuspage.get(path).json()
    assert statuspage.put(f"{path}/postmortem/revert", json={}).status_code == 400


@pytest.mark.parametrize("body", [{"body_draft": "x"}, {"postmortem": {}}, {"postmortem": {"body": "x"}}])
def test_a_review_of_a_wrong_shape_is_refused(statuspage, body):
    path = f"{INCIDENTS}/{create(statuspage).json()['id']}"

    assert statuspage.put(f"{path}/postmortem", json=body).status_code == 422
