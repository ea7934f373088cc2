"""Corrections that are told to the desk: who, why, until when, and who changed that."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, update
from sqlalchemy.exc import DatabaseError

from vcci_platform import problems
from vcci_platform.reliability import tables
from vcci_platform.reliability.account_routes import router
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_slo.testing import a_plan

DRILL = {
    "kind": "incident",
    "slos": ["errors"],
    "from": "2026-03-02 08:00",
    "until": "2026-03-02 09:00",
    "zone": "Europe/Berlin",
    "reference": "inc_11",
    "who": "ada",
    "why": "a drill",
}
IN_THE_SPEC = {"slos": "errors", "from": "2026-03-01", "until": "2026-03-01 02:00", "who": "bob", "why": "moving"}


@pytest.fixture
def client(desk):
    plan = desk.reliability.plan
    written = a_plan(slos={"errors": {"good": "api.requests", "objective": "99%"}}, corrections={"move": IN_THE_SPEC})
    desk.reliability.book = CorrectionBook(replace(plan, corrections=written.corrections), desk.database)
    app = FastAPI()
    problems.install(app)
    app.include_router(router(desk.reliability))
    return TestClient(app)


def test_what_was_told_stands_beside_what_is_in_the_spec(client):
    made = client.post("/v1/corrections", json=DRILL)

    listed = client.get("/v1/corrections").json()["items"]
    assert made.headers["location"] == f"/v1/corrections/{made.json()['name']}"
    assert [(item["name"], item["source"]) for item in listed] == [("move", "spec"), (made.json()["name"], "desk")]
    told = listed[1]
    assert (told["from"], told["until"]) == ("2026-03-02T07:00:00Z", "2026-03-02T08:00:00Z")
    assert {key: told[key] for key in ("kind", "slos", "zone", "reference", "who", "why")} == {
        key: DRILL[key] for key in ("kind", "slos", "zone", "reference", "who", "why")
    }


def test_a_recurring_one_is_kept_as_it_was_told(client):
    weekly = {
        **DRILL,
        "until": "2026-06-01",
        "repeats": "FREQ=WEEKLY;BYDAY=MO",
        "lasts": "1h30m",
        "except": ["2026-03-09 08:00"],
    }

    name = client.post("/v1/corrections", json=weekly).json()["name"]

    found = client.get(f"/v1/corrections/{name}").json()
    assert (found["repeats"], found["lasts_seconds"], found["except"]) == (
        "FREQ=WEEKLY;BYDAY=MO",
        5400,
        ["2026-03-09T07:00:00Z"],
    )


def test_one_that_is_withdrawn_counts_no_more_and_its_history_says_who_and_why(client, desk):
    name = client.post("/v1/corrections", json=DRILL).json()["name"]
    desk.clock.advance(minutes=11)

    answer = client.delete(f"/v1/corrections/{name}", params={"who": "bob", "why": "it was real"})

    assert answer.status_code == 200
    assert answer.json()["withdrawn_at"] is not None
    assert [(line["action"], line["who"], line["why"]) for line in answer.json()["history"]] == [
        ("added", "ada", "a drill"),
        ("withdrawn", "bob", "it was real"),
    ]
    assert [found.name for found in desk.reliability.book.standing()] == ["move"]


def test_withdrawing_again_changes_nothing(client):
    name = client.post("/v1/corrections", json=DRILL).json()["name"]
    first = client.delete(f"/v1/corrections/{name}", params={"who": "bob", "why": "it was real"})

    again = client.delete(f"/v1/corrections/{name}", params={"who": "eve", "why": "me too"})

    assert again.json() == first.json()


@pytest.mark.parametrize("missing", ["who", "why"])
def test_nobody_withdraws_without_a_name_and_a_reason(client, missing):
    name = client.post("/v1/corrections", json=DRILL).json()["name"]
    given = {key: value for key, value in {"who": "bob", "why": "x"}.items() if key != missing}

    assert client.delete(f"/v1/corrections/{name}", params=given).status_code == 422


def test_the_history_is_append_only_in_the_database_itself(client, desk):
    client.post("/v1/corrections", json=DRILL)
    table = tables.correction_history

    for change in (update(table).values(who="nobody"), delete(table)):
        with pytest.raises(DatabaseError, match="append-only"), desk.database.write() as connection:
            connection.execute(change)


def test_corrections_survive_a_restart(client, desk):
    name = client.post("/v1/corrections", json=DRILL).json()["name"]

    book = CorrectionBook(desk.reliability.plan, desk.database)

    assert [found.name for found in book.standing()] == [name]


def test_what_stands_in_the_spec_is_changed_there(client):
    answer = client.delete("/v1/corrections/move", params={"who": "bob", "why": "no"})

    assert (answer.status_code, answer.json()["code"]) == (409, "stands-in-the-spec")


def test_the_same_delivery_is_written_down_once(client):
    key = {"Idempotency-Key": "11"}
    first = client.post("/v1/corrections", json=DRILL, headers=key)

    again = client.post("/v1/corrections", json=DRILL, headers=key)
    other = client.post("/v1/corrections", json={**DRILL, "why": "another"}, headers=key)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "body.Idempotency-Key")
    assert len(client.get("/v1/corrections").json()["items"]) == 2


@pytest.mark.parametrize("missing", ["who", "why", "until", "from"])
def test_who_why_and_until_when_are_needed(client, missing):
    answer = client.post("/v1/corrections", json={key: value for key, value in DRILL.items() if key != missing})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, f"body.{missing}")


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"slos": ["error"]}, "body.slos", "did you mean errors?"),
        ({"components": ["apl"]}, "body.components", "did you mean api?"),
        ({"until": "2026-03-01"}, "body.until", "an end after its beginning"),
        ({"until": "2026-06-01"}, "body.until", "an end within 31 days"),
        ({"repeats": "FREQ=MINUTELY", "lasts": "1m"}, "body.repeats", "FREQ=DAILY"),
        ({"until": "2026-03-20", "repeats": "FREQ=DAILY", "lasts": "12h"}, "body.lasts", "a mute"),
        ({"from": "yesterday"}, "body.from", "a moment such as"),
        ({"zone": "Europe/Berlim"}, "body.zone", "a time zone such as"),
        ({"mute": True}, "body.mute", "expected no such field"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(client, change, field, reason):
    answer = client.post("/v1/corrections", json={**DRILL, **change})

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert reason in error["reason"]
    assert len(client.get("/v1/corrections").json()["items"]) == 1


def test_the_list_comes_in_parts(client):
    for number in range(3):
        client.post("/v1/corrections", json={**DRILL, "why": f"drill {number}"})

    first = client.get("/v1/corrections", params={"limit": 3}).json()
    rest = client.get("/v1/corrections", params={"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [item["why"] for item in first["items"] + rest["items"]] == ["moving", "drill 2", "drill 1", "drill 0"]
    assert rest["next_cursor"] is None


def test_an_unknown_name_or_cursor_is_a_problem(client):
    assert client.get("/v1/corrections/cor_1").json()["code"] == "correction-not-found"
    assert client.delete("/v1/corrections/cor_1", params={"who": "a", "why": "b"}).status_code == 404
    assert client.get("/v1/corrections", params={"cursor": "cor_1"}).status_code == 422
