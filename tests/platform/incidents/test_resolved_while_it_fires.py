"""A person says why it is over while an alert still fires: it is silent for a time, then asked about again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from vcci_platform.incidents import tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Priority, State
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE, alert
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.metrics import DeskMetrics

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
FORGOTTEN = 30
"""The minutes after which a P0 is forgotten."""


def resolved(office: Office, *alerts: object) -> str:
    office.hears(alert(), *alerts)  # type: ignore[arg-type]
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="a stuck gauge")
    office.work()
    return office.incident.id


def why_reopened(office: Office) -> list[str]:
    return [row.text for row in office.rows(tables.timeline) if row.kind == "reopened"]


def test_an_alert_that_fires_on_reopens_its_incident_and_pages_anew(either_office: Office) -> None:
    """It never rang again: one word of a person silenced the alert for as long as it fired."""
    office = either_office
    incident_id = resolved(office)
    before = len(office.vendors.pages)
    office.pass_time(FORGOTTEN - 1)
    assert (office.incident.state, office.vendors.pages[before:]) == (State.RESOLVED, [])

    office.pass_time(1)
    incident = office.incident
    assert (incident.id, incident.state, incident.episode) == (incident_id, State.DETECTED, 2)
    assert (incident.acknowledged_at, incident.acknowledged_by) == (None, "")
    assert office.vendors.pages[before:] == [("trigger", f"vcci:{incident_id}:reopened-2")]
    assert why_reopened(office) == ["reopened: APIHighErrorRate still fires, although this was said to be over"]


def test_the_timeline_says_until_when_it_is_silent(office: Office) -> None:
    resolved(office)

    said = [row.text for row in office.rows(tables.timeline) if row.kind == "still_fires"]
    assert said == ["APIHighErrorRate still fires: silent until 2026-03-02 09:30 UTC, and reopened if it fires then"]


def test_a_desk_that_was_started_again_meanwhile_reopens_it_once(either_office: Office) -> None:
    office = either_office
    resolved(office)
    url = office.desk.database.engine.url.render_as_string(hide_password=False)
    office.desk = Desk(connect(url), office.desk.rules, office.clock, DeskMetrics())
    office.dispatcher = Dispatcher(office.desk, *[office.vendors] * 3)
    office.pass_time(FORGOTTEN + 5)

    assert (office.incident.episode, len(why_reopened(office))) == (2, 1)
    office.desk.database.close()


def test_an_alert_that_ended_meanwhile_reopens_nothing(either_office: Office) -> None:
    office = either_office
    resolved(office)
    office.clock.advance(minutes=10)
    office.hears(alert(resolved=True, ends_at=NINE + 10 * MINUTE))
    office.pass_time(FORGOTTEN)

    assert (office.incident.state, why_reopened(office)) == (State.RESOLVED, [])


def test_a_new_start_of_the_alert_opens_an_incident_at_once_and_the_old_one_stays_closed(either_office: Office) -> None:
    office = either_office
    first = resolved(office)
    office.clock.advance(minutes=10)
    office.hears(alert(starts_at=NINE + 10 * MINUTE))
    second = next(one for one in office.incidents if one.id != first)
    assert (second.state, second.began_at) == (State.DETECTED, NINE + 10 * MINUTE)

    office.desk.act(second.id, Action.RESOLVE, by="ada", why="a stuck gauge")
    office.hears(alert(resolved=True, starts_at=NINE + 10 * MINUTE, ends_at=NINE + 10 * MINUTE))
    office.pass_time(2 * FORGOTTEN)
    assert [one.state for one in office.incidents] == [State.RESOLVED, State.RESOLVED]


def test_while_people_work_on_the_system_nothing_is_reopened_beside_it(either_office: Office) -> None:
    office = either_office
    first = resolved(office)
    office.clock.advance(minutes=10)
    office.hears(alert("QueueFull", fingerprint="fp-queue", priority=Priority.P1, starts_at=NINE + 10 * MINUTE))
    office.pass_time(FORGOTTEN)

    assert [one.id for one in office.incidents if one.is_open] != [first]
    assert why_reopened(office) == []


def test_the_late_end_of_an_old_episode_does_not_move_the_begin_of_the_open_incident(either_office: Office) -> None:
    """The open incident was said to have begun when that of yesterday did."""
    office = either_office
    resolved(office)
    later = NINE + 10 * MINUTE
    office.clock.advance(minutes=10)
    office.hears(alert("QueueFull", fingerprint="fp-queue", starts_at=later))
    office.hears(alert(resolved=True, ends_at=later))

    assert next(one for one in office.incidents if one.is_open).began_at == later


def test_a_person_who_reopens_it_is_not_asked_again(either_office: Office) -> None:
    office = either_office
    incident_id = resolved(office)
    office.desk.act(incident_id, Action.REOPEN, by="ada", why="it was none")
    office.pass_time(FORGOTTEN + 1)

    assert why_reopened(office) == []
