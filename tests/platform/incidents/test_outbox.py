"""Effects: claimed under a lease, in order within a lane, and taken back when their holder dies."""

from __future__ import annotations

import os
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from vcci_platform.incidents import outbox, tables
from vcci_platform.incidents.decisions import PageLevel
from vcci_platform.incidents.dispatcher import LEASE, Dispatcher, _is_dead, backoff, holder_name
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.ports import Failed, Outcome
from vcci_platform.incidents.testing import alert
from vcci_platform.incidents.vendors.breaker import Circuit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Office

LEASED = LEASE[Target.PAGERDUTY]


def claim(office: Office, by: str, target: Target = Target.PAGERDUTY):
    with office.desk.database.write() as connection:
        return outbox.claim(connection, target, by, LEASE[target], office.clock.now())


def waiting_page(office: Office) -> None:
    office.desk.receive([alert()])
    office.desk.cycle()


def test_nobody_else_gets_a_claimed_effect_until_its_lease_ends(either_office: Office) -> None:
    office = either_office
    waiting_page(office)

    first = claim(office, "ada")
    assert first is not None
    assert claim(office, "bob") is None

    office.clock.advance(seconds=LEASED.total_seconds() + 1)
    second = claim(office, "bob")
    assert second is not None
    assert (second.id, first.attempts, second.attempts) == (first.id, 1, 2)
    assert (first.doubtful, second.doubtful) == (False, True)


@pytest.mark.needs("postgresql")
def test_two_dispatchers_at_the_same_moment_get_different_effects(postgresql_office: Office) -> None:
    office = postgresql_office
    office.desk.receive([alert(), alert("DeskSilent", system="desk")])
    office.desk.cycle()

    with office.desk.database.write() as one, office.desk.database.write() as two:
        first = outbox.claim(one, Target.PAGERDUTY, "ada", LEASED, office.clock.now())
        second = outbox.claim(two, Target.PAGERDUTY, "bob", LEASED, office.clock.now())
        third = outbox.claim(two, Target.PAGERDUTY, "bob", LEASED, office.clock.now())

    assert first is not None
    assert second is not None
    assert first.incident_id != second.incident_id
    assert third is None


def test_a_lane_keeps_order_while_its_head_waits_for_a_retry(either_office: Office) -> None:
    office = either_office
    answers: list[Outcome | None] = [Failed("503", retryable=True), None, None]
    office.vendors.answer = lambda target, _: answers.pop(0) if target == "pagerduty" else None
    office.hears(alert())
    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.work()
    assert office.vendors.pages == []

    office.pass_time(1)
    assert [action for action, _ in office.vendors.pages] == ["trigger", "acknowledge"]


