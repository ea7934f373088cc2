"""Who was the first at work on an incident, where its fault comes and goes before anybody is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import commands
from vcci_platform.incidents.model import Action, Priority, State
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from conftest import Office


def ends(office: Office) -> None:
    """Let the fault end a minute later."""
    office.pass_time(1)
    office.hears(alert(resolved=True, ends_at=office.clock.now()))


def returns(office: Office) -> None:
    """Let the fault come back a minute later."""
    office.pass_time(1)
    office.hears(alert(starts_at=office.clock.now()))


def acknowledged_in_pagerduty(office: Office, by: str) -> None:
    happened = {
        "id": "11",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": office.clock.now().isoformat(),
        "agent": {"type": "user_reference", "summary": by},
        "data": {"type": "incident", "id": "P1", "incident_key": office.vendors.pages[0][1]},
    }
    office.desk.accept("pagerduty", json.dumps({"event": happened}).encode(), "11")
    office.work()


@pytest.mark.parametrize(("back", "state"), [(True, State.INVESTIGATING), (False, State.MONITORING)])
def test_who_acknowledges_in_pagerduty_after_the_fault_came_and_went_has_acknowledged(
    office: Office, *, back: bool, state: State
) -> None:
    """The desk itself had moved the incident on, so the acknowledgement was told, and counted for nothing."""
    office.hears(alert())
    ends(office)
    if back:
        returns(office)

    acknowledged_in_pagerduty(office, "ada")

    assert (office.incident.state, office.incident.acknowledged_by) == (state, "ada")
    assert office.incident.acknowledged_at == office.clock.now()


def test_who_acknowledged_after_the_fault_came_back_is_reminded_when_nothing_is_heard(office: Office) -> None:
    office.hears(alert())
    ends(office)
    returns(office)
    acknowledged_in_pagerduty(office, "ada")

    office.pass_time(100, step=2)  # each level that is asked puts it off

    assert "forgotten" in office.timeline
    assert ("trigger", f"vcci:{office.incident.id}:P0") in office.vendors.pages


def test_a_reopened_incident_calls_for_new_faults_however_many_follow_each_other(office: Office) -> None:
    """Each new fault must not put off the page for the first one."""
    office.hears(alert("Slow", priority=Priority.P1))
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="it is over")
    office.desk.act(office.incident.id, Action.REOPEN, by="ada", why="it is not")
    office.work()

    for number in range(3):
        office.hears(alert(f"Slow{number}", priority=Priority.P1, starts_at=office.clock.now()))
        office.pass_time(2)

    assert ("trigger", f"vcci:{office.incident.id}:reopened-2") in office.vendors.pages


def test_who_reports_what_is_still_broken_has_not_acknowledged(office: Office) -> None:
    """The reporter was taken for somebody at work, so nobody was asked any more to acknowledge."""
    office.hears(alert())
    ends(office)
    office.pass_time(1)

    office.desk.report(Report("still broken", Priority.P0, "vcci", "cay"), "key-11")
    office.pass_time(10)

    assert (office.incident.state, office.incident.acknowledged_by) == (State.INVESTIGATING, "")
    assert "acknowledge_missed" in office.timeline


def test_everybody_reads_what_a_person_reports_of_an_incident_that_is_open(office: Office) -> None:
    """The status page went on to say that all should work again, and the channel read nothing."""
    office.hears(alert())
    ends(office)
    shown = office.vendors.posts[-1].status

    office.desk.report(Report("still broken", Priority.P0, "vcci", "cay"), "key-11")
    office.desk.report(Report("worse by the minute", Priority.P0, "vcci", "cay"), "key-12")
    office.work()

    assert (shown, office.vendors.posts[-1].status) == ("monitoring", "investigating")
    said = " ".join(f"{message.headline} {message.text}" for message in office.vendors.messages)
    assert "cay reports: still broken, so it is not over" in said
    assert "cay reports: worse by the minute" in said


def test_who_wrote_a_note_about_what_became_worse_has_heard_of_it(office: Office) -> None:
    """The fault was calm for a while, which put the question off, and the note before it counted for nothing."""
    office.hears(alert("Slow", priority=Priority.P1))
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="bob")
    office.pass_time(10)
    office.hears(alert())
    office.pass_time(1)

    office.desk.command(office.incident.id, lambda i, p, n: commands.on_note(i, p, n, by="bob", text="on it"))
    now = office.clock.now()
    calm = {"resolved": True, "ends_at": now}
    office.hears(alert(**calm), alert("Slow", priority=Priority.P1, **calm))
    office.pass_time(5)
    office.hears(alert(starts_at=office.clock.now()))
    office.pass_time(6)

    assert "acknowledge_missed" not in office.timeline
