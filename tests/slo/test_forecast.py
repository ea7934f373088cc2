"""Outlooks of a budget, against figures made by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.budget import Budget
from vcci_slo.burn import time_to_exhaustion
from vcci_slo.forecast import Leaving, Outlook, until_renewed, while_rolling

DAY = timedelta(days=1)
MONTH = 30 * DAY


def month(bad: float) -> Budget:
    """Return 1,000 requests a day for 30 days at 99 %: 300 may fail."""
    return Budget(0.01, bad, 30_000, MONTH)


def day(number: int, bad: float) -> Leaving:
    """Return what failed on one day of the window; the first one leaves it first."""
    return Leaving((number - 1) * DAY, number * DAY, bad)


def test_failures_of_the_first_day_leave_before_the_budget_is_gone():
    """240 of 300 failed on the first day. At twice the even pace 20 fail a day, so the 60 left seemed gone in 3 days.

    But after a day the 240 have left and 20 came; 280 more take 14 days.
    """
    assert while_rolling(month(240), 2.0, [day(1, 240)]) == Outlook(15 * DAY, regained=0.8)


def test_failures_of_the_last_day_do_not_leave_in_time():
    assert while_rolling(month(240), 2.0, [day(30, 240)]) == Outlook(3 * DAY)


def test_failures_that_leave_while_the_budget_goes_slow_it_down():
    """240 failed evenly, 8 a day, and 20 fail a day from now on: 12 a day more, so 60 last for 5 days."""
    outlook = while_rolling(month(240), 2.0, [day(number, 8) for number in range(1, 31)])

    assert outlook.gone_in == 5 * DAY
    assert outlook.regained == pytest.approx(40 / 300)


def test_a_pace_below_the_even_one_never_takes_it_all():
    """Nine fail a day and eight leave: the plain forecast said 6 days 16 hours, yet 270 is where it ends."""
    outlook = while_rolling(month(240), 0.9, [day(number, 8) for number in range(1, 31)])

    assert outlook.gone_in is None
    assert outlook.words == "lasts: failures that leave the window give 80% of it back"


def test_a_pace_below_the_even_one_may_still_take_it_before_old_failures_leave():
    """60 are left and nine fail a day; the 240 leave only after 29 days."""
    assert while_rolling(month(240), 0.9, [day(30, 240)]).gone_in == 20 * DAY / 3


def test_a_spent_budget_comes_back_when_old_failures_leave():
    """400 failed on the first day, and 300 may: a quarter of a day takes 100 of them away, if nothing fails."""
    assert while_rolling(month(400), 0.0, [day(1, 400)]) == Outlook(timedelta(0), timedelta(hours=6))
    assert while_rolling(month(400), 2.0, [day(30, 400)]) == Outlook(timedelta(0))


def test_a_month_of_the_calendar_is_whole_again_when_it_is_over():
    assert until_renewed(month(240), 2.0, MONTH, 4 * DAY) == Outlook(3 * DAY, renewed=True)
    assert until_renewed(month(240), 2.0, MONTH, 3 * DAY) == Outlook(None, renewed=True)
    assert until_renewed(month(400), 2.0, MONTH, 4 * DAY) == Outlook(timedelta(0), 4 * DAY, renewed=True)
    assert until_renewed(month(240), 0.0, MONTH, 4 * DAY) == Outlook(None, renewed=True)


def test_no_traffic_lasts():
    assert while_rolling(Budget(0.01, 0, 0, MONTH), 0.0, []) == Outlook(None)


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        (Outlook(None), "lasts"),
        (Outlook(None, renewed=True), "lasts until the month is over"),
        (Outlook(3 * DAY), "gone in 3 days"),
        (Outlook(timedelta(minutes=90, seconds=11)), "gone in 1 hour 30 minutes"),
        (Outlook(timedelta(seconds=11.4)), "gone in 11 seconds"),
        (
            Outlook(15 * DAY, regained=0.8),
            "gone in 15 days; failures that leave the window until then give 80% of it back",
        ),
        (Outlook(timedelta(0)), "spent, and stays so at this pace"),
        (
            Outlook(timedelta(0), timedelta(hours=6)),
            "spent; something is left again in 6 hours, when old failures leave the window",
        ),
        (
            Outlook(timedelta(0), 4 * DAY, renewed=True),
            "spent; something is left again in 4 days, when a new month begins",
        ),
    ],
)
def test_an_outlook_says_itself(outlook, words):
    assert outlook.words == words


failures = st.lists(st.floats(0, 500), min_size=30, max_size=30)


@given(failures, st.floats(0, 50))
def test_it_is_never_earlier_than_without_what_leaves(bad, rate):
    """The plain forecast is right about what comes, and blind to what leaves."""
    leaving = [day(number, count) for number, count in enumerate(bad, start=1)]
    window = month(sum(bad))

    found = while_rolling(window, rate, leaving).gone_in
    plain = time_to_exhaustion(remaining=window.remaining, rate=rate, window=MONTH)

    assert found is None or (plain is not None and found >= plain - timedelta(seconds=1))


@given(failures, st.floats(0, 50))
def test_it_is_what_a_walk_by_the_minute_finds(bad, rate):
    window = month(sum(bad))
    found = while_rolling(window, rate, [day(number, count) for number, count in enumerate(bad, start=1)])
    hours = 30 * 24
    level, walked = window.bad, 0 if window.remaining <= 0 else None
    for hour in range(hours):
        if walked is None and level >= window.allowed:
            walked = hour
        level += rate * window.allowed / hours - bad[hour // 24] / 24

    if walked is not None:
        assert found.gone_in is not None
        assert abs(found.gone_in - timedelta(hours=walked)) <= timedelta(hours=1, seconds=1)
