"""Numbers, spans and quotes as Go prints them."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.formats.sloth import SlothError, parse_duration, print_duration
from vcci_slo.formats.sloth.go import duration, fixed, general, quote, shortest_single


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (14.4, "14.4"),
        (1.0, "1"),
        (0.9990000000000001, "0.9990000000000001"),
        (0.0009999999999999432, "0.0009999999999999432"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1.5e-9, "1.5e-09"),
        (1e-101, "1e-101"),
        (100000.0, "100000"),
        (123456.7, "123456.7"),
        (1e6, "1e+06"),
        (1234567.0, "1.234567e+06"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
    ],
)
def test_a_number_has_the_fewest_digits_that_read_back(number, text):
    assert general(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_printed_reads_back_as_the_same_number(number):
    assert float(general(number)) == number
    assert float(fixed(number)) == number
    assert "e" not in fixed(number)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.2, "0.2"), (1.10, "1.1"), (16777217.0, "1.6777216e+07"), (0.123456789, "0.12345679"), (1e39, "+Inf")],
)
def test_a_number_in_a_label_goes_through_32_bits(number, text):
    assert shortest_single(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(99.9, "99.9"), (95.0, "95"), (100.0, "100"), (0.00001, "0.00001"), (99.99999, "99.99999")]
)
def test_an_objective_in_a_label_has_no_exponent(number, text):
    assert fixed(number) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=28), "672h0m0s"),
        (timedelta(minutes=30), "30m0s"),
        (timedelta(seconds=5), "5s"),
        (timedelta(seconds=1.5), "1.5s"),
        (timedelta(milliseconds=100), "100ms"),
        (timedelta(milliseconds=1.5), "1.5ms"),
        (timedelta(microseconds=7), "7µs"),
        (timedelta(0), "0s"),
        (timedelta(hours=-1), "-1h0m0s"),
    ],
)
def test_a_span_in_a_message_is_written_in_hours_minutes_and_seconds(length, text):
    assert duration(length) == text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a", '"a"'),
        ('say "x"', r'"say \"x\""'),
        ("a\\b\n\t\r", r'"a\\b\n\t\r"'),
        ("\x00\x7f", r'"\x00\x7f"'),
        ("größe 🎉", '"größe 🎉"'),
        ("\u00ad\u2028", r'"\u00ad\u2028"'),
        ("\udcf0\udc8f\udcbf\udcbf", r'"\xf0\x8f\xbf\xbf"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_a_text_is_quoted_as_in_go_source(text, quoted):
    assert quote(text) == quoted


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30d", timedelta(days=30)),
        ("4w", timedelta(days=28)),
        ("1y2w3d4h5m6s7ms", timedelta(days=382, hours=4, minutes=5, seconds=6, milliseconds=7)),
        ("0", timedelta(0)),
        ("36h", timedelta(hours=36)),
    ],
)
def test_a_prometheus_duration_is_read(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty duration string"),
        ("30", 'not a valid duration string: "30"'),
        ("1h1d", 'not a valid duration string: "1h1d"'),
        ("1.5h", 'not a valid duration string: "1.5h"'),
        ("-1h", 'not a valid duration string: "-1h"'),
        ("300y", "duration out of range"),
        (f"{9 * 10**30}s", "duration out of range"),
    ],
)
def test_a_wrong_duration_is_refused(text, message):
    with pytest.raises(SlothError) as refused:
        parse_duration(text)

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=7), "1w"),
        (timedelta(days=28), "4w"),
        (timedelta(days=30), "30d"),
        (timedelta(days=90), "90d"),
        (timedelta(days=365), "1y"),
        (timedelta(hours=36), "1d12h"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(milliseconds=1500), "1s500ms"),
        (timedelta(0), "0s"),
    ],
)
def test_years_and_weeks_are_written_only_where_nothing_is_left_over(length, text):
    assert print_duration(length) == text


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10_000)))
def test_a_written_duration_reads_back_to_the_millisecond(length):
    whole = timedelta(milliseconds=length // timedelta(milliseconds=1))

    assert parse_duration(print_duration(length)) == whole
