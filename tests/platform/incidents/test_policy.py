"""What an alert means: decisions compared with ==, and the law that order and repetition do not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.incidents.actions import on_action, on_approval
from vcci_platform.incidents.decisions import (
    Adopt,
    Arm,
    Cancel,
    Decision,
    Move,
    Propose,
    Publish,
    Record,
    Ring,
    TimerKind,
    Track,
)
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.ledger import Ledger
from vcci_platform.incidents.model import Action, Alert, Incident, Priority, Recovery, Refused, State, Tracked
from vcci_platform.incidents.policy import hear, on_sight_again
from vcci_platform.incidents.testing import NINE, alert, manual_policy

POLICY = manual_policy()
MINUTE = timedelta(minutes=1)


def opened(*alerts: Alert) -> tuple[Incident, tuple[Tracked, ...]]:
    incident, tracked = told(alerts)
    assert incident is not None
    return incident, tracked


def told(alerts: Sequence[Alert]) -> tuple[Incident | None, tuple[Tracked, ...]]:
    """Tell these to one desk, in this order, and return what it then knows."""
    incident: Incident | None = None
    known: dict[object, Tracked] = {}
    for message in alerts:
        decisions = hear(incident, Ledger(known.values()), message, POLICY, NINE)
        incident = evolve(incident, decisions, NINE, new_id="inc_11")
        known |= {d.tracked.alert.episode: d.tracked for d in decisions if isinstance(d, Track)}
    return incident, tuple(known.values())


def kinds(decisions: Sequence[Decision], kind: type) -> list[Decision]:
    return [decision for decision in decisions if isinstance(decision, kind)]


def test_a_p0_arms_every_clock_of_the_manual() -> None:
    decisions = hear(None, Ledger(), alert(), POLICY, NINE)

    assert {(d.kind, d.detail): (d.due_at - NINE) / MINUTE for d in decisions if isinstance(d, Arm)} == {
        (TimerKind.FALLBACK, 0): 1,
        (TimerKind.ACKNOWLEDGE, 0): 5,
        (TimerKind.ASSESS, 0): 10,
        (TimerKind.UPDATE, 0): 15,
        (TimerKind.ESCALATE, 2): 30,
        (TimerKind.ESCALATE, 3): 60,
    }
    assert kinds(decisions, Ring) == [Ring(Priority.P0, again=False, why="APIHighErrorRate")]
    assert kinds(decisions, Publish) == [Publish("desk", "the policy of P0")]


def test_a_p1_waits_before_it_rings_and_asks_before_it_goes_public() -> None:
    decisions = hear(None, Ledger(), alert(priority=Priority.P1), POLICY, NINE)

    assert Arm(TimerKind.PAGE, NINE + 5 * MINUTE) in decisions
    assert kinds(decisions, Ring) == []
    assert kinds(decisions, Propose) == [Propose()]


@pytest.mark.parametrize("priority", [Priority.P2, Priority.P3])
def test_what_pages_nobody_arms_no_page(priority: Priority) -> None:
    decisions = hear(None, Ledger(), alert(priority=priority, pager_key="k" * 64), POLICY, NINE)

    assert not kinds(decisions, Ring) + kinds(decisions, Adopt)
    assert TimerKind.PAGE not in {d.kind for d in decisions if isinstance(d, Arm)}


def test_what_alertmanager_pages_for_the_desk_adopts_and_never_triggers() -> None:
    decisions = hear(None, Ledger(), alert(pager_key="ab" * 32, source="alertmanager"), POLICY, NINE)

    assert kinds(decisions, Adopt) == [Adopt("ab" * 32, Priority.P0, pages=True)]
    assert kinds(decisions, Ring) == []


def test_a_resolve_that_overtook_its_firing_opens_an_incident_that_is_watched_and_wakes_nobody() -> None:
    decisions = hear(None, Ledger(), alert(resolved=True, ends_at=NINE), POLICY, NINE)

    assert kinds(decisions, Move) == [Move(State.MONITORING, "desk", "the alert was over before it was heard")]
    assert kinds(decisions, Ring) == []


def test_an_old_resolve_of_an_unknown_alert_is_remembered_and_opens_nothing() -> None:
    message = alert(resolved=True, ends_at=NINE - timedelta(hours=2), starts_at=NINE - timedelta(hours=3))

    assert hear(None, Ledger(), message, POLICY, NINE) == (Track(Tracked(message, over_at=message.ends_at)),)


def test_the_same_words_again_decide_nothing() -> None:
    incident, tracked = opened(alert())

    assert hear(incident, Ledger(tracked), alert(), POLICY, NINE) == ()


def test_a_resolve_is_doubted_while_its_source_is_blind_and_believed_when_it_sees_again() -> None:
    incident, tracked = opened(alert())
    resolve = alert(resolved=True, source="alertmanager")

    doubted = hear(incident, Ledger(tracked), resolve, POLICY, NINE, trusted=False)
    assert [type(decision) for decision in doubted] == [Track, Record]
    assert doubted[0] == Track(Tracked(alert(), doubted_at=NINE))

    later = NINE + 7 * MINUTE
    believed = on_sight_again(incident, Ledger([Tracked(alert(), doubted_at=NINE)]), POLICY, later)
    assert believed[0] == Track(Tracked(alert(), over_at=NINE))
    assert kinds(believed, Move) == [Move(State.MONITORING, "desk", "every alert is over")]
    assert Arm(TimerKind.MONITOR, later + 15 * MINUTE) in believed


def test_a_ticket_that_outlasts_a_page_does_not_keep_its_incident_open() -> None:
    """A burn over three days stays above its pace for hours after an outage; the status page was red for as long."""
    creep = alert("ApiErrorsBudgetBurn", priority=Priority.P3)
    incident, known = opened(alert(), creep)

    decisions = hear(incident, Ledger(known), alert(resolved=True, ends_at=NINE), POLICY, NINE)

    assert [move.to for move in kinds(decisions, Move)] == [State.MONITORING]


def test_what_a_graver_alert_held_back_does_not_keep_the_incident_open() -> None:
    """Alertmanager tells of a P1, then holds it back in favour of a P0, and never says that it has ended."""
    burn = alert("ApiErrorsBudgetBurn", priority=Priority.P1, pager_key="p1-key")
    incident, known = opened(burn, alert(starts_at=NINE + MINUTE))

    over = alert(starts_at=NINE + MINUTE, resolved=True, ends_at=NINE + 5 * MINUTE)
    decisions = hear(incident, Ledger(known), over, POLICY, NINE + 6 * MINUTE)

    assert [move.to for move in kinds(decisions, Move)] == [State.MONITORING]


def test_a_page_that_begins_after_a_graver_one_ended_is_another_fault() -> None:
    incident, known = opened(alert(), alert(resolved=True, ends_at=NINE + MINUTE))

    later = alert("ApiErrorsBudgetBurn", priority=Priority.P1, starts_at=NINE + 2 * MINUTE)
    decisions = hear(incident, Ledger(known), later, POLICY, NINE + 3 * MINUTE)

    assert [move.to for move in kinds(decisions, Move)] == [State.INVESTIGATING]


def test_a_ticket_that_comes_while_a_page_is_watched_does_not_disturb_the_watch() -> None:
    incident, known = opened(alert(), alert(resolved=True, ends_at=NINE))

    decisions = hear(incident, Ledger(known), alert("ApiErrorsBudgetBurn", priority=Priority.P3), POLICY, NINE)

    assert kinds(decisions, Move) == kinds(decisions, Cancel) == []


def test_a_ticket_keeps_an_incident_open_that_woke_nobody() -> None:
    incident, known = opened(alert(priority=Priority.P2), alert("DiskSpaceRunningLow", priority=Priority.P2))

    decisions = hear(incident, Ledger(known), alert(priority=Priority.P2, resolved=True, ends_at=NINE), POLICY, NINE)

    assert kinds(decisions, Move) == []


def test_a_message_about_a_closed_incident_moves_nothing() -> None:
    incident, _ = opened(alert("Other"))
    past = (Tracked(alert()),)

    assert hear(incident, Ledger(), alert(), POLICY, NINE, elsewhere=past) == ()
    over = hear(incident, Ledger(), alert(resolved=True), POLICY, NINE, elsewhere=past)
    assert over == (Track(Tracked(alert(), over_at=NINE), elsewhere=True),)


@pytest.mark.parametrize("first", [0, -1])
def test_a_resolve_under_the_earlier_beginning_ends_what_was_told_under_the_later_one(first: int) -> None:
    """Of two Prometheis the second saw the fault a minute earlier: from then on Alertmanager tells its beginning."""
    told = (alert(starts_at=NINE + first * MINUTE), alert(), alert(starts_at=NINE - MINUTE))
    incident, known = opened(*told)
    end = NINE + 6 * MINUTE
    over = alert(starts_at=NINE - MINUTE, resolved=True, ends_at=end)

    decisions = hear(incident, Ledger(known), over, POLICY, end)

    assert [track.tracked.over_at for track in decisions if isinstance(track, Track)] == [end]
    assert [move.to for move in decisions if isinstance(move, Move)] == [State.MONITORING]


def test_a_late_resolve_leaves_alone_what_began_after_that_end() -> None:
    incident, known = opened(alert(starts_at=NINE - 9 * MINUTE), alert())
    late = alert(starts_at=NINE - 9 * MINUTE, resolved=True, ends_at=NINE - MINUTE)

    assert hear(incident, Ledger(known), late, POLICY, NINE + MINUTE) == ()


def test_a_worse_alert_restarts_the_deadlines_and_escalation_counts_from_detection() -> None:
    incident, tracked = opened(alert("Slow", priority=Priority.P1))
    later = NINE + 40 * MINUTE

    decisions = hear(incident, Ledger(tracked), alert(priority=Priority.P0), POLICY, later)

    due = {(d.kind, d.detail): (d.due_at - NINE) / MINUTE for d in decisions if isinstance(d, Arm)}
    assert due[TimerKind.ACKNOWLEDGE, 0] == 45
    assert (due[TimerKind.ESCALATE, 2], due[TimerKind.ESCALATE, 3]) == (40, 60)


def test_a_worse_alert_asks_whoever_acknowledged_to_show_that_they_heard_it() -> None:
    """A P0 under an acknowledged P1 kept the P1's clocks: nobody was asked for it before an hour had passed."""
    incident, tracked = opened(alert("Slow", priority=Priority.P1))
    acknowledged = replace(incident, acknowledged_at=NINE, acknowledged_by="ada", signed_at=NINE)

    decisions = hear(acknowledged, Ledger(tracked), alert(priority=Priority.P0), POLICY, NINE + 40 * MINUTE)

    due = {d.kind: (d.due_at - NINE) / MINUTE for d in decisions if isinstance(d, Arm)}
    assert (due[TimerKind.ACKNOWLEDGE], due[TimerKind.FORGOTTEN]) == (45, 70)


