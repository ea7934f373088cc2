"""The pages under Desk, and who is on call: what is shown to whom, and what their forms do."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from vcci_platform.incidents import people
from vcci_platform.incidents.access import digest
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.testing import alert

OURS = {"Sec-Fetch-Site": "same-origin"}


def enter(console, *ranks):
    """Add people of these ranks and sign the first one in."""
    with console.office.desk.database.write() as connection:
        for rank in ranks:
            people.add(connection, rank.title(), rank, "", digest(f"token-{rank}"), console.clock.now())
    console.client.post("/sign-in", data={"token": f"token-{ranks[0]}"}, headers=OURS)


def send(console, path, **form):
    return console.client.post(path, data=form, headers=OURS, follow_redirects=False)


def dead_page(console):
    """Return an incident whose page PagerDuty refused, and the number of that effect."""
    vendors = console.vendors
    vendors.answer = lambda target, _: Failed("400 bad", retryable=False) if target == "pagerduty" else None
    incident = console.hear(alert())
    vendors.answer = lambda _target, _said: None
    (dead,) = console.client.get("/v1/desk/outbox?state=dead").json()["items"]
    return incident, dead["id"]


def test_what_was_given_up_is_shown_and_tried_again(console):
    _, number = dead_page(console)

    page = console.get("/outbox?state=dead")
    answer = send(console, f"/outbox/{number}/retry")
    console.work()

    assert "pagerduty page sandbox" in page.text
    assert "400 bad" in page.text
    assert "slack" not in page.text.split("Retry")[1]
    assert answer.status_code == 303
    assert "Try again" not in console.get("/outbox").text
    assert "No effect is like that." in console.get("/outbox?state=dead").text


def test_the_incident_itself_offers_to_try_again_and_a_resolved_one_says_why_not(console):
    incident, number = dead_page(console)
    assert "Given up: pagerduty page. See what was said" in console.get(f"/incidents/{incident.id}").text
    assert "Try again" in console.get(f"/incidents/{incident.id}").text
    console.act(incident, action="resolve", by="ada", why="a false alarm")

    answer = send(console, f"/incidents/{incident.id}/effects/{number}/retry")

    assert answer.status_code == 409
    assert "The incident is resolved: to trigger would call people to what is over." in answer.text


def test_a_letter_in_quarantine_is_read_and_tried_again(console):
    console.office.desk.accept("alertmanager", b"<b>nonsense</b>")
    console.work()

    page = console.get("/inbox?state=quarantined")
    answer = send(console, "/inbox/1/retry")
    again = send(console, "/inbox/1/retry")

    assert "alertmanager quarantined no. 1" in page.text
    assert "<b>nonsense</b>" in page.text
    assert answer.status_code == 303
    assert again.status_code == 409


def test_the_first_person_is_an_admin_and_the_token_is_shown_once(console):
    refused = send(console, "/people", name="Ada", rank="responder")
    nameless = send(console, "/people", name=" ", rank="admin")
    made = send(console, "/people", name="Grace", rank="admin")
    token = made.text.split('class="token">')[1].split("<")[0]
    console.client.post("/sign-in", data={"token": token}, headers=OURS)
    page = console.get("/people")

    assert (refused.status_code, nameless.status_code, made.status_code) == (409, 422, 200)
    assert "The first person must be an admin" in refused.text
    assert "Name is missing." in nameless.text
    assert "Grace admin none" in page.text
    assert token not in page.html

    unknown = send(console, "/people", name="Ada", rank="responder", contact="securty")
    assert "did you mean security?" in unknown.text
    send(console, "/people", name="Ada", rank="responder", contact="security")
    assert send(console, "/people/revoke", name="Ada").status_code == 303
    assert "Ada responder security" in console.get("/people").text
    assert "taken away" in console.get("/people").text
    assert "last admin" in send(console, "/people/revoke", name="Grace").text


@pytest.mark.parametrize(
    ("rank", "shown", "hidden"),
    [
        ("viewer", ["/outbox"], ["/inbox", "/people", "/audit"]),
        ("commander", ["/outbox", "/inbox"], ["/people", "/audit"]),
        ("admin", ["/outbox", "/inbox", "/people", "/audit"], []),
    ],
)
def test_only_what_a_rank_may_open_is_offered_and_the_rest_says_what_it_takes(console, rank, shown, hidden):
    enter(console, rank)
    ways = console.get("/desk").ways

    assert set(shown) <= ways
    assert not ways & set(hidden)
    for path in shown:
        console.get(path)
    for path in hidden:
        assert f"is a {rank}." in console.get(path, 403).text
        assert send(console, "/people", name="Eve", rank="admin").status_code == 403


def test_the_audit_tells_who_did_what(console):
    incident = console.hear(alert())
    enter(console, "admin")
    console.act(incident, action="acknowledge", why="on it")

    page = console.get("/audit")

    assert "Admin admin" in page.text
    assert "acknowledge" in page.text
    assert "why: on it" in page.text
    assert f"/incidents/{incident.id}" in page.ways


def test_who_is_on_call_stands_there_with_the_turns_to_come(console):
    page = console.get("/on-call")

    assert "Who is on call is not known, since the sandbox cannot be asked: " in page.text
    assert "Primary now not known Secondary now not known Hands over, Mondays at 09:00 in " in page.text
    assert "Mon 2026-03-09 09:00 EDT" in page.text, "clocks go forward on the eighth of March"
    assert "Level 1 platform.primary" in page.text


@pytest.mark.parametrize("path", ["/outbox/1/retry", "/inbox/1/retry", "/people", "/people/revoke", "/sign-out"])
def test_forms_of_another_site_change_nothing(console, path):
    answer = console.client.post(
        path, data={"name": "Eve", "rank": "admin"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403
    assert console.client.get("/v1/desk/people").json()["items"] == []


def test_who_takes_time_out_of_an_account_stands_in_the_audit_log(console):
    """A correction changed what a promise looked like, and the audit log said nothing of it."""
    correction = {"slos": "api-errors", "kind": "change", "from": "2026-03-02T10:00", "until": "2026-03-02T12:00"}
    send(console, "/corrections", **correction, who="ada", why="the announced upgrade")
    enter(console, "admin")
    bearer = {"Authorization": "Bearer token-admin"}
    body = {**correction, "who": "somebody else", "why": "the second one"}
    made = console.client.post("/v1/corrections", json=body, headers=bearer).raise_for_status().json()
    send(console, f"/corrections/{made['name']}/withdraw", why="it counts after all")

    lines = console.client.get("/v1/desk/audit").json()["items"]
    page = console.get("/audit")

    assert [(line["who"], line["rank"], line["action"]) for line in lines] == [
        ("Admin", "admin", "correction_withdrawn"),
        ("Admin", "admin", "correction_added"),
        ("ada", "admin", "correction_added"),
    ]
    assert lines[1]["detail"] == {"who": "somebody else", "why": "the second one"}
    assert {lines[0]["subject"], lines[1]["subject"]} == {made["name"]}
    assert "correction added" in page.text


@pytest.mark.parametrize("path", ["/outbox", "/inbox", "/audit"])
def test_a_place_in_a_list_that_no_row_can_have_is_a_wrong_request(console, path):
    """It was more than the store can count to, and made the desk stumble."""
    assert console.client.get(f"{path}?before={10**30}").status_code == 422


@pytest.mark.parametrize("path", ["/outbox/{}/retry", "/inbox/{}/retry", "/incidents/inc_1/effects/{}/retry"])
def test_a_number_that_no_row_can_have_is_a_wrong_request(console, path):
    assert send(console, path.format(10**30)).status_code == 422


@pytest.mark.parametrize("name", ["a/b", "a//b/", "what?", "50%"])
def test_a_name_from_before_that_no_address_likes_loses_its_access_here_and_over_the_api(console, name):
    """Names with a slash were let in once, and the address of such a person led to no route."""
    enter(console, "admin")
    remove = {"headers": {"Authorization": "Bearer token-admin"}}
    with console.office.desk.database.write() as connection:
        people.add(connection, name, "viewer", "", digest("one"), console.clock.now())

    first = console.client.delete(f"/v1/desk/people/{quote(name, safe='')}", **remove)
    with console.office.desk.database.write() as connection:
        people.add(connection, name, "viewer", "", digest("two"), console.clock.now())
    second = send(console, "/people/revoke", name=name)

    assert (first.status_code, second.status_code) == (204, 303)
    with console.office.desk.database.read() as connection:
        assert [row["name"] for row in people.everybody(connection) if row["revoked_at"] is None] == ["Admin"]
