"""The desk's routes for those who look after it: who may, what is answered, what is written down."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vcci_platform import problems
from vcci_platform.incidents import commands, people, routes
from vcci_platform.incidents.access import Access, Rank, digest
from vcci_platform.incidents.hooks.speakers import Speakers
from vcci_platform.incidents.office import Office as Whole
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from conftest import Office

RANKS = [rank.value for rank in Rank]


@pytest.fixture
def http(office: Office) -> Generator[TestClient]:
    app = FastAPI()
    problems.install(app)
    whole = Whole(office.desk, office.dispatcher, timedelta(minutes=1), None, ("pagerduty",))
    access = Access(office.desk.database, is_local=True)
    app.include_router(routes.router(whole, access, Speakers.fixed("token-11")))
    with TestClient(app, base_url="http://127.0.0.1:8010") as client:
        yield client
    whole.client.close()


@pytest.fixture
def people_of_each_rank(office: Office) -> None:
    with office.desk.database.write() as connection:
        for rank in RANKS:
            people.add(connection, rank.title(), rank, "", digest(f"token-{rank}"), office.clock.now())
        people.add(connection, "Sam", "viewer", "security", digest("token-security"), office.clock.now())


def bearer(rank: str) -> dict[str, str]:
    return {"Authorization": f"Bearer token-{rank}"}


def made_security(office: Office) -> str:
    office.hears(alert())
    office.desk.command(
        office.incident.id, lambda i, p, n: commands.on_security(i, p, n, by="grace", why="a stranger was inside")
    )
    office.work()
    return office.incident.id


def test_while_nobody_was_added_the_first_one_must_be_an_admin(http: TestClient) -> None:
    early = http.post("/v1/desk/people", json={"name": "Ada", "rank": "responder"})
    first = http.post("/v1/desk/people", json={"name": "Grace", "rank": "admin"})
    closed = http.get("/v1/desk/people")
    token = {"Authorization": f"Bearer {first.json()['token']}"}
    second = http.post("/v1/desk/people", json={"name": "Ada", "rank": "responder"}, headers=token)
    listed = http.get("/v1/desk/people", headers=token).json()

    assert (early.status_code, early.json()["code"]) == (409, "admin-first")
    assert (first.status_code, closed.status_code, second.status_code) == (201, 401, 201)
    assert [person["name"] for person in listed["items"]] == ["Ada", "Grace"]
    assert listed["is_open"] is False
    assert "token" not in listed["items"][0]


def test_a_token_that_was_taken_away_opens_nothing_and_the_last_admin_stays(http: TestClient) -> None:
    made = http.post("/v1/desk/people", json={"name": "Grace", "rank": "admin"}).json()
    grace = {"Authorization": f"Bearer {made['token']}"}
    ada = http.post("/v1/desk/people", json={"name": "Ada L", "rank": "viewer"}, headers=grace).json()["token"]
    assert http.get("/v1/incidents", headers={"Authorization": f"Bearer {ada}"}).status_code == 200

    revoked = http.delete("/v1/desk/people/Ada%20L", headers=grace)
    again = http.delete("/v1/desk/people/Ada%20L", headers=grace)
    last = http.delete("/v1/desk/people/Grace", headers=grace)

    assert (revoked.status_code, again.status_code) == (204, 404)
    assert (last.status_code, last.json()["code"]) == (409, "last-admin")
    assert http.get("/v1/incidents", headers={"Authorization": f"Bearer {ada}"}).status_code == 401


def test_a_name_is_taken_once(http: TestClient) -> None:
    token = http.post("/v1/desk/people", json={"name": "Grace", "rank": "admin"}).json()["token"]

    answer = http.post(
        "/v1/desk/people",
        json={"name": "Grace", "rank": "viewer"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "name-taken")


def test_a_contact_is_one_of_the_spec(http: TestClient, office: Office) -> None:
    """A mistyped contact was taken once, and its person saw no security incident and no reason why."""
    first = {"name": "Grace", "rank": "admin", "contact": "securty"}
    refused = http.post("/v1/desk/people", json=first)
    token = http.post("/v1/desk/people", json=first | {"contact": "security"}).json()["token"]
    with office.desk.database.write() as connection:
        people.add(connection, "Olga", "viewer", "opsec", digest("an earlier one"), office.clock.now())
    listed = http.get("/v1/desk/people", headers={"Authorization": f"Bearer {token}"}).json()["items"]

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-contact")
    assert refused.json()["detail"].endswith("found 'securty'; did you mean security?")
    assert [(one["name"], one["contact"], one["contact_known"]) for one in listed] == [
        ("Grace", "security", True),
        ("Olga", "opsec", False),
    ]


@pytest.mark.usefixtures("people_of_each_rank")
@pytest.mark.parametrize(
    ("method", "path", "least"),
    [
        ("GET", "/v1/desk", "viewer"),
        ("GET", "/v1/desk/outbox", "viewer"),
        ("GET", "/v1/desk/inbox", "commander"),
        ("GET", "/v1/desk/people", "admin"),
        ("GET", "/v1/desk/audit", "admin"),
        ("POST", "/v1/desk/outbox/4711/retry", "admin"),
        ("POST", "/v1/desk/inbox/4711/retry", "admin"),
        ("POST", "/v1/desk/people", "admin"),
        ("DELETE", "/v1/desk/people/Nobody", "admin"),
    ],
)
def test_each_route_takes_its_rank(http: TestClient, method: str, path: str, least: str) -> None:
    for rank in RANKS:
        answer = http.request(method, path, headers=bearer(rank))
        may = Rank(rank).covers(Rank(least))
        assert (answer.status_code == 403) is not may, f"{rank} got {answer.status_code}"
    assert http.request(method, path).status_code == 401
    assert http.request(method, path, headers=bearer("nobody")).status_code == 401


@pytest.mark.usefixtures("people_of_each_rank")
def test_what_people_did_is_written_down_with_their_rank(http: TestClient, office: Office) -> None:
    office.hears(alert())
    path = f"/v1/incidents/{office.incident.id}"
    http.post(f"{path}/notes", json={"text": "a look"}, headers=bearer("responder"))
    http.post(f"{path}/hold", json={"why": "enough hands"}, headers=bearer("commander"))
    refused = http.post(f"{path}/hold", json={"why": "enough hands"}, headers=bearer("responder"))

    lines = http.get("/v1/desk/audit", headers=bearer("admin")).json()["items"]

    assert refused.status_code == 403
    assert [(line["who"], line["rank"], line["action"]) for line in lines] == [
        ("Commander", "commander", "hold"),
        ("Responder", "responder", "note"),
    ]
    assert {line["subject"] for line in lines} == {office.incident.id}


@pytest.mark.usefixtures("people_of_each_rank")
@pytest.mark.parametrize(
    ("who", "sees"),
    [("viewer", False), ("responder", False), ("commander", True), ("admin", True), ("security", True)],
)
def test_a_security_incident_is_there_only_for_those_who_may_see_it(
    http: TestClient, office: Office, who: str, *, sees: bool
) -> None:
    identity = made_security(office)
    token = bearer(who)

    listed = http.get("/v1/incidents", headers=token).json()["items"]
    found = http.get("/v1/incidents?text=APIHigh&state=detected", headers=token).json()["items"]
    shown = http.get(f"/v1/incidents/{identity}", headers=token)
    told = http.post(f"/v1/incidents/{identity}/notes", json={"text": "?"}, headers=token)
    sent = http.get("/v1/desk/outbox", headers=token).json()["items"]
    asked = http.get(f"/v1/desk/outbox?incident={identity}", headers=token).json()["items"]

    assert [item["id"] for item in listed] == ([identity] if sees else [])
    assert len(found) == sees
    assert (shown.status_code == 200) is sees
    assert bool(sent) is sees
    assert bool(asked) is sees
    if not sees:
        live = http.get(f"/v1/incidents/{identity}/events", headers=token)
        assert [answer.status_code for answer in (shown, told, live)] == [404, 403 if who == "viewer" else 404, 404]
        assert shown.json() == http.get("/v1/incidents/inc_nothing", headers=token).json() | {
            "detail": f"There is no incident '{identity}'."
        }


def test_the_chat_reads_nothing_of_a_security_incident(office: Office) -> None:
    identity = made_security(office)
    before = len(office.vendors.messages)
    office.desk.command(
        identity,
        lambda i, p, n: commands.on_update(
            i, commands.Update("grace", "APIHighErrorRate was an intruder"), p, n, may_publish=True
        ),
    )
    office.work()

    said = office.vendors.messages[before:]
    assert said
    for message in said:
        whole = repr(message)
        assert "Security incident" in message.headline
        assert not any(word in whole for word in ("APIHighErrorRate", "7.1 %", "intruder", "stranger"))


@pytest.mark.usefixtures("people_of_each_rank")
def test_a_report_that_joins_what_its_reporter_may_not_see_is_taken_without_showing_it(
    http: TestClient, office: Office
) -> None:
    made_security(office)
    report = {"title": "Odd logins", "priority": "P1", "system": "vcci", "security": True}

    answer = http.post("/v1/incidents", json=report, headers=bearer("responder"))

    assert answer.status_code == 202
    assert set(answer.json()) == {"detail"}
    assert "APIHighErrorRate" not in answer.text


@pytest.mark.usefixtures("people_of_each_rank")
def test_the_outbox_is_narrowed_and_comes_in_parts(http: TestClient, office: Office) -> None:
    office.hears(alert())
    token = bearer("viewer")

    every: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        part = http.get("/v1/desk/outbox", params={"limit": 2, **cursor}, headers=token).json()
        every += part["items"]
        if part["next_cursor"] is None:
            break
        cursor = {"cursor": part["next_cursor"]}

    whole = http.get("/v1/desk/outbox", headers=token).json()["items"]
    pages = http.get("/v1/desk/outbox?target=pagerduty&state=delivered", headers=token).json()["items"]
    assert every == whole
    assert {(item["target"], item["state"]) for item in pages} == {("pagerduty", "delivered")}
    assert http.get("/v1/desk/outbox?state=lost", headers=token).status_code == 422


@pytest.mark.usefixtures("people_of_each_rank")
def test_what_came_and_was_not_understood_is_hidden_from_who_sees_no_security_incidents(
    http: TestClient, office: Office
) -> None:
    office.desk.accept("alertmanager", b"secret nonsense")
    office.work()

    for_viewer = http.get("/v1/desk", headers=bearer("viewer")).text
    for_commander = http.get("/v1/desk", headers=bearer("commander")).json()
    letters = http.get("/v1/desk/inbox?state=quarantined", headers=bearer("commander")).json()["items"]
    retried = http.post("/v1/desk/inbox/1/retry", headers=bearer("admin"))

    assert "secret" not in for_viewer
    assert "secret nonsense" in for_commander["quarantine"][0]["excerpt"]
    assert letters[0]["excerpt"] == "secret nonsense"
    assert retried.status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/v1/desk/outbox/{2**63}/retry"),
        ("POST", f"/v1/desk/inbox/{2**63}/retry"),
        ("GET", f"/v1/desk/outbox?cursor={2**63}"),
        ("GET", f"/v1/desk/audit?cursor={2**63}"),
        ("GET", f"/v1/incidents/inc_1/events?after={2**63}"),
    ],
)
def test_a_number_that_no_row_can_have_is_told_so(http: TestClient, method: str, path: str) -> None:
    """The store could not hold such a number, and the desk answered 500."""
    assert http.request(method, path).status_code == 422
