"""What people do to an incident beside moving it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from vcci_platform.incidents import commands
from vcci_platform.incidents.decisions import (
    AddTasks,
    Arm,
    Assign,
    Cancel,
    Classify,
    Decision,
    Escalate,
    Hold,
    Mail,
    Propose,
    Publish,
    Record,
    Regrade,
    Ring,
    Sign,
    Tick,
    TimerKind,
)
from vcci_platform.incidents.model import Incident, Nature, Priority, Publication, Refused, Role, State
from vcci_platform.incidents.testing import NINE, manual_policy

MINUTE = timedelta(minutes=1)
POLICY = manual_policy()
NOW = NINE + 10 * MINUTE
OPEN = Incident(
    id="inc_1",
    system="vcci",
    title="APIHighErrorRate",
    priority=Priority.P1,
    state=State.ACKNOWLEDGED,
    source="alertmanager",
    began_at=NINE,
    detected_at=NINE,
    clock_from=NINE,
    rung=Priority.P1,
    acknowledged_at=NINE,
    acknowledged_by="ada",
)


def of_kind(decisions: Sequence[Decision], *kinds: type) -> list[Decision]:
    return [decision for decision in decisions if isinstance(decision, kinds)]


def test_a_note_is_a_line_and_a_sign_of_work() -> None:
    decisions = commands.on_note(OPEN, POLICY, NOW, by="ada", text="restarted the pod")

    assert decisions == (
        Record("note", "restarted the pod", by="ada"),
        Sign(),
        Arm(TimerKind.FORGOTTEN, NOW + 60 * MINUTE),
    )


def test_an_update_is_told_and_the_next_one_is_due_a_whole_interval_later() -> None:
    update = commands.Update("ada", "we roll back", impact="7 % of requests fail", eta="10 min")

    decisions = commands.on_update(OPEN, update, POLICY, NOW, may_publish=False)

    assert of_kind(decisions, Record) == [
        Record(
            "update",
            "we roll back\nImpact: 7 % of requests fail\nETA: 10 min",
            by="ada",
            facts=(("Impact", "7 % of requests fail"), ("ETA", "10 min")),
        )
    ]
    assert Cancel((TimerKind.UPDATE, TimerKind.LATE_UPDATE)) in decisions
    assert Arm(TimerKind.UPDATE, NOW + 30 * MINUTE) in decisions
    assert Tick("desk", milestone="updated") in decisions
    assert [mail.roles for mail in decisions if isinstance(mail, Mail)] == [("customer-support",)]


def test_words_for_the_public_go_only_to_a_public_that_follows_already() -> None:
    update = commands.Update("ada", "we roll back", public="A fix is on its way.")

    with pytest.raises(Refused, match="does not follow"):
        commands.on_update(OPEN, update, POLICY, NOW, may_publish=True)
    published = replace(OPEN, publication=Publication.PUBLISHED)
    with pytest.raises(Refused, match="does not follow"):
        commands.on_update(published, update, POLICY, NOW, may_publish=False)
    decisions = commands.on_update(published, update, POLICY, NOW, may_publish=True)
    assert of_kind(decisions, Publish) == [Publish("ada", "an update", words="A fix is on its way.")]


def test_a_person_may_say_that_it_is_worse_and_somebody_is_woken() -> None:
    decisions = commands.on_priority(OPEN, Priority.P0, POLICY, NOW, by="ada", why="everything fails")

    assert decisions[0] == Regrade(Priority.P0, "ada", "everything fails")
    assert of_kind(decisions, Ring) == [Ring(Priority.P0, again=True, why="ada: everything fails")]
    assert Arm(TimerKind.UPDATE, NOW + 15 * MINUTE) in decisions
    assert of_kind(decisions, Publish)


def test_a_person_may_say_that_it_is_better_and_nobody_is_woken() -> None:
    decisions = commands.on_priority(OPEN, Priority.P2, POLICY, NOW, by="ada", why="one tenant only")

    assert not of_kind(decisions, Ring, Publish, Propose)
    nine_in_new_york = NINE + 5 * 60 * MINUTE
    assert Arm(TimerKind.UPDATE, nine_in_new_york + 120 * MINUTE) in decisions


def test_a_role_is_taken_and_laid_down() -> None:
    taken = commands.on_assign(OPEN, Role.COMMANDER, "grace", POLICY, NOW, by="ada")

    assert taken[0] == Assign(Role.COMMANDER, "grace", "ada")


def test_the_commander_holds_the_clock_until_a_moment_to_come() -> None:
    decisions = commands.on_hold(OPEN, NOW + 30 * MINUTE, POLICY, NOW, by="ada", why="the fix is rolling out")

    assert decisions[0] == Hold(NOW + 30 * MINUTE, "ada", "the fix is rolling out")
    with pytest.raises(Refused, match="past"):
        commands.on_hold(OPEN, NOW, POLICY, NOW, by="ada", why="too late")


def test_a_clock_that_is_let_go_runs_from_where_it_stood() -> None:
    """The levels had been put off until the end of the hold, and stayed there when the hold was ended early."""
    held = replace(OPEN, priority=Priority.P0, held_until=NOW + 300 * MINUTE)

    decisions = commands.on_hold(held, None, POLICY, NOW, by="ada", why="the vendor answered")

    due = {arm.detail: (arm.due_at - NINE) / MINUTE for arm in decisions if isinstance(arm, Arm) and arm.detail}
    assert due == {2: 30, 3: 60}


def test_nobody_holds_the_clock_for_a_year() -> None:
    with pytest.raises(Refused, match="at most"):
        commands.on_hold(OPEN, NOW + timedelta(days=365), POLICY, NOW, by="ada", why="holiday")


def test_a_person_asks_a_level_before_its_time() -> None:
    decisions = commands.on_escalate(OPEN, 2, POLICY, NOW, by="ada", why="I need the database's owner")

    assert decisions[0] == Escalate(2, by="ada", why="I need the database's owner")
    for level, words in ((1, "asked already"), (9, "there is no level 9")):
        with pytest.raises(Refused, match=words):
            commands.on_escalate(OPEN, level, POLICY, NOW, by="ada", why="help")


def test_a_declared_breach_asks_its_level_at_once() -> None:
    decisions = commands.on_declare(OPEN, "data-breach", POLICY, NOW, by="ada", why="a dump is on sale")

    assert of_kind(decisions, Escalate) == [Escalate(4, by="ada", why="data-breach: a dump is on sale")]
    with pytest.raises(Refused, match="data-breach"):
        commands.on_declare(OPEN, "bad-weather", POLICY, NOW, by="ada", why="rain")


def test_a_security_incident_has_its_own_checklist_and_no_public() -> None:
    decisions = commands.on_security(OPEN, POLICY, NOW, by="ada", why="unknown sign-ins")

    assert decisions[0] == Classify(Nature.SECURITY, "ada", "unknown sign-ins")
    assert [added.checklist for added in decisions if isinstance(added, AddTasks)] == ["security"]
    assert [mail.roles for mail in decisions if isinstance(mail, Mail)] == [("security",)]
    assert of_kind(decisions, Escalate)
    assert not of_kind(decisions, Publish, Propose)
    assert commands.on_security(replace(OPEN, nature=Nature.SECURITY), POLICY, NOW, by="ada", why="again") == ()


CLOSED = replace(OPEN, state=State.RESOLVED, resolved_at=NOW)


@pytest.mark.parametrize(
    "command",
    [
        lambda i: commands.on_update(i, commands.Update("ada", "x"), POLICY, NOW, may_publish=True),
        lambda i: commands.on_priority(i, Priority.P0, POLICY, NOW, by="ada", why="x"),
        lambda i: commands.on_hold(i, None, POLICY, NOW, by="ada", why="x"),
        lambda i: commands.on_escalate(i, 2, POLICY, NOW, by="ada", why="x"),
        lambda i: commands.on_declare(i, "data-breach", POLICY, NOW, by="ada", why="x"),
        lambda i: commands.on_security(i, POLICY, NOW, by="ada", why="x"),
    ],
)
def test_what_is_over_is_over(command: Callable[[Incident], object]) -> None:
    with pytest.raises(Refused, match="resolved is not"):
        command(CLOSED)


@pytest.mark.parametrize(
    "command",
    [
        lambda: commands.on_priority(OPEN, Priority.P2, POLICY, NOW, by="ada", why=" "),
        lambda: commands.on_hold(OPEN, None, POLICY, NOW, by="ada", why=""),
        lambda: commands.on_escalate(OPEN, 2, POLICY, NOW, by="ada", why=""),
        lambda: commands.on_declare(OPEN, "data-breach", POLICY, NOW, by="ada", why=""),
        lambda: commands.on_security(OPEN, POLICY, NOW, by="ada", why=""),
    ],
)
def test_what_wakes_or_calms_others_takes_a_reason(command: Callable[[], object]) -> None:
    with pytest.raises(Refused, match="say why"):
        command()
