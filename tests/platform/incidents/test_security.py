"""A security incident is for few eyes, from its first moment and on every way out of the desk."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from vcci_platform.incidents import commands, store
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Nature, Priority, Refused
from vcci_platform.incidents.outbox import Kind
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Outcome
from vcci_platform.incidents.retries import NotWanted, retry_effect
from vcci_platform.incidents.tasks import Audited, Desk
from vcci_platform.incidents.testing import alert, manual_policy

if TYPE_CHECKING:
    from conftest import Office

SECRET = "tokens of acme leaked"
ADMIN = Audited("root", "admin", "retry", {})
MAILS = {
    "platform.secondary": "secondary@example.com",
    "customer-support": "support@example.com",
    "director": "director@example.com",
    "executives": "executives@example.com",
    "security": "security@example.com",
}


class Post:
    """A mail server that remembers what it took."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return Delivered()


def with_mail(office: Office, **changes: Any) -> Post:
    post, vendors = Post(), office.vendors
    rules = manual_policy(channels=frozenset({"pagerduty", "statuspage", "slack", "mail"}), mails=MAILS, **changes)
    office.desk = Desk(office.desk.database, rules, office.clock, office.metrics)
    office.dispatcher = Dispatcher(
        office.desk, vendors, vendors, vendors, mailer=post, random=Random(11), rest=timedelta(0)
    )
    return post


def classify(office: Office) -> None:
    office.desk.command(
        office.incident.id, lambda i, p, now: commands.on_security(i, p, now, by="ann", why=f"look: {SECRET}")
    )


def said(office: Office, post: Post) -> list[str]:
    """Return every word that left the desk."""
    vendors = office.vendors
    return [str(asdict(one)) for one in (*vendors.summaries, *vendors.messages, *vendors.posts, *post.letters)]


def reported(priority: Priority = Priority.P1, **values: Any) -> Report:
    return Report(SECRET, priority, "vcci", "ann", **values)


def test_what_waits_when_it_is_called_a_security_incident_never_leaves_in_its_first_words(office: Office) -> None:
    """Chat, mail and the pager were away: their old words went out an hour later, to customer support too."""
    post = with_mail(office)
    office.desk.report(reported(), "one")

    classify(office)
    office.work()

    assert said(office, post)
    assert not [words for words in said(office, post) if SECRET in words]
    assert {"support@example.com", "director@example.com"}.isdisjoint(to for one in post.letters for to in one.to)
    assert office.vendors.summaries[0].summary == "[P1] Security incident"
    assert [action for action, _ in office.vendors.pages].count("trigger") == 2, "the page itself is not lost"


def test_a_page_that_missed_pagerduty_calls_anew_in_few_words(office: Office) -> None:
    post = with_mail(office)
    office.vendors.answer = lambda target, _: Failed("503", retryable=True, ambiguous=False)
    office.desk.report(reported(), "one")
    office.pass_time(2)

    classify(office)
    office.vendors.answer = lambda _target, _said: None
    office.pass_time(10)

    calls = [message for message in office.vendors.messages if message.headline.startswith("PAGE NOT DELIVERED")]
    assert {call.headline for call in calls} == {"PAGE NOT DELIVERED [P1] Security incident"}
    later = [str(asdict(one)) for one in (*office.vendors.summaries, *office.vendors.messages)]
    assert not [words for words in later if SECRET in words]
    missed = [letter for letter in post.letters if letter.subject == "PAGE NOT DELIVERED [P1] Security incident"]
    assert {letter.to for letter in missed} == {("executives@example.com", "security@example.com")}, "who may read it"


