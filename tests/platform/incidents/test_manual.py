"""The manual's tables, line by line: the shipped spec on a whole desk, whose time jumps from clock to clock."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from vcci_platform.incidents import commands
from vcci_platform.incidents.drill.script import Act, Step
from vcci_platform.incidents.drill.stage import Stage, beginning, stage
from vcci_platform.incidents.model import Alert, Priority, Publication, Refused, State
from vcci_platform.incidents.outbox import Kind, Target
from vcci_platform.incidents.policy import Report
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.shipped import shipped
from vcci_platform.specs import plan_of

MINUTE = timedelta(minutes=1)
POLICY = IncidentPolicy.from_plan(plan_of(shipped("spec")))
MONDAY = beginning(POLICY[Priority.P0])
LAST_OF_TUESDAY = (24 + 9 + 5) * 60
"""From Monday 09:00 UTC to Tuesday 18:00 in New York."""


@contextmanager
def reported(priority: Priority) -> Generator[Stage]:
    """Yield a desk that a person told of a fault on a Monday, when those who are asked are there."""
    with stage(POLICY, beginning(POLICY[priority])) as play:
        play.desk.report(Report("Half of the requests fail", priority, "vcci", "ada", component="api"), "report-11")
        play.settle()
        yield play


def step(minute: float, act: Act, **values: object) -> Step:
    return Step(minute * MINUTE, act, "ada", **values)  # type: ignore[arg-type]


def pages(play: Stage) -> list[tuple[float, int]]:
    """Return minute and level of each time that somebody was called."""
    calls = [one for one in play.heard if one.kind in {Kind.TRIGGER, Kind.ESCALATE}]
    return [((one.at - play.begins) / MINUTE, one.level) for one in calls]


def prompts(play: Stage, words: str) -> list[float]:
    """Return the minute of each reminder with these words."""
    return [(one.at - play.begins) / MINUTE for one in play.heard if one.kind is Kind.PROMPT and words in one.text]


def told(play: Stage, target: Target) -> list[float]:
    return [(one.at - play.begins) / MINUTE for one in play.heard if one.target is target]


@pytest.mark.parametrize(
    ("priority", "clocks"),
    [
        (Priority.P0, {"acknowledge": 5, "assess": 10, "update": 15, "escalate 2": 30, "escalate 3": 60}),
        (Priority.P1, {"acknowledge": 15, "respond": 15, "update": 30, "escalate 2": 120}),
        (Priority.P2, {"acknowledge": 60, "respond": 60, "update": 120}),
        (Priority.P3, {"respond": LAST_OF_TUESDAY}),
    ],
)
def test_each_severity_sets_the_clocks_of_the_manual(priority: Priority, clocks: dict[str, float]) -> None:
    with reported(priority) as play:
        armed = {
            f"{timer.kind}{f' {timer.detail}' if timer.kind == 'escalate' else ''}": (timer.due_at - play.begins)
            / MINUTE
            for timer in play.record.timers
            if timer.kind != "task"
        }

    assert armed == clocks


@pytest.mark.parametrize(
    ("priority", "calls"),
    [
        (Priority.P0, [(0, 1), (30, 2), (60, 3)]),
        (Priority.P1, [(0, 1), (120, 2)]),
        (Priority.P2, []),
        (Priority.P3, []),
    ],
)
def test_who_is_called_while_nothing_is_resolved(priority: Priority, calls: list[tuple[float, int]]) -> None:
    with reported(priority) as play:
        play.play((), play.begins + 180 * MINUTE)

        assert pages(play) == calls


@pytest.mark.parametrize(("priority", "every"), [(Priority.P0, 15), (Priority.P1, 30), (Priority.P2, 120)])
def test_an_update_is_asked_for_and_one_that_does_not_come_is_told_to_the_next_level(
    priority: Priority, every: int
) -> None:
    with reported(priority) as play:
        play.play((), play.begins + (2 * every + 5) * MINUTE)

        assert prompts(play, "an update is due") == [every, 2 * every]
        assert prompts(play, "the update is 5 min late") == [every + 5, 2 * every + 5]


def test_a_p3_owes_nobody_an_update() -> None:
    with reported(Priority.P3) as play:
        play.play((), play.begins + 7 * 24 * 60 * MINUTE)

        assert prompts(play, "update") == []
        assert prompts(play, "nobody has begun to investigate") == [LAST_OF_TUESDAY]


def test_the_public_reads_of_a_p0_at_once_and_of_a_p1_when_somebody_says_so() -> None:
    with reported(Priority.P0) as play:
        assert told(play, Target.STATUSPAGE) == [0]
    with reported(Priority.P1) as play:
        assert told(play, Target.STATUSPAGE) == []
        assert prompts(play, "if more than 5 % of the users are affected") == [0]
        play.play([step(7, Act.PUBLISH)], play.begins + 8 * MINUTE)
        assert told(play, Target.STATUSPAGE) == [7]


def test_the_public_may_read_of_a_p2_and_never_of_a_p3() -> None:
    with reported(Priority.P2) as play:
        assert (told(play, Target.STATUSPAGE), play.incident.publication) == ([], Publication.NONE)
        play.play([step(7, Act.PUBLISH)], play.begins + 8 * MINUTE)
        assert told(play, Target.STATUSPAGE) == [7]
    with reported(Priority.P3) as play:
        play.play([step(7, Act.PUBLISH)], play.begins + 8 * MINUTE)
        assert [why for _, why in play.refused] == ["a P3 is never shown on the status page"]
        assert told(play, Target.STATUSPAGE) == []


@pytest.mark.parametrize(
    ("priority", "channel"),
    [(Priority.P0, "#vcci-incidents"), (Priority.P1, "#vcci-incidents"), (Priority.P2, "#vcci-alerts")],
)
def test_people_talk_where_the_manual_says(priority: Priority, channel: str) -> None:
    with reported(priority) as play:
        assert POLICY.channel_of(play.incident) == channel


@pytest.mark.parametrize(("priority", "hours"), [(Priority.P0, 48), (Priority.P1, 48), (Priority.P2, None)])
def test_a_review_is_due_two_days_after_the_end_and_reminded_of_until_it_is_there(
    priority: Priority, hours: int | None
) -> None:
    with reported(priority) as play:
        play.play([step(10, Act.MONITOR)], play.begins + 5 * 24 * 60 * MINUTE)

        assert play.incident.resolved_at == play.begins + 25 * MINUTE
        ends = [] if hours is None else [25 + hours * 60, 25 + 2 * hours * 60]
        assert prompts(play, "the review is overdue") == ends


def test_nothing_is_resolved_before_it_was_watched_for_a_quarter_of_an_hour() -> None:
    with reported(Priority.P0) as play:
        play.play([step(10, Act.MONITOR), step(24, Act.RESOLVE)], play.begins + 24 * MINUTE)

        assert [why for _, why in play.refused] == [
            "it was not yet watched for 15 minutes of good SLI: to resolve anyway, say why"
        ]
        assert play.incident.state is State.MONITORING
        play.play((), play.begins + 25 * MINUTE)
        assert play.incident.state is State.RESOLVED


def test_while_it_is_watched_and_when_it_is_over_nobody_further_is_called() -> None:
    with reported(Priority.P0) as play:
        play.play([step(20, Act.MONITOR)], play.begins + 24 * 60 * MINUTE)

        assert pages(play) == [(0, 1)]
        assert play.incident.resolved_at == play.begins + 35 * MINUTE


def test_a_fault_that_comes_back_while_it_is_watched_is_escalated_soon() -> None:
    with reported(Priority.P0) as play:
        play.play([step(20, Act.MONITOR), step(33, Act.INVESTIGATE)], play.begins + 70 * MINUTE)

        assert [call for call in pages(play) if call[1] > 1] == [(36, 2), (60, 3)]  # while watched, each 3 minutes


def test_a_fault_that_comes_back_after_somebody_acknowledged_and_left_rings_again() -> None:
    fault = Alert("fp-12", "DatabaseDown", resolved=False, priority=Priority.P0, system="vcci", starts_at=MONDAY)
    with stage(POLICY, MONDAY) as play:
        play.desk.receive([fault])
        play.play([step(2, Act.ACKNOWLEDGE)], MONDAY + 25 * MINUTE)
        play.desk.receive([replace(fault, resolved=True, ends_at=play.clock.now())])
        play.play((), MONDAY + 34 * MINUTE)
        play.desk.receive([replace(fault, starts_at=play.clock.now())])
        play.play((), MONDAY + 40 * MINUTE)

        assert pages(play) == [(0, 1), (35, 1), (36, 2)]  # forgotten at 32, level 2 at 30: looked at each 3 minutes


def test_who_reopens_an_incident_begins_its_clocks_anew() -> None:
    with reported(Priority.P0) as play:
        play.play([step(2, Act.MONITOR), step(47, Act.REOPEN)], play.begins + 110 * MINUTE)

        assert [call for call in pages(play) if call[1] > 1] == [(47 + 30, 2), (47 + 60, 3)]
        assert prompts(play, "an update is due")[:2] == [15, 47 + 15]
        assert play.incident.episode == 2


def test_the_commander_holds_the_clock_and_afterwards_it_goes_on() -> None:
    hold = step(25, Act.HOLD, say="the fix is on its way", lasts=25 * MINUTE)
    with reported(Priority.P0) as play:
        play.play([hold], play.begins + 70 * MINUTE)

        assert pages(play) == [(0, 1), (50, 2), (60, 3)]


@pytest.mark.parametrize(
    ("priority", "signs", "rung"),
    [
        (Priority.P0, (), [0, 90]),  # at 30 and 60 others are called: it waits again
        (Priority.P1, (), [0, 63]),
        (Priority.P1, (62,), [0]),
    ],
)
def test_who_acknowledges_and_is_silent_is_rung_again(
    priority: Priority, signs: tuple[int, ...], rung: list[float]
) -> None:
    notes = [step(minute, Act.NOTE, say="I look at the logs") for minute in signs]
    with reported(priority) as play:
        play.play([step(3, Act.ACKNOWLEDGE), *notes], play.begins + 119 * MINUTE)

        assert [minute for minute, level in pages(play) if level == 1] == rung


def test_a_breach_is_told_to_the_executives_whatever_the_clock_says() -> None:
    with reported(Priority.P1) as play:
        play.desk.command(
            play.incident.id,
            lambda i, p, n: commands.on_declare(i, "data-breach", p, n, by="ada", why="rows were copied"),
        )
        play.settle()

        assert pages(play) == [(0, 1), (0, 4)]


def test_a_worse_symptom_under_an_acknowledged_page_rings_again() -> None:
    with reported(Priority.P1) as play:
        play.play([step(3, Act.ACKNOWLEDGE)], play.begins + 10 * MINUTE)
        worse = Alert(
            "fp-12", "DatabaseDown", resolved=False, priority=Priority.P0, system="vcci", starts_at=play.begins
        )
        play.desk.receive([worse])
        play.settle()

        assert pages(play) == [(0, 1), (10, 1)]
        assert play.incident.priority is Priority.P0


def test_nobody_lowers_a_severity_without_a_reason() -> None:
    with reported(Priority.P0) as play, pytest.raises(Refused, match="this takes a reason"):
        play.desk.command(
            play.incident.id, lambda i, p, n: commands.on_priority(i, Priority.P3, p, n, by="ada", why=" ")
        )


@pytest.mark.parametrize(("priority", "owed"), [(Priority.P0, True), (Priority.P1, True), (Priority.P2, False)])
def test_every_incident_has_a_review_and_only_what_woke_somebody_owes_it(priority: Priority, *, owed: bool) -> None:
    with reported(priority) as play:
        play.play([step(7, Act.RESOLVE, say="over")], play.begins + 8 * MINUTE)
        Reviewer(play.desk).draft(play.incident.id)
        play.play((), play.begins + 7 * 24 * 60 * MINUTE)

        assert Reviewer(play.desk).read(play.incident.id).review.incident == play.incident.id
        assert bool(prompts(play, "review")) is owed
