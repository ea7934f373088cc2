"""Time that does not count: which it is, and what is left of an account without it."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.budget import Budget
from vcci_slo.burn import Traffic
from vcci_slo.corrections import corrected, merged, occurrences, problems, spans_of, within, without
from vcci_slo.plan import Correction
from vcci_slo.windows import Span

START = datetime(2026, 10, 17, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

SATURDAYS = Correction(
    name="move",
    kind="change",
    slos=("errors",),
    start=START,
    until=datetime(2026, 11, 10, tzinfo=UTC),
    zone="Europe/Berlin",
    who="ada",
    why="the database moves",
    repeats="FREQ=WEEKLY;BYDAY=SA",
    lasts=2 * HOUR,
)
ONCE = replace(SATURDAYS, repeats="", lasts=timedelta(0), until=START + 3 * HOUR)


def spans(*pairs):
    return tuple(Span(START + first * HOUR, START + last * HOUR) for first, last in pairs)


hours = st.integers(0, 100)
some_spans = st.lists(st.tuples(hours, hours).filter(lambda pair: pair[0] < pair[1]), max_size=8).map(
    lambda pairs: spans(*pairs)
)


def test_a_correction_without_a_rule_is_one_span():
    assert occurrences(ONCE) == spans((0, 3))


def test_a_weekly_one_stays_at_its_time_on_the_wall_when_clocks_change():
    """Saturday 02:00 in Berlin is midnight in UTC in summer, and one in the morning from the 31st of October on."""
    starts = [span.start for span in occurrences(SATURDAYS)]

    assert [(start.day, start.hour) for start in starts] == [(17, 0), (24, 0), (31, 1), (7, 1)]
    assert {span.length for span in occurrences(SATURDAYS)} == {2 * HOUR}


def test_a_time_that_the_clocks_skip_is_meant_by_the_offset_before():
    """RFC 5545, section 3.3.5: 02:30 does not exist in Berlin on 2026-03-29, so it is 01:30 in UTC."""
    start = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    daily = replace(SATURDAYS, start=start, until=start + timedelta(days=3), repeats="FREQ=DAILY", lasts=HOUR)

    assert [span.start.hour for span in occurrences(daily)] == [1, 1, 0, 0]


def test_a_time_that_the_clocks_show_twice_is_the_first_of_the_two():
    start = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)
    daily = replace(SATURDAYS, start=start, until=start + timedelta(days=3), repeats="FREQ=DAILY", lasts=HOUR)

    assert [(span.start.hour, span.start.minute) for span in occurrences(daily)] == [(0, 30), (0, 30), (1, 30)]


def test_an_exception_is_left_out_and_nothing_goes_on_after_the_end():
    skipping = replace(SATURDAYS, skipped=(START + timedelta(days=7),), until=datetime(2026, 10, 31, 2, tzinfo=UTC))

    assert [(span.start.day, span.length) for span in occurrences(skipping)] == [(17, 2 * HOUR), (31, HOUR)]


@pytest.mark.parametrize("until", ["20261024", "20261024T020000", "20261024T000000Z"])
def test_the_end_of_the_rule_includes_an_occurrence_at_that_moment(until):
    ending = replace(SATURDAYS, repeats=f"FREQ=WEEKLY;BYDAY=SA;UNTIL={until}")

    assert [span.start.day for span in occurrences(ending)] == [17, 24]


def test_only_its_own_promises_are_corrected():
    window = Span(START, START + timedelta(days=8))

    assert len(spans_of([SATURDAYS, ONCE], "errors", window)) == 2
    assert spans_of([SATURDAYS, ONCE], "latency", window) == ()


@pytest.mark.parametrize(
    ("wrong", "key", "expected"),
    [
        (replace(ONCE, until=START), "until", "an end after its beginning"),
        (replace(ONCE, until=START + timedelta(days=32)), "until", "an end within 31 days"),
        (replace(SATURDAYS, until=START + timedelta(days=400)), "until", "an end within 366 days"),
        (replace(SATURDAYS, repeats="FREQ=MINUTELY"), "repeats", "FREQ=DAILY"),
        (replace(SATURDAYS, repeats="FREQ=WEEKLY;BYDAY=SU"), "from", "the first of its occurrences"),
        (replace(SATURDAYS, skipped=(START + HOUR,)), "except", "the beginning of an occurrence"),
        (replace(SATURDAYS, repeats="FREQ=DAILY", lasts=7 * HOUR), "lasts", "more is no correction but a mute"),
        (replace(SATURDAYS, repeats="FREQ=DAILY", lasts=48 * HOUR), "lasts", "more is no correction but a mute"),
    ],
)
def test_what_has_no_end_or_is_no_exception_is_refused(wrong, key, expected):
    ((found, says, _),) = problems(wrong)

    assert found == key
    assert expected in says


def test_a_good_one_has_no_problems():
    assert problems(SATURDAYS) == problems(ONCE) == []


def test_excluded_time_leaves_bad_and_total_and_is_told_apart():
    window = Span(START, START + 10 * HOUR)

    found = corrected(window, Traffic(31, 1000, 0.8), [(spans((2, 4))[0], Traffic(30, 400, 1.0))])

    assert found.traffic == Traffic(1, 600, 0.75)
    assert (found.excluded.bad, found.excluded.total, found.excluded.known) == (30, 400, 1.0)
    assert (found.counted_for, found.unknown_for) == (8 * HOUR, 2 * HOUR)


def test_a_window_that_is_all_taken_out_is_unknown_and_not_good():
    window = Span(START, START + 2 * HOUR)

    found = corrected(window, Traffic(5, 100), [(window, Traffic(5, 100))])

    assert found.traffic == Traffic(0, 0, 0)
    assert found.excluded_for == window.length


@given(some_spans)
def test_merged_spans_are_in_order_apart_and_the_same_time(given_spans):
    found = merged(given_spans)

    assert all(before.end < after.start for before, after in itertools.pairwise(found))
    for step in range(101):
        moment = START + step * HOUR
        covered = any(span.start <= moment < span.end for span in given_spans)
        assert covered == any(span.start <= moment < span.end for span in found)


@given(some_spans, hours, hours)
def test_what_counts_and_what_does_not_add_up_to_the_window(given_spans, first, length):
    window = Span(START + first * HOUR, START + (first + length) * HOUR)

    inside, outside = within(given_spans, window), without(window, given_spans)

    assert sum((span.length for span in (*inside, *outside)), timedelta(0)) == window.length


events = st.integers(0, 10_000)
pieces = st.lists(st.tuples(events, events, st.booleans()), min_size=1, max_size=12)


@given(pieces)
def test_the_account_is_that_of_the_time_that_counts_alone(drawn):
    """The law that holds all others: taking hours out leaves the account of the other hours, to the event."""
    counted = [(Traffic(min(bad, total), total), out) for bad, total, out in drawn]
    window = Span(START, START + len(counted) * HOUR)
    whole = Traffic(sum(piece.bad for piece, _ in counted), sum(piece.total for piece, _ in counted))
    out = [(Span(START + place * HOUR, START + (place + 1) * HOUR), piece) for place, (piece, gone) in
           enumerate(counted) if gone]  # fmt: skip

    found = corrected(window, whole, out)

    left = [piece for piece, gone in counted if not gone]
    assert found.traffic.bad == sum(piece.bad for piece in left)
    assert found.traffic.total == sum(piece.total for piece in left)
    assert found.traffic.known == (1.0 if left else 0.0)
    assert found.excluded.total == whole.total - found.traffic.total


@given(pieces)
def test_taking_out_time_without_failures_never_leaves_more_budget(drawn):
    """Good time that is taken out would have counted; a correction never turns it into credit."""
    counted = [(Traffic(0 if out else min(bad, total), total), out) for bad, total, out in drawn]
    window = Span(START, START + len(counted) * HOUR)
    whole = Traffic(sum(piece.bad for piece, _ in counted), sum(piece.total for piece, _ in counted))
    out = [(Span(START + place * HOUR, START + (place + 1) * HOUR), piece) for place, (piece, gone) in
           enumerate(counted) if gone]  # fmt: skip

    found = corrected(window, whole, out).traffic

    before = Budget(0.01, whole.bad, whole.total, window.length)
    after = Budget(0.01, found.bad, found.total, window.length)
    assert after.remaining <= before.remaining


@given(events, events, events, events)
def test_no_more_is_taken_out_than_there_was(bad, total, bad_out, total_out):
    window = Span(START, START + 2 * HOUR)
    whole = Traffic(min(bad, total), total)

    found = corrected(window, whole, [(spans((0, 1))[0], Traffic(min(bad_out, total_out), total_out))])

    assert 0 <= found.traffic.bad <= found.traffic.total <= whole.total
