"""What the vendors have is held against our record; what changed there since the last look is heard."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import tables
from vcci_platform.incidents.model import Action, State
from vcci_platform.incidents.ports import Failed, PageAtVendor, PageChange, PostAtVendor
from vcci_platform.incidents.reconcile import Reconciler
from vcci_platform.incidents.testing import NINE, alert

if TYPE_CHECKING:
    from conftest import Office


@dataclass
class Truth:
    """What the vendors would say."""

    pages: dict[str, PageAtVendor] = field(default_factory=dict[str, PageAtVendor])
    posts: dict[str, PostAtVendor] = field(default_factory=dict[str, PostAtVendor])
    trouble: Failed | None = None

    def page_under(self, key: str) -> PageAtVendor | Failed | None:
        return self.trouble or self.pages.get(key)

    def post(self, remote_id: str) -> PostAtVendor | Failed | None:
        return self.trouble or self.posts.get(remote_id)


@dataclass
class Compared:
    """An office with an open incident, and the vendors that it is compared with."""

    office: Office
    truth: Truth
    reconciler: Reconciler

    @property
    def key(self) -> str:
        return f"vcci:{self.office.incident.id}"

    def says(self, status: str, by: str = "") -> None:
        self.truth.pages[self.key] = PageAtVendor("PINC1", status, NINE, by)

    def became(self, *changes: tuple[str, float, str]) -> None:
        """PagerDuty's page went through these: what it became, in which minute after nine, and by whom."""
        log = tuple(PageChange(status, NINE + timedelta(minutes=minute), by) for status, minute, by in changes)
        self.truth.pages[self.key] = PageAtVendor("PINC1", log[-1].status, log[-1].at, log[-1].by, log)

    def look(self) -> int:
        found = self.reconciler.round()
        self.office.work()
        return found

    def lines(self, kind: str) -> list[str]:
        return [row.text for row in self.office.rows(tables.timeline) if row.kind == kind]


@pytest.fixture
def compared(either_office: Office) -> Compared:
    office, truth = either_office, Truth()
    office.hears(alert())
    office.clock.advance(minutes=3)
    compared = Compared(office, truth, Reconciler(office.desk, truth, truth))
    compared.says("triggered")
    truth.posts[f"sp-{office.incident.id}"] = PostAtVendor("investigating", 1)
    return compared


def test_vendors_that_agree_leave_no_trace(compared: Compared) -> None:
    before = compared.office.timeline

    assert [compared.look(), compared.look()] == [0, 0]
    assert compared.office.timeline == before


def test_an_acknowledgement_whose_webhook_was_lost_is_heard(compared: Compared) -> None:
    compared.says("acknowledged", by="Ada")

    assert [compared.look(), compared.look()] == [1, 0]
    assert (compared.office.incident.state, compared.office.incident.acknowledged_by) == (State.ACKNOWLEDGED, "Ada")


def test_a_page_that_pagerduty_closed_by_itself_rings_again(compared: Compared) -> None:
    compared.look()
    compared.says("resolved")
    compared.look()

    assert compared.office.vendors.pages[-1] == ("trigger", f"{compared.key}:P0")


def test_the_dispatcher_is_woken_once_what_it_shall_send_is_committed(compared: Compared) -> None:
    """It was woken inside the transaction: it saw nothing to send, and the page waited for its next look."""
    waiting: list[str] = []

    def woken() -> None:
        waiting.extend(row.kind for row in compared.office.rows(tables.outbox) if row.state == "waiting")

    compared.look()
    compared.office.desk.listeners.append(woken)
    compared.says("resolved")
    compared.reconciler.round()

    assert "trigger" in waiting


def test_an_acknowledgement_that_ran_out_is_told_once(compared: Compared) -> None:
    for status in ("acknowledged", "triggered", "triggered"):
        compared.says(status, by="Ada" if status == "acknowledged" else "")
        compared.look()

    assert compared.lines("pager_unacknowledged") == ["the acknowledgement ran out, and PagerDuty rings again"]


def test_a_page_that_was_reopened_between_two_looks_is_seen(compared: Compared) -> None:
    """It was triggered at both looks, and nobody noticed that it had been resolved and opened again."""
    compared.became(("triggered", 0, ""))
    compared.look()
    compared.became(("triggered", 0, ""), ("resolved", 4, "Ada"), ("triggered", 5, "Bob"))

    assert [compared.look(), compared.look()] == [1, 0]
    assert compared.lines("pager_resolved") == ["resolved in PagerDuty, between two looks of the desk"]
    assert compared.lines("pager_reopened") == ["the page was reopened in PagerDuty"]


def test_an_acknowledgement_that_ran_out_between_two_looks_is_heard_whole(compared: Compared) -> None:
    compared.became(("triggered", 0, ""))
    compared.look()
    compared.became(("triggered", 0, ""), ("acknowledged", 4, "Ada"), ("triggered", 34, ""))
    compared.look()

    assert (compared.office.incident.state, compared.office.incident.acknowledged_by) == (State.ACKNOWLEDGED, "Ada")
    assert compared.lines("pager_unacknowledged") == ["the acknowledgement ran out, and PagerDuty rings again"]


def test_a_page_that_moved_without_a_log_is_told_as_reopened(compared: Compared) -> None:
    compared.look()
    compared.truth.pages[compared.key] = PageAtVendor("PINC1", "triggered", NINE + timedelta(minutes=4))

    assert [compared.look(), compared.look()] == [1, 0]
    assert compared.lines("pager_reopened") == ["the page was reopened in PagerDuty"]


