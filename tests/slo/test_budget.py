"""Error budgets, exact by events."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.budget import Budget, allowed_downtime, remaining
from vcci_slo.windows import AVERAGE_MONTH

MONTH = timedelta(days=30)


def test_no_traffic_spends_nothing():
    assert remaining(budget=0.001, bad=0, total=0) == 1.0
    assert Budget(0.001, 0, 0, MONTH).sli is None


def test_an_overspent_budget_is_negative():
    assert remaining(budget=0.01, bad=3, total=100) == pytest.approx(-2)


@given(st.integers(1, 10**9), st.data())
def test_more_bad_events_never_leave_more_budget(total, data):
    less = data.draw(st.integers(0, total))
    more = data.draw(st.integers(less, total))

    assert remaining(budget=0.001, bad=more, total=total) <= remaining(budget=0.001, bad=less, total=total)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 10_000)), min_size=1, max_size=30))
def test_a_budget_is_counted_by_events_and_not_by_windows(windows):
    """A busy hour weighs more than a quiet one: the mean of ratios would say otherwise."""
    bad, total = sum(bad for bad, _ in windows), sum(total for _, total in windows)

    assert Budget(0.01, bad, total, MONTH).sli == 1 - bad / total


def test_the_minutes_are_computed_from_the_window():
    minutes = {
        days: round(allowed_downtime(budget=0.001, window=timedelta(days=days)) / timedelta(minutes=1), 2)
        for days in (28, 30, 31)
    }

    assert minutes == {28: 40.32, 30: 43.2, 31: 44.64}
    assert round(allowed_downtime(budget=0.001, window=AVERAGE_MONTH) / timedelta(minutes=1), 1) == 43.8


def test_what_is_left_is_said_in_time():
    assert Budget(0.001, bad=500, total=1_000_000, window=MONTH).downtime_left == timedelta(minutes=21, seconds=36)
    assert Budget(0.001, bad=2000, total=1_000_000, window=MONTH).downtime_left == timedelta(0)


@pytest.mark.parametrize(("budget", "bad", "total"), [(0, 0, 1), (1, 0, 1), (0.1, -1, 1), (0.1, 2, 1)])
def test_impossible_accounts_are_refused(budget, bad, total):
    with pytest.raises(ValueError, match="expected"):
        remaining(budget=budget, bad=bad, total=total)
