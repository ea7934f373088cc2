"""The pages over all incidents: action items by due day, ticked off from the list; measures with definitions."""

from __future__ import annotations

import pytest

from vcci_platform.console import afterwards
from vcci_platform.incidents import people
from vcci_platform.incidents.access import digest
from vcci_platform.incidents.testing import alert

OURS = {"Sec-Fetch-Site": "same-origin"}
ITEMS = (
    "- [ ] Improve detection: Alert on the pool {owner: bo}\n"
    "- [ ] Prevent recurrence: Cap the pool {owner: ada; due: 2026-03-09; tracker: https://tracker.example/11}\n"
    "- [ ] Update runbooks: Say how {due: 2026-03-03}\n"
)


def reviewed(console, **given):
    """Return an incident that is over, with two things to do by a day, and one some day."""
    incident = console.hear(alert(**given))
    console.clock.advance(minutes=4)
    console.act(incident, action="acknowledge", by="ada")
    console.clock.advance(minutes=26)
    console.act(incident, action="resolve", by="ada", why="rolled back")
    write(console, incident.id)
    return incident


def write(console, incident_id):
    (loop,) = [loop for loop in console.office.loops.loops if loop.name == "review"]
    loop.run()
    text = console.client.get(f"/v1/incidents/{incident_id}/review.md").text
    text = text.replace("### Action Items\n", f"### Action Items\n\n{ITEMS}", 1)
    answer = console.client.post(f"/v1/incidents/{incident_id}/review", json={"markdown": text, "by": "ada"})
    assert answer.status_code == 200, answer.text


def sign_in(console, rank, contact=""):
    with console.office.desk.database.write() as connection:
        people.add(connection, rank.title(), rank, contact, digest(f"token-{rank}"), console.clock.now())
    console.client.post("/sign-in", data={"token": f"token-{rank}"}, headers=OURS)


def tick(console, item, query="", **form):
    where = f"/action-items{query}"
    return console.client.post(where, data={"item": item, **form}, headers=OURS, follow_redirects=False)


def told(page):
    return [words for words in ("Say how", "Cap the pool", "Alert on the pool") if words in page.text]


def test_action_items_stand_by_their_day_and_are_found_by_state_and_owner(console):
    incident = reviewed(console)
    console.clock.advance(days=2)

    page = console.get("/action-items")

    places = [page.text.index(words) for words in ("Say how", "Cap the pool", "Alert on the pool")]
    assert places == sorted(places)
    assert "nobody 2026-03-03 overdue" in page.text
    assert {f"/incidents/{incident.id}", f"/incidents/{incident.id}/review"} <= page.ways
    assert told(console.get("/action-items?state=overdue")) == ["Say how"]
    assert told(console.get("/action-items?state=unowned")) == ["Say how"]
    assert told(console.get("/action-items?owner=ada")) == ["Cap the pool"]
    assert told(console.get("/action-items?state=done")) == []
    assert told(console.get("/action-items?state=all")) == ["Say how", "Cap the pool", "Alert on the pool"]
    assert "No action item is like that." in console.get("/action-items?state=done").text


def test_a_long_list_of_action_items_comes_in_parts_that_keep_the_filter(console, monkeypatch):
    monkeypatch.setattr(afterwards, "AT_ONCE", 2)
    reviewed(console)

    page = console.get("/action-items?state=all")
    (following,) = [url for url in page.ways if "skip=" in url]

    assert told(page) == ["Say how", "Cap the pool"]
    assert told(console.get(following)) == ["Alert on the pool"]


def test_what_is_done_is_ticked_off_in_the_list_which_keeps_its_filter(console):
    reviewed(console)
    page = console.get("/action-items?owner=ada")
    (item,) = [each["value"] for each in page.all("button") if each.get("name") == "item"]

    nobody = tick(console, item, "?state=open&owner=ada")
    done = tick(console, item, "?state=open&owner=ada", by="ada")
    again = tick(console, f"{item} no", by="ada")

    assert nobody.status_code == 422
    assert "Say who you are" in nobody.text
    assert (done.status_code, done.headers["location"]) == (303, "/action-items?state=open&owner=ada")
    assert again.status_code == 303
    assert "Cap the pool" in console.get("/action-items?owner=ada").text


@pytest.mark.parametrize("item", ["", "inc_0 1", "x y", "inc_0"])
def test_an_item_that_there_is_not_is_said(console, item):
    assert tick(console, item, by="ada").status_code in {404, 422}


def test_an_action_item_is_for_responders_and_those_of_our_own_pages(console):
    incident = reviewed(console)
    foreign = console.client.post("/action-items", data={"item": f"{incident.id} 1", "by": "eve"})
    sign_in(console, "viewer")

    assert foreign.status_code == 403
    assert console.get("/action-items").all("button")[-1].get("name") != "item"
    assert tick(console, f"{incident.id} 1").status_code == 403


def test_measures_show_counts_percentiles_and_what_they_mean(console):
    reviewed(console)
    console.clock.advance(minutes=1)

    page = console.get("/measures?period=week")

    assert "Incidents 1 Open now 0 Reopened 0 Never acknowledged 0" in page.text
    assert "Incidents that nobody ever acknowledged are left out and counted apart. 1 4 min 4 min 4 min" in page.text
    assert "2026-W10 1 0 0 0" in page.text
    assert "4 min / 4 min 30 min / 30 min" in page.text
    assert "Definitions, version 1" in page.text
    assert "No incident was heard of" in console.get("/measures?component=redis").text
    assert "No incident was heard of" in console.get("/measures?priority=P3").text
    assert "No incident was heard of" in console.get("/measures?to=2026-03-01").text


def test_who_was_never_acknowledged_is_counted_apart(console):
    incident = console.hear(alert())
    console.clock.advance(minutes=5)
    console.act(incident, action="resolve", by="ada", why="over")
    console.clock.advance(minutes=1)

    page = console.get("/measures")

    assert "Never acknowledged 1" in page.text
    assert "counted apart. 0 - - -" in page.text


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-03-02&to=2026-03-01", "to=9999-12-31", "from=0001-01-01"]
)
def test_a_day_that_there_is_not_is_said_and_the_last_year_shown(console, query):
    assert "This is the last year instead." in console.get(f"/measures?{query}", 422).text


def test_security_incidents_are_in_neither_page_for_those_who_may_not_see_them(console):
    incident = console.hear(alert())
    console.client.post(f"/v1/incidents/{incident.id}/security", json={"why": "a leak", "by": "ada"})
    console.act(incident, action="resolve", by="ada", why="closed the hole")
    write(console, incident.id)
    console.clock.advance(minutes=1)
    assert told(console.get("/action-items")) != []
    assert "Incidents 1" in console.get("/measures").text

    sign_in(console, "responder")

    page = console.get("/action-items?state=all")
    assert told(page) == []
    assert [each for each in page.all("option") if each.get("value") is None] == []
    assert "No incident was heard of" in console.get("/measures").text
    assert tick(console, f"{incident.id} 1").status_code == 404


def test_incidents_action_items_and_measures_lead_to_each_other(console):
    for path in ("/incidents", "/action-items", "/measures"):
        assert {"/incidents", "/action-items", "/measures"} <= console.get(path).ways
