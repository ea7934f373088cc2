"""What a report adds up: days, corrections, what was not seen, what is not over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.reported import NOW, OCTOBER, ZONE, Counted, Remembered, a_correction, october, shop
from vcci_platform.reliability.reports import Memory, PeriodError, TooMuch, Wanted, gather, parse_period
from vcci_platform.reliability.reports.gather import NothingChosen
from vcci_platform.reliability.reports.model import verdict_of
from vcci_platform.reliability.reports.periods import Period
from vcci_platform.reliability.sources import SourceUnavailable
from vcci_slo.budget import Budget
from vcci_slo.burn import Traffic

DAY = timedelta(days=1)


def promise(**changes):
    return october(**changes).promises[0]


def days(found):
    return {day.day: day for day in found.days}


def test_each_day_is_judged_by_itself():
    found = days(promise())

    verdicts = {day: found[day].verdict for day in found if found[day].verdict != "kept"}

    assert verdicts == {
        date(2026, 10, 6): "missed",
        date(2026, 10, 7): "missed",
        date(2026, 10, 12): "unknown",
        date(2026, 10, 13): "unknown",
        date(2026, 10, 14): "unknown",
        date(2026, 10, 18): "no traffic",
    }


def test_the_whole_is_the_sum_of_its_days():
    found = promise()

    assert found.whole.bad == pytest.approx(sum(day.account.bad for day in found.days))
    assert found.whole.total == pytest.approx(sum(day.account.total for day in found.days))
    assert found.whole.window == timedelta(days=31, hours=1 - 2)  # the clocks give an hour, the correction takes two


def test_a_day_of_25_hours_has_the_events_of_25_hours():
    found = days(promise())

    assert found[date(2026, 10, 25)].account.total == pytest.approx(25_000)
    assert found[date(2026, 10, 24)].account.total == pytest.approx(24_000)


def test_what_was_not_observed_is_unknown_and_spends_nothing():
    found = days(promise())[date(2026, 10, 12)]

    assert (found.account.known, found.account.bad, found.verdict) == (0, 0, "unknown")


def test_a_correction_takes_events_and_time_out_and_is_told():
    corrected, plain = promise(), promise(chronicle=Memory())

    day, before = days(corrected)[date(2026, 10, 20)], days(plain)[date(2026, 10, 20)]
    told = corrected.corrections[0]
    assert (day.corrected, before.corrected) == (True, False)
    assert (day.account.total, before.account.total) == pytest.approx((22_000, 24_000))
    assert (day.account.bad, before.account.bad) == pytest.approx((11, 12))
    assert day.account.window == timedelta(hours=22)
    assert (told.correction.who, told.correction.why) == ("maria", "announced on 1 October")
    assert (told.excluded.bad, told.excluded.total) == (1.0, 2000.0)
    assert corrected.measured == plain.whole


def test_corrections_that_overlap_take_the_same_time_out_once():
    start = datetime(2026, 10, 20, 4, tzinfo=UTC)

    cuts = [
        a_correction("C1", start, timedelta(hours=2)),
        a_correction("C2", start + timedelta(hours=1), timedelta(hours=2)),
    ]

    found = days(promise(chronicle=Memory(lambda: tuple(cuts))))[date(2026, 10, 20)]

    assert found.account.window == timedelta(hours=21)
    assert found.account.total == pytest.approx(21_000)


def test_a_day_that_is_wholly_taken_out_is_neither_good_nor_bad():
    start = OCTOBER.of(date(2026, 10, 6)).start

    found = promise(chronicle=Memory(lambda: (a_correction("C", start, DAY),)))

    assert days(found)[date(2026, 10, 6)].verdict == "taken out"
    assert found.count("missed") == 1


def test_an_incident_spends_what_failed_while_it_lasted():
    """Half of a bad day of 12 an hour, then half of one of 3; the budget is that of the whole month."""
    found = promise()

    incident = found.expenses[-1]
    bad = 14 * 12.0 + 10 * 3.0
    assert (incident.occasion.name, incident.traffic.bad) == ("I-17", pytest.approx(bad))
    assert incident.share == pytest.approx(bad / found.whole.allowed)


def test_only_the_newest_incidents_are_counted_one_by_one():
    class Busy(Remembered):
        def occasions(self, slo, span):
            return tuple(super().occasions(slo, span)) * 40

    found = promise(chronicle=Busy())

    assert (len(found.expenses), found.unlisted) == (50, 30)


def test_a_period_that_is_not_over_is_counted_until_now():
    november = Period("month", date(2026, 11, 1), date(2026, 11, 30), ZONE)

    report = october(period=november)

    found = report.promises[0]
    assert not report.over
    assert [day.day.day for day in found.days] == [1, 2, 3]
    assert found.days[-1].span.end == NOW
    assert found.whole.window == NOW - november.span.start


def test_the_period_before_is_the_whole_one():
    november = Period("month", date(2026, 11, 1), date(2026, 11, 30), ZONE)

    assert promise(period=november).before == promise().whole


def test_what_the_source_has_forgotten_is_told():
    assert october().remembered_since == NOW - timedelta(days=50)


def test_a_period_that_has_not_begun_is_refused():
    december = Period("month", date(2026, 12, 1), date(2026, 12, 31), ZONE)

    with pytest.raises(PeriodError, match="December 2026 has not begun yet"):
        october(period=december)


def test_a_report_that_nobody_could_read_is_refused():
    slos = {f"s{number}": {"good": "api.requests", "objective": "99.9%"} for number in range(60)}
    year = parse_period(ZONE, NOW.date(), month=None, quarter=None, first="2025-10-01", last="2026-10-31")

    with pytest.raises(TooMuch, match="60 times 396"):
        october(shop(slos=slos), period=year, wanted=Wanted())


GROUPED = {"errors": {"good": "api.requests", "objective": "99.9%", "by": ["tenant"]}}


def test_the_parts_of_a_grouped_promise_that_failed_most_are_listed():
    class Grouped(Counted):
        def groups(self, slo, span):
            return {(("tenant", f"t{number}"),): Traffic(number, 1000.0, 1.0) for number in range(30)}

    report = october(shop(slos=GROUPED), source=Grouped())

    parts = report.promises[0].parts
    assert [dict(part.labels)["tenant"] for part in parts] == [f"t{number}" for number in range(29, 9, -1)]
    assert parts[0].account.remaining == pytest.approx(1 - 29)


def test_parts_that_are_too_many_to_count_leave_the_rest_of_the_report():
    class Many(Counted):
        def groups(self, slo, span):
            raise SourceUnavailable("query processing would load too many samples into memory")

    report = october(shop(slos=GROUPED), source=Many())

    assert report.promises[0].parts is None
    assert report.promises[0].count("missed") == 2


def test_giving_up_is_asked_before_each_promise():
    def enough():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        gather(shop(), Counted(), OCTOBER, Wanted(), now=NOW, still=enough)


SLOS = {
    "errors": {"good": "api.requests", "objective": "99.9%"},
    "fresh": {"holds": "api.oldest", "below": "30m", "objective": "99%"},
}


@pytest.mark.parametrize(
    ("wanted", "names", "words"),
    [
        (Wanted(), ["errors", "fresh"], "all promises"),
        (Wanted(slos=("fresh",)), ["fresh"], "promise fresh"),
        (Wanted(slos=("fresh", "errors")), ["errors", "fresh"], "promises fresh, errors"),
        (Wanted(component="api"), ["errors", "fresh"], "component api"),
        (Wanted(team="crew", slos=("errors",)), ["errors"], "promise errors, team crew"),
    ],
)
def test_promises_are_chosen_by_name_component_and_team(wanted, names, words):
    report = october(shop(slos=SLOS), wanted=wanted)

    assert [found.slo.name for found in report.promises] == names
    assert report.scope == words


@pytest.mark.parametrize(
    ("wanted", "field", "sentence"),
    [
        (Wanted(slos=("error",)), "slo", "'error'; did you mean errors?"),
        (Wanted(component="apy"), "component", "did you mean api?"),
        (Wanted(team="zzz"), "team", "no team with promises called 'zzz'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(wanted, field, sentence):
    with pytest.raises(NothingChosen, match="there is no") as refused:
        october(shop(slos=SLOS), wanted=wanted)

    assert refused.value.field == field
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("bad", "total", "known", "verdict"),
    [
        (0, 0, 0, "unknown"),
        (0, 0, 1, "no traffic"),
        (0, 0, 0.4, "unknown"),
        (0, 1000, 0.4, "unknown"),
        (2, 1000, 0.4, "missed"),
        (1, 1000, 1, "kept"),
        (1.001, 1000, 1, "missed"),
        (0, 1000, 0.6, "kept"),
    ],
)
def test_silence_is_never_good_and_what_failed_is_missed(bad, total, known, verdict):
    """The last event that the budget allows is allowed."""
    assert verdict_of(Budget(0.001, bad, total, DAY, known)) == verdict


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1)), min_size=31, max_size=31))
def test_days_add_up_whatever_they_are(counts):
    """The property of every account: nothing is lost between the days and the whole."""
    traffic = [
        Traffic(min(bad, total), total, known if total == 0 else max(known, 0.01)) for bad, total, known in counts
    ]

    class Given(Counted):
        def each(self, slo, spans):
            return tuple(traffic[: len(spans)])

    found = promise(source=Given(), chronicle=Memory())

    assert found.whole.bad == sum(each.bad for each in traffic)
    assert found.whole.total == sum(each.total for each in traffic)
    assert found.whole.window == OCTOBER.span.length
    seen = sum(each.known * day.span.length.total_seconds() for each, day in zip(traffic, found.days, strict=True))
    assert found.whole.known == pytest.approx(seen / OCTOBER.span.length.total_seconds())
    assert sum(found.count(verdict) for verdict in ("kept", "missed", "no traffic", "unknown")) == 31
    if found.whole.allowed:
        assert sum(found.share(day.account.bad) for day in found.days) == pytest.approx(found.spent, abs=1e-6)
