"""What follows when a timer rings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from vcci_platform.incidents.clockwork import Rung, Sight, on_timer
from vcci_platform.incidents.decisions import Arm, Escalate, FallBack, Mail, Move, Record, Ring, Tell, Tick, TimerKind
from vcci_platform.incidents.model import Incident, Priority, Recovery, State, Tracked
from vcci_platform.incidents.testing import NINE, alert, manual_policy

POLICY = manual_policy()
MINUTE = timedelta(minutes=1)
NOW = NINE + 15 * MINUTE
INCIDENT = Incident(
    id="inc_11",
    system="vcci",
    title="Requests fail",
    priority=Priority.P0,
    state=State.DETECTED,
    source="evaluator",
    began_at=NINE,
    detected_at=NINE,
    clock_from=NINE,
)
WATCHED = replace(INCIDENT, state=State.MONITORING, monitoring_since=NINE)


def ring(incident: Incident, kind: TimerKind, *, detail: int = 0, sight: Sight | None = None, tracked=()):
    return on_timer(incident, tracked, Rung(kind, NOW, detail), POLICY, NOW, sight or Sight())


@pytest.mark.parametrize(
    ("sight", "held"),
    [
        (Sight(recovery=Recovery.BAD), "not resolved yet: the SLI is not good yet"),
        (Sight(recovery=Recovery.UNKNOWN), "not resolved yet: the SLI has no data, and silence is not health"),
        (Sight(recovery=Recovery.GOOD, blind=True), "not resolved yet: its source has lost its Watchdog"),
    ],
)
def test_an_incident_does_not_resolve_without_good_sli(sight: Sight, held: str) -> None:
    decisions = ring(WATCHED, TimerKind.MONITOR, sight=sight)

    assert decisions == (
        Record("resolve_withheld", held, by="desk"),
        Arm(TimerKind.MONITOR, NOW + 3 * MINUTE),
    )


def test_a_withheld_resolve_is_told_once_and_looked_at_again() -> None:
    watched = replace(WATCHED, monitoring_since=NINE - 30 * MINUTE)

    assert ring(watched, TimerKind.MONITOR, sight=Sight(recovery=Recovery.BAD)) == (
        Arm(TimerKind.MONITOR, NOW + 3 * MINUTE),
    )


@pytest.mark.parametrize(
    ("recovery", "why"),
    [(Recovery.GOOD, "15 min of good SLI"), (Recovery.UNMEASURED, "15 min without an alert")],
)
def test_an_incident_resolves_by_itself_after_its_watch(recovery: Recovery, why: str) -> None:
    decisions = ring(WATCHED, TimerKind.MONITOR, sight=Sight(recovery=recovery))

    assert Move(State.RESOLVED, "desk", why) in decisions


def test_an_alert_that_still_fires_withholds_the_resolve() -> None:
    decisions = ring(WATCHED, TimerKind.MONITOR, tracked=(Tracked(alert()),))

    assert isinstance(decisions[0], Record)
    assert decisions[0].text == "not resolved yet: APIHighErrorRate still fires"


def test_a_ticket_that_still_fires_does_not_withhold_the_resolve_of_a_page() -> None:
    ticket = Tracked(alert("ApiErrorsBudgetBurn", priority=Priority.P3))

    decisions = ring(WATCHED, TimerKind.MONITOR, tracked=(ticket,), sight=Sight(recovery=Recovery.GOOD))

    assert Move(State.RESOLVED, "desk", "15 min of good SLI") in decisions


def test_nobody_more_is_woken_for_a_p0_whose_impact_is_over() -> None:
    """A P0 keeps firing for half an hour after its last sign, which is when escalation is due."""
    good = Sight(recovery=Recovery.GOOD)
    since = replace(INCIDENT, clock_from=NOW - 30 * MINUTE)
    text = "level 2 is not woken: the SLI has been good for 15 min"
    again = Arm(TimerKind.ESCALATE, NOW + 3 * MINUTE, 2)

    assert ring(since, TimerKind.ESCALATE, detail=2, sight=good) == (
        Record("escalation_withheld", text, by="desk"),
        again,
    )
    assert ring(replace(since, clock_from=NINE - 18 * MINUTE), TimerKind.ESCALATE, detail=2, sight=good) == (again,)


@pytest.mark.parametrize(
    ("incident", "sight"),
    [
        (INCIDENT, Sight(recovery=Recovery.BAD)),
        (INCIDENT, Sight(recovery=Recovery.UNKNOWN)),
        (INCIDENT, Sight(recovery=Recovery.UNMEASURED)),
        (INCIDENT, Sight(recovery=Recovery.GOOD, blind=True)),
        (replace(INCIDENT, source="person"), Sight(recovery=Recovery.GOOD)),
        (replace(INCIDENT, priority=Priority.P1), Sight(recovery=Recovery.GOOD)),
    ],
)
def test_what_no_sli_can_call_over_is_escalated(incident: Incident, sight: Sight) -> None:
    decisions = ring(incident, TimerKind.ESCALATE, detail=2, sight=sight)

    assert decisions[0] == Escalate(2)


@pytest.mark.parametrize("kind", [TimerKind.ACKNOWLEDGE, TimerKind.ESCALATE, TimerKind.FORGOTTEN])
def test_whoever_would_be_called_waits_while_the_incident_is_watched(kind: TimerKind) -> None:
    watched = replace(WATCHED, acknowledged_at=NINE if kind is TimerKind.FORGOTTEN else None)

    assert ring(watched, kind, detail=2) == (Arm(kind, NOW + 3 * MINUTE, 2),)


def test_escalation_names_the_roles_of_the_level() -> None:
    escalate, fallback, tell, tick = ring(INCIDENT, TimerKind.ESCALATE, detail=3)

    assert (escalate, tick) == (Escalate(3), Tick("desk", milestone="escalated"))
    assert fallback == Arm(TimerKind.FALLBACK, NOW + MINUTE)
    assert isinstance(tell, Tell)
    assert tell.text == "unresolved for 15 min: escalated to level 3 (director, cto)"


@pytest.mark.parametrize(
    "kind",
    [TimerKind.ACKNOWLEDGE, TimerKind.RESPOND, TimerKind.UPDATE, TimerKind.LATE_UPDATE, TimerKind.ESCALATE],
)
def test_a_timer_that_comes_late_and_at_night_waits_for_the_morning(kind: TimerKind) -> None:
    p2 = replace(INCIDENT, priority=Priority.P2)
    midnight = NINE + timedelta(hours=20)

    decisions = on_timer(p2, (), Rung(kind, NINE + timedelta(hours=13), 2), POLICY, midnight, Sight())

    assert decisions == (Arm(kind, NINE + timedelta(hours=29), 2),)


def test_a_fault_that_is_over_is_resolved_at_any_hour() -> None:
    watched = replace(WATCHED, priority=Priority.P2)

    assert any(isinstance(decision, Move) for decision in ring(watched, TimerKind.MONITOR))


def test_a_level_that_was_reached_is_not_asked_again() -> None:
    assert ring(replace(INCIDENT, asked=(1, 2)), TimerKind.ESCALATE, detail=2) == ()


def test_a_level_that_was_asked_before_its_turn_takes_no_others_turn_away() -> None:
    """A declared breach asked level 4 at once, and levels 2 and 3 of a P0 were never asked again."""
    breached = replace(INCIDENT, asked=(1, 4))

    assert ring(breached, TimerKind.ESCALATE, detail=2)[0] == Escalate(2)
    assert breached.level == 4


@pytest.mark.parametrize("kind", [TimerKind.ESCALATE, TimerKind.FORGOTTEN, TimerKind.LATE_UPDATE])
def test_a_watch_that_a_person_began_while_an_alert_fires_stops_no_clock(kind: TimerKind) -> None:
    """`act monitor` held a P0 for ever, without a reason and without the commander's rank."""
    parked = replace(WATCHED, acknowledged_at=NINE, signed_at=NINE)

    assert any(isinstance(decision, Tell) for decision in ring(parked, kind, detail=2, tracked=(Tracked(alert()),)))
    assert not any(isinstance(decision, Tell) for decision in ring(parked, kind, detail=2))