def test_a_new_fault_of_a_reopened_incident_is_paged_for() -> None:
    """It was taken for one whose page waits already, and there was none: nobody was called."""
    incident, tracked = opened(alert("Slow", priority=Priority.P1))
    reopened = replace(incident, episode=2, rung=None, state=State.INVESTIGATING)

    decisions = hear(reopened, Ledger(tracked), alert("Slower", priority=Priority.P1), POLICY, NINE)

    assert Arm(TimerKind.PAGE, NINE + POLICY.page_wait) in decisions


def test_a_person_who_acts_without_acknowledging_has_acknowledged() -> None:
    incident, tracked = opened(alert())

    decisions = on_action(incident, tracked, Action.IDENTIFY, POLICY, NINE + MINUTE, by="ada")
    after = evolve(incident, decisions, NINE + MINUTE)

    assert after is not None
    assert (after.state, after.acknowledged_by, after.acknowledged_at) == (State.IDENTIFIED, "ada", NINE + MINUTE)
    assert kinds(decisions, Cancel) == [
        Cancel((TimerKind.ACKNOWLEDGE, TimerKind.FALLBACK, TimerKind.PAGE)),
        Cancel((TimerKind.ASSESS, TimerKind.RESPOND)),
    ]


def test_a_resolve_after_the_watch_needs_no_reason() -> None:
    incident, tracked = opened(alert(), alert(resolved=True))

    with pytest.raises(Refused, match="not yet watched for 15 minutes"):
        on_action(incident, tracked, Action.RESOLVE, POLICY, NINE + 14 * MINUTE, by="ada")
    assert on_action(incident, tracked, Action.RESOLVE, POLICY, NINE + 15 * MINUTE, by="ada")


