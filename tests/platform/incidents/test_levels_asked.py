"""How a level is asked: in its turn the page is handed on, out of its turn the level joins whoever has it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import commands, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Outcome
from vcci_platform.incidents.retries import NotWanted, retry_effect
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Audited
from vcci_platform.incidents.testing import alert, manual_policy
from vcci_platform.shipped import shipped
from vcci_platform.specs import plan_of

if TYPE_CHECKING:
    from conftest import Office


@dataclass
class Vendor:
    """PagerDuty's REST API and a mail server that remember what they were asked."""

    refuses: str = ""
    retryable: bool = False
    asked: list[tuple[str, object]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    def escalate_under(self, key: str, level: int, **_known: object) -> Outcome:
        self.asked.append(("handed on", level))
        return Delivered({})

    def join_under(self, key: str, policy: str, message: str) -> Outcome:
        self.asked.append(("joins", policy))
        self.messages.append(message)
        return Failed(self.refuses, retryable=self.retryable) if self.refuses else Delivered({})

    def rename_under(self, key: str, title: str) -> Outcome:
        self.asked.append(("renamed", title))
        return Delivered({})

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return Delivered({})


@pytest.fixture
def vendor(office: Office) -> Vendor:
    vendor, others = Vendor(), office.vendors
    office.desk.rules = manual_policy(
        channels=frozenset({"pagerduty", "statuspage", "slack", "responders", "mail"}),
        places={Priority.P0: {1: 1, 2: 2, 3: 3}, Priority.P1: {1: 1, 3: 2}},
        joins={level: f"vcci level {level}" for level in (2, 3, 4)},
        mails={"executives": "executives@example.com"},
    )
    office.dispatcher = Dispatcher(
        office.desk, others, others, others, mailer=vendor, responders=vendor, random=Random(13)
    )
    return vendor


def asks(office: Office, level: int) -> None:
    office.desk.command(office.incident.id, lambda i, p, n: commands.on_escalate(i, level, p, n, by="ada", why="help"))
    office.work()


def declares(office: Office) -> None:
    office.desk.command(
        office.incident.id, lambda i, p, n: commands.on_declare(i, "data-breach", p, n, by="ada", why="keys are out")
    )
    office.work()


def test_a_declared_breach_joins_the_executives_and_every_other_level_keeps_its_turn(
    office: Office, vendor: Vendor
) -> None:
    """Level 4 was handed the page, which PagerDuty's policy of a P0 does not have; then the primary was paged anew."""
    office.hears(alert())
    declares(office)
    office.pass_time(61)

    assert vendor.asked == [("joins", "vcci level 4"), ("handed on", 2), ("handed on", 3)]
    assert [kind for kind, _ in office.vendors.pages] == ["trigger"]


def test_a_level_below_one_that_has_the_page_joins_it(office: Office, vendor: Vendor) -> None:
    office.hears(alert())
    asks(office, 3)
    office.pass_time(31)

    assert vendor.asked == [("handed on", 3), ("joins", "vcci level 2")]


def test_a_level_is_handed_the_page_by_its_place_in_pagerdutys_policy(office: Office, vendor: Vendor) -> None:
    office.hears(alert(priority=Priority.P1))
    office.pass_time(6)
    asks(office, 3)

    assert vendor.asked == [("handed on", 2)]


def test_whoever_pagerduty_cannot_ask_is_named_and_written_to(office: Office, vendor: Vendor) -> None:
    vendor.refuses = "402: not in your plan"
    office.hears(alert())
    declares(office)

    assert [letter.to for letter in vendor.letters] == [("executives@example.com",)]
    assert office.vendors.pages[-1] == ("trigger", f"vcci:{office.incident.id}:level-4")
    assert "level 4 (executives)" in office.vendors.summaries[-1].details["why"]


@pytest.mark.parametrize("there", [False, True])
def test_an_acknowledgement_leaves_a_level_that_was_not_reached_to_the_other_ways(
    office: Office, vendor: Vendor, *, there: bool
) -> None:
    """The executives' call waited for PagerDuty for ever, because somebody else had acknowledged the first page."""
    vendor.refuses, vendor.retryable = "no answer", True
    office.hears(alert())
    declares(office)
    office.pass_time(0.25, step=0.25)
    if there:
        happened = {
            "id": "11",
            "event_type": "incident.acknowledged",
            "resource_type": "incident",
            "occurred_at": office.clock.now().isoformat(),
            "agent": {"type": "user_reference", "summary": "bob"},
            "data": {"type": "incident", "id": "P1", "incident_key": office.vendors.pages[0][1]},
        }
        office.desk.accept("pagerduty", json.dumps({"event": happened}).encode(), "11")
    else:
        office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="bob")
    office.work()

    office.pass_time(2, step=0.25)

    assert office.incident.acknowledged_by == "bob"
    assert [kind for _, kind, _ in office.effects].count("fallback") == 1
    assert ("executives@example.com",) in [letter.to for letter in vendor.letters]