def test_what_a_webhook_told_is_no_news_to_the_reconciler(compared: Compared) -> None:
    """Whoever acknowledged stood in the timeline twice: by the webhook's word, and by the next look's."""
    office = compared.office
    compared.became(("triggered", 0, ""))
    compared.look()
    event = {
        "id": "01E",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": "2026-03-02T09:04:00.731Z",
        "agent": {"id": "PUSER", "type": "user_reference", "summary": "Ada"},
        "data": {"id": "PINC1", "type": "incident", "status": "acknowledged", "incident_key": compared.key},
    }
    office.desk.accept("pagerduty", json.dumps({"event": event}).encode(), "delivery-1")
    office.work()
    compared.became(("triggered", 0, ""), ("acknowledged", 4, "Ada"))

    assert compared.look() == 0
    assert len(compared.lines("pager_acknowledged")) == 1


def test_a_page_that_pagerduty_does_not_have_is_told(compared: Compared) -> None:
    compared.truth.pages.clear()

    assert [compared.look(), compared.look()] == [1, 0]
    assert len(compared.lines("drift")) == 1


def test_a_page_that_outlived_its_incident_is_resolved_there(compared: Compared) -> None:
    compared.office.desk.act(compared.office.incident.id, Action.RESOLVE, by="ada", why="all is well")
    compared.office.work()
    compared.office.clock.advance(minutes=3)
    before = len(compared.office.vendors.pages)
    compared.look()

    assert compared.office.vendors.pages[before:] == [("resolve", compared.key)]
    assert compared.lines("drift") == [
        "the incident is over, and PagerDuty still has its page: it is resolved there again"
    ]


def test_a_page_that_a_person_reopened_after_its_incident_is_asked_about_and_left_open(compared: Compared) -> None:
    """The desk used to resolve it again without a word to anybody, against the person who wanted it open."""
    office = compared.office
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="all is well")
    office.work()
    office.clock.advance(minutes=3)
    compared.says("resolved")
    compared.look()
    compared.says("triggered", by="Bob")
    before = len(office.vendors.pages)

    assert [compared.look(), compared.look()] == [1, 0]
    asked = "the page was reopened in PagerDuty by Bob, and the incident is resolved: reopen it here, or resolve the "
    assert compared.lines("pager_reopened") == [f"{asked}page there"]
    assert (office.vendors.messages[-1].text, office.vendors.messages[-1].attention) == (f"{asked}page there", "here")
    assert office.vendors.pages[before:] == []

    office.desk.act(office.incident.id, Action.REOPEN, by="ada", why="Bob is right")
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="now it is")
    office.work()
    assert office.vendors.pages[before:] == [("resolve", compared.key)]


def test_a_page_that_a_person_acknowledged_before_the_end_is_resolved_there(compared: Compared) -> None:
    """Our resolve was lost: that somebody was at work on it says nothing about what came after."""
    office = compared.office
    compared.says("acknowledged", by="Bob")
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="all is well")
    office.work()
    office.clock.advance(minutes=3)
    before = len(office.vendors.pages)
    compared.look()

    assert office.vendors.pages[before:] == [("resolve", compared.key)]


def test_what_somebody_changed_on_the_status_page_is_told_once(compared: Compared) -> None:
    compared.look()
    compared.truth.posts[f"sp-{compared.office.incident.id}"] = PostAtVendor("resolved", 1)

    assert [compared.look(), compared.look()] == [1, 0]
    assert compared.lines("drift") == [
        "the status page shows resolved, and the desk has shown investigating: somebody changed it there"
    ]


def test_what_somebody_wrote_or_renamed_on_the_status_page_is_told_once(compared: Compared) -> None:
    """Only the state was compared: customers read words, and a green component, that nobody here knew of."""
    (post,) = compared.office.vendors.posts
    told = PostAtVendor("investigating", 1, name=post.name, words=post.body, components=post.components)
    edited = replace(told, name="Trouble", words="It is the network.", components={"API": "operational", "Mail": "x"})

    compared.truth.posts[f"sp-{compared.office.incident.id}"] = told
    assert compared.look() == 0
    compared.truth.posts[f"sp-{compared.office.incident.id}"] = edited
    assert [compared.look(), compared.look()] == [1, 0]
    assert compared.lines("drift") == [
        "the status page calls the incident “Trouble”: somebody changed it there",
        "the status page says “It is the network.”: somebody wrote it there",
        "the status page shows API as operational, and by the desk it is major_outage: somebody changed it there",
    ]


def test_what_is_too_fresh_to_be_visible_is_not_compared(compared: Compared) -> None:
    compared.truth.pages.clear()
    compared.office.clock.advance(minutes=-2)

    assert compared.look() == 0


def test_a_vendor_that_does_not_answer_changes_nothing(compared: Compared) -> None:
    compared.truth.trouble = Failed("503", retryable=True)

    assert compared.look() == 0
    assert compared.lines("drift") == []


def test_old_incidents_are_left_alone(compared: Compared) -> None:
    compared.office.desk.act(compared.office.incident.id, Action.RESOLVE, by="ada", why="all is well")
    compared.office.work()
    compared.office.clock.advance(minutes=timedelta(hours=25).total_seconds() / 60)

    assert compared.look() == 0
