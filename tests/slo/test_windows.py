"""Rolling windows and calendar months."""

from datetime import UTC, datetime, timedelta, timezone

from vcci_slo.windows import Span, calendar_month, rolling


def test_a_rolling_window_ends_now():
    now = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert rolling(now, timedelta(days=1)) == Span(
        datetime(2026, 2, 28, 10, tzinfo=UTC), datetime(2026, 3, 1, 10, tzinfo=UTC)
    )


def test_a_month_begins_where_the_clocks_show_it():
    late_in_february_there = datetime(2026, 3, 1, 4, 59, tzinfo=UTC)

    month = calendar_month(late_in_february_there, "America/New_York")

    assert month == Span(datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 3, 1, 5, tzinfo=UTC))


def test_a_month_in_which_the_clocks_change_is_an_hour_shorter_or_longer():
    march = calendar_month(datetime(2026, 3, 20, tzinfo=UTC), "America/New_York")
    november = calendar_month(datetime(2026, 11, 20, tzinfo=UTC), "America/New_York")

    assert march.length == timedelta(days=31, hours=-1)
    assert november.length == timedelta(days=30, hours=1)


def test_december_ends_with_the_year():
    assert calendar_month(datetime(2026, 12, 31, 23, tzinfo=UTC), "UTC").end == datetime(2027, 1, 1, tzinfo=UTC)