def test_a_call_that_was_given_up_stays_so_once_the_level_was_paged_instead(office: Office, vendor: Vendor) -> None:
    """The level had a page of its own already, and the retry asked it once more."""
    vendor.refuses = "402 no licence for responders"
    office.hears(alert())
    asks(office, 4)
    (dead,) = (row for row in office.rows(tables.outbox) if row.state == "dead")

    with pytest.raises(NotWanted, match="was paged instead"):
        retry_effect(office.desk, dead.id, Audited("root", "admin", "effect_retried", {}))


def test_a_call_that_waits_loses_its_words_when_the_incident_is_one_of_security(office: Office, vendor: Vendor) -> None:
    """Whoever was asked for help read in PagerDuty why, though only few may know."""
    vendor.refuses, vendor.retryable = "503", True
    office.hears(alert())
    asks(office, 4)
    office.desk.command(office.incident.id, lambda i, p, n: commands.on_security(i, p, n, by="ada", why="a leak"))
    vendor.messages.clear()
    vendor.refuses = ""
    office.pass_time(5)

    assert vendor.messages == ["level 4 is asked for help: see the incident at the desk"]


def test_no_further_call_puts_off_the_other_ways_of_the_first(office: Office, vendor: Vendor) -> None:
    """Each level that was asked gave PagerDuty a further minute: the page waited for three."""
    office.vendors.answer = lambda target, _: Failed("away", retryable=True) if target == "pagerduty" else None
    office.hears(alert())

    for level in (2, 3):
        office.pass_time(0.5, step=0.25)
        asks(office, level)

    assert [kind for _, kind, _ in office.effects].count("fallback") == 1


def test_the_shipped_spec_knows_where_each_level_stands() -> None:
    policy = IncidentPolicy.from_plan(plan_of(shipped("spec")))

    assert policy.places == {Priority.P0: {1: 1, 2: 2, 3: 3}, Priority.P1: {1: 1, 2: 2}, Priority.P2: {1: 1}}
    assert policy.joins == {2: "vcci level 2", 3: "vcci level 3", 4: "vcci level 4"}


def test_of_two_levels_asked_at_once_the_second_knows_of_the_first_when_its_answer_is_lost(
    office: Office, vendor: Vendor
) -> None:
    """The hand-on to the first stood in PagerDuty's log, was taken for that to the second, and that was skipped."""
    answers = iter([Delivered({}), Failed("no answer", retryable=True, ambiguous=True), Delivered({})])
    known: list[tuple[int, object]] = []

    def escalate_under(key: str, level: int, *, asked_at: object = None, handed_on: int = 0) -> Outcome:
        known.append((level, handed_on))
        return next(answers)

    vendor.escalate_under = escalate_under  # type: ignore[method-assign, assignment]
    office.hears(alert())
    asks(office, 2)
    office.clock.advance(minutes=1 / 6)
    asks(office, 3)
    office.pass_time(1)

    assert known == [(2, 0), (3, 0), (3, 1)]
