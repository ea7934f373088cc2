"""Which windows are raw, and which are tiles of which."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vcci_slo.promql.tiles import MOST_TILES, Window, looked_back, windows
from vcci_slo.testing import a_plan

H, D = timedelta(hours=1), timedelta(days=1)


def test_each_window_is_made_of_the_largest_that_divides_it():
    plan = a_plan()

    assert windows(plan, plan.slos[0]) == (
        Window(timedelta(minutes=5)),
        Window(timedelta(minutes=30)),
        Window(H),
        Window(2 * H, (H,) * 2),
        Window(6 * H, (2 * H,) * 3),
        Window(D, (6 * H,) * 4),
        Window(3 * D, (D,) * 3),
        Window(30 * D, (3 * D,) * 10),
    )


def test_four_weeks_are_twenty_eight_days_since_three_do_not_divide_them():
    plan = a_plan(slos__errors__window="28d")

    assert windows(plan, plan.slos[0])[-1] == Window(28 * D, (D,) * 28)


def test_a_window_that_nothing_divides_is_made_of_the_longest_that_fit():
    tiers = {"fast": "off", "slow": "off", "steady": "off", "creep": "off"}
    own = {"priority": "P2", "spends": "5%", "within": "25h10m", "still": "2h"}
    plan = a_plan(slos__errors__tiers={**tiers, "own": own})

    found = {window.span: window for window in windows(plan, plan.slos[0])}

    assert found[D + H + timedelta(minutes=10)].tiles == ((2 * H,) * 12) + (H, timedelta(minutes=10))


def test_without_tiers_long_windows_have_steps_of_their_own():
    plan = a_plan(slos__errors__tiers={"fast": "off", "slow": "off", "steady": "off", "creep": "off"})

    assert max(len(window.tiles) for window in windows(plan, plan.slos[0])) <= MOST_TILES


@given(
    scale=some.floats(min_value=1, max_value=1000),
    hours=some.integers(min_value=24, max_value=366 * 24),
)
def test_tiles_fill_their_window_at_every_pace(scale: float, hours: int):
    plan = a_plan(time_scale=scale, slos__errors__window=f"{hours}h")
    seen: set[timedelta] = set()

    for window in windows(plan, plan.slos[0]):
        assert set(window.tiles) <= seen
        assert len(window.tiles) <= MOST_TILES
        if window.tiles:
            assert sum(window.tiles, timedelta(0)) / window.span == pytest.approx(1, abs=0.02)
        seen.add(window.span)


def test_the_infancy_of_a_tier_is_the_newest_part_of_the_promise_that_covers_its_guard():
    plan = a_plan(slos__errors__window="7d")
    slo = plan.slos[0]

    assert [(tier.name, tier.seen_for, tier.infancy) for tier in slo.tiers] == [
        ("fast", timedelta(minutes=7, seconds=30), H),  # shorter windows are raw, and count a little otherwise
        ("slow", timedelta(minutes=45), H),
        ("steady", 3 * H, 6 * H),
        ("creep", 9 * H, 18 * H),  # three of the 28 tiles of the week
    ]


@pytest.mark.parametrize("window", ["7d", "14d", "28d", "30d", "60d", "90d", "month"])
def test_usual_promises_remember_a_service_through_any_pause(window: str):
    slo = a_plan(slos__errors__window=window).slos[0]

    assert all(tier.infancy for tier in slo.tiers)


def test_what_counted_before_an_infancy_is_looked_for_at_the_ends_of_older_tiles():
    plan = a_plan()
    slo = plan.slos[0]

    assert looked_back(plan, slo, 3 * D) == tuple(days * D for days in range(3, 30, 3))
    assert looked_back(plan, slo, H)[:6] == (H, 2 * H, 4 * H, 6 * H, 12 * H, 18 * H)


@given(scale=some.sampled_from([1, 7, 60]), hours=some.integers(min_value=24 * 3, max_value=366 * 24))
def test_an_infancy_counts_the_very_tiles_that_the_promise_begins_with(scale: float, hours: int):
    plan = a_plan(time_scale=scale, slos__errors__window=f"{hours}h", slos__errors__tiers={"slow": "off"})
    slo = plan.slos[0]
    tiles = {window.span: window.tiles for window in windows(plan, slo)}

    for tier in slo.tiers:
        if tier.infancy is None:  # the tiles of an odd window fit no tier
            continue
        assert tier.seen_for <= tier.infancy < slo.window
        newest = slo.window
        while newest > tier.infancy and tiles[newest][: len(tiles[tier.infancy])] != tiles[tier.infancy]:
            newest = tiles[newest][0]
        assert newest >= tier.infancy