def test_trouble_with_one_vendor_delays_no_other(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("503", retryable=True) if target == "slack" else None
    office.hears(alert())

    assert len(office.vendors.pages) == len(office.vendors.posts) == 1
    assert office.vendors.messages == []


def test_what_a_lost_lease_sent_is_not_marked_twice(office: Office) -> None:
    waiting_page(office)
    effect = claim(office, "ada")
    assert effect is not None
    office.clock.advance(seconds=LEASED.total_seconds() + 1)
    claim(office, "bob")

    with office.desk.database.write() as connection:
        assert outbox.end(connection, effect, "delivered", office.clock.now(), by="ada") is False
        assert outbox.end(connection, effect, "delivered", office.clock.now(), by="bob") is True


def test_a_restart_takes_back_what_its_dead_predecessor_had_claimed(
    either_office: Office, another_desk: Callable[[Office], Dispatcher]
) -> None:
    office = either_office
    waiting_page(office)
    claim(office, office.dispatcher.name)

    restarted = another_desk(office)
    assert restarted.step(Target.PAGERDUTY) is False
    assert restarted.recover() == 1
    assert restarted.step(Target.PAGERDUTY) is True
    assert len(office.vendors.pages) == 1


def test_only_processes_that_are_known_to_be_dead_lose_their_leases() -> None:
    own = holder_name()
    host, pid, _ = own.split("|")

    assert _is_dead(f"{host}|{pid}|00000000", own)
    assert _is_dead(f"{host}|4194304|00000000", own)  # above Linux's largest process id
    assert not _is_dead(f"{host}|{os.getppid()}|00000000", own)
    assert not _is_dead(f"another-machine|{pid}|00000000", own)
    assert not _is_dead(own, own)
    assert not _is_dead("nonsense", own)


def test_the_status_page_is_read_first_when_an_earlier_attempt_may_have_arrived(office: Office) -> None:
    lost = Failed("no answer", retryable=True, ambiguous=True)
    answers: list[Outcome | None] = [lost, None]
    seen = []

    def answer(target: str, said: object) -> Outcome | None:
        if target != "statuspage":
            return None
        seen.append(said)
        return answers.pop(0)

    office.vendors.answer = answer
    office.hears(alert())
    office.pass_time(1)

    assert [post.doubtful for post in seen] == [False, True]


def test_a_prompt_that_waited_too_long_is_not_sent(office: Office) -> None:
    office.vendors.answer = lambda target, _: Failed("503", retryable=True) if target == "slack" else None
    office.hears(alert())
    office.pass_time(75)
    office.vendors.answer = lambda target, said: None
    office.pass_time(2)

    texts = [message.text for message in office.vendors.messages]
    assert not any("09:15" in text for text in texts)
    superseded = {"target": "slack", "outcome": "superseded"}
    assert (office.metrics.registry.get_sample_value("vcci_desk_effects_total", superseded) or 0) > 0


def test_an_open_circuit_leaves_the_vendor_alone_and_is_told_by_its_metric(office: Office) -> None:
    calls = []

    def answer(target: str, said: object) -> Outcome | None:
        if target != "pagerduty":
            return None
        calls.append(said)
        return Failed("503", retryable=True)

    office.vendors.answer = answer
    office.dispatcher.circuits[Target.PAGERDUTY] = Circuit("pagerduty", office.metrics)
    office.hears(alert())
    office.pass_time(30, step=0.5)

    state = {"circuit": "pagerduty", "state": "open"}
    assert office.metrics.registry.get_sample_value("circuit_breaker_state", state) == 1
    assert len(calls) == 5


def test_an_adapter_that_stumbles_is_tried_again(office: Office) -> None:
    answers: list[object] = [ZeroDivisionError("a bug"), None]

    def answer(target: str, _said: object) -> Outcome | None:
        if target == "pagerduty" and isinstance(error := answers.pop(0), Exception):
            raise error
        return None

    office.vendors.answer = answer
    office.hears(alert())
    office.pass_time(1)

    assert len(office.vendors.pages) == 1


def test_after_a_day_an_effect_is_given_up_and_told(office: Office) -> None:
    office.vendors.answer = lambda target, _: (
        Failed("429", retryable=True, after=timedelta(hours=1)) if target == "statuspage" else None
    )
    office.hears(alert())
    office.pass_time(25 * 60, step=60)

    assert ("statuspage", "show", "dead") in office.effects
    assert any("statuspage did not take show" in message.text for message in office.vendors.messages)


@given(st.integers(1, 10_000), st.integers(0, 1000))
def test_the_wait_before_a_retry_is_within_a_limit_that_doubles_to_a_cap(attempts: int, seed: int) -> None:
    wait = backoff(attempts, timedelta(seconds=15), Random(seed))

    assert timedelta(0) <= wait <= min(timedelta(seconds=15), timedelta(seconds=2 ** min(attempts - 1, 10)))


def test_the_time_until_a_page_is_taken_counts_from_the_receipt_of_its_alert(either_office: Office) -> None:
    office = either_office
    answers: list[Outcome | None] = [Failed("503", retryable=True), None]
    office.vendors.answer = lambda target, _: answers.pop(0) if target == "pagerduty" else None
    office.desk.receive([alert()])
    office.clock.advance(seconds=7)
    office.desk.receive([alert()])  # the same words again while the first still wait
    office.clock.advance(seconds=4)
    office.work()
    assert seconds(office, "vcci_desk_page_seconds") == (0, 0)

    office.clock.advance(seconds=42)
    office.work()

    assert seconds(office, "vcci_desk_page_seconds") == (1, 53)
    assert seconds(office, "vcci_desk_effect_seconds", target="pagerduty") == (1, 42)
    assert seconds(office, "vcci_desk_effect_seconds", target="statuspage") == (1, 0)


def test_a_page_for_something_worse_counts_from_what_made_it_worse(office: Office) -> None:
    office.hears(alert(priority=Priority.P1))
    wait = office.desk.rules.page_wait.total_seconds()
    office.clock.advance(seconds=wait + 7)  # the first page waits for something worse, and then leaves 7 seconds late
    office.work()
    assert seconds(office, "vcci_desk_page_seconds") == (1, 7)

    office.desk.receive([alert("AllRequestsFail", priority=Priority.P0)])
    office.clock.advance(seconds=11)
    office.work()

    assert [action for action, _ in office.vendors.pages].count("trigger") == 2
    assert seconds(office, "vcci_desk_page_seconds") == (2, 18)


def test_a_page_that_a_person_calls_for_counts_and_one_of_the_desks_own_clock_does_not(office: Office) -> None:
    office.hears(alert())
    office.desk.command(office.incident.id, lambda *_: (PageLevel(2, "ada asks"),))
    office.work()
    assert seconds(office, "vcci_desk_page_seconds") == (2, 0)

    office.desk.act(office.incident.id, Action.ACKNOWLEDGE, by="ada")
    office.work()
    office.pass_time(24 * 60, step=5)

    assert [action for action, _ in office.vendors.pages].count("trigger") > 2
    assert seconds(office, "vcci_desk_page_seconds") == (2, 0)


def test_how_late_timers_ring_is_measured(office: Office) -> None:
    office.hears(alert())
    with office.desk.database.read() as connection:
        first = min(row.due_at for row in connection.execute(select(tables.timer)) if row.state == "armed")
    office.clock.advance(seconds=(first - office.clock.now()).total_seconds() + 13)
    office.desk.ring_due()

    count, total = seconds(office, "vcci_desk_timer_late_seconds")
    assert count >= 1
    assert 13 <= total <= 13 * count


def seconds(office: Office, name: str, **labels: str) -> tuple[float | None, float | None]:
    """Return how often a histogram observed something, and the sum of it."""
    sample = office.metrics.registry.get_sample_value
    return sample(f"{name}_count", labels), sample(f"{name}_sum", labels)


def test_delivered_effects_are_counted_by_target(office: Office) -> None:
    office.hears(alert())

    for target in (Target.PAGERDUTY, Target.STATUSPAGE, Target.SLACK):
        labels = {"target": target.value, "outcome": "delivered"}
        assert office.metrics.registry.get_sample_value("vcci_desk_effects_total", labels) == 1
    assert {row.kind for row in office.rows(tables.outbox)} == {Kind.TRIGGER, Kind.SHOW, Kind.SAY}
