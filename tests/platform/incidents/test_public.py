"""What the public sees of several incidents at once, and when it is told that it will hear more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vcci_platform.incidents import commands, tables
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.ports import Failed, StatusPost
from vcci_platform.incidents.testing import alert

if TYPE_CHECKING:
    from conftest import Office


def page(office: Office) -> dict[str, str]:
    """Return what the status page shows of each component after every post."""
    shown: dict[str, str] = {}
    for post in office.vendors.posts:
        shown |= post.components
    return shown


@pytest.mark.parametrize("worse_first", [True, False])
def test_a_component_is_as_bad_as_the_worst_open_incident_that_touches_it(office: Office, *, worse_first: bool) -> None:
    """A P2 that came after a P0 made its component look better, and the end of the P0 left what was said last."""
    outage, slow = alert(), alert("Slow", system="edge", priority=Priority.P2)
    for heard in (outage, slow) if worse_first else (slow, outage):
        office.hears(heard)
        if heard is slow:
            office.desk.approve(office.incident_of("edge").id, by="ada")
            office.work()

    assert page(office) == {"API": "major_outage"}
    office.desk.act(office.incident_of("vcci").id, Action.RESOLVE, by="ada", why="fixed")
    office.work()
    assert page(office) == {"API": "degraded_performance"}
    office.desk.act(office.incident_of("edge").id, Action.RESOLVE, by="ada", why="fixed")
    office.work()
    assert page(office) == {"API": "operational"}


def test_the_public_hears_at_once_of_a_component_that_is_touched_too(office: Office) -> None:
    office.hears(alert())
    office.hears(alert("QueueStuck", component="worker", priority=Priority.P1))
    office.hears(alert("QueueStill", component="worker", priority=Priority.P1))

    assert page(office) == {"API": "major_outage", "Calculations": "major_outage"}
    assert len(office.vendors.posts) == 2


def test_a_component_that_was_never_shown_is_not_restored(office: Office) -> None:
    """The end of an incident set a component to operational that a person had put under maintenance."""
    office.hears(alert(priority=Priority.P1))
    office.desk.approve(office.incident.id, by="ada")
    office.work()
    tracked = replace(alert("QueueStuck", component="worker", priority=Priority.P1), resolved=True)
    office.hears(replace(tracked, ends_at=office.clock.now()))
    office.desk.act(office.incident.id, Action.RESOLVE, by="ada", why="fixed")
    office.work()

    assert page(office) == {"API": "operational"}


def test_every_message_names_the_moment_at_which_the_next_update_is_really_due(office: Office) -> None:
    """Each message added the whole interval again, so that the moment that it named came after the timer's."""
    office.hears(alert())
    office.pass_time(10)
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.desk.act(office.incident.id, Action.IDENTIFY, by="ada")
    office.work()

    promised = [dict(message.facts)["Next update"] for message in office.vendors.messages]
    assert set(promised) == {"by 09:15 UTC"}
    assert office.vendors.posts[-1].body.endswith("Next update by 09:15 UTC.")


def test_a_late_post_says_how_bad_a_component_is_when_it_is_sent(office: Office) -> None:
    """The end of one incident, queued while another still held the component, arrived last and said so for ever."""
    office.hears(alert(system="edge"))
    office.hears(alert("Down", system="core", fingerprint="core"))
    edge, core = office.incident_of("edge"), office.incident_of("core")
    office.vendors.answer = lambda target, sent: (
        Failed("500", retryable=True)
        if target == "statuspage" and isinstance(sent, StatusPost) and sent.incident_id == edge.id
        else None
    )
    for incident in (edge, core):
        office.desk.act(incident.id, Action.RESOLVE, by="ada", why="fixed")
        office.work()
    office.vendors.answer = lambda _target, _sent: None
    office.pass_time(5)

    assert [post.incident_id for post in office.vendors.posts if post.status == "resolved"] == [core.id, edge.id]
    assert page(office) == {"API": "operational"}


def update(office: Office, status: str, public: str = "") -> None:
    told = commands.Update("ada", status, public=public)
    office.desk.command(office.incident.id, lambda i, p, n: commands.on_update(i, told, p, n, may_publish=True))
    office.work()


def reminders(office: Office) -> list[str]:
    """Return what people were asked of the update, late ones too."""
    return [message.text for message in office.vendors.messages if "update is" in message.text]


def test_an_update_for_us_puts_off_nothing_that_the_public_was_promised(office: Office) -> None:
    """The page said "Next update by 09:15", an update without public words moved the clock, and nobody was asked."""
    office.hears(alert())
    office.pass_time(10)
    update(office, "we look at the last release")
    office.pass_time(5)
    update(office, "we roll it back")
    office.pass_time(5)

    assert office.vendors.posts[-1].body.endswith("Next update by 09:15 UTC.")
    due, late = reminders(office)
    assert "words for the status page, which promised them by now; the next one by 09:30 UTC" in due
    assert late.startswith("the update is 5 min late")
    assert late.endswith("to the public too")


def test_words_for_the_public_keep_the_promise_and_make_the_next(office: Office) -> None:
    office.hears(alert())
    office.pass_time(10)
    update(office, "we roll it back", public="We are undoing a change.")
    office.pass_time(14)

    assert reminders(office) == []
    assert office.vendors.posts[-1].body == "We are undoing a change. Next update by 09:25 UTC."


def test_where_the_public_does_not_follow_an_update_puts_the_next_one_off(office: Office) -> None:
    office.hears(alert(priority=Priority.P1))
    office.pass_time(20)
    update(office, "we roll it back")
    office.pass_time(29)

    assert reminders(office) == []


def test_subscribers_read_the_same_words_once(office: Office) -> None:
    """`investigate` posted the first words a second time, and `mitigate` those of `identify`: each mailed customers."""
    office.hears(alert())
    for action in (Action.INVESTIGATE, Action.IDENTIFY, Action.MITIGATE):
        office.desk.act(office.incident.id, action, by="ada")
        office.work()

    assert [post.status for post in office.vendors.posts] == ["investigating", "identified"]
    told = [row for row in office.rows(tables.timeline) if row.kind == "publication"]
    assert [row.text for row in told] == ["the status page is told"] * 2


def test_a_repetition_lets_what_waits_arrive(office: Office) -> None:
    """What was not delivered yet must not be called off for what says the same."""
    office.vendors.answer = lambda target, _sent: Failed("500", retryable=True) if target == "statuspage" else None
    office.hears(alert())
    office.desk.act(office.incident.id, Action.INVESTIGATE, by="ada")
    office.work()
    office.vendors.answer = lambda _target, _sent: None
    office.pass_time(5)

    assert [state for target, _, state in office.effects if target == "statuspage"] == ["delivered"]


def test_what_a_person_says_again_is_said_again(office: Office) -> None:
    office.hears(alert())
    for _ in range(2):
        office.desk.approve(office.incident.id, by="ada", words="We are still looking.")
        office.work()

    assert [post.body.startswith("We are still looking.") for post in office.vendors.posts] == [False, True, True]
