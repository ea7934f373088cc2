"""A page rings only for an incident that is open, and ends with it: whatever was under way at that moment."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from vcci_platform.incidents import tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Incident, Priority, State
from vcci_platform.incidents.ports import Delivered, Failed, Outcome, Page
from vcci_platform.incidents.testing import NINE, alert, manual_policy
from vcci_slo.plan.incidents import Correlation

if TYPE_CHECKING:
    from conftest import Office

AWAY = Failed("503", retryable=True)
REFUSED = Failed("400: the incident is resolved", retryable=False)
GROUP = "k" * 64
"""Under which Alertmanager pages for a group."""


@dataclass
class OtherPager:
    """A second pager, or PagerDuty's REST API, that answers as it is told and remembers what it was asked."""

    answer: Outcome = field(default_factory=Delivered)
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def page(self, page: Page) -> Outcome:
        return self._ask("trigger", page.key)

    def acknowledge(self, key: str) -> Outcome:
        return self._ask("acknowledge", key)

    def resolve(self, key: str) -> Outcome:
        return self._ask("resolve", key)

    def escalate_under(self, key: str, level: int, **_known: object) -> Outcome:
        return self._ask(f"level {level}", key)

    def rename_under(self, key: str, title: str) -> Outcome:
        return self._ask(title, key)

    def _ask(self, what: str, key: str) -> Outcome:
        self.asked.append((what, key))
        return self.answer


def with_other(office: Office, channel: str, pager: OtherPager) -> None:
    """Let the office have one more way to call people."""
    office.desk.rules = manual_policy(channels=frozenset({"pagerduty", "statuspage", "slack", channel}))
    vendors, ways = office.vendors, {channel.replace("-", "_"): pager}
    named: dict[str, Any] = {"random": Random(11), "rest": timedelta(0), **ways}
    office.dispatcher = Dispatcher(office.desk, vendors, vendors, vendors, **named)


def resolve(office: Office) -> None:
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="it is mended")


def open_keys(office: Office) -> list[str]:
    return [row.key for row in office.rows(tables.pager_key) if row.open]


def test_a_call_to_the_next_level_that_waits_is_cancelled_by_the_resolve(office: Office) -> None:
    rest = OtherPager(AWAY)
    with_other(office, "responders", rest)
    office.hears(alert())
    office.pass_time(31)
    assert {what for what, _ in rest.asked} == {"level 2"}

    resolve(office)
    rest.answer = REFUSED
    office.pass_time(5)

    key = f"vcci:{office.incident.id}"
    assert office.vendors.pages == [("trigger", key), ("resolve", key)]
    assert ("responders", "escalate", "superseded") in office.effects
    assert open_keys(office) == []


def test_a_call_to_the_next_level_that_is_refused_after_the_resolve_pages_nobody(either_office: Office) -> None:
    """The level was asked while a person resolved: the refusal used to page the level anew, for what was over."""
    office = either_office

    class Slow(OtherPager):
        def escalate_under(self, key: str, level: int, **known: object) -> Outcome:
            resolve(office)
            return super().escalate_under(key, level, **known)

    with_other(office, "responders", Slow(REFUSED))
    office.hears(alert())
    office.pass_time(35)

    key = f"vcci:{office.incident.id}"
    assert office.vendors.pages == [("trigger", key), ("resolve", key)]
    assert open_keys(office) == []


def test_a_call_of_an_earlier_episode_pages_nobody_in_the_next_one(office: Office) -> None:
    class Slow(OtherPager):
        def escalate_under(self, key: str, level: int, **known: object) -> Outcome:
            if not self.asked:
                resolve(office)
                office.desk.act(office.incident.id, Action.REOPEN, by="bob", why="it came back")
            return super().escalate_under(key, level, **known)

    with_other(office, "responders", Slow(REFUSED))
    office.hears(alert())
    office.pass_time(35)

    assert (office.incident.state, office.incident.episode) == (State.INVESTIGATING, 2)
    assert [key for action, key in office.vendors.pages if action == "trigger"] == [f"vcci:{office.incident.id}"]


def test_a_page_under_way_while_its_incident_is_resolved_is_not_sent_again(either_office: Office) -> None:
    """PagerDuty did not answer, and the incident was resolved meanwhile: the page used to ring when it was back."""
    office, tries = either_office, list[Page]()

    def answer(target: str, said: object) -> Outcome | None:
        if target != "pagerduty" or office.clock.now() > NINE + timedelta(minutes=5):
            return None
        if isinstance(said, Page):
            tries.append(said)
            resolve(office)
        return Failed("no answer", retryable=True, ambiguous=True)

    office.vendors.answer = answer
    office.hears(alert())
    office.pass_time(10)

    assert len(tries) == 1
    assert office.vendors.pages == [("resolve", f"vcci:{office.incident.id}")]  # the one in doubt may ring there
    assert ("pagerduty", "trigger", "superseded") in office.effects


