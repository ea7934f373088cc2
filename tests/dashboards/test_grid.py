"""Where panels lie."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vcci_dashboards.grid import COLUMNS, places
from vcci_dashboards.model import Panel, Row

sizes = st.lists(st.tuples(st.booleans(), st.integers(1, 16)), max_size=9)


def panel(number, *, wide=False, height=8):
    return Panel(number, "timeseries", "title", "description", "short", wide=wide, height=height)


def cells(place):
    return {(x, y) for x in range(place.x, place.x + place.w) for y in range(place.y, place.y + place.h)}


@given(st.lists(sizes, min_size=1, max_size=4))
def test_no_two_panels_overlap_and_none_leaves_the_grid(drawn):
    rows = tuple(
        Row(
            1000 + at,
            "row",
            tuple(panel(at * 100 + n, wide=wide, height=h) for n, (wide, h) in enumerate(row, start=1)),
        )
        for at, row in enumerate(drawn)
    )

    found = places(rows)

    assert len(found) == sum(1 + len(row.panels) for row in rows)
    assert all(place.x >= 0 and place.x + place.w <= COLUMNS for place in found.values())
    assert not any(cells(one) & cells(other) for one, other in combinations(found.values(), 2))


@given(sizes)
def test_every_line_is_filled_to_the_right_edge(drawn):
    row = Row(1000, "row", tuple(panel(n, wide=wide, height=h) for n, (wide, h) in enumerate(drawn, start=1)))

    widths: dict[int, int] = {}
    for place in places((row,)).values():
        widths[place.y] = widths.get(place.y, 0) + place.w

    assert set(widths.values()) == {COLUMNS}


def test_four_graphs_share_two_lines_rather_than_standing_three_and_one():
    row = Row(1000, "row", tuple(panel(number) for number in (1, 2, 3, 4)))

    found = places((row,))

    assert [(found[n].x, found[n].y, found[n].w) for n in (1, 2, 3, 4)] == [
        (0, 1, 12),
        (12, 1, 12),
        (0, 9, 12),
        (12, 9, 12),
    ]


def test_a_wide_panel_stands_alone():
    row = Row(1000, "row", (panel(1), panel(2, wide=True), panel(3)))

    found = places((row,))

    assert [found[n].w for n in (1, 2, 3)] == [24, 24, 24]
    assert found[1].y < found[2].y < found[3].y
