"""What follows when a timer rings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from vcci_platform.incidents.clockwork import Recovery, Rung, Sight, on_timer
from vcci_platform.incidents.decisions import Arm, Escalate, FallBack, Move, Record, Tell, TimerKind
from vcci_platform.incidents.model import Incident, Priority, State, Tracked
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


def test_escalation_waits_while_the_incident_is_watched() -> None:
    assert ring(WATCHED, TimerKind.ESCALATE, detail=2) == (Arm(TimerKind.ESCALATE, NOW + 15 * MINUTE, 2),)


def test_escalation_names_the_roles_of_the_level() -> None:
    escalate, tell = ring(INCIDENT, TimerKind.ESCALATE, detail=3)

    assert escalate == Escalate(3)
    assert isinstance(tell, Tell)
    assert tell.text == "unresolved for 15 min: escalated to level 3 (director, cto)"


def test_a_level_that_was_reached_is_not_asked_again() -> None:
    assert ring(replace(INCIDENT, level=3), TimerKind.ESCALATE, detail=2) == ()


def test_a_late_update_is_prompted_once_and_the_cadence_stays() -> None:
    late = on_timer(INCIDENT, (), Rung(TimerKind.UPDATE, NINE), POLICY, NINE + 50 * MINUTE, Sight())

    assert [decision.due_at for decision in late if isinstance(decision, Arm)] == [NINE + 60 * MINUTE]


def test_a_page_falls_back_only_while_it_waits() -> None:
    assert ring(INCIDENT, TimerKind.FALLBACK) == ()
    (fallback,) = ring(INCIDENT, TimerKind.FALLBACK, sight=Sight(page_waits=True))
    assert isinstance(fallback, FallBack)


@pytest.mark.parametrize("kind", [kind for kind in TimerKind if kind is not TimerKind.REVIEW])
def test_nothing_rings_for_a_resolved_incident(kind: TimerKind) -> None:
    resolved = replace(INCIDENT, state=State.RESOLVED)

    assert ring(resolved, kind, detail=2, sight=Sight(page_waits=True)) == ()


def test_an_acknowledged_incident_is_not_reminded() -> None:
    assert ring(replace(INCIDENT, acknowledged_at=NINE), TimerKind.ACKNOWLEDGE) == ()
    assert [type(decision) for decision in ring(INCIDENT, TimerKind.ACKNOWLEDGE)] == [Record, Tell]