def test_a_second_pager_that_was_never_reached_does_not_keep_the_first_one_ringing(office: Office) -> None:
    """The second one was kept to its rate; the resolve took the key, which both share, for one that was never sent."""
    second = OtherPager(Failed("kept to its rate", retryable=True, counts=False))
    with_other(office, "second-pager", second)
    back = NINE + timedelta(minutes=2)
    office.vendors.answer = lambda target, _: AWAY if target == "pagerduty" and office.clock.now() < back else None
    office.hears(alert())
    office.pass_time(3)
    assert [action for action, _ in office.vendors.pages] == ["trigger"]

    resolve(office)
    office.pass_time(2)

    assert [action for action, _ in office.vendors.pages] == ["trigger", "resolve"]
    assert "resolve" not in {what for what, _ in second.asked}


def test_a_second_pager_that_may_have_been_reached_is_resolved(either_office: Office) -> None:
    office, second = either_office, OtherPager(Failed("no answer", retryable=True, ambiguous=True))
    with_other(office, "second-pager", second)
    office.vendors.answer = lambda target, _: AWAY if target == "pagerduty" else None
    office.hears(alert())
    office.pass_time(2)
    assert {what for what, _ in second.asked} == {"trigger"}

    resolve(office)
    second.answer = Delivered()
    asked = len(second.asked)
    office.pass_time(2)

    assert [what for what, _ in second.asked[asked:]] == ["resolve"]


def test_a_page_that_waits_is_replaced_by_the_one_for_something_worse(office: Office) -> None:
    """PagerDuty was away while the fault grew: when it was back, both pages used to ring, one after the other."""
    down = {"pagerduty": Failed("no connection", retryable=True)}
    office.vendors.answer = lambda target, _: down.get(target)
    office.hears(alert("Slow", priority=Priority.P1))
    office.pass_time(6)
    office.hears(alert("Down", starts_at=NINE + timedelta(minutes=6)))
    down.clear()
    office.pass_time(1)

    key = f"vcci:{office.incident.id}"
    assert office.vendors.pages == [("trigger", f"{key}:P0"), ("resolve", key)]


# --- a page that several incidents share -----------------------------------------------------------------------------


def shared(office: Office) -> tuple[Incident, Incident]:
    """Return two incidents of one group of Alertmanager's, which has sent one page for both."""
    labels = ({"tenant": "t1"}, {"tenant": "t2"})
    rule = Correlation(match=(("tenant", ".+"),), by=("tenant",))
    office.desk.rules = manual_policy(correlate=(rule,))
    values = {"source": "alertmanager", "pager_key": GROUP}
    office.hears(*(alert(fingerprint=f"fp-{one['tenant']}", labels=one, **values) for one in labels))
    first, second = office.incidents
    return first, second


def test_a_page_that_two_incidents_share_rings_until_both_are_over(either_office: Office) -> None:
    """The resolve of one tenant's incident used to close the page of the other tenant's, which was still open."""
    office = either_office
    first, second = shared(office)

    office.desk.act(first.id, Action.RESOLVE, by="ada", why="it is mended")
    office.work()
    assert office.vendors.pages == []

    office.desk.act(second.id, Action.RESOLVE, by="bob", why="it is mended, too")
    office.work()
    assert office.vendors.pages == [("resolve", GROUP)]


def test_a_page_that_two_incidents_share_is_acknowledged_when_somebody_works_on_both(office: Office) -> None:
    first, second = shared(office)

    office.desk.act(first.id, Action.ACKNOWLEDGE, by="ada")
    office.work()
    assert office.vendors.pages == []

    office.desk.act(second.id, Action.ACKNOWLEDGE, by="bob")
    office.work()
    assert office.vendors.pages == [("acknowledge", GROUP)]


def test_who_acknowledges_a_shared_page_in_pagerduty_has_acknowledged_both(office: Office) -> None:
    shared(office)
    document = {
        "event": {
            "event_type": "incident.acknowledged",
            "occurred_at": "2026-03-02T09:01:00Z",
            "agent": {"type": "user_reference", "summary": "Ada"},
            "data": {"id": "PINC1", "type": "incident", "incident_key": GROUP},
        }
    }

    office.desk.accept("pagerduty", json.dumps(document).encode())
    office.work()

    assert {incident.acknowledged_by for incident in office.incidents} == {"Ada"}
    assert office.vendors.pages == []


@pytest.mark.needs("postgresql")
def test_of_two_incidents_that_end_at_the_same_moment_one_resolves_the_page(postgresql_office: Office) -> None:
    office = postgresql_office
    ended = [
        Thread(target=office.desk.act, args=(one.id, Action.RESOLVE), kwargs={"by": "ada", "why": "it is mended"})
        for one in shared(office)
    ]

    for thread in ended:
        thread.start()
    for thread in ended:
        thread.join()
    office.work()

    assert office.vendors.pages == [("resolve", GROUP)]