def test_whoever_acknowledged_the_lesser_fault_shows_that_they_heard_of_the_worse() -> None:
    acknowledged = replace(INCIDENT, acknowledged_at=NINE, acknowledged_by="ada", signed_at=NINE)

    record, tell = ring(acknowledged, TimerKind.ACKNOWLEDGE)
    assert isinstance(record, Record)
    assert record.text == "nothing was heard of ada since this became P0"
    assert isinstance(tell, Tell)
    assert ring(replace(acknowledged, signed_at=NOW - MINUTE), TimerKind.ACKNOWLEDGE) == ()


def test_a_late_update_is_prompted_once_and_the_cadence_stays() -> None:
    late = on_timer(INCIDENT, (), Rung(TimerKind.UPDATE, NINE), POLICY, NINE + 50 * MINUTE, Sight())

    assert [(decision.kind, decision.due_at) for decision in late if isinstance(decision, Arm)] == [
        (TimerKind.UPDATE, NINE + 60 * MINUTE),
        (TimerKind.LATE_UPDATE, NINE + 55 * MINUTE),
    ]


def test_the_next_level_hears_of_an_update_that_did_not_come() -> None:
    record, tell, mail = ring(INCIDENT, TimerKind.LATE_UPDATE)

    assert isinstance(record, Record)
    assert isinstance(tell, Tell)
    assert record.kind == "update_missed"
    assert "platform.secondary, engineering-manager @eng-manager" in tell.text
    assert isinstance(mail, Mail)
    assert mail.roles == ("platform.secondary", "engineering-manager")


