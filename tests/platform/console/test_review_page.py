"""The page of a review: read, edited as Markdown in the version that was read, published by a commander."""

from __future__ import annotations

import html

import pytest

from vcci_platform.incidents import people
from vcci_platform.incidents.access import digest
from vcci_platform.incidents.testing import alert

OURS = {"Sec-Fetch-Site": "same-origin"}


def reviewed(console):
    """Return an incident that is over, and whose review is drafted."""
    incident = console.hear(alert())
    console.act(incident, action="resolve", by="ada", why="a bad release, rolled back")
    go_round(console, "review")
    return incident


def go_round(console, name):
    (loop,) = [loop for loop in console.office.loops.loops if loop.name == name]
    loop.run()


def written(page):
    return html.unescape(page.text.split("<textarea")[1].split(">\n", 1)[1].split("</textarea>")[0])


def send(console, incident, path="", **form):
    return console.client.post(
        f"/incidents/{incident.id}/review{path}", data={"by": "ada", **form}, headers=OURS, follow_redirects=False
    )


def test_a_resolved_incident_leads_to_its_review_and_an_open_one_has_none(console):
    incident = console.hear(alert())
    path = f"/incidents/{incident.id}"
    assert f"{path}/review" not in console.get(path).ways
    assert "There is no review yet" in console.get(f"{path}/review", 404).text

    console.act(incident, action="resolve", by="ada", why="over")
    go_round(console, "review")

    assert f"{path}/review" in console.get(path).ways
    assert "draft version 1" in console.get(f"{path}/review").text


def test_what_is_written_is_kept_and_an_older_version_is_refused_without_losing_it(console):
    incident = reviewed(console)
    text = written(console.client.get(f"/incidents/{incident.id}/review"))
    edited = text.replace("### Timeline", "The release of noon broke signing in.\n\n### Timeline", 1)

    first = send(console, incident, markdown=edited.replace("\n", "\r\n"))
    stale = send(console, incident, markdown=edited)

    assert first.status_code == 303, first.text
    page = console.get(f"/incidents/{incident.id}/review")
    assert "draft version 2" in page.text
    assert "The release of noon broke signing in." in page.text
    assert stale.status_code == 409
    assert "The release of noon broke signing in." in written(stale)


def test_what_cannot_be_read_is_told_by_its_line(console):
    incident = reviewed(console)

    answer = send(console, incident, markdown="no head at all")

    assert answer.status_code == 422
    assert "Line 1: expected" in answer.text
    assert written(answer).strip() == "no head at all"


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        ("viewer", "This takes a responder; Viewer is a viewer."),
        ("responder", "To publish a review takes a commander"),
        ("commander", "Nobody has written what caused it"),
    ],
)
def test_to_publish_takes_a_commander_and_a_cause(console, rank, words):
    incident = reviewed(console)
    with console.office.desk.database.write() as connection:
        people.add(connection, rank.title(), rank, "", digest("token-11"), console.clock.now())
    console.client.post("/sign-in", data={"token": "token-11"}, headers=OURS)

    send(console, incident, "/stage", stage="in-review", version="1", by="")
    answer = send(console, incident, "/stage", stage="published", version="2", by="")

    assert answer.status_code == (409 if rank == "commander" else 403)
    assert words in answer.text
    assert console.client.get(f"/v1/incidents/{incident.id}").json()["state"] == "resolved"


def test_a_published_review_makes_the_incident_reviewed_and_is_edited_no_more(console):
    incident = reviewed(console)
    text = written(console.client.get(f"/incidents/{incident.id}/review"))
    send(console, incident, markdown=text.replace("### Root Cause\n", "### Root Cause\n\nA bad release.\n", 1))

    send(console, incident, "/stage", stage="in-review", version="2")
    answer = send(console, incident, "/stage", stage="published", version="3", by="bo")

    assert answer.status_code == 303, answer.text
    assert console.client.get(f"/v1/incidents/{incident.id}").json()["state"] == "reviewed"
    page = console.get(f"/incidents/{incident.id}/review")
    assert "A bad release." in page.text
    assert page.all("textarea") == []


