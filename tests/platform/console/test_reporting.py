"""The form with which a person reports a fault."""

from __future__ import annotations

import pytest

from vcci_platform.incidents import tables
from vcci_platform.incidents.reporting import REPORTS_PER_MINUTE

OURS = {"Sec-Fetch-Site": "same-origin"}
FORM = {"title": "Nobody can sign in", "priority": "P1", "system": "vcci", "component": "api", "by": "support"}


def send(console, **changes):
    return console.client.post("/incidents/report", data={**FORM, **changes}, headers=OURS, follow_redirects=False)


def test_what_is_reported_opens_an_incident_and_leads_to_it(console):
    answer = send(console, description="since nine")

    assert answer.status_code == 303
    incident = console.client.get(f"/v1{answer.headers['location']}").json()
    assert (incident["title"], incident["priority"], incident["source"]) == ("Nobody can sign in", "P1", "person")


def test_the_form_can_say_that_few_may_see_it(console):
    answer = send(console, security="yes")

    assert console.client.get(f"/v1{answer.headers['location']}").json()["nature"] == "security"


def test_a_form_that_is_sent_twice_is_one_report(console):
    first, again = send(console, key="frm_1"), send(console, key="frm_1")

    assert first.headers["location"] == again.headers["location"]
    with console.office.desk.database.read() as connection:
        kinds = [row.kind for row in connection.execute(tables.timeline.select())]
    assert kinds.count("reported") == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"title": " "}, "Title is missing"), ({"priority": "P9"}, "severity"), ({"by": ""}, "Say who you are")],
)
def test_a_form_that_says_too_little_keeps_what_was_written(console, changes, words):
    answer = send(console, description="since nine", **changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert "since nine" in answer.text


def test_a_form_of_another_site_opens_nothing(console):
    answer = console.client.post(
        "/incidents/report", data=FORM, headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False
    )

    assert answer.status_code == 403
    assert console.client.get("/v1/incidents").json()["items"] == []


def test_one_person_reports_only_so_often_and_the_others_go_on(console):
    for number in range(REPORTS_PER_MINUTE):
        assert send(console, title=f"fault {number}").status_code == 303

    refused = console.client.post("/v1/incidents", json=FORM)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-reports")
    assert int(refused.headers["Retry-After"]) > 0
    assert send(console).status_code == 429
    assert send(console, by="ada").status_code == 303
    console.clock.advance(minutes=1)
    assert send(console).status_code == 303


def test_hostile_words_stay_words(console):
    page = send(console, title="", description="<script>alert(1)</script>").text

    assert "&lt;script&gt;alert(1)" in page
