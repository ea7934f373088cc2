"""PagerDuty's webhooks: who may speak, what is said, and what follows from it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from support.processes import eventually
from vcci_platform import problems
from vcci_platform.incidents import routes, tables
from vcci_platform.incidents.access import Access
from vcci_platform.incidents.hooks.pagerduty import Heard, is_signed, understand
from vcci_platform.incidents.hooks.places import Places
from vcci_platform.incidents.hooks.routes import hook_routes
from vcci_platform.incidents.hooks.speakers import Speakers
from vcci_platform.incidents.model import Action, Priority, State
from vcci_platform.incidents.office import Office as Whole
from vcci_platform.incidents.testing import NINE, alert

if TYPE_CHECKING:
    from conftest import Office

NEW, OLD = "the-new-secret", "the-old-secret"
NUMBERS = itertools.count(11)


def event(kind: str, *, key: str = "", agent: str | None = "Ada Lovelace", **data: Any) -> dict[str, Any]:
    """Return a webhook as PagerDuty sends it."""
    whole = {"id": "PINC1", "type": "incident", "status": "triggered", "incident_key": key, **data}
    return {
        "event": {
            "id": f"01EVENT{next(NUMBERS)}",
            "event_type": kind,
            "resource_type": "incident",
            "occurred_at": "2026-03-02T09:04:00.000Z",
            "agent": {"id": "PUSER", "type": "user_reference", "summary": agent} if agent else None,
            "client": None,
            "data": whole,
        }
    }


def signature(body: bytes, *secrets: str) -> str:
    return ", ".join(f"v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}" for secret in secrets)


@pytest.fixture
def http(office: Office) -> Generator[TestClient]:
    app = FastAPI()
    problems.install(app)
    whole = Whole(office.desk, office.dispatcher, timedelta(minutes=1), None, ("pagerduty",))
    access = Access(office.desk.database, is_local=True)
    app.include_router(routes.router(whole, access, Speakers.fixed("token", (NEW, OLD))))
    with TestClient(app) as client:
        yield client
    whole.client.close()


def send(http: TestClient, body: bytes | dict[str, Any], signed: str | None = None, number: str = "") -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-PagerDuty-Signature": signature(raw, NEW) if signed is None else signed}
    if number:
        headers["X-Webhook-Id"] = number
    return http.post("/v1/hooks/pagerduty", content=raw, headers=headers)


# --- who may speak ---------------------------------------------------------------------------------------------------


def test_the_signature_is_the_hmac_of_the_raw_bytes() -> None:
    """RFC 4231, test case 2: HMAC-SHA-256 with the key "Jefe"."""
    vector = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    assert is_signed(b"what do ya want for nothing?", f"v1={vector}", ["Jefe"])
    assert not is_signed(b"what do ya want for nothing!", f"v1={vector}", ["Jefe"])


BODY = json.dumps(event("pagey.ping")).encode()


@pytest.mark.parametrize(
    "header",
    [
        signature(BODY, NEW),
        signature(BODY, OLD),
        signature(BODY, "somebody-else", OLD),
        f"v2=abc,{signature(BODY, NEW)}",
        f" {signature(BODY, NEW)} ",
    ],
)
def test_any_signature_of_any_secret_will_do(http: TestClient, header: str) -> None:
    assert send(http, BODY, header).status_code == 202


@pytest.mark.parametrize(
    "header",
    ["", "v1=", "v1", f"v2={signature(BODY, NEW)[3:]}", signature(BODY, "wrong"), signature(BODY + b" ", NEW), "v1=ü"],
)
def test_a_wrong_signature_is_refused_stored_nowhere_and_counted(http: TestClient, office: Office, header: str) -> None:
    answer = http.post(
        "/v1/hooks/pagerduty",
        content=BODY,
        headers={b"X-PagerDuty-Signature": header.encode()},  # type: ignore[arg-type]
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "wrong-signature")
    labels = {"source": "pagerduty", "outcome": "refused"}
    assert office.metrics.registry.get_sample_value("vcci_desk_inbox_total", labels) == 1
    assert office.rows(tables.inbox) == []


@given(st.binary(max_size=60), st.text(max_size=80))
def test_no_other_header_is_a_signature(body: bytes, header: str) -> None:
    assert not is_signed(body, header, ["secret"])


# --- what is answered ------------------------------------------------------------------------------------------------


def test_the_same_delivery_again_changes_nothing(http: TestClient, office: Office) -> None:
    note = event("incident.annotated", content="hm")
    first, again = (send(http, note, number="w-1") for _ in range(2))
    other = send(http, event("incident.annotated", content="hm"), number="w-2")

    assert [answer.status_code for answer in (first, again, other)] == [202, 202, 202]
    assert [answer.json()["duplicate"] for answer in (first, again, other)] == [False, True, False]


def test_what_was_overheard_and_is_sent_again_under_another_number_changes_nothing(http: TestClient) -> None:
    """The number of a delivery is not signed, so an overheard acknowledgement could be replayed under a new one."""
    heard = event("incident.acknowledged")

    answers = [send(http, heard, number=number).json() for number in ("w-1", "w-2", "")]

    assert [answer["duplicate"] for answer in answers] == [False, True, True]


def test_signatures_may_come_in_headers_of_their_own(http: TestClient) -> None:
    """A list may be sent in several lines (RFC 9110, 5.3); only the last was looked at."""
    body = json.dumps(event("pagey.ping")).encode()
    headers = [("X-PagerDuty-Signature", signature(body, secret)) for secret in (NEW, "a-stranger's")]

    assert http.post("/v1/hooks/pagerduty", content=body, headers=headers).status_code == 202


def test_a_store_that_is_locked_is_answered_before_pagerduty_gives_up(office: Office) -> None:
    """It used to be waited for without end, and PagerDuty held back everything that came after."""
    unlocked = threading.Event()
    store = office.desk.accept

    def locked(*delivery: Any) -> Any:
        unlocked.wait()
        return store(*delivery)

    office.desk.accept = locked  # type: ignore[method-assign]
    app = FastAPI()
    problems.install(app)
    app.include_router(hook_routes(office.desk, Speakers.fixed("token", (NEW,)), Places(most=1, within_seconds=0.01)))
    with TestClient(app) as client:
        body = json.dumps(event("pagey.ping")).encode()
        headers = {"X-PagerDuty-Signature": signature(body, NEW)}
        late, full = (client.post("/hooks/pagerduty", content=body, headers=headers) for _ in range(2))
        unlocked.set()
        eventually(lambda: len(office.rows(tables.inbox)) == 1)

    assert (late.status_code, full.status_code) == (503, 503)
    assert late.headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (json.dumps(event("pagey.ping")).encode(), "understood"),
        (json.dumps(event("incident.something.new")).encode(), "understood"),
        (json.dumps(event("service.updated")).encode(), "understood"),
        (json.dumps(event("incident.acknowledged", key="nobody-knows")).encode(), "understood"),
        (b"{not json", "quarantined"),
        (b"[]", "quarantined"),
        (b'{"event": {"event_type": "incident.resolved"}}', "quarantined"),
        (b"[" * 100_000, "quarantined"),
    ],
)
def test_whatever_is_signed_is_taken(http: TestClient, office: Office, body: bytes, state: str) -> None:
    assert send(http, body).status_code == 202

    office.work()
    assert [row.state for row in office.rows(tables.inbox)] == [state]


def test_more_than_pagerduty_sends_is_refused(http: TestClient, office: Office) -> None:
    assert send(http, b" " * (256 * 1024 + 1)).status_code == 413
    assert office.rows(tables.inbox) == []


def test_a_store_that_is_away_is_told_so_that_pagerduty_asks_again(
    http: TestClient, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("insert", {}, Exception("away"))

    monkeypatch.setattr(office.desk, "accept", away)
    assert send(http, event("incident.acknowledged")).status_code == 503


# --- what it means ---------------------------------------------------------------------------------------------------


def hears(office: Office, http: TestClient, kind: str, **data: Any) -> None:
    key = f"vcci:{office.incident.id}"
    number = f"w-{len(office.rows(tables.inbox))}"
    assert send(http, event(kind, key=key, **data), number=number).status_code == 202
    office.work()


def test_who_acknowledges_in_pagerduty_has_acknowledged(http: TestClient, office: Office) -> None:
    office.hears(alert())
    office.clock.advance(minutes=4)
    hears(office, http, "incident.acknowledged")

    assert (office.incident.state, office.incident.acknowledged_by) == (State.ACKNOWLEDGED, "Ada Lovelace")
    assert [action for action, _ in office.vendors.pages] == ["trigger"]
    office.pass_time(5)
    assert "acknowledge_missed" not in office.timeline


def test_an_acknowledgement_of_an_earlier_page_does_not_silence_the_one_for_something_worse(
    http: TestClient, office: Office
) -> None:
    """It came a minute late, when the P0 was ringing already, and used to acknowledge that one unheard."""
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.pass_time(6)
    office.hears(alert(starts_at=NINE + timedelta(minutes=6)))
    hears(office, http, "incident.acknowledged")

    assert (office.incident.state, office.incident.acknowledged_at) == (State.DETECTED, None)
    assert [action for action, _ in office.vendors.pages] == ["trigger", "trigger", "resolve"]
    assert "acknowledged in PagerDuty: a page that rings no more" in [row.text for row in office.rows(tables.timeline)]
    office.pass_time(5)
    assert "acknowledge_missed" in office.timeline


def test_an_acknowledgement_from_before_the_page_was_opened_again_does_not_silence_it(
    http: TestClient, office: Office
) -> None:
    """Alertmanager rings under the same key after a reopen; PagerDuty delivers for two days what it could not."""
    values: dict[str, Any] = {"source": "alertmanager", "pager_key": "k" * 64}
    office.hears(alert(**values))
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="a false alarm")
    office.clock.advance(minutes=10)
    office.desk.act(office.incident.id, Action.REOPEN, by="bob", why="it was none")
    office.hears(alert("APIDown", starts_at=NINE + timedelta(minutes=10), **values))
    send(http, event("incident.acknowledged", key="k" * 64), number="late")
    office.work()

    assert [row.text for row in office.rows(tables.timeline) if row.kind == "pager_acknowledged"] == [
        "acknowledged in PagerDuty: a page that rings no more"
    ]


def test_a_page_resolved_by_a_person_there_does_not_end_the_incident(http: TestClient, office: Office) -> None:
    office.hears(alert())
    hears(office, http, "incident.resolved")

    assert office.incident.state is State.DETECTED
    assert "pager_resolved" in office.timeline
    assert len(office.vendors.pages) == 1


def test_a_page_that_pagerduty_closed_by_itself_rings_again_while_the_fault_is_there(
    http: TestClient, office: Office
) -> None:
    office.hears(alert())
    hears(office, http, "incident.resolved", agent=None)

    key = f"vcci:{office.incident.id}"
    assert office.vendors.pages == [("trigger", key), ("trigger", f"{key}:P0")]


def test_somebody_at_work_is_not_rung_again(http: TestClient, office: Office) -> None:
    office.hears(alert())
    office.desk.act(office.incident.id, Action.INVESTIGATE, by="ada")
    office.work()
    hears(office, http, "incident.resolved", agent=None)

    assert [action for action, _ in office.vendors.pages] == ["trigger", "acknowledge"]


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        ("incident.unacknowledged", {}, "the acknowledgement ran out, and PagerDuty rings again"),
        ("incident.escalated", {"assignees": [{"summary": "Grace"}]}, "escalated in PagerDuty to Grace"),
        ("incident.reassigned", {"assignees": [{"summary": "Grace"}]}, "reassigned in PagerDuty to Grace"),
        ("incident.reopened", {}, "the page was reopened in PagerDuty"),
        ("incident.priority_updated", {"priority": {"summary": "P1"}}, "priority updated in PagerDuty: P1"),
    ],
)
def test_what_happens_there_stands_in_the_timeline(
    http: TestClient, office: Office, kind: str, data: dict[str, Any], line: str
) -> None:
    office.hears(alert())
    hears(office, http, kind, **data)

    assert line in [row.text for row in office.rows(tables.timeline)]


def test_a_note_there_is_a_note_here_but_not_the_desks_own(http: TestClient, office: Office) -> None:
    office.hears(alert())
    key = f"vcci:{office.incident.id}"
    for number, words in enumerate(("we roll back", f"[vcci {office.incident.id} 7] acknowledged")):
        body = event("incident.annotated", key=key)
        body["event"]["data"] = {
            "type": "incident_note",
            "content": words,
            "incident": {"id": "PINC1", "type": "incident_reference", "incident_key": key},
        }
        send(http, body, number=f"n-{number}")
    office.work()

    notes = [row for row in office.rows(tables.timeline) if row.kind == "note"]
    assert [(note.text, note.by) for note in notes] == [("we roll back", "Ada Lovelace")]


def test_an_event_that_only_names_pagerdutys_own_id_finds_its_incident(http: TestClient, office: Office) -> None:
    office.hears(alert())
    hears(office, http, "incident.acknowledged")
    body = event("incident.annotated")
    body["event"]["data"] = {"type": "incident_note", "content": "hello", "incident": {"id": "PINC1"}}
    send(http, body, number="n-1")
    office.work()

    assert "hello" in [row.text for row in office.rows(tables.timeline)]


def test_every_event_is_understood_as_what_it_is() -> None:
    for kind in ("incident.acknowledged", "incident.resolved", "incident.delegated", "incident.workflow.started"):
        (found,), problems_found = understand(json.dumps(event(kind)).encode())
        assert not problems_found
        assert found.heard in Heard
