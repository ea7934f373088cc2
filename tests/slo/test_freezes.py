"""The days on which nothing is changed: the exact days that their names mean, in the calendar's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import get_args

from vcci_slo.freezes import RULES, freezes
from vcci_slo.spec import organisation


def at(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_every_name_that_a_spec_may_give_has_its_rule() -> None:
    assert set(get_args(organisation.Freeze)) == set(RULES)


def test_the_days_of_a_year() -> None:
    found = freezes(RULES, "UTC", at(2026, 1, 1), at(2027, 1, 1))

    assert [(each.name, each.day.isoformat()) for each in found] == [
        ("quarter-end", "2026-03-31"),
        ("quarter-end", "2026-06-30"),
        ("quarter-end", "2026-09-30"),
        ("black-friday", "2026-11-27"),
        ("cyber-monday", "2026-11-30"),
        ("quarter-end", "2026-12-31"),
        ("year-end", "2026-12-31"),
    ]


def test_black_friday_follows_the_fourth_thursday_of_november_in_every_year() -> None:
    for year in range(2020, 2060):
        thursdays = [day for day in range(1, 31) if date(year, 11, day).weekday() == 3]
        (found,) = freezes(["black-friday"], "UTC", at(year, 11, 1), at(year, 12, 1))
        (monday,) = freezes(["cyber-monday"], "UTC", at(year, 11, 1), at(year, 12, 15))

        assert found.day == date(year, 11, thursdays[3]) + timedelta(days=1)
        assert monday.day - found.day == timedelta(days=3)


def test_a_day_is_whole_by_the_clocks_of_its_zone_and_counts_while_a_part_of_it_is_left() -> None:
    last_hour = freezes(["year-end"], "America/New_York", at(2027, 1, 1, 4), at(2027, 1, 2))
    over = freezes(["year-end"], "America/New_York", at(2027, 1, 1, 5), at(2027, 1, 2))

    assert [(each.span.start, each.span.end) for each in last_hour] == [(at(2026, 12, 31, 5), at(2027, 1, 1, 5))]
    assert over == ()
