"""Recurrence rules mean the days that RFC 5545 says, as another reader of it finds them too."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from vcci_slo.recurrence import days, parse_rule

WEEKDAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3, unique=True)


@st.composite
def rules(draw) -> str:
    """Draw rules that always come to another day: the other reader looks for one until the year 9999."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}"]
    numbered = frequency in {"MONTHLY", "YEARLY"} and draw(st.booleans())
    choice = draw(st.sampled_from(["", "weekday", "month-day"]))
    if choice == "weekday":
        prefix = draw(st.sampled_from(["1", "2", "-1", "+3"])) if numbered else ""
        parts.append("BYDAY=" + ",".join(prefix + day for day in draw(WEEKDAYS)))
    if choice == "month-day" and frequency != "WEEKLY":
        parts.append(f"BYMONTHDAY={draw(st.sampled_from(['1', '28', '-1', '2,15']))}")
    if choice and frequency == "YEARLY" and draw(st.booleans()):
        parts.append(f"BYMONTH={draw(st.sampled_from(['1', '2,7', '12']))}")
    if choice and frequency in {"MONTHLY", "YEARLY"} and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '1,-1']))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(['MO', 'SU', 'WE']))}")
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 20))}")
    return ";".join(parts)


@settings(max_examples=200, deadline=None)
@given(rules(), st.dates(date(2024, 1, 1), date(2026, 6, 1)).filter(lambda day: day.day < 29))
def test_a_rule_means_the_same_days_to_another_reader(rule, start):
    last = start + timedelta(days=1200)

    found = list(days(parse_rule(rule), start, last))

    theirs = rrulestr(rule, dtstart=datetime(start.year, start.month, start.day))  # noqa: DTZ001 - days have no zone
    expected = []
    for moment in theirs:
        if moment.date() > last:
            break
        expected.append(moment.date())
    assert found == expected


def test_a_rule_that_never_comes_true_ends():
    """Another reader looks for the 31st of February until the year 9999."""
    assert not list(days(parse_rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"), date(2026, 1, 1), date(2030, 1, 1)))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", "each part once and with its value"),
        ("FREQ=HOURLY", "FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("BYDAY=SU", "FREQ=DAILY"),
        ("FREQ=DAILY;FREQ=DAILY", "each part once"),
        ("FREQ=DAILY;BYHOUR=2", "a part that chooses days"),
        ("FREQ=DAILY;INTERVAL=0", "a number from 1"),
        ("FREQ=DAILY;COUNT=99999", "a number from 1"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "either COUNT or UNTIL"),
        ("FREQ=WEEKLY;BYDAY=1SU", "BYDAY without a number"),
        ("FREQ=WEEKLY;BYDAY=SUN", "weekdays such as SU"),
        ("FREQ=MONTHLY;BYDAY=1SU,MO", "all with a number or all without"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY only with"),
        ("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", "BYSETPOS only with"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS beside"),
        ("FREQ=DAILY;UNTIL=20270230", "a day such as 20270201"),
        ("FREQ=DAILY;WKST=XX", "one of MO"),
    ],
)
def test_what_is_no_rule_of_days_is_refused_with_what_was_expected(rule, expected):
    with pytest.raises(ValueError, match=expected):
        parse_rule(rule)


def test_an_end_is_a_day_a_time_on_the_wall_or_a_moment():
    ends = [
        parse_rule(f"FREQ=DAILY;UNTIL={text}").until for text in ("20270201", "20270201T030405", "20270201T030405Z")
    ]

    moment = datetime(2027, 2, 1, 3, 4, 5, tzinfo=UTC)
    assert ends == [date(2027, 2, 1), moment.replace(tzinfo=None), moment]