@pytest.mark.parametrize("path", ["", "/stage"])
def test_a_form_of_another_site_changes_no_review(console, path):
    incident = reviewed(console)

    answer = console.client.post(
        f"/incidents/{incident.id}/review{path}", data={"by": "eve"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 403


def test_what_was_found_when_it_opened_stands_with_the_incident(console):
    incident = console.hear(alert())
    assert "Nothing was gathered yet" in console.get(f"/incidents/{incident.id}").text

    go_round(console, "context")

    page = console.get(f"/incidents/{incident.id}")
    assert "Around it as it was when it opened" in page.text
    assert "Error budgets api-availability: unknown, nothing was counted" in page.text


def test_what_is_to_be_done_is_ticked_off_and_customers_are_told_once(console):
    incident = reviewed(console)
    console.act(incident, path="notes", by="ada", text="late")
    text = written(console.client.get(f"/incidents/{incident.id}/review"))
    text = text.replace("### Root Cause\n", "### Root Cause\n\nThe pool.\n", 1)
    text = text.replace(
        "### Action Items\n", "### Action Items\n\n- [ ] Watch the pool {owner: ada; due: 2020-01-07}\n", 1
    )
    text = text.replace("### For Customers", "### For Customers\n\nIt was slow, and is not any more.", 1)
    send(console, incident, markdown=text)
    send(console, incident, "/stage", stage="in-review", version="2")
    send(console, incident, "/stage", stage="published", version="3", by="bo")

    page = console.get(f"/incidents/{incident.id}/review")
    (item,) = (each["value"] for each in page.all("button") if each.get("name") == "item")
    ticked = send(console, incident, "/items", item=item)
    told = send(console, incident, "/status-page", notify="yes")
    again = send(console, incident, "/status-page")
    after = console.get(f"/incidents/{incident.id}/review")

    assert "To be done 0 of 1 done" in page.text
    assert "It was slow, and is not any more." in page.text
    assert [ticked.status_code, told.status_code, again.status_code] == [303, 303, 409]
    assert "The status page was told of this review already." in again.text
    assert "To be done 1 of 1 done" in after.text
    assert "Show it on the status page" not in after.text
    assert f"{item} no" in [each.get("value") for each in after.all("button")]
    assert send(console, incident, "/items", item="4711").status_code == 409


def test_what_it_cost_is_counted_again_until_the_review_is_published(console):
    incident = reviewed(console)

    counted = send(console, incident, "/measure")

    assert counted.status_code == 303
    assert "draft version 2" in console.get(f"/incidents/{incident.id}/review").text


def test_the_only_author_of_a_p0_is_told_who_publishes_it_and_an_admin_may_alone_with_a_reason(console):
    incident = reviewed(console)
    with console.office.desk.database.write() as connection:
        people.add(connection, "Grace", "admin", "", digest("token-12"), console.clock.now())
    console.client.post("/sign-in", data={"token": "token-12"}, headers=OURS)
    text = written(console.client.get(f"/incidents/{incident.id}/review"))
    send(console, incident, by="", markdown=text.replace("### Root Cause\n", "### Root Cause\n\nA bad release.\n", 1))
    send(console, incident, "/stage", by="", stage="in-review", version="2")

    page = console.get(f"/incidents/{incident.id}/review")
    refused = send(console, incident, "/stage", by="", stage="published", version="3")
    alone = send(console, incident, "/stage", by="", stage="published", version="3", alone="nobody else is here")

    assert "Written by Grace." in page.text
    assert "You alone wrote it, and a P0 asks for a second person" in page.text
    assert refused.status_code == 409
    assert "Grace alone wrote it, and a P0 asks for a second person" in refused.text
    assert alone.status_code == 303, alone.text
    assert "nobody else is here" in console.get(f"/incidents/{incident.id}").text


def test_a_published_review_is_read_as_a_page_and_a_draft_can_be(console):
    incident = reviewed(console)
    text = written(console.client.get(f"/incidents/{incident.id}/review"))
    words = "The **pool** was <img src=x> [full](javascript:x); see [the graph](https://grafana.example/d/11)."
    send(console, incident, markdown=text.replace("### Root Cause\n", f"### Root Cause\n\n{words}\n", 1))

    draft = console.get(f"/incidents/{incident.id}/review?as=read")
    send(console, incident, "/stage", stage="in-review", version="2")
    send(console, incident, "/stage", stage="published", version="3", by="bo")
    page = console.get(f"/incidents/{incident.id}/review")

    for shown in (draft, page):
        assert "Root Cause The pool was <img src=x> full; see the graph ." in shown.text
        assert shown.all("img") == []
        assert ("a", "https://grafana.example/d/11") in shown.addresses
        assert not [url for _, url in shown.addresses if "javascript" in url]
        assert "Severity P0" in shown.text
        assert any("#line-" in each["href"] for each in shown.all("a"))
        assert shown.all("textarea") == []
