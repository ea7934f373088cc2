"""What a history would have led to: alerts with their onset and their cost, what was in vain, what nobody saw."""

import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vcci_slo.backtest import Candidate, History, HistoryError, Increment, backtest, variant
from vcci_slo.backtest.history import micros
from vcci_slo.load import load_plan
from vcci_slo.spec import parse
from vcci_slo.testing import a_spec

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPEC = a_spec()
PLAN = load_plan(SPEC)
SLO = PLAN.slos[0]


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def traffic(*parts: tuple[float, float | None, float]) -> History:
    """A history of parts (minutes, events in each or None for no data, share of bad ones), one increment a minute."""
    increments: list[Increment] = []
    minute = 0
    for minutes, rate, bad in parts:
        for _ in range(round(minutes)):
            if rate is not None:
                increments.append(Increment(at(minute), at(minute + 1), rate * bad, rate, 60.0))
            minute += 1
    return History.of(increments)


def outcome(history: History, **options):
    return backtest(PLAN, SLO, history, every=MINUTE, **options).outcomes[0]


HOURS = 60
DAY = 24 * HOURS


def test_an_outage_pages_once_says_how_late_and_what_it_cost():
    found = outcome(traffic((DAY, 1000, 0.0), (10, 1000, 1.0), (DAY, 1000, 0.0)))

    (call,) = found.calls
    assert call.onset == at(DAY)
    assert call.at == at(DAY + 1)
    assert call.tiers == ("fast", "slow")
    assert call.spent == pytest.approx(10 / (0.001 * 30 * DAY))
    assert not call.in_vain
    assert found.counts.typical_delay == MINUTE


def test_a_chance_failure_hours_before_an_outage_is_not_its_onset():
    """A tier that looks back for six hours was said to fire six hours late."""
    found = outcome(
        traffic((4 * DAY, 1000, 0.0), (5, 1000, 0.002), (5 * HOURS, 1000, 0.0), (30, 1000, 0.3), (60, 1000, 0.0))
    )

    outage = at(4 * DAY + 5 + 5 * HOURS)
    assert {firing.tier: firing.onset for firing in found.firings} == dict.fromkeys(
        ("fast", "slow", "steady", "creep"), outage
    )
    assert all(firing.delay >= timedelta(0) for firing in found.firings)


def test_a_promise_that_is_kept_wakes_nobody():
    found = outcome(traffic((2 * DAY, 1000, 0.0005)))

    assert (found.firings, found.stretches, found.counts.stretches) == ((), (), 0)
    assert found.budget.lowest.remaining == pytest.approx(0.5)


def test_an_alert_that_costs_less_than_the_limit_is_in_vain():
    """Five minutes at a fifth of all requests cost 2.3 % of the budget."""
    history = traffic((DAY, 1000, 0.0), (5, 1000, 0.2), (DAY, 1000, 0.0))

    strict = outcome(history, negligible=0.001)
    lenient = outcome(history, negligible=0.05)

    assert (strict.counts.pages, strict.counts.pages_in_vain) == (1, 0)
    assert (lenient.counts.pages, lenient.counts.pages_in_vain) == (1, 1)


def test_a_leak_that_no_tier_sees_is_missed():
    """A third above the budget's pace for an hour, every six hours: no window is ever above its threshold."""
    history = traffic((2 * DAY, 1000, 0.0), *[(300, 1000, 0.0), (60, 1000, 0.004)] * 4, (DAY, 1000, 0.0))

    found = outcome(history, negligible=0.005)

    assert found.counts.pages == 0
    assert found.counts.missed == 4
    assert [stretch.lasted for stretch in found.stretches] == [timedelta(hours=1)] * 4
    assert all(stretch.seen_by == () for stretch in found.stretches)


def test_the_onset_is_where_the_excess_began_not_where_chance_failed_before():
    """A single failure three minutes before the fault is within the same window, and no part of it."""
    history = traffic((DAY, 1000, 0.0), (1, 1000, 0.002), (3, 1000, 0.0), (30, 1000, 0.5), (DAY, 1000, 0.0))

    found = outcome(history)

    assert found.stretches[0].onset == at(DAY + 4)
    assert found.stretches[0].end == at(DAY + 34)


def test_silence_becomes_an_alert_and_clears_nothing():
    history = traffic((DAY, 1000, 0.0), (10, 1000, 1.0), (60, None, 0.0), (DAY, 1000, 0.0))

    found = outcome(history)

    silence = next(firing for firing in found.firings if firing.tier == "no data")
    fast = next(firing for firing in found.firings if firing.tier == "fast")
    assert (silence.fired_at, silence.over_at) == (at(DAY + 20), at(DAY + 71))
    assert fast.over_at is not None
    assert fast.over_at >= at(DAY + 70)
    assert found.counts.silences == 1


