"""Charts: gaps stay gaps, limits keep their place, labels do not lie on each other."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.charts import BOTTOM, HEIGHT, TOP, Chart, Limit, Line, bar, draw, sparkline

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_chart(values, **changes) -> Chart:
    points = tuple((START + timedelta(minutes=index), value) for index, value in enumerate(values))
    settings = {
        "name": "c",
        "title": "A title",
        "words": "What it shows",
        "start": START,
        "end": START + timedelta(minutes=max(len(values) - 1, 1)),
        "low": 0.0,
        "high": 1.0,
        "ticks": ((0.0, "0"), (1.0, "1")),
        "lines": (Line("sli", points),),
    }
    return Chart(**settings | changes)


def test_a_line_is_interrupted_where_there_is_no_value():
    svg = draw(a_chart([1.0, 0.9, None, 0.8, 0.7, None, 0.6]))

    assert len(re.findall(r'<path class="line sli"', svg)) == 2
    assert len(re.findall(r'<circle class="dot sli"', svg)) == 1


def test_the_words_of_a_chart_are_its_text_alternative_and_cannot_break_out():
    svg = draw(a_chart([1.0, 1.0], title="<b>", words='"&', limits=(Limit("x", "</text><script>", 0.5),)))

    assert '<title id="c-title">&lt;b&gt;</title>' in svg
    assert "<script>" not in svg


@given(st.lists(st.one_of(st.none(), st.floats(min_value=-50, max_value=50)), min_size=2, max_size=40))
def test_nothing_is_drawn_outside_the_axes(values):
    svg = draw(a_chart(values))

    for path in re.findall(r'd="M([^"]*)"', svg):
        for _, y in (dot.split(",") for dot in path.split("L")):
            assert TOP - 0.1 <= float(y) <= HEIGHT - BOTTOM + 0.1


@given(st.lists(st.floats(min_value=0, max_value=1), min_size=2, max_size=6))
def test_labels_of_limits_never_lie_on_each_other(values):
    svg = draw(a_chart([0.5, 0.5], limits=tuple(Limit("x", "a limit", value) for value in values)))

    heights = sorted(float(y) for y in re.findall(r'<text class="label x" x="[^"]*" y="([^"]*)"', svg))
    assert all(after - before >= 14.5 for before, after in itertools.pairwise(heights))


def test_a_sparkline_keeps_its_gaps_and_says_its_gist():
    svg = sparkline([1.0, 0.99, None, 1.0], floor=0.99, words="SLI: lowest 99%")

    assert 'aria-label="SLI: lowest 99%"' in svg
    assert svg.count("<path") == 1
    assert svg.count("<circle") == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_bar_is_never_longer_than_its_track(ratio):
    filled = float(re.findall(r'class="fill" width="([^"]*)"', bar(ratio))[0])

    assert 0 <= filled <= 100
