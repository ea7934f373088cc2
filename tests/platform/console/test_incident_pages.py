"""Incidents on pages: what is shown of them, and what a form may do."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from vcci_platform.console.incident_page import EFFECTS, TIMERS
from vcci_platform.incidents import people
from vcci_platform.incidents.access import digest
from vcci_platform.incidents.decisions import TimerKind
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.outbox import Kind
from vcci_platform.incidents.testing import alert

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}'


def test_an_incident_shows_its_clocks_timeline_alerts_and_what_was_sent(console):
    incident = console.hear(alert())
    console.clock.advance(minutes=4)

    page = console.get(f"/incidents/{incident.id}")

    assert "Open for 4 min detected 09:00:00" in page.text
    assert "Acknowledged nobody yet within 5 min" in page.text
    assert "Next deadline in 1 min Acknowledge" in page.text
    assert "Escalation level 1 of 4" in page.text
    assert "Level 2 platform.secondary, engineering-manager in 26 min" in page.text
    assert "P0 detected: APIHighErrorRate: 7.1 % of API requests fail" in page.text
    assert "desk \N{MIDDLE DOT} received 09:00:00" in page.text
    assert "pagerduty page sandbox delivered" in page.text
    assert "statuspage show on the status page sandbox delivered" in page.text


def test_every_deadline_and_every_effect_has_words():
    assert [kind for kind in TimerKind if kind not in TIMERS] == []
    assert [kind for kind in Kind if kind not in EFFECTS] == []


def test_the_links_of_the_page_are_renewed_with_it_so_that_none_leads_to_a_part_that_is_gone(console):
    incident = console.hear(alert())

    page = console.get(f"/incidents/{incident.id}").html

    assert re.search(r'<nav class="jump" id="\w+" data-live', page)


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
    [moved] = [line for line in detail["timeline"] if line["kind"] == "state_acknowledged"]
    assert moved["why"] == "on it"


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
    incident = console.hear(alert())
    enter(console, "responder")

    assert console.act(incident, headers=headers, action="acknowledge").status_code == 303


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
        ours = {"/assets/console.js", "/assets/incidents.js"}
        assert {given["src"].split("?")[0] for given in page.all("script")} <= ours
        assert page.all("img") == []
        assert not any(url.startswith(("javascript:", "data:")) for _, url in page.addresses)
    assert HOSTILE in page.text


# --- people with ranks ------------------------------------------------------------------------------------------------


def enter(console, rank, name=""):
    """Add a person of this rank and sign them in."""
    with console.office.desk.database.write() as connection:
        people.add(connection, name or rank.title(), rank, "", digest(f"token-{rank}"), console.clock.now())
    console.client.cookies.clear()
    console.client.post("/sign-in", data={"token": f"token-{rank}"}, headers={"Sec-Fetch-Site": "same-origin"})


def forms(page):
    return {given["action"].rpartition("/")[2] for given in page.all("form") if given["method"] == "post"}


def test_who_has_signed_in_acts_in_their_own_name_and_is_asked_for_none(console):
    incident = console.hear(alert())
    enter(console, "responder", "Ada Lovelace")

    page = console.get(f"/incidents/{incident.id}")
    answer = console.act(incident, action="acknowledge")
    forged = console.act(incident, action="investigate", by="somebody else")

    assert not [given for given in page.all("input") if given.get("name") == "by"]
    assert answer.status_code == 303
    assert console.client.get(f"/v1/incidents/{incident.id}").json()["acknowledged_by"] == "Ada Lovelace"
    assert (forged.status_code, "You are Ada Lovelace" in forged.text) == (403, True)


def test_only_what_a_rank_may_do_is_offered(console):
    incident = console.hear(alert(priority=Priority.P1))
    offered = {}
    for rank in ("viewer", "responder", "commander"):
        enter(console, rank)
        offered[rank] = forms(console.get(f"/incidents/{incident.id}")) - {"sign-out"}

    assert offered["viewer"] == set()
    assert {"actions", "updates", "roles", "notes", "escalation", "ticks", "tasks"} <= offered["responder"]
    assert offered["commander"] - offered["responder"] == {"hold", "status-page"}


@pytest.mark.parametrize(
    ("rank", "path", "form", "words"),
    [
        ("viewer", "actions", {"action": "acknowledge"}, "This takes a responder; Viewer is a viewer."),
        ("responder", "hold", {"minutes": "30", "why": "x"}, "This takes a commander; Responder is a responder."),
        ("responder", "priority", {"priority": "P3", "why": "x"}, "To lower P0 to P3 takes a commander"),
        ("responder", "status-page", {}, "This takes a commander"),
    ],
)
def test_what_a_rank_may_not_do_is_refused_with_what_it_takes(console, rank, path, form, words):
    incident = console.hear(alert())
    enter(console, rank)

    answer = console.act(incident, path=path, **form)

    assert answer.status_code == 403
    assert words in answer.text


# --- every form -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("notes", {"text": "a look at the logs"}, "a look at the logs"),
        (
            "updates",
            {"status": "we roll back", "impact": "slow", "eta": "15:30"},
            "we roll back Impact: slow ETA: 15:30",
        ),
        ("priority", {"priority": "P1", "why": "few users"}, "P0 became P1"),
        ("roles", {"role": "commander", "person": "grace"}, "grace is commander"),
        ("hold", {"minutes": "30", "why": "enough hands"}, "the escalation is held until 2026-03-02 09:30 UTC"),
        ("escalation", {"level": "2", "why": "more hands"}, "escalated to level 2"),
        ("declarations", {"what": "data-breach", "why": "rows were copied"}, "data-breach declared"),
        ("security", {"why": "an intruder"}, "this is a security incident"),
        ("tasks", {"text": "tell finance"}, "tell finance"),
        ("status-page", {"words": "We are slow."}, "the status page is told"),
    ],
)
def test_each_form_does_what_it_says(console, path, form, words):
    incident = console.hear(alert())

    answer = console.act(incident, path=path, by="ada", **form)

    assert answer.status_code == 303, answer.text
    assert words in console.get(f"/incidents/{incident.id}").text


def test_a_task_is_ticked_off_and_opened_again(console):
    incident = console.hear(alert())
    console.act(incident, path="tasks", by="ada", text="tell finance")
    (task,) = [each for each in tasks(console, incident) if each["text"] == "tell finance"]

    console.act(incident, path="ticks", by="grace", task=str(task["id"]))
    (done,) = [each for each in tasks(console, incident) if each["text"] == "tell finance"]
    page = console.get(f"/incidents/{incident.id}")
    console.act(incident, path="ticks", by="grace", task=f"{task['id']} no")
    (undone,) = [each for each in tasks(console, incident) if each["text"] == "tell finance"]

    assert (done["done_by"], undone["done_at"]) == ("grace", None)
    assert "tell finance done by grace" in page.text
    assert {"name": "task", "value": f"{task['id']} no"}.items() <= button(
        page, "Not done after all: tell finance"
    ).items()


def tasks(console, incident):
    return console.client.get(f"/v1/incidents/{incident.id}").json()["tasks"]


def button(page, label):
    (found,) = [given for given in page.all("button") if given.get("aria-label") == label]
    return found


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("notes", {"text": " "}, "What you write is missing."),
        ("hold", {"minutes": "soon", "why": "x"}, "Expected a number of minutes such as 30, found &#39;soon&#39;."),
        ("hold", {"minutes": "inf", "why": "x"}, "Expected a number of minutes such as 30, found &#39;inf&#39;."),
        ("hold", {"minutes": "30"}, "The reason is missing."),
        ("roles", {"role": "king", "person": "ada"}, "A choice is missing."),
        ("ticks", {"task": ""}, "A choice is missing."),
        ("priority", {"priority": "P9", "why": "x"}, "The severity: "),
        ("notes", {"text": "x" * 4001}, "What you write is longer than 4000 characters."),
    ],
)
def test_what_is_missing_in_a_form_is_named_and_what_was_written_stays(console, path, form, words):
    incident = console.hear(alert())

    answer = console.act(incident, path=path, by="ada", **form)

    assert answer.status_code == 422
    assert words in answer.text
    assert 'value="ada"' in answer.text


def test_a_form_that_does_not_exist_is_a_page_that_says_so(console):
    incident = console.hear(alert())

    assert console.act(incident, path="explode", by="ada").status_code == 404


def test_what_the_public_would_read_is_shown_before_it_is_sent(console):
    incident = console.hear(alert(priority=Priority.P1))
    path = f"/incidents/{incident.id}"

    draft = console.get(path).text
    preview = console.act(incident, path="status-page", by="ada", words="Signing in is slow.", do="preview")

    assert "Without your own words the status page shows Problem with API investigating" in draft
    assert "API: partial outage" in draft
    assert "How many tenants are affected is not counted yet; the policy asks for more than 5 %." in draft
    assert preview.status_code == 200
    assert "The status page would show" in preview.text
    assert "<p>Signing in is slow. Next update by 09:30 UTC.</p>" in preview.text
    assert console.client.get(f"/v1{path}").json()["publication"] == "proposed"
    assert console.vendors.posts == []


def test_a_name_is_written_once_where_nobody_signs_in(console):
    incident = console.hear(alert())
    console.act(incident, action="acknowledge", by="Zoë <b>")

    names = [
        given["value"] for given in console.get(f"/incidents/{incident.id}").all("input") if given.get("name") == "by"
    ]

    assert names
    assert set(names) == {"Zoë <b>"}


def test_the_page_knows_where_its_news_come_from(console):
    incident = console.hear(alert())
    last = console.client.get(f"/v1/incidents/{incident.id}").json()["timeline"][-1]["id"]

    (body,) = console.get(f"/incidents/{incident.id}").all("body")

    assert body["data-events"] == f"/v1/incidents/{incident.id}/events?after={last}"


# --- the list ---------------------------------------------------------------------------------------------------------


def test_enter_in_a_field_presses_no_button_where_there_are_several(console):
    """Enter in the name field of the checklist ticked its first task: a browser presses the first button it finds."""
    incident = console.hear(alert())
    console.client.post(f"/v1/incidents/{incident.id}/tasks", json={"by": "ada", "text": "one"})
    forms = re.findall(r"<form.*?</form>", console.client.get(f"/incidents/{incident.id}").text, re.DOTALL)
    crowded = [form for form in forms if len(re.findall(r"<button(?! disabled)", form)) > 1]

    assert {re.search(r'action="[^"]*/([^"/]*)"', form)[1] for form in crowded} >= {"ticks", "actions"}
    assert [re.search(r"<(button|input)[^>]*>", form)[0] for form in crowded] == ["<button disabled hidden>"] * len(
        crowded
    )