def test_one_account_of_several_that_is_gone_for_long_is_gone_for_good():
    plan = load_plan(a_spec(slos__errors={"good": "api.requests", "objective": "99.9%", "by": ["pod"]}))
    history = traffic((DAY, 1000, 0.0), (180, None, 0.0), (DAY, 1000, 0.0))

    found = backtest(plan, plan.slos[0], history, every=MINUTE).outcomes[0]

    assert [(each.fired_at, each.over_at) for each in found.firings] == [(at(DAY + 10), at(DAY + 61))]


def test_no_traffic_spends_nothing_and_pages_nobody():
    found = outcome(traffic((DAY, 0, 0.0)))

    assert (found.sli, found.counts.pages, found.budget.last.remaining) == (None, 0, 1.0)


def test_the_budget_line_knows_its_lowest_point_and_how_long_nothing_was_left():
    history = traffic((DAY, 1000, 0.0), (10, 1000, 1.0), (9 * DAY, 1000, 0.0))

    found = outcome(history)

    assert found.budget.lowest.at == at(DAY + 10)
    assert found.budget.lowest.remaining == pytest.approx(1 - 10 / (0.001 * (DAY + 10)))
    assert found.budget.last.remaining == pytest.approx(1 - 10 / (0.001 * (10 * DAY + 10)))
    assert (
        found.budget.exhausted_for == 8559 * MINUTE
    )  # from the second minute until 10,000 minutes of traffic are seen
    assert 2 < len(found.budget.points) <= 400


def test_candidates_stand_side_by_side():
    document = parse(SPEC)
    history = traffic((DAY, 1000, 0.0), (60, 1000, 0.02), (DAY, 1000, 0.0))
    loose = Candidate("99%", variant(document, SLO, objective="99%"))
    short = Candidate("7d", variant(document, SLO, window="7d"))

    report = backtest(PLAN, SLO, history, [loose, short], every=MINUTE)

    assert [found.title for found in report.outcomes] == ["as it stands", "99%", "7d"]
    assert [found.slo.percent for found in report.outcomes] == ["99.9%", "99%", "99.9%"]
    assert [found.counts.pages for found in report.outcomes] == [1, 0, 1]


def test_a_calendar_month_starts_with_a_whole_budget():
    spec = a_spec(slos__errors={"good": "api.requests", "objective": "99.9%", "window": {"month": "UTC"}})
    plan = load_plan(spec)
    history = traffic((28 * DAY, 1000, 0.0), (60, 1000, 1.0), (DAY, 1000, 0.0), (3 * DAY, 1000, 0.0))

    found = backtest(plan, plan.slos[0], history, every=MINUTE).outcomes[0]

    before, after = (
        next(point for point in reversed(found.budget.points) if point.at <= moment)
        for moment in (datetime(2026, 3, 31, 23, tzinfo=UTC), datetime(2026, 4, 1, 22, tzinfo=UTC))
    )
    assert before.remaining < 0
    assert after.remaining == 1.0


def test_the_reader_is_told_what_weakens_the_figures():
    history = traffic((DAY, 1000, 0.0), (DAY, None, 0.0), (DAY, 1000, 0.0))

    notes = backtest(PLAN, SLO, history, every=timedelta(minutes=5)).notes

    assert "only 66.7% of the time was observed" in notes[0]
    assert "shorter than the window of 30d" in notes[1]
    assert "coarse for the short window of fast (5m)" in notes[2]


def test_too_many_candidates_are_refused():
    history = traffic((60, 1000, 0.0))

    with pytest.raises(HistoryError, match="at most 20 candidates"):
        backtest(PLAN, SLO, history, [Candidate("x", SLO)] * 21)


def test_ninety_days_at_fifteen_seconds_take_little_time_and_memory():
    """518,400 increments; a second of one core and 200 megabytes where it was measured, with room for slow machines."""
    count = 90 * 5760
    start = micros(START) + 15_000_000 * np.arange(count, dtype=np.int64)
    total = np.full(count, 1500.0)
    bad = np.where(np.arange(count) % 40_000 < 100, 300.0, 0.0)
    history = History.of_arrays(start, start + 15_000_000, bad, total)
    tracemalloc.start()
    began = time.process_time()

    found = backtest(PLAN, SLO, history).outcomes[0]

    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.counts.pages, found.counts.missed) == (12, 1)  # the first is as old as the history, so no tier speaks
    assert seconds < 10
    assert peak < 300_000_000


def test_a_service_that_comes_back_after_a_pause_is_not_new_and_one_that_begins_is():
    """Two hours unseen are more than the guard of the fast tier looks back over."""
    back = outcome(traffic((DAY, 1000, 0.0), (2 * HOURS, None, 0.0), (20, 1000, 1.0)))
    new = outcome(traffic((20, 1000, 1.0)))

    assert [firing.tier for firing in back.firings if firing.tier == "fast"] == ["fast"]
    assert [firing.tier for firing in new.firings if firing.tier == "fast"] == []
