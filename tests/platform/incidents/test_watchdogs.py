"""Whose Watchdog falls silent may be blind: that is an incident of its own, and it ends when it is heard again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcci_platform.incidents.model import Priority, State

if TYPE_CHECKING:
    from conftest import Office


def watchdog(status: str = "firing") -> dict[str, object]:
    labels = {"alertname": "Watchdog"}
    beat = {"status": status, "labels": labels, "annotations": {}, "startsAt": "2026-03-02T09:00:00Z"}
    return {"version": "4", "groupKey": "w", "status": status, "alerts": [beat]}


def test_silence_is_an_incident_and_the_desk_itself_pages_for_it(either_office: Office) -> None:
    office = either_office
    office.notified(watchdog())
    office.pass_time(5)
    assert office.incidents == []

    office.pass_time(1)
    assert (office.incident.system, office.incident.priority) == ("monitoring", Priority.P1)
    office.pass_time(10)
    assert [action for action, _ in office.vendors.pages] == ["trigger"]

    office.notified(watchdog())
    assert office.incident.state is State.MONITORING
    for _ in range(16):
        office.pass_time(1)
        office.notified(watchdog())
    assert office.incident.state is State.RESOLVED
    assert len(office.incidents) == 1


def test_a_second_silence_is_a_second_incident(office: Office) -> None:
    for _ in range(2):
        office.notified(watchdog())
        office.pass_time(7)
        office.notified(watchdog())
        for _ in range(20):
            office.pass_time(1)
            office.notified(watchdog())

    assert [incident.state for incident in office.incidents] == [State.RESOLVED, State.RESOLVED]


def test_what_says_itself_that_it_is_gone_is_believed_at_once(office: Office) -> None:
    office.notified(watchdog())
    office.notified(watchdog("resolved"))
    office.work()

    assert office.incident.system == "monitoring"


def test_whoever_was_never_heard_is_not_missed(office: Office) -> None:
    office.pass_time(60)

    assert office.incidents == []
