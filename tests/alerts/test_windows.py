"""Which windows are raw, and which are tiles of which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vcci_alerts.windows import Window, windows
from vcci_slo.testing import a_plan

H, D = timedelta(hours=1), timedelta(days=1)


def test_each_window_is_made_of_the_largest_that_divides_it():
    plan = a_plan()

    assert windows(plan, plan.slos[0]) == (
        Window(timedelta(minutes=5)),
        Window(timedelta(minutes=30)),
        Window(H),
        Window(2 * H, H, 2),
        Window(6 * H, 2 * H, 3),
        Window(D, 6 * H, 4),
        Window(3 * D, D, 3),
        Window(30 * D, 3 * D, 10),
    )


def test_four_weeks_are_twenty_eight_days_since_three_do_not_divide_them():
    plan = a_plan(slos__errors__window="28d")

    assert windows(plan, plan.slos[0])[-1] == Window(28 * D, D, 28)


def test_a_window_that_nothing_divides_is_read_raw():
    plan = a_plan(slos__errors__window="7d1m")

    assert windows(plan, plan.slos[0])[-1] == Window(7 * D + timedelta(minutes=1))


@given(scale=some.floats(min_value=1, max_value=1000))
def test_a_time_scale_keeps_the_tiles(scale: float):
    plan = a_plan(time_scale=scale)
    found = windows(plan, plan.slos[0])

    assert [window.count for window in found if window.tile] == [2, 3, 4, 3, 10]
    for window in found:
        if window.tile:
            assert window.span / (window.tile * window.count) == pytest.approx(1, rel=0.02)