@pytest.mark.parametrize(("recovery", "why"), [(Recovery.BAD, "not good yet"), (Recovery.UNKNOWN, "has no data")])
def test_a_resolve_while_the_sli_is_not_good_takes_a_reason(recovery: Recovery, why: str) -> None:
    """The desk itself waited for a good SLI, and a person's resolve looked at the time alone."""
    incident, tracked = opened(alert(), alert(resolved=True))
    watched = NINE + 15 * MINUTE

    with pytest.raises(Refused, match=why):
        on_action(incident, tracked, Action.RESOLVE, POLICY, watched, by="ada", recovery=recovery)
    assert on_action(incident, tracked, Action.RESOLVE, POLICY, watched, by="ada", why="moved", recovery=recovery)


def test_a_watch_while_an_alert_fires_takes_a_reason() -> None:
    incident, tracked = opened(alert("Slow"))

    with pytest.raises(Refused, match="Slow still fires: to watch anyway, say why"):
        on_action(incident, tracked, Action.MONITOR, POLICY, NINE + MINUTE, by="ada")
    assert on_action(incident, tracked, Action.MONITOR, POLICY, NINE + MINUTE, by="ada", why="it is the canary")


def test_who_reopens_is_at_work_and_may_be_forgotten() -> None:
    """After a reopening nothing was armed that would ask for whoever had acknowledged the first time."""
    incident, tracked = opened(alert())
    over = replace(incident, state=State.RESOLVED, acknowledged_at=NINE, acknowledged_by="ada")

    decisions = on_action(over, tracked, Action.REOPEN, POLICY, NINE + 60 * MINUTE, by="grace")

    assert Arm(TimerKind.FORGOTTEN, NINE + 90 * MINUTE) in decisions


