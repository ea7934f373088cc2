"""Vendors in trouble, under a clock that is moved by hand: nobody is woken too late, and nothing happens twice."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from vcci_platform.incidents import outbox, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Message, Outcome, Page
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import NINE, RecordingVendors, alert, manual_policy
from vcci_platform.incidents.vendors.statuspage import Statuspage

if TYPE_CHECKING:
    from conftest import Office

TEN = timedelta(minutes=10)


class OtherWays:
    """A mail server and a second pager that remember what they took."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def send(self, letter: Letter) -> Outcome:
        return self._take("mail", letter.subject)

    def page(self, page: Page) -> Outcome:
        return self._take("page", page.key)

    def acknowledge(self, key: str) -> Outcome:
        return self._take("acknowledge", key)

    def resolve(self, key: str) -> Outcome:
        return self._take("resolve", key)

    def _take(self, what: str, subject: str) -> Outcome:
        self.taken.append((what, subject))
        return Delivered()


def triggers(office: Office) -> list[tuple[float, str, int]]:
    """Return when PagerDuty took each page, in seconds, its state, and after how many attempts."""
    with office.desk.database.read() as connection:
        rows = connection.execute(
            select(tables.outbox)
            .where(tables.outbox.c.kind == "trigger", tables.outbox.c.target == "pagerduty")
            .order_by(tables.outbox.c.id)
        )
        return [((row.ended_at - NINE).total_seconds(), row.state, row.attempts) for row in rows]


def test_while_pagerduty_is_down_for_ten_minutes_every_other_way_is_used_once_and_then_the_page_arrives_once(
    either_office: Office,
) -> None:
    office, others = either_office, OtherWays()
    vendors = _give_other_ways(office, others)
    vendors.answer = lambda target, _: (
        Failed("no answer", retryable=True, ambiguous=False)
        if target == "pagerduty" and office.clock.now() < NINE + TEN
        else None
    )

    office.hears(alert())
    office.pass_time(0.95, step=0.05)
    assert others.taken == []
    office.pass_time(0.1, step=0.05)
    key = f"vcci:{office.incident.id}"
    fallbacks = [("mail", "PAGE NOT DELIVERED [P0] APIHighErrorRate: 7.1 % of API requests fail"), ("page", key)]
    assert sorted(others.taken) == fallbacks

    office.pass_time(11, step=0.25)
    ((taken_at, state, attempts),) = triggers(office)
    assert sorted(others.taken) == fallbacks
    assert vendors.pages == [("trigger", key)]
    assert (state, TEN.total_seconds() <= taken_at <= TEN.total_seconds() + 30) == ("delivered", True)
    assert attempts > 10
    headlines = [message.headline for message in vendors.messages]
    assert sum(headline.startswith("PAGE NOT DELIVERED") for headline in headlines) == 1
    assert [kind for kind in office.timeline if kind == "page_fell_back"] == ["page_fell_back"]


def test_who_has_taken_a_fallback_is_rung_again_by_the_page_for_something_worse(either_office: Office) -> None:
    """Under the key that was acknowledged, the second service would have rung nobody."""
    office, others = either_office, OtherWays()
    vendors = _give_other_ways(office, others)
    vendors.answer = lambda target, _: Failed("no answer", retryable=True) if target == "pagerduty" else None
    office.hears(alert("APILatencyHigh", priority=Priority.P1))
    office.pass_time(8, step=0.25)
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.pass_time(1, step=0.25)

    office.hears(alert())
    office.pass_time(8, step=0.25)

    rung = [key for what, key in others.taken if what == "page"]
    assert len(rung) == len(set(rung)) == 2
    assert [key for what, key in others.taken if what == "acknowledge"] == rung[:1]


def _give_other_ways(office: Office, others: OtherWays) -> RecordingVendors:
    """Give the desk a mail server and a second PagerDuty service."""
    ways = frozenset({"pagerduty", "statuspage", "slack", "mail", "second-pager"})
    mails = {"platform.primary": "primary@example.com"}
    office.desk = Desk(office.desk.database, manual_policy(channels=ways, mails=mails), office.clock, office.metrics)
    vendors = office.vendors
    office.dispatcher = Dispatcher(
        office.desk,
        vendors,
        vendors,
        vendors,
        mailer=others,
        second_pager=others,
        random=Random(11),
        rest=timedelta(0),
    )
    return vendors


