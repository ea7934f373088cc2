"""What was told before an incident became one for few eyes is hidden, as far as each vendor lets anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from vcci_platform.incidents import commands, public, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.outbox import Kind
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Message, Outcome
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import RecordingVendors, alert, manual_policy

if TYPE_CHECKING:
    from conftest import Office

TITLE = "APIHighErrorRate: 7.1 % of API requests fail"


@dataclass
class Bot(RecordingVendors):
    """A chat that names its messages, PagerDuty's REST API, and a mail server."""

    renamed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    names: bool = True

    def say(self, message: Message) -> Outcome:
        outcome = super().say(message)
        if isinstance(outcome, Failed) or not self.names:
            return outcome
        return Delivered({"channel": message.channel, "channel_id": "C11", "ts": f"17.{len(self.messages)}"})

    def rename_under(self, key: str, title: str) -> Outcome:
        self.renamed.append((key, title))
        return Delivered({"id": "P11"})

    def escalate_under(self, key: str, level: int, **_known: object) -> Outcome:
        return Delivered({})

    def join_under(self, key: str, policy: str, message: str) -> Outcome:
        return Delivered({})

    def send(self, letter: Letter) -> Outcome:
        return Delivered({})


def staffed(office: Office, *more: str, names: bool = True) -> Bot:
    bot = Bot(names=names)
    rules = manual_policy(channels=frozenset({"pagerduty", "statuspage", "slack", *more}))
    office.desk = Desk(office.desk.database, rules, office.clock, office.metrics)
    mailer = bot if "mail" in more else None
    responders = bot if "responders" in more else None
    office.dispatcher = Dispatcher(
        office.desk, bot, bot, bot, mailer=mailer, responders=responders, random=Random(11), rest=timedelta(0)
    )
    return bot


def classify(office: Office) -> None:
    office.desk.command(office.incident.id, lambda i, p, now: commands.on_security(i, p, now, by="ann", why="a leak"))
    office.work()


def lines(office: Office) -> list[str]:
    with office.desk.database.read() as connection:
        query = select(tables.timeline).order_by(tables.timeline.c.id)
        return [row.text for row in connection.execute(query) if row.kind == "confidence"]


def test_a_page_and_messages_that_have_arrived_lose_their_title(office: Office) -> None:
    """PagerDuty and the chat went on showing the title to everybody after the incident was for few eyes."""
    bot = staffed(office, "responders")
    office.hears(alert())
    said = len(bot.messages)

    classify(office)

    key = f"vcci:{office.incident.id}"
    assert bot.renamed == [(key, "[P0] Security incident")]
    assert [(channel, ts) for channel, ts, _ in bot.amended] == [("C11", f"17.{n}") for n in range(1, said + 1)]
    assert not [words for _, _, words in bot.amended if "API" in str(words)]
    assert lines(office) == [
        "PagerDuty is asked to hide the title of 1 page; what its alerts say stays there",
        f"{said} message{'s' if said > 1 else ''} in the chat are replaced",
    ]


def test_what_no_vendor_can_take_back_is_said_to_those_who_may_know(office: Office) -> None:
    bot = staffed(office, "mail", names=False)
    office.hears(alert())
    office.pass_time(2)

    classify(office)

    assert not bot.amended
    pager, chat, mail = lines(office)
    assert pager.startswith("PagerDuty keeps the title of 1 page: its REST API is not configured")
    assert "cannot be changed, since they came by an incoming webhook" in chat
    assert mail == "mails of it went to director@example.com: they cannot be called back"


def test_a_message_that_arrives_in_its_first_words_meanwhile_is_hidden_too(office: Office) -> None:
    """It was on the wire when the incident was classified; the row was superseded, and the words stood in the chat."""
    bot = staffed(office, "responders")
    office.desk.receive([alert()])
    known: list[str] = []

    def meanwhile(target: str, said: object) -> None:
        if target == "slack" and not known:
            known.append(str(said))
            office.desk.command(
                office.incident.id, lambda i, p, now: commands.on_security(i, p, now, by="ann", why="a leak")
            )

    bot.answer = meanwhile
    office.work()

    assert TITLE in known[0]
    assert [ts for _, ts, _ in bot.amended][:1] == ["17.1"]


@pytest.mark.parametrize("earlier", [True, False], ids=["classified later", "from the first word"])
def test_a_page_of_a_security_incident_names_neither_system_nor_component(office: Office, *, earlier: bool) -> None:
    bot = staffed(office)
    office.desk.report(Report("leak", Priority.P0, "billing", "ann", component="ledger", security=not earlier), "one")
    if earlier:
        office.desk.command(
            office.incident_of("billing").id, lambda i, p, now: commands.on_security(i, p, now, by="ann", why="a leak")
        )

    office.work()

    assert bot.summaries
    for page in bot.summaries:
        assert not [word for word in ("billing", "ledger") if word in str(page)]
        assert page.source == "incident desk"


def test_a_security_incident_that_was_never_shown_colours_no_component(office: Office) -> None:
    """Its queued post was taken back, and the component of a lesser fault stayed as red as it would have been."""
    staffed(office)
    office.desk.receive([alert()])
    office.desk.cycle()
    classify(office)
    office.desk.report(Report("slow", Priority.P1, "billing", "ann", component="api"), "two")

    with office.desk.database.read() as connection:
        rules, other = office.desk.rules, office.incident_of("billing")
        shown = public.document(connection, other, ["API"], rules, office.clock.now(), next_update=None)

    assert ("statuspage", Kind.SHOW, "superseded") in office.effects
    assert shown["components"] == {"API": "partial_outage"}
