"""Periods: months, quarters and ranges have the days that the clocks of their zone show."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.reliability.reports.periods import Period, PeriodError, day_of, parse_period
from vcci_slo.windows import calendar_month

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Asia/Beirut",
)
TODAY = date(2026, 11, 3)


def parsed(month=None, quarter=None, first=None, last=None, zone="Europe/Berlin"):
    return parse_period(zone, TODAY, month=month, quarter=quarter, first=first, last=last)


@pytest.mark.parametrize(
    ("asked", "name", "title", "first", "last"),
    [
        ({"month": "2026-02"}, "2026-02", "February 2026", "2026-02-01", "2026-02-28"),
        ({"month": "2026-12"}, "2026-12", "December 2026", "2026-12-01", "2026-12-31"),
        ({"quarter": "2026-Q1"}, "2026-Q1", "January to March 2026", "2026-01-01", "2026-03-31"),
        ({"quarter": "2026-q4"}, "2026-Q4", "October to December 2026", "2026-10-01", "2026-12-31"),
        (
            {"first": "2026-10-03", "last": "2026-10-17"},
            "2026-10-03..2026-10-17",
            "3 October 2026 to 17 October 2026",
            "2026-10-03",
            "2026-10-17",
        ),
        (
            {"first": "2026-11-01"},
            "2026-11-01..2026-11-03",
            "1 November 2026 to 3 November 2026",
            "2026-11-01",
            "2026-11-03",
        ),
        ({}, "2026-11", "November 2026", "2026-11-01", "2026-11-30"),
    ],
)
def test_a_period_is_named_for_programs_and_for_people(asked, name, title, first, last):
    found = parsed(**asked)

    assert (found.name, found.title, str(found.first), str(found.last)) == (name, title, first, last)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"month": "2026-13"}, "month"),
        ({"month": "2026-1"}, "month"),
        ({"month": "October"}, "month"),
        ({"month": "0000-10"}, "month"),
        ({"month": "9999-12"}, "month"),
        ({"quarter": "2026-Q5"}, "quarter"),
        ({"first": "2026-02-30"}, "from"),
        ({"first": "20261003"}, "from"),
        ({"first": "2026-W40-1"}, "from"),
        ({"last": "2026-10-03"}, "from"),
        ({"first": "2026-10-03", "last": "2026-10-02"}, "to"),
        ({"first": "2026-12-01"}, "to"),
        ({"first": "2020-01-01", "last": "2026-10-02"}, "from"),
        ({"month": "2026-10", "quarter": "2026-Q3"}, "quarter"),
        ({"month": "2026-10", "first": "2026-10-01"}, "from"),
    ],
)
def test_what_is_no_period_is_refused_with_what_is_wrong(asked, field):
    with pytest.raises(PeriodError, match="expected") as refused:
        parsed(**asked)

    assert refused.value.field == field
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ({"month": "2026-01"}, "2025-12"),
        ({"month": "2026-03"}, "2026-02"),
        ({"quarter": "2026-Q1"}, "2025-Q4"),
        ({"quarter": "2026-Q3"}, "2026-Q2"),
        ({"first": "2026-03-03", "last": "2026-03-09"}, "2026-02-24..2026-03-02"),
    ],
)
def test_the_period_before_is_of_the_same_kind_and_ends_where_this_one_begins(period, before):
    found = parsed(**period)

    assert found.before().name == before
    assert found.before().span.end == found.span.start


def test_a_day_on_which_the_clocks_change_has_another_length():
    october, march = parsed(month="2026-10"), parsed(month="2026-03")

    assert october.of(date(2026, 10, 25)).length == timedelta(hours=25)
    assert march.of(date(2026, 3, 29)).length == timedelta(hours=23)
    assert march.of(date(2026, 3, 30)).length == timedelta(hours=24)


@pytest.mark.parametrize("zone", ZONES)
def test_a_month_is_that_of_the_account_of_the_month(zone):
    """Where the clocks change at midnight too, as they do in Cairo and Beirut."""
    for month in range(1, 13):
        found = parsed(month=f"2026-{month:02}", zone=zone)

        assert found.span == calendar_month(datetime(2026, month, 15, tzinfo=UTC), zone)


@given(st.dates(date(1971, 1, 1), date(2100, 1, 1)), st.integers(0, 399), st.sampled_from(ZONES))
def test_days_follow_each_other_without_a_gap(first, more, zone):
    period = Period("range", first, first + timedelta(days=more), zone)

    spans = [period.of(day) for day in period.days]

    assert len(spans) == period.count
    assert spans[0].start == period.span.start
    assert spans[-1].end == period.span.end
    assert all(before.end == after.start for before, after in itertools.pairwise(spans))
    assert all(timedelta(hours=22) <= span.length <= timedelta(hours=26) for span in spans)


def test_the_day_of_a_moment_is_the_one_that_the_clocks_show():
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)

    assert [day_of(late, zone) for zone in ("UTC", "Europe/Berlin")] == [date(2026, 10, 31), date(2026, 11, 1)]
