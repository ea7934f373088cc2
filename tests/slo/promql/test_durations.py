"""Durations, as written and as said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.promql.durations import parse_duration, promql_duration, words


@given(st.integers(min_value=1, max_value=10**12))
def test_what_is_written_is_read_back(milliseconds):
    duration = timedelta(milliseconds=milliseconds)

    assert parse_duration(promql_duration(duration)) == duration


def test_weeks_are_read_and_days_are_written():
    assert promql_duration(parse_duration("4w")) == "28d"


def test_nothing_below_a_millisecond_can_be_written():
    with pytest.raises(ValueError, match="at least 1ms"):
        promql_duration(timedelta(microseconds=10))


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (timedelta(hours=50), "2 days 2 hours"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1, seconds=7), "1 hour 7 seconds"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_people_hear_the_two_largest_units(duration, said):
    assert words(duration) == said
