"""What was given up is tried again only while its incident still wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from vcci_platform.incidents import people, tables
from vcci_platform.incidents.model import Action, Incident, Nature, Priority, Publication, State
from vcci_platform.incidents.outbox import Kind
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.retries import NoSuchRow, NotWanted, retry_effect, retry_letter, unwanted
from vcci_platform.incidents.tasks import Audited
from vcci_platform.incidents.testing import NINE, alert

if TYPE_CHECKING:
    from conftest import Office

WHO = Audited("grace", "admin", "effect_retried", {"effect": 1})
OPEN = Incident(
    id="inc_1",
    system="vcci",
    title="Requests fail",
    priority=Priority.P0,
    state=State.DETECTED,
    source="evaluator",
    began_at=NINE,
    detected_at=NINE,
    clock_from=NINE,
    publication=Publication.PUBLISHED,
)
OVER = replace(OPEN, state=State.RESOLVED)


@pytest.mark.parametrize(
    ("incident", "kind", "given", "words"),
    [
        (OPEN, Kind.TRIGGER, {"key_open": True}, ""),
        (OPEN, Kind.TRIGGER, {}, "was replaced or closed"),
        (OVER, Kind.TRIGGER, {}, "would call people to what is over"),
        (OVER, Kind.ACKNOWLEDGE, {}, "is over"),
        (OVER, Kind.ESCALATE, {}, "is over"),
        (OVER, Kind.FALLBACK, {}, "is over"),
        (OVER, Kind.PROMPT, {}, "is over"),
        (OVER, Kind.RESOLVE, {}, ""),
        (OPEN, Kind.ESCALATE, {}, ""),
        (OPEN, Kind.ESCALATE, {"paged": True}, "was paged instead"),
        (OPEN, Kind.RESOLVE, {"key_open": True}, "would silence it"),
        (OVER, Kind.SAY, {}, ""),
        (OVER, Kind.MAIL, {}, ""),
        (OVER, Kind.SHOW, {}, ""),
        (OPEN, Kind.SHOW, {"newer": True}, "a newer state"),
        (replace(OPEN, publication=Publication.PROPOSED), Kind.SHOW, {}, "does not follow"),
        (replace(OPEN, nature=Nature.SECURITY), Kind.SHOW, {}, "does not follow"),
    ],
)
def test_the_state_of_the_incident_decides(incident: Incident, kind: Kind, given: dict[str, bool], words: str) -> None:
    why = unwanted(incident, kind, **{"newer": False, "key_open": False, **given})

    assert (words in why) if words else (why == "")


def refuse_pages(target: str, _said: object) -> Failed | None:
    return Failed("400 invalid key", retryable=False) if target == "pagerduty" else None


def dead_page(office: Office) -> int:
    office.vendors.answer = refuse_pages
    office.hears(alert())
    office.vendors.answer = lambda _target, _said: None
    (dead,) = (row for row in office.rows(tables.outbox) if row.state == "dead")
    number: int = dead.id
    return number


def test_a_dead_page_goes_out_after_all_and_the_timeline_says_who_wanted_it(either_office: Office) -> None:
    office = either_office
    number = dead_page(office)
    assert office.vendors.pages == []

    retry_effect(office.desk, number, WHO)
    office.work()

    assert [action for action, _ in office.vendors.pages] == ["trigger"]
    assert office.timeline.count("effect_retried") == 1
    with office.desk.database.read() as connection:
        (line,) = people.audited(connection, limit=5)
    assert (line["who"], line["action"], line["subject"]) == ("grace", "effect_retried", office.incident.id)


def test_a_page_of_a_resolved_incident_stays_dead(office: Office) -> None:
    number = dead_page(office)
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="a false alarm")

    with pytest.raises(NotWanted, match="the incident is resolved"):
        retry_effect(office.desk, number, WHO)

    office.work()
    assert "trigger" not in [action for action, _ in office.vendors.pages]
    assert "effect_retried" not in office.timeline


def test_a_dead_page_that_was_replaced_stays_dead(office: Office) -> None:
    """PagerDuty refused the P1's page and took the P0's. The retry made a second page, which no resolve ever closed."""
    office.vendors.answer = refuse_pages
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.pass_time(6)
    office.vendors.answer = lambda _target, _said: None
    office.hears(alert(starts_at=NINE + timedelta(minutes=6)))
    (dead,) = (row for row in office.rows(tables.outbox) if row.state == "dead")

    with pytest.raises(NotWanted, match="was replaced or closed"):
        retry_effect(office.desk, dead.id, WHO)

    office.work()
    key = f"vcci:{office.incident.id}"
    assert office.vendors.pages == [("trigger", f"{key}:P0"), ("resolve", key)]


def test_only_what_is_dead_can_be_tried_again(office: Office) -> None:
    office.hears(alert())

    with pytest.raises(NotWanted, match="is delivered"):
        retry_effect(office.desk, 1, WHO)
    with pytest.raises(NoSuchRow):
        retry_effect(office.desk, 4711, WHO)


def test_a_letter_leaves_quarantine_and_is_understood_anew(office: Office) -> None:
    office.desk.accept("alertmanager", b"nonsense")
    office.work()
    with office.desk.database.write() as connection:  # as if a newer version could read it
        body: dict[str, Any] = {"body": b'{"version": "4", "groupKey": "g", "alerts": []}'}
        connection.execute(update(tables.inbox).values(body))

    retry_letter(office.desk, 1, WHO)
    office.work()

    (letter,) = office.rows(tables.inbox)
    assert (letter.state, letter.error) == ("understood", None)
    with pytest.raises(NotWanted, match="is understood"):
        retry_letter(office.desk, 1, WHO)
