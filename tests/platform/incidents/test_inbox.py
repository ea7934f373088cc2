"""What is said to the desk is stored before it is understood, and what cannot be understood is kept and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from vcci_platform.incidents import inbox, tables
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from conftest import Office


def count(office: Office, outcome: str, source: str = "alertmanager") -> float:
    labels = {"source": source, "outcome": outcome}
    return office.metrics.registry.get_sample_value("vcci_desk_inbox_total", labels) or 0.0


def test_nonsense_is_kept_counted_and_put_into_quarantine(either_office: Office) -> None:
    office = either_office
    office.desk.accept("alertmanager", b"\xff\x00 nonsense")
    office.work()

    (row,) = office.rows(tables.inbox)
    assert (bytes(row.body), row.state) == (b"\xff\x00 nonsense", "quarantined")
    assert row.error.startswith("expected JSON")
    assert (count(office, "accepted"), count(office, "quarantined")) == (1, 1)


def test_a_delivery_that_makes_the_desk_stumble_holds_up_nobody(office: Office, monkeypatch) -> None:
    def stumble(_body: bytes) -> None:
        raise ZeroDivisionError("a bug")

    office.desk._parsers = {**office.desk._parsers, "alertmanager": stumble}
    office.desk.accept("alertmanager", b"{}")
    office.hears(alert())

    kept = {row.source: (row.state, row.attempts) for row in office.rows(tables.inbox)}
    assert kept == {"alertmanager": ("quarantined", 3), "evaluator": ("understood", 1)}
    assert office.incident.title == "APIHighErrorRate: 7.1 % of API requests fail"


def test_a_store_that_is_away_is_nobodys_fault(office: Office, monkeypatch) -> None:
    office.desk.accept("alertmanager", b'{"version":"4","alerts":[]}')

    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, ConnectionError("gone"))

    monkeypatch.setattr(office.desk, "_understand", away)
    with pytest.raises(OperationalError):
        office.desk.understand_next()
    monkeypatch.undo()
    office.work()

    assert [(row.state, row.attempts) for row in office.rows(tables.inbox)] == [("understood", 1)]


def test_the_evaluator_may_say_the_same_each_time(office: Office) -> None:
    for _ in range(5):
        office.hears(alert())
        office.clock.advance(seconds=15)

    assert [row.deliveries for row in office.rows(tables.inbox)] == [5]
    assert office.timeline.count("alert_firing") == 1
    assert count(office, "duplicate", "evaluator") == 4


def test_saying_nothing_stores_nothing(office: Office) -> None:
    assert office.desk.receive([]) is None
    assert office.rows(tables.inbox) == []


def test_what_was_accepted_before_a_crash_is_understood_after_it(office: Office) -> None:
    office.desk.receive([alert()])
    assert office.incidents == []

    office.work()
    assert len(office.incidents) == 1


def test_a_desk_with_nothing_to_do_only_reads(either_office: Office) -> None:
    """Twice a second, the whole night: a transaction that writes would hold up whoever has something to store."""
    office = either_office
    office.hears(alert())
    said: list[str] = []

    def listen(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(office.desk.database.engine, "before_cursor_execute", listen)
    office.work()

    assert len(said) > 1
    assert [words for words in said if not words.startswith(("SELECT", "BEGIN")) or "FOR UPDATE" in words] == []
    assert "BEGIN IMMEDIATE" not in said


@pytest.mark.needs("postgresql")
def test_what_another_desk_is_reading_is_left_to_it(postgresql_office: Office) -> None:
    office = postgresql_office
    office.desk.receive([alert()])
    with office.desk.database.write() as other:
        assert inbox.next_waiting(other) is not None

        assert office.desk.cycle() == 0

    office.work()
    assert len(office.incidents) == 1
