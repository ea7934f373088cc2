"""When a window is empty enough, if nothing bad happens from now."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.live.clearing import few_after, under_after
from vcci_platform.reliability.sources import Point
from vcci_slo.burn import Traffic

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def points(*traffic):
    return [Point(START + index * MINUTE, Traffic(bad, total)) for index, (bad, total) in enumerate(traffic)]


def test_a_window_that_is_good_is_under_its_limit_now():
    assert under_after(points((0, 100), (1, 100)), 0.01) == timedelta(0)


def test_a_failure_in_the_last_step_stays_for_the_whole_window():
    assert under_after(points((0, 100), (0, 100), (0, 100), (50, 100)), 0.01) == 4 * MINUTE


def test_a_failure_in_the_first_step_leaves_with_the_first_step():
    assert under_after(points((50, 100), (0, 100), (0, 100), (0, 100)), 0.01) == MINUTE


def test_few_bad_events_are_left_when_the_others_have_gone():
    assert few_after(points((6, 10), (3, 10), (2, 10)), 5) == 2 * MINUTE
    assert few_after(points((6, 10), (3, 10), (2, 10)), 6) == MINUTE


def test_one_step_tells_only_that_it_is_under_its_limit():
    assert under_after(points((1, 1000)), 0.01) == timedelta(0)
    assert under_after(points((500, 1000)), 0.01) is None


def test_nothing_known_says_nothing():
    assert under_after([], 0.01) is None
    assert few_after([], 5) is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 100)), min_size=2, max_size=60), st.floats(0.001, 0.9))
def test_a_window_is_never_over_its_limit_for_longer_than_it_lasts(traffic, threshold):
    after = under_after(points(*traffic), threshold)

    assert after is not None
    assert timedelta(0) <= after <= len(traffic) * MINUTE


@given(st.lists(st.tuples(st.integers(0, 50), st.just(100)), min_size=2, max_size=30), st.floats(0.001, 0.4))
def test_a_lower_limit_takes_no_less_time(traffic, threshold):
    lower = under_after(points(*traffic), threshold / 2)
    higher = under_after(points(*traffic), threshold)

    assert lower is not None
    assert higher is not None
    assert lower >= higher
