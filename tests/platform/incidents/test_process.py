"""The process around an incident at a desk with a store: what people do is kept, what is due comes at its minute."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import commands, duties, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Action, Nature, Priority, Role, State
from vcci_platform.incidents.ports import Delivered, Failed, Letter, Outcome
from vcci_platform.incidents.tasks import Audited
from vcci_platform.incidents.testing import NINE, RecordingVendors, alert
from vcci_slo.plan import Task

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)


@dataclass
class Post:
    """A mailer that remembers."""

    letters: list[Letter] = field(default_factory=list[Letter])

    def send(self, letter: Letter) -> Outcome:
        self.letters.append(letter)
        return Delivered()


@dataclass
class Whole:
    """An office with every way to the outside."""

    office: Office
    post: Post
    second: RecordingVendors

    def command(self, decide: object) -> None:
        self.office.desk.command(self.office.incident.id, decide)  # type: ignore[arg-type]
        self.office.work()

    @property
    def tasks(self) -> dict[str, str]:
        with self.office.desk.database.read() as connection:
            return {row["text"]: row["done_by"] for row in duties.tasks_of(connection, self.office.incident.id)}


@pytest.fixture
def whole(either_office: Office) -> Whole:
    office, post, second = either_office, Post(), RecordingVendors()
    checklists = {
        **office.desk.rules.checklists,
        "P0": (
            Task("Acknowledge the page", 5 * MINUTE, "acknowledged"),
            Task("Say who commands", 5 * MINUTE, "commanded"),
        ),
        "P2": (Task("Judge whether it is on its way to P1", 60 * MINUTE),),
    }
    channels = office.desk.rules.channels | {"mail", "second-pager"}
    mails = {**office.desk.rules.mails, "engineering-manager": "manager@example.com"}
    office.desk.rules = replace(office.desk.rules, checklists=checklists, channels=channels, mails=mails)
    vendors = office.vendors
    office.dispatcher = Dispatcher(
        office.desk,
        vendors,
        vendors,
        vendors,
        mailer=post,
        second_pager=second,
        random=Random(1),
        rest=timedelta(0),
    )
    return Whole(office, post, second)


def test_the_desk_ticks_off_what_it_sees_done(whole: Whole) -> None:
    whole.office.hears(alert())
    assert whole.tasks == {"Acknowledge the page": "", "Say who commands": ""}

    whole.office.desk.act(whole.office.incident.id, Action.ACKNOWLEDGE, by="ada")
    whole.office.pass_time(5)

    assert whole.tasks["Acknowledge the page"] == "desk"
    due = [row.text for row in whole.office.rows(tables.timeline) if row.kind == "task_due"]
    assert due == ["to be done by now: Say who commands"]


def test_whoever_takes_command_ticks_off_that_somebody_does(whole: Whole) -> None:
    whole.office.hears(alert())
    whole.command(lambda i, p, n: commands.on_assign(i, Role.SCRIBE, "linus", p, n, by="linus"))
    assert whole.tasks["Say who commands"] == ""

    whole.command(lambda i, p, n: commands.on_assign(i, Role.COMMANDER, "grace", p, n, by="ada"))

    assert whole.tasks["Say who commands"] == "desk"


def test_a_checklist_that_comes_late_has_ticked_what_was_done_before_it(whole: Whole) -> None:
    whole.office.hears(alert(priority=Priority.P1))
    whole.office.desk.act(whole.office.incident.id, Action.ACKNOWLEDGE, by="ada")
    whole.command(lambda i, p, n: commands.on_assign(i, Role.COMMANDER, "ada", p, n, by="ada"))

    whole.office.hears(alert("DatabaseDown"))

    assert whole.tasks == {"Acknowledge the page": "desk", "Say who commands": "desk"}


def test_a_task_of_a_p2_is_due_after_an_hour_in_which_somebody_works(whole: Whole) -> None:
    whole.office.hears(alert(priority=Priority.P2))  # at four in the morning where the team works

    (task,) = whole.office.rows(tables.task)
    assert task.due_at == NINE + timedelta(hours=6)
    assert {(row.kind, row.due_at) for row in whole.office.rows(tables.timer)} == {
        ("acknowledge", NINE + timedelta(hours=6)),
        ("respond", NINE + timedelta(hours=6)),
        ("task", NINE + timedelta(hours=6)),
        ("update", NINE + timedelta(hours=7)),
    }


def test_a_p2_that_becomes_worse_at_night_is_asked_for_at_once(whole: Whole) -> None:
    whole.office.hears(alert(priority=Priority.P2))
    whole.office.hears(alert("DatabaseDown", priority=Priority.P1))
    whole.office.pass_time(31)

    prompts = [row.body["text"] for row in whole.office.rows(tables.outbox) if row.kind == "prompt"]
    assert "nobody has acknowledged this P1 for 15 min" in prompts
    assert any(text.startswith("an update is due") for text in prompts)


def test_a_person_ticks_and_unticks_and_adds(whole: Whole) -> None:
    whole.office.hears(alert())
    whole.command(lambda i, p, n: commands.on_task(i, "Call the customer", p, n, by="ada"))
    with whole.office.desk.database.read() as connection:
        number = duties.tasks_of(connection, whole.office.incident.id)[-1]["id"]
    whole.command(lambda i, p, n: commands.on_tick(i, number, p, n, by="grace", done=True))
    assert whole.tasks["Call the customer"] == "grace"
    whole.command(lambda i, p, n: commands.on_tick(i, number, p, n, by="grace", done=True))
    whole.command(lambda i, p, n: commands.on_tick(i, number, p, n, by="ada", done=False))

    assert whole.tasks["Call the customer"] == ""
    told = [row.text for row in whole.office.rows(tables.timeline) if row.kind == "task"]
    assert told == ["done: Call the customer", "not done after all: Call the customer"]


def test_roles_are_handed_over(whole: Whole) -> None:
    whole.office.hears(alert())
    for person in ("ada", "grace"):
        whole.command(lambda i, p, n, who=person: commands.on_assign(i, Role.COMMANDER, who, p, n, by=who))
    whole.command(lambda i, p, n: commands.on_assign(i, Role.SCRIBE, "linus", p, n, by="grace"))
    whole.command(lambda i, p, n: commands.on_assign(i, Role.SCRIBE, "", p, n, by="linus"))

    with whole.office.desk.database.read() as connection:
        roles = duties.roles_of(connection, whole.office.incident.id)
    assert [(row["role"], row["person"]) for row in roles] == [("commander", "grace")]


def test_an_acknowledged_page_without_a_sign_of_work_rings_again_under_a_new_key(whole: Whole) -> None:
    office = whole.office
    office.hears(alert(priority=Priority.P1, pager_key="k" * 64, source="alertmanager"))
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.pass_time(59)
    assert [action for action, _ in office.vendors.pages] == ["acknowledge"]

    def rung() -> list[str]:
        return [key.rpartition(":")[2] for action, key in office.vendors.pages if action == "trigger"]

    office.pass_time(61)
    assert rung() == ["P1", "level-2"]  # at two hours the next level is asked, which is a ring of its own
    office.pass_time(60)
    assert rung() == ["P1", "level-2", "P1-1"]

    office.desk.command(office.incident.id, lambda i, p, n: commands.on_note(i, p, n, by="ada", text="on it"))
    office.pass_time(59)
    assert rung() == ["P1", "level-2", "P1-1"]


def test_a_held_clock_asks_nobody_until_it_ends(whole: Whole) -> None:
    office = whole.office
    office.hears(alert())
    office.desk.act(office.incident.id, Action.INVESTIGATE, by="ada")
    until = office.clock.now() + 50 * MINUTE
    whole.command(lambda i, p, n: commands.on_hold(i, until, p, n, by="ada", why="the rollback takes half an hour"))
    office.pass_time(49)
    assert office.incident.level == 1

    office.pass_time(2)
    assert office.incident.level == 2


def test_a_security_incident_says_nothing_in_the_chat_and_mails_only_those_who_may_know(whole: Whole) -> None:
    office = whole.office
    office.hears(alert(priority=Priority.P1, summary="token of acme is used from two places"))
    before = len(office.vendors.messages)
    whole.command(lambda i, p, n: commands.on_security(i, p, n, by="ada", why="stolen token of acme"))

    assert office.incident.nature is Nature.SECURITY
    assert office.incident.level == 4
    said = [f"{message.headline} {message.text}" for message in office.vendors.messages[before:]]
    assert said
    assert not [words for words in said if "acme" in words or "token" in words]
    assert whole.post.letters[-1].to == ("security@example.com",)
    assert "Contain: isolate the affected systems" in whole.tasks


def test_those_whom_the_spec_names_are_written_to_at_the_beginning_and_at_the_end(whole: Whole) -> None:
    office = whole.office
    office.hears(alert())
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="rolled back")
    office.work()

    assert [letter.subject.rpartition(": ")[2] for letter in whole.post.letters] == ["begins", "resolved"]
    assert {letter.to for letter in whole.post.letters} == {("director@example.com",)}
    assert len({letter.id for letter in whole.post.letters}) == 2


def test_a_page_that_pagerduty_does_not_take_goes_every_other_way_and_ends_there_too(whole: Whole) -> None:
    office = whole.office
    office.vendors.answer = lambda target, _: Failed("503", retryable=True) if target == "pagerduty" else None
    office.hears(alert())
    office.pass_time(2)

    own = f"vcci:{office.incident.id}"
    assert whole.second.pages == [("trigger", own)]
    assert whole.post.letters[-1].to == ("manager@example.com",)
    assert any(message.headline.startswith("PAGE NOT DELIVERED") for message in office.vendors.messages)

    office.vendors.answer = lambda _target, _said: None
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.work()
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="over")
    office.work()
    assert whole.second.pages == [("trigger", own), ("acknowledge", own), ("resolve", own)]


def test_what_people_do_is_written_down_in_the_same_transaction(whole: Whole) -> None:
    office = whole.office
    office.hears(alert())
    audited = Audited("ada", "responder", "note", {"text": "on it"})
    office.desk.command(
        office.incident.id, lambda i, p, n: commands.on_note(i, p, n, by="ada", text="on it"), audited=audited
    )

    [row] = office.rows(tables.audit)
    assert (row.who, row.rank, row.action, row.subject) == ("ada", "responder", "note", office.incident.id)
    assert office.incident.state is State.DETECTED


def test_a_storm_is_one_incident_with_counts_and_few_lines(whole: Whole) -> None:
    office = whole.office
    office.hears(*(alert(f"Alert{number}", priority=Priority.P1) for number in range(400)))

    assert len(office.incidents) == 1
    assert len(office.rows(tables.alert)) == 400
    lines = office.timeline
    assert lines.count("alert_firing") == 50
    assert lines.count("storm") == 3  # at 100, 200 and 400
    assert len(office.vendors.messages) < 10
