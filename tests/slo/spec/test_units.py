"""Values with their unit."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from vcci_slo.spec.units import Bytes, Delay, Duration, EnvName, Percent, Range, Span, Threshold


def accept(kind, value):
    return TypeAdapter(kind).validate_python(value)


def refusal(kind, value):
    with pytest.raises(ValidationError) as caught:
        accept(kind, value)
    return caught.value.errors()[0]["ctx"]


def test_a_percentage_and_its_complement_are_both_exact():
    share = accept(Percent, "99.9%")

    assert (share.ratio, share.complement) == (0.999, 0.001)


@pytest.mark.parametrize("value", [0.999, 99.9, "99.9", "0.999", True, None, "101%", "-1%", ["99%"]])
def test_what_is_no_percentage_is_refused(value):
    assert "percentage" in refusal(Percent, value)["expected"]


@pytest.mark.parametrize(("value", "meant"), [(0.999, "99.9%"), (99.9, "99.9%"), (99, "99%"), (0.5, "50%")])
def test_a_number_suggests_the_percentage_that_was_meant(value, meant):
    assert refusal(Percent, value)["suggestion"] == meant


def test_a_duration_adds_up():
    assert accept(Duration, "1h30m") == timedelta(minutes=90)
    assert accept(Duration, "4w") == timedelta(days=28)
    assert accept(Delay, "0m") == timedelta(0)


@pytest.mark.parametrize(
    "value", [30, "30", "m", "", "1.5h", "5 m", None, True, "1m1h", "0s", "99999999999w", "٣m", "5m\n"]
)
def test_what_is_no_duration_is_refused(value):
    assert "duration" in refusal(Duration, value)["expected"]


def test_a_plain_number_suggests_seconds():
    assert refusal(Duration, 30)["suggestion"] == "30s"


def test_sizes_are_counted_in_bytes():
    assert accept(Bytes, "4Gi") == 4 * 2**30
    assert accept(Bytes, "1.5k") == 1500


@pytest.mark.parametrize("value", [4, "4", "Gi", "4X"])
def test_what_is_no_size_is_refused(value):
    assert "size" in refusal(Bytes, value)["expected"]


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [("1%", "ratio", 0.01), ("500ms", "seconds", 0.5), ("4Gi", "bytes", 2**32), (1000, "number", 1000.0)],
)
def test_a_threshold_says_its_unit(value, unit, number):
    found = accept(Threshold, value)

    assert (found.unit, found.value) == (unit, number)


def test_a_span_goes_from_low_to_high():
    assert accept(Range, "6-20") == Span(6, 20)
    assert accept(Range, "4Gi-8Gi") == Span(4 * 2**30, 8 * 2**30)
    assert accept(Range, 3) == Span(3, 3)


@pytest.mark.parametrize("value", ["20-6", "a-b", "", "1-2-3", None])
def test_what_is_no_span_is_refused(value):
    assert "span" in refusal(Range, value)["expected"]


def test_a_secret_is_named_and_never_written():
    assert accept(EnvName, "$PD_PRIMARY") == "$PD_PRIMARY"
    assert "environment variable" in refusal(EnvName, "P1234567")["expected"]
