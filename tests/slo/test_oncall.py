"""Rotas: handoffs on the clock of the wall, in summer, in winter, and in the weeks between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.oncall import WEEK, Shift, shift_at, shift_before, shifts, whose_turn
from vcci_slo.plan import OnCall

NEW_YORK = "America/New_York"
DAY = timedelta(days=1)


def rota(*members: str, **changes) -> OnCall:
    said = {
        "team": "platform",
        "handoff_day": 0,
        "handoff_minute": 9 * 60,
        "shift": WEEK,
        "primary": "" if members else "$PD_PRIMARY",
        "secondary": "$PD_SECONDARY",
        "primary_members": members,
        "starts": date(2026, 1, 5) if members else None,
    }
    return OnCall(**(said | changes))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "start", "end", "hours"),
    [
        # Winter: 09:00 in New York is 14:00 UTC.
        ("2026-01-14T12:00Z", "2026-01-12T14:00Z", "2026-01-19T14:00Z", 168),
        # Clocks go forward on Sunday, 8 March 2026 at 07:00 UTC: an hour is missing in this shift.
        ("2026-03-08T06:30Z", "2026-03-02T14:00Z", "2026-03-09T13:00Z", 167),
        ("2026-03-08T07:30Z", "2026-03-02T14:00Z", "2026-03-09T13:00Z", 167),
        # The last second before the handoff, and the handoff itself; in winter it would not have been due yet.
        ("2026-03-09T12:59:59Z", "2026-03-02T14:00Z", "2026-03-09T13:00Z", 167),
        ("2026-03-09T13:00Z", "2026-03-09T13:00Z", "2026-03-16T13:00Z", 168),
        # Clocks go back on Sunday, 1 November 2026 at 06:00 UTC: this shift is an hour long.
        ("2026-11-01T05:30Z", "2026-10-26T13:00Z", "2026-11-02T14:00Z", 169),
        ("2026-11-02T13:30Z", "2026-10-26T13:00Z", "2026-11-02T14:00Z", 169),
        ("2026-11-02T14:00Z", "2026-11-02T14:00Z", "2026-11-09T14:00Z", 168),
    ],
)
def test_a_week_hands_over_at_nine_whatever_clocks_do(moment: str, start: str, end: str, hours: int):
    shift = shift_at(rota(), NEW_YORK, at(moment))

    assert (shift.start, shift.end, shift.length) == (at(start), at(end), timedelta(hours=hours))


@pytest.mark.parametrize(
    ("handoff_minute", "zone", "moment", "start"),
    [
        # 02:30 does not exist on this night: the handoff is at the jump, 07:00 UTC.
        (150, NEW_YORK, "2026-03-08T07:00Z", "2026-03-08T07:00Z"),
        (150, NEW_YORK, "2026-03-08T06:59Z", "2026-03-01T07:30Z"),
        # 01:30 comes twice on this night: the handoff is at the first of them, 05:30 UTC, and not again an hour later.
        (90, NEW_YORK, "2026-11-01T05:30Z", "2026-11-01T05:30Z"),
        (90, NEW_YORK, "2026-11-01T06:30Z", "2026-11-01T05:30Z"),
        # Berlin goes back a week before New York.
        (540, "Europe/Berlin", "2026-10-25T08:00Z", "2026-10-25T08:00Z"),
        (540, "Europe/Berlin", "2026-10-25T07:30Z", "2026-10-18T07:00Z"),
    ],
)
def test_a_handoff_in_the_hour_that_is_missing_or_comes_twice_happens_once(handoff_minute, zone, moment, start):
    sundays = rota(handoff_day=6, handoff_minute=handoff_minute)

    assert shift_at(sundays, zone, at(moment)).start == at(start)


def test_members_take_turns_from_the_first_day():
    crew = rota("ada", "grace", "edsger")

    turns = [
        whose_turn(crew, "primary", shift)
        for shift in shifts(crew, NEW_YORK, at("2026-01-06T00:00Z"), at("2026-02-03T00:00Z"))
    ]

    assert turns == ["ada", "grace", "edsger", "ada", "grace"]


def test_before_the_rota_started_it_was_nobodys_turn():
    crew = rota("ada", "grace")

    assert whose_turn(crew, "primary", shift_at(crew, NEW_YORK, at("2026-01-05T13:59Z"))) == ""
    assert whose_turn(crew, "primary", shift_at(crew, NEW_YORK, at("2026-01-05T14:00Z"))) == "ada"


def test_pagerduty_knows_the_roster_that_is_not_here():
    assert whose_turn(rota(), "primary", shift_at(rota(), NEW_YORK, at("2026-01-05T14:00Z"))) == ""


def test_shifts_of_half_a_day_follow_the_sun():
    crew = rota("day", "night", shift=timedelta(hours=12))

    held = [
        (whose_turn(crew, "primary", shift), shift.start)
        for shift in shifts(crew, NEW_YORK, at("2026-03-07T15:00Z"), at("2026-03-09T00:00Z"))
    ]

    assert held == [
        ("day", at("2026-03-07T14:00Z")),
        ("night", at("2026-03-08T02:00Z")),
        ("day", at("2026-03-08T13:00Z")),
    ]


def test_a_day_that_a_country_skipped_begins_at_the_jump():
    """Samoa had no 30 December 2011: its turn lasts from the first minute of the 31st to that day's own handoff."""
    daily = rota("a", "b", "c", shift=DAY, handoff_day=2, starts=date(2011, 12, 28))

    held = [
        (whose_turn(daily, "primary", shift), shift.start)
        for shift in shifts(daily, "Pacific/Apia", at("2011-12-29T20:00Z"), at("2011-12-31T00:00Z"))
    ]

    assert held == [("b", at("2011-12-29T19:00Z")), ("c", at("2011-12-30T10:00Z")), ("a", at("2011-12-30T19:00Z"))]


