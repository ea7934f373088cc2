"""The spec's own words: where they come out, what fills them, and who never reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from vcci_platform.incidents import commands
from vcci_platform.incidents.decisions import Decision
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.drafts import draft_of, ready_of
from vcci_platform.incidents.model import Action, Incident, Priority, Role
from vcci_platform.incidents.ports import Delivered, Letter, Outcome
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import alert, manual_policy
from vcci_slo.plan import ChatWords, MailWords, PublicWords, Words

if TYPE_CHECKING:
    from conftest import Office

WORDS = Words(
    PublicWords(
        title="{what}: {impact}",
        investigating="Since {began} {impact}. We look into it.",
        resolved="{what} works as ever. It began at {began}.",
    ),
    MailWords(subject="{what} {news} ({severity})", text="{title}\n{impact}.\n\n{text}"),
    ChatWords(headline="Incident: [{severity}] {title}, {state}"),
    (("rolled-back", "we undid a change, and {what} recovers."), ("braces", "{impact} since {began}")),
)
"""Unlike the usual ones in every place."""

SECRET = "{text} {what} {0.__class__} {"
"""What an alert may say: to the texts around it these are only letters."""


class Post:
    """A mail server that remembers what it took."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return Delivered()


def speak(office: Office) -> Post:
    """Let the desk say the words of the spec, by mail too."""
    post, vendors = Post(), office.vendors
    ways = frozenset({"pagerduty", "statuspage", "slack", "mail"})
    rules = manual_policy(channels=ways, words=WORDS)
    office.desk = Desk(office.desk.database, rules, office.clock, office.metrics)
    office.dispatcher = Dispatcher(
        office.desk, vendors, vendors, vendors, mailer=post, random=Random(11), rest=timedelta(0)
    )
    return post


def ready(office: Office) -> dict[str, str]:
    with office.desk.database.read() as connection:
        return {one.name: one.words for one in ready_of(connection, office.incident, office.desk.rules)}


def test_the_status_page_the_mail_and_the_chat_say_what_the_spec_says(office: Office) -> None:
    post = speak(office)
    office.hears(alert())

    (shown,) = office.vendors.posts
    assert shown.name == "API: API may not work at all"
    assert (
        shown.body == "Since 09:00 UTC on 2 March API may not work at all. We look into it. Next update by 09:15 UTC."
    )
    assert post.letters[0].subject == "API begins (P0)"
    assert post.letters[0].text.startswith("APIHighErrorRate: 7.1 % of API requests fail\nAPI may not work at all.\n\n")
    headlines = {message.headline for message in office.vendors.messages}
    assert headlines == {"Incident: [P0] APIHighErrorRate: 7.1 % of API requests fail, detected"}


def test_the_last_word_says_how_it_ended(office: Office) -> None:
    speak(office)
    office.hears(alert())
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="fixed")
    office.work()

    assert office.vendors.posts[-1].name == "API: API should work normally"
    assert office.vendors.posts[-1].body == "API works as ever. It began at 09:00 UTC on 2 March."


def test_nothing_that_an_alert_says_is_taken_for_a_gap_and_the_public_reads_none_of_it(office: Office) -> None:
    post = speak(office)
    office.hears(alert(summary=SECRET))

    assert SECRET in office.vendors.messages[0].headline
    assert post.letters[0].text.startswith(f"APIHighErrorRate: {SECRET}\n")
    assert "__class__" not in str(office.vendors.posts)
    assert "APIHighErrorRate" not in str(office.vendors.posts)


def test_what_the_status_page_has_no_name_for_is_our_service(office: Office) -> None:
    speak(office)
    office.hears(alert(component="nobody-knows"))

    assert office.vendors.posts[0].name == "our service: our service may not work at all"


def test_a_security_incident_is_told_in_the_usual_words_alone(office: Office) -> None:
    post = speak(office)
    office.hears(alert(priority=Priority.P1))
    office.desk.command(office.incident.id, lambda i, p, now: commands.on_security(i, p, now, by="ann", why="look"))
    office.vendors.messages.clear()
    post.letters.clear()
    office.desk.command(
        office.incident.id,
        lambda i, p, now: commands.on_update(i, commands.Update("ann", "s", "i", "e"), p, now, may_publish=True),
    )
    office.work()

    assert {message.headline for message in office.vendors.messages} == {"[P1] Security incident"}
    assert {letter.subject for letter in post.letters} == {
        "[P1] Security incident: a security incident",
        "[P1] Security incident: update",
    }
    assert not {"Impact", "ETA"} & {name for message in office.vendors.messages for name, _ in message.facts}
    assert ready(office) == {}
    with office.desk.database.read() as connection:
        assert draft_of(connection, office.incident, office.desk.rules, office.clock.now()) is None


def test_ready_sentences_say_what_is_true_of_the_incident_and_end_with_it(office: Office) -> None:
    speak(office)
    office.hears(alert(), alert("QueueStuck", component="worker"))

    assert ready(office) == {
        "rolled-back": "We undid a change, and API and Calculations recovers.",
        "braces": "API and Calculations may not work at all since 09:00 UTC on 2 March",
    }
    assert [kind for kind in office.timeline if kind == "update"] == []

    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="fixed")
    assert ready(office) == {}


def test_a_message_has_every_fact_of_the_manual_once_it_is_known(office: Office) -> None:
    """Who commands, the impact and the ETA stood nowhere but in the one message that told of them."""
    office.hears(alert())
    incident = office.incident.id
    told = commands.Update("ada", "we look", "uploads fail", "15:30 UTC")
    office.desk.command(incident, lambda i, p, n: commands.on_assign(i, Role.COMMANDER, "grace", p, n, by="ada"))
    office.desk.command(incident, lambda i, p, n: commands.on_update(i, told, p, n, may_publish=True))
    office.desk.act(incident, Action.IDENTIFY, by="ada")
    office.work()

    first, *_, said, last = office.vendors.messages
    assert not {"Commander", "Impact", "ETA"} & set(dict(first.facts))
    assert "Impact: uploads fail\nETA: 15:30 UTC" in said.text
    assert "Impact" not in dict(said.facts)
    facts = dict(last.facts)
    assert (facts["Commander"], facts["Impact"], facts["ETA"]) == ("grace", "uploads fail", "15:30 UTC")
    assert facts["Acknowledged by"] == "ada"


def test_an_update_that_leaves_the_eta_open_takes_the_earlier_one_back(office: Office) -> None:
    office.hears(alert())
    for told in (commands.Update("ada", "we look", "uploads fail", "15:30 UTC"), commands.Update("ada", "no idea yet")):
        decide = partial(_updated, told)
        office.desk.command(office.incident.id, decide)
    office.desk.act(office.incident.id, Action.IDENTIFY, by="ada")
    office.work()

    assert not {"Impact", "ETA"} & set(dict(office.vendors.messages[-1].facts))


def _updated(told: commands.Update, incident: Incident, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    return commands.on_update(incident, told, policy, now, may_publish=True)