def test_what_was_given_up_before_it_was_called_so_is_not_tried_again_in_its_first_words(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("400", retryable=False, ambiguous=False)
    office.desk.report(reported(), "one")
    office.work()

    classify(office)
    office.vendors.answer = lambda _target, _said: None
    for number, (_, kind, state) in enumerate(office.effects, start=1):
        if kind == Kind.SAY and state == "superseded":
            with pytest.raises(NotWanted, match="superseded"):
                retry_effect(office.desk, number, ADMIN)
        elif kind == Kind.TRIGGER and state == "dead":
            retry_effect(office.desk, number, ADMIN)
    office.work()

    assert office.vendors.summaries
    assert not [words for words in said(office, Post()) if SECRET in words]


def test_a_report_can_say_that_it_is_a_security_incident_so_that_nobody_hears_more_from_the_first_word(
    office: Office,
) -> None:
    post = with_mail(office)

    office.desk.report(reported(Priority.P0, description=f"{SECRET}, all of them", security=True), "one")
    office.pass_time(60)

    assert office.incident.nature is Nature.SECURITY
    assert office.incident.title == SECRET
    assert 4 in office.incident.asked, "what the spec declares for it is declared"
    assert office.vendors.summaries
    assert not [words for words in said(office, post) if SECRET in words]
    assert not office.vendors.posts
    begun = [letter.to for letter in post.letters if letter.subject.endswith("begins")]
    assert begun == [("security@example.com",)], "not those whom a fault of this severity is told to"


def test_a_fault_and_a_security_incident_of_one_system_stand_side_by_side(office: Office) -> None:
    """An outage that joined an incident for few eyes was told to nobody, and a report could hide one that was told."""
    post = with_mail(office)
    leak = office.desk.report(reported(security=True), "one")
    office.hears(alert())
    outage = office.incidents[-1]
    again = office.desk.report(reported(security=True), "two")
    office.work()

    assert [incident.nature for incident in office.incidents] == [Nature.SECURITY, Nature.FAULT]
    assert (leak.id, again.id) == (office.incidents[0].id, office.incidents[0].id)
    assert [one.incident_id for one in office.vendors.posts] == [outage.id]
    assert not [words for words in said(office, post) if SECRET in words]


def test_an_alert_of_a_security_incident_stays_in_it(office: Office) -> None:
    """What fired before the incident was called so, and fires again after, opens nothing that everybody may read."""
    office.hears(alert())
    classify(office)
    office.hears(alert(resolved=True, ends_at=office.clock.now()))
    office.pass_time(1)
    office.hears(alert(starts_at=office.clock.now()), alert("Other", fingerprint="other", starts_at=office.clock.now()))

    few, all_eyes = office.incidents
    assert (few.nature, all_eyes.nature) == (Nature.SECURITY, Nature.FAULT)
    with office.desk.database.read() as connection:
        alerts = [[one.alert.name for one in store.alerts_of(connection, it.id) if one.fires] for it in (few, all_eyes)]
    assert alerts == [["APIHighErrorRate"], ["Other"]]


def test_an_update_that_is_late_is_told_to_those_who_may_read_of_it(office: Office) -> None:
    post = with_mail(office, security_declares="")
    office.desk.report(reported(Priority.P0, security=True), "one")

    office.pass_time(25)

    late = [letter for letter in post.letters if letter.subject.endswith("an update is overdue")]
    assert [(letter.subject, letter.to) for letter in late] == [
        ("[P0] Security incident: an update is overdue", ("security@example.com",))
    ]


@pytest.mark.parametrize("action", [Action.IDENTIFY, Action.MITIGATE, Action.MONITOR])
def test_a_published_incident_that_turns_out_to_be_one_tells_the_public_no_more_than_that_it_is_over(
    office: Office, action: Action
) -> None:
    office.hears(alert())
    shown = len(office.vendors.posts)
    classify(office)
    office.work()

    def update_it(words: str) -> None:
        told = commands.Update("ann", "contained", public=words)
        office.desk.command(office.incident.id, lambda i, p, now: commands.on_update(i, told, p, now, may_publish=True))

    with pytest.raises(Refused, match="by people, not by the desk"):
        update_it("we were hacked")
    update_it("")
    office.desk.act(office.incident.id, action, by="ann", why="known")
    office.work()
    assert len(office.vendors.posts) == shown

    office.desk.act(office.incident.id, Action.RESOLVE, by="ann", why=SECRET)
    office.work()

    assert [(post.status, dict(post.components)) for post in office.vendors.posts[shown:]] == [
        ("resolved", {"API": "operational"})
    ]
    assert SECRET not in office.vendors.posts[-1].body


def test_the_word_that_restores_the_status_page_can_be_tried_again(office: Office) -> None:
    """The page stood at major outage for ever: the resolve had died, and a retry was refused as not public."""
    office.hears(alert())
    classify(office)
    office.work()
    office.vendors.answer = lambda target, _: Failed("400", retryable=False) if target == "statuspage" else None
    office.desk.act(office.incident.id, Action.RESOLVE, by="ann", why="contained")
    office.work()
    office.vendors.answer = lambda _target, _said: None
    (number,) = [n for n, effect in enumerate(office.effects, start=1) if effect == ("statuspage", "show", "dead")]

    retry_effect(office.desk, number, ADMIN)
    office.work()

    assert office.vendors.posts[-1].status == "resolved"
