"""Incidents on pages: what is shown of them, and what a form may do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.testing import alert

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}'


def test_an_incident_shows_its_clocks_timeline_alerts_and_what_was_sent(console):
    incident = console.hear(alert())
    console.clock.advance(minutes=4)

    page = console.get(f"/incidents/{incident.id}")

    assert "Open for 4 min detected 09:00:00" in page.text
    assert "Acknowledged nobody yet within 5 min" in page.text
    assert "Next deadline in 1 min Acknowledge" in page.text
    assert "Escalation level 1 of 3" in page.text
    assert "Level 2 platform.secondary, engineering-manager in 26 min" in page.text
    assert "P0 detected: APIHighErrorRate: 7.1 % of API requests fail" in page.text
    assert "desk \N{MIDDLE DOT} received 09:00:00" in page.text
    assert "pagerduty page sandbox delivered" in page.text
    assert "statuspage show on the status page sandbox delivered" in page.text


def test_a_line_of_the_timeline_has_the_time_of_the_event_and_of_its_receipt(console):
    console.clock.advance(minutes=3)
    incident = console.hear(alert())

    assert "received 09:03:00, 3 min later" in console.get(f"/incidents/{incident.id}").text


def test_a_button_does_what_the_api_does_and_leads_back_to_the_incident(console):
    incident = console.hear(alert())

    answer = console.act(incident, action="acknowledge", by=" ada ", why="on it")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{incident.id}")
    detail = console.client.get(f"/v1/incidents/{incident.id}").json()
    assert (detail["state"], detail["acknowledged_by"]) == ("acknowledged", "ada")
    assert detail["timeline"][-1]["why"] == "on it"


def test_only_what_the_state_allows_has_a_button(console):
    incident = console.hear(alert())
    console.act(incident, action="acknowledge", by="ada")

    values = {given.get("value") for given in console.get(f"/incidents/{incident.id}").all("button")}

    assert "acknowledge" not in values
    assert {"investigate", "resolve"} <= values


def test_an_action_that_is_refused_says_why_and_keeps_what_was_written(console):
    incident = console.hear(alert())

    answer = console.act(incident, action="resolve", by="ada")

    assert answer.status_code == 409
    assert "Not done.</strong> APIHighErrorRate still fires: to resolve anyway, say why." in answer.text
    assert 'value="ada"' in answer.text


@pytest.mark.parametrize(
    ("form", "words"),
    [({"action": "acknowledge", "by": " "}, "Say who you are"), ({"action": "explode", "by": "ada"}, "action")],
)
def test_a_form_that_says_too_little_is_not_taken(console, form, words):
    incident = console.hear(alert())

    answer = console.act(incident, **form)

    assert answer.status_code == 422
    assert words in answer.text
    assert console.client.get(f"/v1/incidents/{incident.id}").json()["state"] == "detected"


def test_the_commander_lets_the_public_know(console):
    incident = console.hear(alert(priority=Priority.P1))
    assert "Tell the public" in console.get(f"/incidents/{incident.id}").text

    answer = console.act(incident, path="status-page", by="grace", why="users ask")

    assert answer.status_code == 303
    page = console.get(f"/incidents/{incident.id}")
    assert "Status page published the public knows" in page.text
    assert "Tell the public" not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8011"},
        {},
        {"Sec-Fetch-Site": "same-origin", "Host": "evil.example:8010"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Host": "[::bad"},
    ],
)
@pytest.mark.parametrize("path", ["actions", "status-page"])
def test_a_form_of_another_site_changes_nothing(console, headers, path):
    incident = console.hear(alert())
    before = console.client.get(f"/v1/incidents/{incident.id}").json()

    answer = console.act(incident, path=path, headers=headers, action="acknowledge", by="mallory")

    assert answer.status_code == 403
    assert console.client.get(f"/v1/incidents/{incident.id}").json() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8010"},
        {"Origin": "https://desk.vcci-platform.com", "Host": "desk.vcci-platform.com"},
    ],
)
def test_browsers_that_only_name_the_origin_are_heard(console, headers):
    assert console.act(console.hear(alert()), headers=headers, action="acknowledge", by="ada").status_code == 303


@pytest.mark.parametrize("path", ["", "/actions", "/status-page"])
def test_an_incident_that_does_not_exist_gets_a_page_that_says_so(console, path):
    nobody = SimpleNamespace(id="inc_nothing")
    if path:
        answer = console.act(nobody, path=path[1:], action="acknowledge", by="ada")
    else:
        answer = console.client.get("/incidents/inc_nothing")

    assert answer.status_code == 404
    assert "There is no incident" in answer.text


def test_resolved_incidents_stand_below_open_ones_with_how_long_they_lasted(console):
    incident = console.hear(alert())
    console.clock.advance(minutes=7)
    console.act(incident, action="resolve", by="ada", why="a false alarm")

    page = console.get("/incidents")

    assert "Open 0 No incident is open." in page.text
    assert "resolved 09:00:00 7 min ago nobody 7 min" in page.text


def test_hostile_words_of_alerts_stay_words(console):
    incident = console.hear(
        alert(
            summary=HOSTILE,
            description=HOSTILE,
            component=HOSTILE,
            labels={HOSTILE: HOSTILE},
            runbook_url="javascript:alert(1)",
            dashboard_url="data:text/html,<script>alert(1)</script>",
        )
    )
    console.act(incident, action="acknowledge", by=HOSTILE, why=HOSTILE)

    for path in ("/", "/incidents", f"/incidents/{incident.id}"):
        page = console.get(path)
        assert [given["src"].split("?")[0] for given in page.all("script")] == ["/assets/console.js"]
        assert page.all("img") == []
        assert not any(url.startswith(("javascript:", "data:")) for _, url in page.addresses)
    assert HOSTILE in page.text
