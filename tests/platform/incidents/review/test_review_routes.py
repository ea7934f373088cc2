"""Reviews, action items, measures and context over HTTP, on the whole desk as it is wired, with the shipped spec."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from support.reviews import publish_over
from vcci_platform.incidents import tables
from vcci_platform.incidents.access import Rank
from vcci_platform.incidents.model import Action
from vcci_platform.incidents.testing import NINE
from vcci_platform.reliability.store import Change

if TYPE_CHECKING:
    from review.conftest import Desk

MINUTE = timedelta(minutes=1)


def edited(desk: Desk, incident_id: str, **replaced: str) -> str:
    text = desk.http.get(f"/v1/incidents/{incident_id}/review.md").text
    text = text.replace("### Root Cause\n", "### Root Cause\n\nThe pool was full.\n")
    for heading, words in replaced.items():
        text = text.replace(f"### {heading.replace('_', ' ')}\n", f"### {heading.replace('_', ' ')}\n\n{words}\n")
    return text


def test_a_review_goes_its_whole_way_over_http(desk: Desk) -> None:
    desk.count("api-errors", bad=20)
    incident_id = desk.resolve()
    review = desk.http.get(f"/v1/incidents/{incident_id}/review").json()
    assert (review["stage"], review["version"]) == ("draft", 1)
    assert (review["impact_start"], review["impact_end"]) == ("2026-03-02T09:00:00Z", "2026-03-02T09:10:00Z")
    (cost,) = (cost for cost in review["costs"] if cost["promise"] == "api-errors")
    assert (cost["bad"], cost["total"], cost["known"]) == (200, 1000, 1)
    assert cost["minutes"] > 0

    text = edited(desk, incident_id, Action_Items="- [ ] Prevent recurrence: cap it {owner: bo; due: 2026-03-03}")
    where = f"/v1/incidents/{incident_id}/review"
    kept = desk.http.post(where, json={"markdown": text, "by": "ada"})
    assert (kept.status_code, kept.json()["version"]) == (200, 2)
    again = desk.http.post(where, json={"markdown": text, "by": "bo"})
    assert (again.status_code, again.json()["code"], again.json()["errors"][0]["version"]) == (409, "stale-version", 2)
    early = desk.http.post(f"/v1/incidents/{incident_id}/actions", json={"action": "review", "by": "ada"})
    assert (early.status_code, early.json()["code"]) == (409, "review-not-published")

    published = publish_over(desk.http, incident_id, by="bo")
    assert (published.status_code, published.json()["published_by"]) == (200, "bo")
    assert published.json()["authors"] == ["ada"]
    assert desk.http.get(f"/v1/incidents/{incident_id}").json()["state"] == "reviewed"
    page = desk.http.get(f"{where}/page").json()
    assert page["path"] == f"reviews/2026-03-02-{incident_id}.md"
    assert "- [ ] Prevent recurrence: cap it (owner: bo; due: 2026-03-03)" in page["text"]

    desk.clock.advance(days=2)
    (item,) = desk.http.get("/v1/action-items", params={"state": "overdue"}).json()["items"]
    assert (item["owner"], item["overdue"], item["incident"]) == ("bo", True, incident_id)
    number = item["id"]
    done = desk.http.patch(f"/v1/incidents/{incident_id}/action-items/{number}", json={"done": True, "by": "bo"})
    assert done.json()["items"][0]["done"]
    assert desk.http.get("/v1/action-items").json()["items"] == []
    (item,) = desk.http.get("/v1/action-items", params={"state": "done"}).json()["items"]
    assert (item["done_by"], item["overdue"]) == ("bo", False)
    actions = [row.action for row in rows(desk, tables.audit)]
    assert actions == ["review.edit", "review.in-review", "review.published", "action-item"]


def rows(desk: Desk, table: Any) -> list[Any]:
    with desk.office.desk.database.read() as connection:
        return list(connection.execute(table.select().order_by(table.c.id)))


def test_what_is_wrong_is_said_with_its_place(desk: Desk) -> None:
    incident_id = desk.begin()
    where = f"/v1/incidents/{incident_id}/review"
    assert desk.http.get(where).json()["code"] == "no-review"
    desk.clock.advance(minutes=30)
    desk.office.desk.act(incident_id, Action.RESOLVE, by="ada", why="rolled back")
    desk.go_round("review")

    misread = desk.http.post(where, json={"markdown": "no head", "by": "ada"})
    assert (misread.status_code, misread.json()["code"], misread.json()["errors"][0]["row"]) == (422, "misread", 1)
    bare = desk.http.post(f"{where}/stage", json={"stage": "published", "version": 1, "by": "ada"})
    assert (bare.status_code, bare.json()["code"]) == (409, "not-in-review")
    assert bare.json()["detail"].startswith("the review is draft: hand it in first")
    assert publish_over(desk.http, incident_id, by="ada").json()["code"] == "no-causes"
    assert desk.http.get(f"{where}/page").json()["code"] == "not-published"
    missing = desk.http.patch(f"/v1/incidents/{incident_id}/action-items/9", json={"done": True, "by": "ada"})
    assert (missing.status_code, missing.json()["code"]) == (404, "no-item")
    assert desk.http.get("/v1/incidents/inc_0/review").json()["code"] == "not-found"
    backwards = {"from": "2026-03-02T09:00:00Z", "to": "2026-03-01T09:00:00Z"}
    assert desk.http.get("/v1/incidents/measures", params=backwards).json()["code"] == "empty-span"


def test_ranks_decide_who_edits_publishes_and_speaks_to_the_public(desk: Desk) -> None:
    incident_id = desk.resolve()
    text = edited(desk, incident_id)
    viewer, responder = desk.add("vera", Rank.VIEWER), desk.add("rosa", Rank.RESPONDER)
    where = f"/v1/incidents/{incident_id}/review"

    assert desk.http.get(where).status_code == 401
    assert desk.http.get(where, headers=viewer).status_code == 200
    assert desk.http.post(where, json={"markdown": text}, headers=viewer).status_code == 403
    assert desk.http.post(where, json={"markdown": text}, headers=responder).json()["changed_by"] == "rosa"
    publish = {"stage": "published", "version": 2}
    refused = desk.http.post(f"{where}/stage", json=publish, headers=responder)
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "To publish a review takes a commander; rosa is a responder.",
    )
    assert desk.http.post(f"{where}/status-page", json={}, headers=responder).status_code == 403


def test_the_review_of_a_security_incident_is_for_few_and_stays_at_the_desk(desk: Desk) -> None:
    incident_id = desk.begin()
    desk.http.post(f"/v1/incidents/{incident_id}/security", json={"why": "a leak", "by": "ada"})
    desk.office.desk.act(incident_id, Action.RESOLVE, by="ada", why="closed the hole")
    desk.go_round("review")
    desk.clock.advance(minutes=1)
    item = "- [ ] Prevent recurrence: rotate {owner: bo}"
    text = edited(desk, incident_id, Action_Items=item, For_Customers="It is over.")
    responder, security = desk.add("rosa", Rank.RESPONDER), desk.add("sam", Rank.RESPONDER, "security")
    commander = desk.add("cleo", Rank.COMMANDER)
    where = f"/v1/incidents/{incident_id}/review"

    for path in (where, f"{where}.md", f"{where}/page", f"/v1/incidents/{incident_id}/context"):
        assert desk.http.get(path, headers=responder).status_code == 404
    assert desk.http.post(where, json={"markdown": text}, headers=responder).status_code == 404
    assert desk.http.post(where, json={"markdown": text}, headers=security).status_code == 200
    assert desk.http.get("/v1/action-items", headers=responder).json()["items"] == []
    assert len(desk.http.get("/v1/action-items", headers=security).json()["items"]) == 1
    assert desk.http.get("/v1/incidents/measures", headers=responder).json()["total"]["incidents"] == 0
    assert desk.http.get("/v1/incidents/measures", headers=security).json()["total"]["incidents"] == 1
    published = publish_over(desk.http, incident_id, commander)
    assert published.status_code == 200
    assert desk.http.get(f"{where}/page", headers=commander).json()["code"] == "restricted"
    assert desk.http.post(f"{where}/status-page", json={}, headers=commander).json()["code"] == "restricted"


def test_measures_are_told_with_their_definitions(desk: Desk) -> None:
    desk.count("api-errors", bad=20)
    desk.resolve()

    found = desk.http.get("/v1/incidents/measures", params={"period": "week", "priority": "P0"}).json()

    assert (found["version"], found["total"]["incidents"]) == ("1", 1)
    assert "by the SLIs and not by alerts" in found["definitions"]["recover"]
    assert found["total"]["spans"]["recover"]["p50"] == 600
    assert found["total"]["spans"]["resolve"]["mean"] == 1800
    assert found["total"]["never_acknowledged"] == 1
    assert [group["name"] for group in found["periods"]] == ["2026-W10"]
    assert desk.http.get("/v1/incidents/measures", params={"component": "redis"}).json()["total"]["incidents"] == 0


def test_the_context_is_that_of_the_spec_and_of_what_was_counted(desk: Desk) -> None:
    desk.count("api-errors", bad=20)
    desk.reliability.store.keep(
        [], {}, [Change(NINE - 5 * MINUTE, "vcci-api", "deployed", "vcci-api: version 11 became 12")]
    )
    incident_id = desk.begin()
    assert desk.http.get(f"/v1/incidents/{incident_id}/context").json()["code"] == "no-context"
    desk.go_round("context")

    answer = desk.http.get(f"/v1/incidents/{incident_id}/context").json()

    sections = {section["name"]: section for section in answer["sections"]}
    assert sections["releases"]["facts"][0]["text"] == "vcci-api: version 11 became 12 (08:55 UTC, 5 min before)"
    assert sections["dashboards"]["facts"][0]["href"].startswith("https://grafana.example/d/overview?from=")
    assert sections["runbook"]["facts"][0]["href"] == "https://runbooks.example/alerts/APIHighErrorRate"
    budgets = {fact["data"]["slo"]: fact for fact in sections["budgets"]["facts"]}
    assert "so far" in budgets["api-errors"]["text"]
    assert sections["endpoints"]["missing"] == "nothing is counted by endpoint"
    assert sections["logs"]["facts"][0]["href"].startswith("https://kibana.vcci-platform.com/app/discover#/?_g=(time:")
    assert sections["traces"]["facts"][0]["href"].startswith(
        "https://jaeger.vcci-platform.com/search?service=vcci-api&"
    )
    assert sections["traces"]["facts"][1]["text"].startswith("traces of single requests: the service does not answer")
    assert "the service" in sections["tenants"]["missing"]
    desk.go_round("dispatch-slack")
    assert sum("vcci-api: version 11 became 12" in message.text for message in desk.vendors.messages) == 1


def test_gauges_tell_of_reviews_and_what_is_overdue(desk: Desk) -> None:
    incident_id = desk.resolve()
    text = edited(desk, incident_id, Action_Items="- [ ] Prevent recurrence: cap it {owner: bo; due: 2026-03-03}")
    desk.http.post(f"/v1/incidents/{incident_id}/review", json={"markdown": text, "by": "ada"})
    desk.clock.advance(days=2)

    shown = desk.http.get("/health/metrics").text

    assert 'vcci_desk_reviews{stage="draft"} 1.0' in shown
    assert 'vcci_desk_action_items{state="overdue"} 1.0' in shown