class LatePage:
    """A status page that takes everything at once, and whose first answers come too late to be heard."""

    def __init__(self, late: int) -> None:
        self.late = late
        self.incidents: list[dict[str, Any]] = []
        self.updates = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition("/")[2]
        if request.method == "GET":
            answers = {"components": [{"id": "c1", "name": "API"}], "unresolved": self.incidents}
            return httpx.Response(200, json=answers[path] if path in answers else self.incidents[0])
        told = json.loads(request.content)["incident"]
        self.updates += 1
        if request.method == "POST":
            self.incidents.append({**told, "id": f"sp{len(self.incidents)}"})
        else:
            (self.incidents[0]).update(told)
        if self.late:
            self.late -= 1
            raise httpx.ReadTimeout("too late", request=request)
        return httpx.Response(200, json=self.incidents[0])


def test_a_status_page_that_answers_too_late_after_taking_it_is_not_told_twice(either_office: Office) -> None:
    office, page = either_office, LatePage(late=2)
    client = httpx.Client(base_url="https://api.statuspage.io", transport=httpx.MockTransport(page.handle))
    office.dispatcher = Dispatcher(
        office.desk,
        office.vendors,
        Statuspage(client, "page14", office.clock),
        office.vendors,
        random=Random(11),
        rest=timedelta(0),
    )

    office.hears(alert())
    office.pass_time(3, step=0.25)
    assert (len(page.incidents), page.updates) == (1, 1)

    office.hears(alert(resolved=True, ends_at=office.clock.now()))
    office.pass_time(20, step=0.25)
    assert (len(page.incidents), page.updates) == (1, 3)
    assert page.incidents[0]["status"] == "resolved"
    doubtful = [row.attempts for row in office.rows(tables.outbox) if row.target == "statuspage"]
    assert doubtful == [2, 2, 1]  # each late answer is one more attempt, which only read the page


def test_a_message_in_trouble_does_not_hold_up_the_page_that_goes_through_the_chat(either_office: Office) -> None:
    """The first message of an incident was taken again and again; the page behind it was not told for minutes."""
    office = either_office
    taken: list[str] = []

    def answer(target: str, said: object) -> Outcome | None:
        if target == "slack" and isinstance(said, Message):
            taken.append(said.headline)
        urgent = isinstance(said, Message) and said.headline.startswith("PAGE NOT DELIVERED")
        return Failed("500", retryable=True) if target in {"pagerduty", "slack"} and not urgent else None

    office.vendors.answer = answer
    office.hears(alert())
    office.pass_time(0.75, step=0.25)
    taken.clear()
    office.pass_time(0.25, step=0.25)

    assert taken[0].startswith("PAGE NOT DELIVERED")
    assert ("slack", "fallback", "delivered") in office.effects
    assert [message.headline for message in office.vendors.messages] == taken[:1]


def test_a_page_that_is_resolved_while_pagerduty_is_down_never_rings(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("away", retryable=True) if target == "pagerduty" else None
    office.hears(alert())
    office.pass_time(2, step=0.25)
    office.hears(alert(resolved=True, ends_at=office.clock.now()))
    office.pass_time(20)
    office.vendors.answer = lambda _target, _said: None
    office.pass_time(5)

    assert [action for action, _ in office.vendors.pages] == ["resolve"]  # it may have arrived: a resolve harms nobody


def test_what_was_sent_while_the_store_went_away_is_marked_when_it_is_back_and_not_sent_again(
    either_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, end = either_office, outbox.end
    office.desk.receive([alert()])
    office.desk.cycle()

    def away(*_args: object, **_named: object) -> bool:
        raise OperationalError("update outbox", {}, ConnectionError("the store is away"))

    monkeypatch.setattr(outbox, "end", away)
    for _ in range(3):
        with pytest.raises(OperationalError):
            office.dispatcher.step(Target.PAGERDUTY)
    monkeypatch.setattr(outbox, "end", end)
    office.work()

    assert office.vendors.pages == [("trigger", f"vcci:{office.incident.id}")]
    assert [(state, attempts) for _, state, attempts in triggers(office)] == [("delivered", 1)]
