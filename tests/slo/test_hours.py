"""Working hours on clocks that jump, over weekends and over midnight."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.hours import Hours, business_hours, hours_of
from vcci_slo.plan import NamedTime
from vcci_slo.testing import a_plan

ZONE = "America/New_York"
OFFICE = Hours(NamedTime("business", "Mon-Fri 09:00-18:00", (0, 1, 2, 3, 4), 9 * 60, 18 * 60), ZONE)
NIGHTS = Hours(NamedTime("nights", "daily 22:00-06:00", tuple(range(7)), 22 * 60, 6 * 60), ZONE)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """Return the moment at which clocks of the zone show this."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


@pytest.mark.parametrize(
    ("since", "hours", "until"),
    [
        ("2026-03-02T09:00", 1, "2026-03-02T10:00"),
        ("2026-03-02T17:00", 1, "2026-03-02T18:00"),  # the last moment of a day still belongs to it
        ("2026-03-02T17:30", 1, "2026-03-03T09:30"),
        ("2026-03-02T03:00", 1, "2026-03-02T10:00"),
        ("2026-03-02T18:00", 1, "2026-03-03T10:00"),
        ("2026-03-06T17:30", 2, "2026-03-09T10:30"),  # clocks jump forward on Sunday
        ("2026-10-30T17:30", 2, "2026-11-02T10:30"),  # and back
        ("2026-03-07T12:00", 19, "2026-03-11T10:00"),
    ],
)
def test_time_passes_only_while_somebody_works(since: str, hours: float, until: str) -> None:
    assert OFFICE.after(at(since), hours * HOUR) == at(until)


def test_on_a_holiday_nobody_works_and_the_next_working_day_is_another() -> None:
    plan = a_plan(calendar={"timezone": ZONE, "business": "Mon-Fri 09:00-18:00", "holidays": ["2026-12-25"]})
    hours = business_hours(plan)
    assert hours is not None

    assert hours.after(at("2026-12-24T17:30"), HOUR) == at("2026-12-28T09:30")
    assert hours.end_of_next_day(at("2026-12-24T12:00")) == at("2026-12-28T18:00")
    assert str(hours) == "Mon-Fri 09:00-18:00 America/New_York but for holidays"


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        ("2026-03-02T12:00", "2026-03-02T12:00"),
        ("2026-03-02T03:00", "2026-03-02T09:00"),
        ("2026-03-06T18:00", "2026-03-09T09:00"),
    ],
)
def test_somebody_works_now_or_when_the_next_day_begins(moment: str, begins: str) -> None:
    assert OFFICE.next(at(moment)) == at(begins)


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-03-02T09:00", "2026-03-03T18:00"),
        ("2026-03-02T23:00", "2026-03-03T18:00"),
        ("2026-03-06T12:00", "2026-03-09T18:00"),
        ("2026-03-07T12:00", "2026-03-09T18:00"),
    ],
)
def test_the_next_working_day_is_not_today(moment: str, ends: str) -> None:
    assert OFFICE.end_of_next_day(at(moment)) == at(ends)


@pytest.mark.parametrize(
    ("night", "real_hours"),
    [("2026-03-04T22:00", 8), ("2026-03-07T22:00", 7), ("2026-10-31T22:00", 9)],
)
def test_a_night_in_which_clocks_jump_is_shorter_or_longer(night: str, real_hours: float) -> None:
    assert NIGHTS.after(at(night), real_hours * HOUR) == (at(night).astimezone(UTC) + real_hours * HOUR)
    beyond = NIGHTS.after(at(night), (real_hours + 1) * HOUR)
    assert beyond.astimezone(ZoneInfo(ZONE)).strftime("%H:%M") == "23:00"


@given(
    since=st.integers(0, 366 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)),
    first=st.timedeltas(timedelta(0), timedelta(hours=40)),
    second=st.timedeltas(timedelta(seconds=1), timedelta(hours=40)),
)
def test_two_spans_after_each_other_are_one(since: datetime, first: timedelta, second: timedelta) -> None:
    assert OFFICE.after(OFFICE.after(since, first), second) == OFFICE.after(since, first + second)


def test_a_severity_that_is_told_in_working_hours_has_them_and_a_page_has_none() -> None:
    plan = a_plan(calendar={"timezone": "Europe/Berlin", "business": "Mon-Thu 08:30-17:00"})

    assert str(hours_of(plan, plan.severity("P2"))) == "Mon-Thu 08:30-17:00 Europe/Berlin"
    assert hours_of(plan, plan.severity("P0")) is None
    assert str(business_hours(plan)) == "Mon-Thu 08:30-17:00 Europe/Berlin"


def test_a_demonstration_does_not_wait_for_a_morning() -> None:
    plan = a_plan(time_scale=60)

    assert hours_of(plan, plan.severity("P2")) is None
    assert business_hours(plan) is None
