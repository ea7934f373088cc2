"""Who is on call: turns by the clock of the zone, restrictions, layers, overrides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from vcci_platform.sandbox.pagerduty import rota
from vcci_platform.sandbox.pagerduty.account_forms import OverrideForm, ScheduleForm

EASTERN = ZoneInfo("America/New_York")
MONDAY = "2026-01-05T09:00:00-05:00"
WEEK = 604_800


def layer(*users, start=MONDAY, turn=WEEK, **fields):
    members = [{"user": {"id": user, "type": "user_reference"}} for user in users]
    return {
        "start": start,
        "rotation_virtual_start": start,
        "rotation_turn_length_seconds": turn,
        "users": members,
    } | fields


def schedule(*layers, zone="America/New_York"):
    return ScheduleForm.model_validate({"name": "eleven", "time_zone": zone, "schedule_layers": layers})


def eastern(*parts):
    return datetime(*parts, tzinfo=EASTERN).astimezone(UTC)


def told(duties):
    return [(duty.user_id, duty.start.astimezone(EASTERN).isoformat()) for duty in duties]


def test_the_handoff_stays_at_nine_by_the_clock_when_the_clocks_change():
    """On 8 March 2026 New York goes to daylight saving time: that week has 167 hours."""
    duties = rota.final(schedule(layer("ada", "ben")), (), eastern(2026, 3, 1), eastern(2026, 3, 17))

    assert told(duties) == [
        ("ben", "2026-03-01T00:00:00-05:00"),
        ("ada", "2026-03-02T09:00:00-05:00"),
        ("ben", "2026-03-09T09:00:00-04:00"),
        ("ada", "2026-03-16T09:00:00-04:00"),
    ]
    assert duties[1].end - duties[1].start == timedelta(hours=167)


def test_a_turn_of_hours_has_its_hours_whatever_the_clocks_do():
    turns = rota.final(schedule(layer("ada", "ben", turn=12 * 3600)), (), eastern(2026, 3, 7, 21), eastern(2026, 3, 9))

    assert {duty.end - duty.start for duty in turns[:-1]} == {timedelta(hours=12)}


def test_a_later_layer_hides_an_earlier_one_in_its_hours_only():
    nights = {"type": "daily_restriction", "start_time_of_day": "22:00:00", "duration_seconds": 8 * 3600}
    both = schedule(layer("ada"), layer("ben", restrictions=[nights]))

    duties = rota.final(both, (), eastern(2026, 3, 3, 12), eastern(2026, 3, 4, 12))

    assert told(duties) == [
        ("ada", "2026-03-03T12:00:00-05:00"),
        ("ben", "2026-03-03T22:00:00-05:00"),
        ("ada", "2026-03-04T06:00:00-05:00"),
    ]


def test_a_weekly_restriction_reaches_over_the_weekend_and_ends_by_the_clock():
    weekend = {
        "type": "weekly_restriction",
        "start_day_of_week": 5,
        "start_time_of_day": "17:00:00",
        "duration_seconds": 64 * 3600,
    }

    duties = rota.final(schedule(layer("ada", restrictions=[weekend])), (), eastern(2026, 3, 2), eastern(2026, 3, 16))

    assert [(duty.start, duty.end) for duty in duties] == [
        (eastern(2026, 3, 2), eastern(2026, 3, 2, 9)),
        (eastern(2026, 3, 6, 17), eastern(2026, 3, 9, 9)),
        (eastern(2026, 3, 13, 17), eastern(2026, 3, 16)),
    ]


def test_an_override_takes_the_duty_and_gives_it_back():
    swap = OverrideForm.model_validate(
        {
            "start": "2026-03-04T00:00:00-05:00",
            "end": "2026-03-05T00:00:00-05:00",
            "user": {"id": "cleo", "type": "user_reference"},
        }
    )

    duties = rota.final(schedule(layer("ada")), (swap,), eastern(2026, 3, 3), eastern(2026, 3, 6))

    assert [duty.user_id for duty in duties] == ["ada", "cleo", "ada"]
    assert rota.coverage(duties, eastern(2026, 3, 3), eastern(2026, 3, 6)) == 100.0


def test_nobody_is_on_call_before_a_layer_starts_or_after_it_ends():
    short = schedule(layer("ada", end="2026-01-06T09:00:00-05:00"))

    duties = rota.final(short, (), eastern(2026, 1, 1), eastern(2026, 1, 9))

    assert [(duty.start, duty.end) for duty in duties] == [(eastern(2026, 1, 5, 9), eastern(2026, 1, 6, 9))]
    assert rota.coverage(duties, eastern(2026, 1, 1), eastern(2026, 1, 9)) == 12.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"schedule_layers": []},
        {"schedule_layers": [layer()]},
        {"schedule_layers": [layer("ada", turn=60)]},
        {"schedule_layers": [layer("ada", restrictions=[{"type": "weekly_restriction"}])]},
        {"colour": "teal"},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        ScheduleForm.model_validate({"name": "eleven", "time_zone": "UTC", "schedule_layers": [layer("ada")]} | wrong)
