"""The desk's HTTP interface: every wrong input has its clear answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from vcci_platform import problems
from vcci_platform.incidents import routes, tables
from vcci_platform.incidents.access import Access
from vcci_platform.incidents.hooks import routes as hook_routes
from vcci_platform.incidents.hooks.speakers import Speakers
from vcci_platform.incidents.model import Action
from vcci_platform.incidents.office import Office as Whole
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from conftest import Office

TOKEN = "token-11"
SECRETS = ("the-new-secret", "the-old-secret")
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOTIFICATION = json.dumps({"version": "4", "groupKey": "g", "alerts": []})
REPORT = {"title": "Nobody can sign in", "priority": "P1", "system": "vcci", "by": "support", "component": "api"}


@pytest.fixture
def http(office: Office) -> Generator[TestClient]:
    app = FastAPI()
    problems.install(app)
    whole = Whole(office.desk, office.dispatcher, timedelta(minutes=1), None, ("pagerduty",))
    access = Access(office.desk.database, is_local=True)
    app.include_router(routes.router(whole, access, Speakers.fixed(TOKEN, SECRETS)))
    with TestClient(app, base_url="http://127.0.0.1:8010") as client:
        yield client
    whole.client.close()


def refused(office: Office) -> float:
    labels = {"source": "alertmanager", "outcome": "refused"}
    return office.metrics.registry.get_sample_value("vcci_desk_inbox_total", labels) or 0.0


def test_a_notification_is_stored_and_answered_202(http: TestClient, office: Office) -> None:
    first = http.post("/v1/hooks/alertmanager", content=NOTIFICATION, headers=BEARER)
    second = http.post("/v1/hooks/alertmanager", content=NOTIFICATION, headers=BEARER)

    assert (first.status_code, first.json()) == (202, {"id": 1, "duplicate": False})
    assert (second.status_code, second.json()) == (202, {"id": 1, "duplicate": True})


@pytest.mark.parametrize("field", ["title", "system", "description", "component", "by"])
def test_a_zero_byte_loses_no_report(http: TestClient, office: Office, field: str) -> None:
    """PostgreSQL keeps none, so the report was put into quarantine, and nobody was paged."""
    told = http.post("/v1/incidents", json=REPORT | {field: "a\0b"})

    assert told.status_code == 201, told.text
    assert "\0" not in told.text


def test_what_is_asked_again_under_its_key_is_done_once(http: TestClient) -> None:
    """A client that got no answer asks again: the note stood twice."""
    incident = http.post("/v1/incidents", json=REPORT).json()["id"]
    note, key = {"by": "ada", "text": "restarted"}, {"Idempotency-Key": "note-11"}
    path = f"/v1/incidents/{incident}"

    answers = [http.post(f"{path}/notes", json=note, headers=key) for _ in range(2)]
    other = http.post(f"{path}/notes", json=note | {"text": "rolled back"}, headers=key)
    acts = [
        http.post(f"{path}/actions", json={"by": "ada", "action": "acknowledge"}, headers={"Idempotency-Key": "ack-11"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers + acts] == [200] * 4
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    lines = [line["text"] for line in http.get(path).json()["timeline"] if line["kind"] == "note"]
    assert lines == ["restarted"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/hold", {"until": "9999-12-31T23:59:59-12:00", "why": "for ever"}, 409),
        ("PUT", f"/tasks/{2**70}", {"done": True}, 404),
    ],
)
def test_what_no_clock_and_no_row_can_hold_is_refused(
    http: TestClient, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    incident = http.post("/v1/incidents", json=REPORT).json()["id"]

    answer = http.request(method, f"/v1/incidents/{incident}{path}", json={"by": "ada", **body})

    assert answer.status_code == status, answer.text


def test_a_key_that_was_used_for_another_report_is_refused(http: TestClient) -> None:
    http.post("/v1/incidents", json=REPORT, headers={"Idempotency-Key": "k"})

    other = http.post("/v1/incidents", json=REPORT | {"title": "Other"}, headers={"Idempotency-Key": "k"})

    assert (other.status_code, other.json()["code"]) == (422, "key-reused")


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer töken"],
)
def test_without_the_token_nothing_is_stored(http: TestClient, office: Office, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = http.post("/v1/hooks/alertmanager", content=NOTIFICATION, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert (office.rows(tables.inbox), refused(office)) == ([], 1)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(
    http: TestClient, office: Office, monkeypatch: pytest.MonkeyPatch, *, declared: bool
) -> None:
    monkeypatch.setattr(hook_routes, "HOOK_BODY_LIMIT_BYTES", 12)
    content: Any = b"x" * 13 if declared else iter([b"x" * 6, b"x" * 7])

    answer = http.post("/v1/hooks/alertmanager", content=content, headers=BEARER)

    assert (answer.status_code, answer.json()["detail"]) == (413, "A notification may have at most 12 bytes.")
    assert office.rows(tables.inbox) == []


def test_a_notification_that_is_cut_off_is_a_refusal_and_no_failure(office: Office) -> None:
    """A connection that ended too early was logged as a fault of the desk, and counted against its promises."""
    app = FastAPI()
    problems.install(app)
    app.include_router(hook_routes.hook_routes(office.desk, Speakers.fixed(TOKEN)))
    said = iter([{"type": "http.request", "body": b'{"version"', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(said)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", BEARER["Authorization"].encode()), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": "/hooks/alertmanager", "headers": headers, "query_string": b""}
    asyncio.run(app(scope, receive, send))

    assert sent[0]["status"] == 400
    assert (refused(office), office.rows(tables.inbox)) == (1, [])


def test_nonsense_is_taken_and_shown_in_quarantine(http: TestClient, office: Office) -> None:
    answer = http.post("/v1/hooks/alertmanager", content=b"\xffnonsense", headers=BEARER)
    office.work()

    assert answer.status_code == 202
    desk = http.get("/v1/desk").json()
    assert desk["inbox"] == {"quarantined": 1}
    (kept,) = desk["quarantine"]
    assert (kept["source"], kept["deliveries"]) == ("alertmanager", 1)
    assert "nonsense" in kept["excerpt"]
    assert kept["error"].startswith("expected JSON")


def test_while_nothing_can_be_stored_the_answer_is_503_for_alertmanager_retries_only_that(
    http: TestClient, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("INSERT", {}, ConnectionError("gone"))

    monkeypatch.setattr(office.desk, "accept", away)
    answer = http.post("/v1/hooks/alertmanager", content=NOTIFICATION, headers=BEARER)

    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert "gone" not in answer.text


def test_an_incident_is_shown_with_everything_that_is_known(http: TestClient, office: Office) -> None:
    office.hears(alert())
    shown = http.get(f"/v1/incidents/{office.incident.id}").json()

    assert (shown["state"], shown["priority"], shown["publication"]) == ("detected", "P0", "published")
    assert [entry["kind"] for entry in shown["timeline"][:2]] == ["opened", "alert_firing"]
    assert {entry["received_at"] for entry in shown["timeline"]} == {"2026-03-02T09:00:00Z"}
    assert [(item["name"], item["over_at"]) for item in shown["alerts"]] == [("APIHighErrorRate", None)]
    assert {effect["state"] for effect in shown["effects"]} == {"delivered"}
    assert shown["next_deadline"] == {"kind": "acknowledge", "detail": 0, "due_at": "2026-03-02T09:05:00Z"}
    assert shown["pager_keys"] == [f"vcci:{office.incident.id}"]
    assert "acknowledge" in shown["allowed_actions"]


def test_a_person_acts_and_the_timeline_says_who_and_why(http: TestClient, office: Office) -> None:
    office.hears(alert())
    request = {"action": "identify", "by": "ada", "why": "a bad release"}
    answer = http.post(f"/v1/incidents/{office.incident.id}/actions", json=request)

    assert answer.status_code == 200
    line = next(entry for entry in answer.json()["timeline"] if entry["kind"] == "state_identified")
    assert (line["by"], line["why"]) == ("ada", "a bad release")


def test_what_is_not_allowed_is_answered_409_with_what_is(http: TestClient, office: Office) -> None:
    office.hears(alert())
    answer = http.post(f"/v1/incidents/{office.incident.id}/actions", json={"action": "review", "by": "ada"})

    assert (answer.status_code, answer.json()["code"]) == (409, "action-not-allowed")
    assert answer.json()["errors"][0]["allowed"][:2] == ["acknowledge", "investigate"]


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({"action": "explode", "by": "ada"}, "body.action"),
        ({"action": "resolve"}, "body.by"),
        ({"action": "resolve", "by": "  "}, "body.by"),
        ({"action": "resolve", "by": "ada", "reason": "typo"}, "body.reason"),
    ],
)
def test_a_wrong_request_names_the_field(
    http: TestClient, office: Office, request_body: dict[str, str], field: str
) -> None:
    office.hears(alert())
    answer = http.post(f"/v1/incidents/{office.incident.id}/actions", json=request_body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_unknown_incident_is_404(http: TestClient) -> None:
    for answer in (
        http.get("/v1/incidents/inc_x"),
        http.post("/v1/incidents/inc_x/actions", json={"action": "resolve", "by": "ada"}),
        http.post("/v1/incidents/inc_x/status-page", json={"by": "ada"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_report_opens_an_incident_once_for_its_idempotency_key(http: TestClient, office: Office) -> None:
    first = http.post("/v1/incidents", json=REPORT, headers={"Idempotency-Key": "key-12"})
    second = http.post("/v1/incidents", json=REPORT, headers={"Idempotency-Key": "key-12"})
    office.work()

    assert (first.status_code, first.headers["Location"]) == (201, f"/v1/incidents/{first.json()['id']}")
    assert first.json()["id"] == second.json()["id"]
    assert len(office.vendors.pages) == 1


def test_the_commander_publishes_a_p1_and_a_p3_is_never_shown(http: TestClient, office: Office) -> None:
    p1 = http.post("/v1/incidents", json=REPORT).json()
    p3 = http.post("/v1/incidents", json=REPORT | {"priority": "P3", "system": "ui"}).json()

    published = http.post(f"/v1/incidents/{p1['id']}/status-page", json={"by": "ada", "why": "one in ten"})
    assert (published.status_code, published.json()["publication"]) == (200, "published")
    again = http.post(f"/v1/incidents/{p1['id']}/status-page", json={"by": "bob"})
    assert [entry["kind"] for entry in again.json()["timeline"]].count("publication") == 1
    never = http.post(f"/v1/incidents/{p3['id']}/status-page", json={"by": "ada"})
    assert (never.status_code, never.json()["code"]) == (409, "never-published")


def test_the_list_comes_in_parts_and_can_be_narrowed(http: TestClient, office: Office) -> None:
    ids = [http.post("/v1/incidents", json=REPORT | {"system": f"s{n}"}).json()["id"] for n in range(5)]
    office.desk.act(ids[0], Action.RESOLVE, by="ada", why="fixed")

    seen: list[str] = []
    cursor = None
    while True:
        part = http.get("/v1/incidents", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["id"] for item in part["items"]]
        cursor = part["next_cursor"]
        if cursor is None:
            break

    assert seen == sorted(ids, reverse=True)
    assert [item["id"] for item in http.get("/v1/incidents?state=closed").json()["items"]] == ids[:1]
    assert len(http.get("/v1/incidents?state=open").json()["items"]) == 4
    assert [item["id"] for item in http.get("/v1/incidents?system=s3").json()["items"]] == [ids[3]]
    assert http.get("/v1/incidents?priority=P9").status_code == 422


def test_the_desk_says_that_nobody_will_be_woken(http: TestClient) -> None:
    outbox = {target["target"]: target["sandboxed"] for target in http.get("/v1/desk").json()["outbox"]}

    assert outbox == {"pagerduty": True, "statuspage": False, "slack": False}
