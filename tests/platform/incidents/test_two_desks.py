"""Two desks on one store, and everybody speaking at once: still one incident, one page, nothing lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from vcci_platform.incidents import tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Refused
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE, alert, manual_policy
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_platform.telemetry.metrics import DeskMetrics

if TYPE_CHECKING:
    from conftest import Office

ALERTS = 24


def test_everybody_speaks_at_once_and_there_is_one_incident_and_one_page(either_office: Office) -> None:
    office = either_office
    url = office.desk.database.engine.url
    other_store = connect(url.render_as_string(hide_password=False))
    desks = [office.desk, Desk(other_store, manual_policy(), office.clock, DeskMetrics())]
    dispatchers = [office.dispatcher, *(Dispatcher(desks[1], *[office.vendors] * 3) for _ in range(1))]

    def speak(number: int) -> None:
        desks[number % 2].receive([alert(f"A{number}", starts_at=NINE - timedelta(seconds=number))])
        desks[(number + 1) % 2].cycle()

    def send(number: int) -> None:
        while dispatchers[number % 2].step(list(Target)[number // 2 % 3]):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(speak, range(ALERTS)))
        list(pool.map(send, range(12)))
    office.work()
    other_store.close()

    (incident,) = office.incidents
    assert {row.incident_id for row in office.rows(tables.alert)} == {incident.id}
    assert len(office.rows(tables.alert)) == ALERTS
    assert {row.state for row in office.rows(tables.inbox)} == {"understood"}
    assert office.vendors.pages == [("trigger", f"vcci:{incident.id}")]
    assert office.timeline.count("opened") == 1


def test_two_people_who_act_at_once_are_heard_one_after_the_other(either_office: Office) -> None:
    office = either_office
    office.hears(alert())
    incident_id = office.incident.id

    def acknowledge(name: str) -> str:
        try:
            office.desk.act(incident_id, Action.ACKNOWLEDGE, by=name)
        except Refused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(acknowledge, ["ada", "bob", "cay", "dan"]))
    office.work()

    assert sorted(answers) == ["action-not-allowed"] * 3 + ["done"]
    assert [action for action, _ in office.vendors.pages] == ["trigger", "acknowledge"]


def test_the_migrations_make_exactly_the_tables_that_are_declared(either_office: Office) -> None:
    database = either_office.desk.database
    mine = {"alert", "heartbeat", "inbox", "incident", "outbox", "pager_key", "status_post", "timeline", "timer"}

    assert [line for line in migrate.check(database, "desk") if any(f"'{name}'" in line for name in mine)] == []


def test_the_tables_can_be_taken_back_and_made_again(either_office: Office) -> None:
    database = either_office.desk.database
    migrate.downgrade(database, "desk")
    migrate.upgrade(database, "desk")

    either_office.hears(alert())
    assert len(either_office.incidents) == 1
