"""What an incident would do, from the spec alone: the manual's figures at their minutes, the same words each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vcci_platform.incidents.decisions import TimerKind
from vcci_platform.incidents.drill.foresight import AHEAD_KINDS, CHANNELS, Foresight, document, foresee
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.outbox import Target
from vcci_platform.shipped import shipped
from vcci_platform.specs import plan_of
from vcci_slo import Plan

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(shipped("spec"))


def minutes(seen: Foresight, channel: str, words: str = "") -> list[float]:
    return [one.after / MINUTE for one in seen.happenings if one.channel == channel and words in f"{one.to} {one.what}"]


@pytest.fixture(scope="module")
def alone(plan: Plan) -> Foresight:
    """A P0 that nobody looks at."""
    return foresee(plan, Priority.P0, 90 * MINUTE)


def test_a_p0_that_nobody_looks_at_asks_each_level_at_its_minute(alone: Foresight) -> None:
    assert minutes(alone, "PagerDuty", "level 1: platform.primary") == [0]
    assert minutes(alone, "PagerDuty", "level 2: platform.secondary, engineering-manager") == [30]
    assert minutes(alone, "PagerDuty", "level 3: director, cto") == [60]


def test_what_pagerduty_does_by_itself_is_shown_as_its_own(alone: Foresight) -> None:
    assert minutes(alone, "PagerDuty itself", "level 2") == [5]
    assert minutes(alone, "PagerDuty itself", "level 3") == [15]


def test_updates_are_asked_for_each_quarter_of_an_hour_and_missed_five_minutes_later(alone: Foresight) -> None:
    assert minutes(alone, "Reminder", "an update is due") == [15, 30, 45, 60, 75, 90]
    assert minutes(alone, "Reminder", "the update is 5 min late") == [20, 35, 50, 65, 80]


def test_the_public_reads_of_a_p0_at_once(alone: Foresight) -> None:
    assert minutes(alone, "Status page") == [0]


def test_what_is_due_later_is_told_too(alone: Foresight) -> None:
    assert minutes(alone, "Ahead", "the next update") == [105]


def test_who_acknowledges_stops_pagerduty_and_is_rung_again_when_nothing_is_heard(plan: Plan) -> None:
    seen = foresee(plan, Priority.P0, 90 * MINUTE, acknowledged=4 * MINUTE)

    assert minutes(seen, "PagerDuty itself") == []
    assert minutes(seen, "PagerDuty", "level 1") == [0, 90]  # at 30 and 60 others were woken: it waits again
    assert minutes(seen, "PagerDuty", "acknowledged") == [4]


def test_a_fault_that_ends_is_watched_resolved_and_reviewed(plan: Plan) -> None:
    seen = foresee(plan, Priority.P0, 90 * MINUTE, acknowledged=4 * MINUTE, over=20 * MINUTE)

    assert seen.state == "resolved"
    assert minutes(seen, "Incident", "monitoring") == [20]
    assert minutes(seen, "Incident", "resolved") == [35]
    assert minutes(seen, "Status page", "resolved") == [35]
    assert minutes(seen, "Ahead", "the review is due") == [35 + 48 * 60]


def test_a_p1_waits_five_minutes_for_a_worse_one_and_asks_before_the_public_reads_of_it(plan: Plan) -> None:
    seen = foresee(plan, Priority.P1, 130 * MINUTE)

    assert minutes(seen, "PagerDuty", "level 1") == [5]
    assert minutes(seen, "PagerDuty itself", "level 2") == [20]
    assert minutes(seen, "PagerDuty", "level 2") == [120]
    assert minutes(seen, "Status page") == []
    assert minutes(seen, "Reminder", "waits for the commander's approval") == [0]


def test_customer_support_reads_of_a_p1_in_its_own_channel(plan: Plan) -> None:
    seen = foresee(plan, Priority.P1, 90 * MINUTE, acknowledged=4 * MINUTE, over=20 * MINUTE)

    assert minutes(seen, "Slack", "#vcci-customer-support Begins: ") == [0]
    assert minutes(seen, "Slack", "#vcci-customer-support Resolved: ") == [35]


def test_a_p2_wakes_nobody(plan: Plan) -> None:
    seen = foresee(plan, Priority.P2, 180 * MINUTE)

    assert minutes(seen, "PagerDuty") == minutes(seen, "PagerDuty itself") == []
    assert minutes(seen, "Reminder", "an update is due") == [120]


def test_the_clocks_of_a_p2_stand_still_from_friday_evening_to_monday_morning(plan: Plan) -> None:
    friday = datetime(2026, 3, 6, 17, 30, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    monday = 62.5 * 60  # from 17:30 to 09:00, over a Sunday on which clocks jump forward

    seen = foresee(plan, Priority.P2, 4 * 24 * 60 * MINUTE, at=friday)

    assert minutes(seen, "Reminder", "nobody has acknowledged") == [monday + 30]
    assert minutes(seen, "Reminder", "nobody has begun to investigate") == [monday + 30]
    assert minutes(seen, "Reminder", "an update is due")[:4] == [monday + minute for minute in (90, 210, 330, 450)]
    assert minutes(seen, "Reminder", "an update is due")[4:5] == [monday + 24 * 60 + 30]
    assert minutes(seen, "Slack") == [0], "the channel reads of it at once"


def test_a_p3_is_taken_up_by_the_end_of_the_next_business_day(plan: Plan) -> None:
    saturday = datetime(2026, 3, 7, 12, 0, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)

    seen = foresee(plan, Priority.P3, 3 * 24 * 60 * MINUTE, at=saturday)

    assert minutes(seen, "Reminder") == [(2 * 24 + 6 - 1) * 60]  # Monday 18:00, and an hour was left out


def test_when_pagerduty_is_away_each_page_goes_every_other_way_after_a_minute(plan: Plan) -> None:
    seen = foresee(plan, Priority.P0, 62 * MINUTE, pagerduty=False)

    assert minutes(seen, "PagerDuty") == minutes(seen, "PagerDuty itself") == []
    assert minutes(seen, "Second pager") == [1, 31, 61]
    assert minutes(seen, "Second pager", "level 3: director, cto") == [61]
    assert minutes(seen, "Slack", "PagerDuty did not take the page") == [1, 31, 61]
    assert minutes(seen, "Mail", "PAGE NOT DELIVERED") == [1, 31, 61]
    assert minutes(seen, "Mail", "cto@company.com; director@company.com; eng-manager@company.com") == [61]


def test_everything_that_a_desk_can_do_has_words() -> None:
    assert set(CHANNELS) == set(Target)
    assert set(AHEAD_KINDS) == {kind.value for kind in TimerKind}


def test_the_same_spec_gives_the_same_bytes(plan: Plan, alone: Foresight) -> None:
    again = foresee(plan, Priority.P0, 90 * MINUTE)

    assert json.dumps(document(again)) == json.dumps(document(alone))