ROTAS = st.builds(
    rota,
    handoff_day=st.integers(0, 6),
    handoff_minute=st.integers(0, 1439),
    shift=st.sampled_from([*(timedelta(hours=hours) for hours in (1, 6, 8, 12)), DAY, WEEK, 2 * WEEK, 10 * DAY]),
)
ZONES = st.sampled_from(
    [NEW_YORK, "Europe/Berlin", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia"]
)
MOMENTS = st.integers(0, 40 * 365 * 86_400).map(lambda seconds: at("2005-01-01T00:00Z") + timedelta(seconds=seconds))


@given(ROTAS, ZONES, MOMENTS)
def test_every_moment_is_in_one_shift_that_is_not_empty(crew: OnCall, zone: str, moment: datetime):
    shift = shift_at(crew, zone, moment)

    assert shift.start <= moment < shift.end
    assert shift_at(crew, zone, shift.start) == shift
    assert shift_at(crew, zone, shift.end).start == shift.end
    assert shift_at(crew, zone, shift.start - timedelta(seconds=1)).end == shift.start


@given(ROTAS, ZONES, MOMENTS, st.integers(1, 20))
def test_shifts_leave_no_gap_and_no_overlap(crew: OnCall, zone: str, since: datetime, count: int):
    until = since + count * crew.shift
    found: list[Shift] = list(shifts(crew, zone, since, until))

    assert found[0].start <= since
    assert found[-1].end >= until
    assert all(one.end == other.start and one.number < other.number for one, other in pairwise(found))


@given(ZONES, MOMENTS)
def test_a_weekly_handoff_is_always_on_its_day_at_its_time(zone: str, moment: datetime):
    """Where the hour exists, which nine in the morning does everywhere but in Samoa that once."""
    local = shift_at(rota(), zone, moment).start.astimezone(ZoneInfo(zone))

    assert (local.weekday(), local.hour, local.minute) == (0, 9, 0)


def test_the_shift_before_is_the_one_that_was_handed_over():
    rota = OnCall("crew", 0, 540, WEEK, "$PRIMARY", "$SECONDARY")

    shift = shift_before(rota, "America/New_York", datetime(2026, 3, 9, 13, 5, tzinfo=UTC))

    assert shift.start == datetime(2026, 3, 2, 14, tzinfo=UTC)
    assert shift.end == datetime(2026, 3, 9, 13, tzinfo=UTC)
