"""A history whose step is longer than what a promise tolerates without data: the step is no silence, a missing one is.

Hours that follow each other were once 288 pages in twelve days, "0 in vain", of a promise that was wholly kept.
"""

from datetime import UTC, datetime, timedelta

import pytest

from vcci_slo.backtest import History, Increment, backtest, suggest
from vcci_slo.load import load_plan
from vcci_slo.spec import parse
from vcci_slo.testing import a_spec

START = datetime(2026, 3, 2, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SPEC = a_spec()
PLAN = load_plan(SPEC)
SLO = PLAN.slos[0]
EVENTS = 60_000


def hours(*parts: tuple[int, float | None], step: timedelta = HOUR) -> History:
    """A history of parts, (steps, share of bad events or None for no data), a thousand events a minute."""
    found: list[Increment] = []
    at = START
    for steps, bad in parts:
        for _ in range(steps):
            if bad is not None:
                total = EVENTS * (step / HOUR)
                found.append(Increment(at, at + step, total * bad, total, step.total_seconds()))
            at += step
    return History.of(found)


def outcome(history: History):
    return backtest(PLAN, SLO, history).outcomes[0]


@pytest.mark.parametrize("step", [10 * MINUTE, 10 * MINUTE + SECOND, HOUR, 24 * HOUR])
def test_steps_that_follow_each_other_are_no_silence_however_long_they_are(step: timedelta):
    found = outcome(hours((12, 0.0), step=step))

    assert SLO.no_data.after == 10 * MINUTE
    assert (found.sli, found.counts.silences, found.counts.pages, found.firings) == (1.0, 0, 0, ())


def test_missing_hours_are_a_silence_from_the_end_of_the_last_hour_to_the_start_of_the_next():
    """Nothing from 48:00 to 53:00: it fires ten minutes in, and the first look after 53:00 finds data."""
    found = outcome(hours((48, 0.0), (5, None), (48, 0.0)))

    (silence,) = found.firings
    assert (silence.alert, silence.fired_at) == ("ErrorsNoData", START + 48 * HOUR + 10 * MINUTE)
    assert silence.over_at == START + 53 * HOUR + PLAN.evaluate_every


def test_hours_before_the_minutes_began_are_no_silence_either():
    """As a store that keeps old data in hours and new data in minutes hands it over."""
    minutes = [
        Increment(START + 48 * HOUR + i * MINUTE, START + 48 * HOUR + (i + 1) * MINUTE, 0.0, 1000.0, 60.0)
        for i in range(240)
    ]
    old = [Increment(START + i * HOUR, START + (i + 1) * HOUR, 0.0, EVENTS, 3600.0) for i in range(48)]

    assert outcome(History.of([*old, *minutes])).firings == ()


def test_events_of_a_gap_that_nobody_saw_do_not_make_it_seen():
    """An hour of which only the growth of a counter is known: it is told at its end, and was silent until then."""
    seen = [Increment(START + i * MINUTE, START + (i + 1) * MINUTE, 0.0, 1000.0, 60.0) for i in range(240)]
    gap = Increment(START + 4 * HOUR, START + 5 * HOUR, 0.0, EVENTS, 0.0)
    after = [
        Increment(START + 5 * HOUR + i * MINUTE, START + 5 * HOUR + (i + 1) * MINUTE, 0.0, 1e3, 60.0) for i in (0, 1)
    ]

    (silence,) = outcome(History.of([*seen, gap, *after])).firings

    assert (silence.fired_at, silence.over_at) == (START + 4 * HOUR + 10 * MINUTE, START + 5 * HOUR)


def test_a_fault_is_known_to_the_hour_and_costs_what_its_hours_cost():
    """Half of two hours failed: 60,000 bad events of the 43,200 that 30 days of such traffic allow; told late."""
    found = outcome(hours((48, 0.0), (2, 0.5), (48, 0.0)))

    (stretch,) = found.stretches
    assert (stretch.onset, stretch.end, stretch.bad) == (START + 48 * HOUR, START + 50 * HOUR, 60_000)
    assert stretch.spent == pytest.approx(60_000 / 43_200)
    (call,) = found.calls
    assert (call.at, call.tiers) == (START + 49 * HOUR, ("fast", "slow"))
    assert found.counts.typical_delay == HOUR


def test_the_reader_is_told_what_an_hour_cannot_show():
    notes = backtest(PLAN, SLO, hours((48, 0.0))).notes

    assert notes[-1] == (
        "a step of 1h cannot show whether ErrorsNoData would have fired within it, after 10m without data: "
        "only missing steps count as silence"
    )
    assert not any("without data" in note for note in backtest(PLAN, SLO, hours((48, 0.0), step=5 * MINUTE)).notes)


def test_a_suggestion_from_hours_wakes_nobody_for_its_step_and_tells_of_it():
    spec = a_spec(slos__errors={"good": "api.requests", "objective": "99.9%", "window": "7d"})
    plan = load_plan(spec)

    found = suggest(parse(spec), plan, plan.slos[0], hours((12 * 24, 0.0)), windows=("7d",))

    assert {option.counts.pages for option in found.options} == {0}
    assert found.sli == 1.0
    assert "a step of 1h cannot show whether ErrorsNoData" in found.notes[-1]
