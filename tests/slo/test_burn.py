"""Burn rates and the tiers at which they become alerts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.burn import TIERS, Traffic, burn_rate, burns, factor, time_to_exhaustion

MONTH = timedelta(days=30)


def test_the_factors_of_thirty_days_are_those_of_the_workbook():
    assert {tier.name: factor(tier, MONTH) for tier in TIERS} == {
        "fast": 14.4,
        "slow": 6.0,
        "steady": 3.0,
        "creep": 1.0,
    }


def test_a_tier_spends_its_share_in_its_long_window():
    for tier in TIERS:
        assert factor(tier, MONTH) * (tier.long / MONTH) == pytest.approx(tier.share)


def test_no_traffic_spends_nothing_and_no_observation_says_nothing():
    assert burn_rate(Traffic(0, 0), budget=0.001) == 0
    assert burn_rate(Traffic(0, 0, known=0), budget=0.001) is None


@pytest.mark.parametrize(
    ("short", "long", "fires"),
    [
        (Traffic(20, 1000), Traffic(200, 10_000), True),
        (Traffic(0, 1000), Traffic(200, 10_000), False),  # it is over
        (Traffic(20, 1000), Traffic(20, 10_000), False),  # it has only begun
        (Traffic(14.4, 1000), Traffic(144, 10_000), False),  # exactly the threshold
        (Traffic(1, 1), Traffic(4, 4), False),  # four bad ones are too few
        (Traffic(0, 0), Traffic(0, 0), False),
    ],
)
def test_a_tier_fires_while_both_windows_burn_and_enough_is_bad(short, long, fires):
    assert burns(short, long, threshold=0.0144, min_bad=5) is fires


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 0.5))
def test_more_bad_events_never_silence_a_tier(less, more, threshold):
    few, many = sorted((less, more))
    quiet, loud = Traffic(few * 1000, 1000), Traffic(many * 1000, 1000)

    assert burns(loud, loud, threshold=threshold, min_bad=0) or not burns(quiet, quiet, threshold=threshold, min_bad=0)


def test_a_budget_is_gone_sooner_the_faster_it_burns():
    assert time_to_exhaustion(remaining=0.5, rate=14.4, window=MONTH) == timedelta(hours=25)
    assert time_to_exhaustion(remaining=0.5, rate=0, window=MONTH) is None
    assert time_to_exhaustion(remaining=-0.1, rate=0, window=MONTH) == timedelta(0)