def test_where_no_level_is_named_whoever_reads_of_a_late_update_is_asked() -> None:
    alone = replace(POLICY, levels={})

    _, tell, _ = on_timer(INCIDENT, (), Rung(TimerKind.LATE_UPDATE, NOW), alone, NOW, Sight())

    assert isinstance(tell, Tell)
    assert "late; whoever reads this, please see to it" in tell.text


ACKNOWLEDGED = replace(
    INCIDENT, state=State.ACKNOWLEDGED, acknowledged_at=NINE, acknowledged_by="ada", signed_at=NINE, rung=Priority.P0
)


def test_a_page_that_was_acknowledged_and_forgotten_rings_again() -> None:
    decisions = ring(ACKNOWLEDGED, TimerKind.FORGOTTEN)

    assert Ring(Priority.P0, again=True, why="ada acknowledged, and nothing was heard for 15 min: it rings again") in (
        decisions
    )
    assert Arm(TimerKind.FORGOTTEN, NOW + 30 * MINUTE) in decisions


@pytest.mark.parametrize(
    "incident",
    [
        replace(ACKNOWLEDGED, signed_at=None, acknowledged_at=None),
        replace(ACKNOWLEDGED, priority=Priority.P3),
    ],
)
def test_what_nobody_took_or_promises_no_answer_is_not_forgotten(incident: Incident) -> None:
    assert ring(incident, TimerKind.FORGOTTEN) == ()


def test_while_the_commander_holds_the_clock_nobody_further_is_asked() -> None:
    held = replace(ACKNOWLEDGED, held_until=NOW + 20 * MINUTE)

    assert ring(held, TimerKind.ESCALATE, detail=2) == (Arm(TimerKind.ESCALATE, NOW + 20 * MINUTE, 2),)
    assert ring(held, TimerKind.FORGOTTEN) == (Arm(TimerKind.FORGOTTEN, NOW + 20 * MINUTE),)


@pytest.mark.parametrize(("state", "prompted"), [(State.DETECTED, True), (State.INVESTIGATING, False)])
def test_nobody_who_responded_is_reminded_to(state: State, *, prompted: bool) -> None:
    assert bool(ring(replace(INCIDENT, state=state), TimerKind.RESPOND)) == prompted


def test_tasks_that_are_due_are_told_together() -> None:
    record, tell = ring(INCIDENT, TimerKind.TASK, sight=Sight(tasks_due=("Contain", "Preserve")))

    assert isinstance(record, Record)
    assert isinstance(tell, Tell)
    assert record.text == tell.text == "to be done by now: Contain; Preserve"
    assert ring(INCIDENT, TimerKind.TASK) == ()


def test_a_page_falls_back_only_while_it_waits() -> None:
    assert ring(INCIDENT, TimerKind.FALLBACK) == ()
    (fallback,) = ring(INCIDENT, TimerKind.FALLBACK, sight=Sight(page_waits_since=NOW - MINUTE))
    assert isinstance(fallback, FallBack)


def test_a_call_that_was_made_meanwhile_gets_its_own_minute() -> None:
    waits = Sight(page_waits_since=NOW - MINUTE / 4)

    assert ring(INCIDENT, TimerKind.FALLBACK, sight=waits) == (Arm(TimerKind.FALLBACK, NOW + MINUTE * 3 / 4),)


@pytest.mark.parametrize("kind", [kind for kind in TimerKind if kind is not TimerKind.REVIEW])
def test_nothing_rings_for_a_resolved_incident(kind: TimerKind) -> None:
    resolved = replace(INCIDENT, state=State.RESOLVED)

    assert ring(resolved, kind, detail=2, sight=Sight(page_waits_since=NOW - MINUTE)) == ()


def test_an_acknowledged_incident_is_not_reminded() -> None:
    assert ring(replace(INCIDENT, acknowledged_at=NOW - MINUTE), TimerKind.ACKNOWLEDGE) == ()
    assert [type(decision) for decision in ring(INCIDENT, TimerKind.ACKNOWLEDGE)] == [Record, Tell]