def test_what_is_never_shown_cannot_be_approved() -> None:
    incident, _ = opened(alert(priority=Priority.P3))

    with pytest.raises(Refused, match="a P3 is never shown on the status page"):
        on_approval(incident, POLICY, NINE, by="ada")


def test_words_that_a_commander_publishes_put_the_next_update_a_whole_interval_off() -> None:
    """The public was told of a moment that came from the detection, and the channel was asked for an update at once."""
    incident, _ = opened(alert(priority=Priority.P1))
    after = NINE + 25 * MINUTE

    silent = on_approval(incident, POLICY, after, by="ada")
    spoken = on_approval(incident, POLICY, after, by="ada", words="Uploads wait; nothing is lost.")

    assert not [decision for decision in silent if isinstance(decision, Arm | Cancel)]
    assert Cancel((TimerKind.UPDATE, TimerKind.LATE_UPDATE)) in spoken
    assert Arm(TimerKind.UPDATE, after + 30 * MINUTE) in spoken


MESSAGES = st.builds(
    lambda name, start, resolved: alert(
        f"A{name}",
        fingerprint=f"fp-{name}",
        priority=Priority(f"P{name}"),
        starts_at=NINE - start * MINUTE,
        resolved=resolved,
        ends_at=NINE - (start - 1) * MINUTE if resolved else None,
    ),
    st.integers(0, 3),
    st.sampled_from([10, 20]),
    st.booleans(),
)


@given(st.data(), st.lists(MESSAGES, min_size=1, max_size=8))
def test_any_order_and_repetition_of_deliveries_leads_to_the_same_incident(
    data: st.DataObject, messages: list[Alert]
) -> None:
    again = data.draw(st.lists(st.sampled_from(messages), max_size=6))
    shuffled = data.draw(st.permutations(messages + again))

    incident, tracked = opened(*messages)
    other, other_tracked = opened(*shuffled)

    assert {t.alert.episode: t.fires for t in tracked} == {t.alert.episode: t.fires for t in other_tracked}
    assert (incident.priority, incident.system, incident.began_at) == (other.priority, other.system, other.began_at)
    assert (incident.state is State.MONITORING) == (other.state is State.MONITORING)
    assert (incident.state is State.MONITORING) == (not POLICY.holding(incident, tracked))


@given(st.lists(MESSAGES, min_size=2, max_size=8))
def test_severity_rises_by_itself_and_never_falls_by_itself(messages: list[Alert]) -> None:
    before = Priority.P3
    for count in range(1, len(messages) + 1):
        incident, _ = opened(*messages[:count])
        assert incident.priority <= before
        before = incident.priority
