"""Alerts are read once for each process, and never wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from vcci_platform.incidents import recollection, store
from vcci_platform.incidents.model import Tracked
from vcci_platform.incidents.testing import NINE, alert

if TYPE_CHECKING:
    from conftest import Office


def names(office: Office) -> list[str]:
    with office.desk.database.read() as connection:
        return [tracked.alert.name for tracked in store.alerts_of(connection, office.incident.id)]


def test_what_an_alert_said_is_read_once_and_when_it_is_over_each_time(either_office: Office) -> None:
    office = either_office
    office.hears(alert("One"), alert("Two"))
    assert names(office) == ["One", "Two"]
    asked: list[str] = []
    event.listen(
        office.desk.database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement)
    )

    office.hears(alert("One", resolved=True, ends_at=NINE))
    with office.desk.database.read() as connection:
        known = store.alerts_of(connection, office.incident.id)

    assert [tracked.over_at for tracked in known] == [NINE, None]
    assert not any("alert.content" in statement and "alert.id IN" in statement for statement in asked)


def test_a_row_that_was_rolled_back_is_forgotten(office: Office) -> None:
    """SQLite gives its number to the next row."""
    office.hears(alert("One"))

    def half_done() -> None:
        with office.desk.database.write() as connection:
            store.track(connection, [Tracked(alert("Never", fingerprint="fp-11"))], office.incident.id, NINE)
            store.alerts_of(connection, office.incident.id)
            raise KeyError

    with pytest.raises(KeyError):
        half_done()
    with office.desk.database.write() as connection:
        store.track(connection, [Tracked(alert("Another", fingerprint="fp-11"))], office.incident.id, NINE)

    assert names(office) == ["One", "Another"]


def test_more_than_can_be_remembered_is_read_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recollection, "MOST_ALERTS", 2)
    for name in ("One", "Two", "Three", "Four"):
        office.hears(alert(name))

    assert names(office) == ["One", "Two", "Three", "Four"]
