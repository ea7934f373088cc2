"""Thresholds from limits: each stretch of values has the colour of the most serious limit that it breaks."""

from __future__ import annotations

from datetime import timedelta

from vcci_dashboards.colours import steps
from vcci_slo.plan import Limit

NOW = timedelta(0)


def limit(priority, side, value):
    return Limit(priority, side, value, str(value), NOW, NOW)


def colours(*limits):
    return [(step.start, step.color) for step in steps(limits)]


def test_above_grows_redder_upwards():
    assert colours(limit("P1", "above", 0.01), limit("P0", "above", 0.05)) == [
        (None, "green"),
        (0.01, "orange"),
        (0.05, "red"),
    ]


def test_below_grows_redder_downwards():
    assert colours(limit("P2", "below", 21), limit("P1", "below", 7)) == [
        (None, "orange"),
        (7, "yellow"),
        (21, "green"),
    ]


def test_both_sides_leave_green_between():
    assert colours(limit("P2", "below", 11), limit("P3", "above", 13)) == [
        (None, "yellow"),
        (11, "green"),
        (13, "blue"),
    ]


def test_two_limits_at_one_value_show_the_more_serious():
    assert colours(limit("P1", "below", 1), limit("P0", "below", 1)) == [(None, "red"), (1, "green")]


def test_without_a_limit_no_colour_promises_anything():
    assert colours() == []
