"""Those who are told of an incident and have a channel of their own, but no mail."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from vcci_platform.incidents import commands, tables
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.ports import Message
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import alert, manual_policy

if TYPE_CHECKING:
    from conftest import Office

SUPPORT = "#vcci-customer-support"
SECRET = "tokens of acme leaked"


@pytest.fixture
def office(office: Office) -> Office:
    """A desk whose customer support has a channel alone, as the manual lists it."""
    with_rules(office, mentions={"customer-support": SUPPORT, "engineering-manager": "@eng-manager"})
    return office


def with_rules(office: Office, **changes: Any) -> None:
    office.desk = Desk(office.desk.database, manual_policy(**changes), office.clock, office.metrics)
    office.dispatcher.desk = office.desk


def told(office: Office, channel: str = SUPPORT) -> list[Message]:
    return [message for message in office.vendors.messages if message.channel == channel]


def test_support_hears_in_its_own_channel_that_it_begins_goes_on_and_is_over(office: Office) -> None:
    """Only those with a mail address were told."""
    office.hears(alert())
    update = commands.Update("ada", "we roll back", impact="7 % of requests fail")
    office.desk.command(
        office.incident.id, lambda one, rules, now: commands.on_update(one, update, rules, now, may_publish=False)
    )
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    office.work()

    begins, goes_on, over = told(office)
    assert begins.text.startswith("Begins: ")
    assert "we roll back" in goes_on.text
    assert over.text == "Resolved: It is over. rolled back"
    assert {dict(message.facts)["For"] for message in told(office)} == {"customer-support"}
    assert "Impact: 7 % of requests fail" in goes_on.text


def test_who_has_a_mail_is_not_told_twice(office: Office) -> None:
    with_rules(
        office,
        mentions={"customer-support": SUPPORT},
        mails={"customer-support": "support@example.com"},
        channels=frozenset({"pagerduty", "statuspage", "slack", "mail"}),
    )
    office.hears(alert())

    assert told(office) == []
    assert ("mail", "mail", "waiting") in office.effects


def test_the_incidents_own_channel_has_it_already(office: Office) -> None:
    with_rules(office, mentions={"customer-support": "#here"}, chat={Priority.P0: "#here"})
    office.hears(alert())

    assert told(office, "#here")
    assert not [message for message in told(office, "#here") if "For" in dict(message.facts)]


def test_of_a_security_incident_support_hears_nothing_and_what_waits_is_taken_back(office: Office) -> None:
    office.desk.report(Report(SECRET, Priority.P1, "vcci", "ann"), "one")
    office.desk.cycle()
    waiting = [
        row.body for row in office.rows(tables.outbox) if row.target == "slack" and row.body["channel"] == SUPPORT
    ]
    office.desk.command(
        office.incident.id,
        lambda one, rules, now: commands.on_security(one, rules, now, by="ada", why="a leak"),
    )
    office.work()

    assert len(waiting) == 1
    assert told(office) == []


def test_who_may_see_a_security_incident_is_told_in_few_words_in_a_channel_too(office: Office) -> None:
    with_rules(office, mentions={"security": "#security"}, mails={})
    office.desk.report(Report(SECRET, Priority.P1, "vcci", "ann", security=True), "one")
    office.work()

    assert told(office, "#security")
    assert not [message for message in told(office, "#security") if SECRET in str(asdict(message))]
