"""Burn tiers: scaled to the window, of one's own, switched off, and refused where they could never fire."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vcci_slo import burn
from vcci_slo.errors import HasteError, SpecError
from vcci_slo.resolve.tiers import check_pace
from vcci_slo.testing import a_plan

ALL_OFF = {"fast": "off", "slow": "off", "steady": "off", "creep": "off"}
SLOW = {"above": {"P2": "1s"}, "summary": "slow"}
OWN = {"priority": "P2", "spends": "5%", "within": "12h", "still": "1h"}


def problems(**sections) -> list[str]:
    with pytest.raises(SpecError) as caught:
        a_plan(**sections)
    return [str(problem).partition(": ")[2] for problem in caught.value.problems]


def test_a_month_has_the_tiers_of_the_workbook():
    tiers = a_plan().slos[0].tiers

    assert [(tier.name, tier.factor, tier.short, tier.long) for tier in tiers] == [
        ("fast", 14.4, timedelta(minutes=5), timedelta(hours=1)),
        ("slow", 6, timedelta(minutes=30), timedelta(hours=6)),
        ("steady", 3, timedelta(hours=2), timedelta(days=1)),
        ("creep", 1, timedelta(hours=6), timedelta(days=3)),
    ]


@given(days=some.integers(min_value=32, max_value=366))
def test_a_longer_window_burns_at_the_same_rates_over_longer_windows(days: int):
    window = timedelta(days=days)

    for tier in burn.TIERS:
        scaled = burn.scaled(tier, window)

        assert burn.factor(scaled, window) == pytest.approx(burn.factor(tier, timedelta(days=30)))
        assert scaled.short < scaled.long < window
        assert scaled.long / tier.long == pytest.approx(days / 30, rel=0.5)


@given(rate=some.floats(min_value=1, max_value=100))
def test_evidence_is_never_less_than_five_nor_more_for_faster_burns(rate: float):
    assert 5 <= burn.least_bad(rate) <= burn.least_bad(max(rate / 2, 1)) <= 20


def test_a_policy_may_have_tiers_of_its_own_beside_the_built_in_ones():
    plan = a_plan(
        burn_policies={"mine": {"fast": "P1", "own": {**OWN, "min_bad": 3, "keep_firing_for": "2m", "seen_for": "0s"}}},
        slos__errors__policy="mine",
    )

    fast, own = plan.slos[0].tiers
    assert (fast.name, own.name, own.factor, own.threshold) == ("fast", "own", 3.0, 0.003)
    assert (own.min_bad, own.keep_firing_for, own.seen_for) == (3, timedelta(minutes=2), timedelta(0))


def test_a_single_tier_can_be_switched_off():
    plan = a_plan(slos__errors__tiers={"fast": "off"})

    assert [tier.name for tier in plan.slos[0].tiers] == ["slow", "steady", "creep"]


def test_a_tier_that_can_never_fire_is_refused_with_the_way_out():
    (fast,) = problems(slos__errors__objective="93%", slos__errors__tiers={"slow": "off", "steady": "off"})

    assert "an objective above 93.06% for the burn tier fast to be reachable" in fast
    assert "did you mean tiers: {fast: off}?" in fast


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"slos__errors__tiers": {"fsat": "off"}}, "did you mean fast?"),
        ({"slos__errors__tiers": {"mine": "P1"}}, "a built-in tier, or spends, within and still"),
        ({"slos__errors__tiers": {"mine": {"priority": "P1", "spends": "5%"}}}, "spends, within and still together"),
        ({"slos__errors__tiers": {"mine": {**OWN, "still": "12h"}}}, "still shorter than within"),
        ({"slos__errors__tiers": {"mine": {**OWN, "within": "40d"}}}, "within less than 30d"),
        (
            {"slos__errors__min_bad": 1_000_000_000},
            "at most 100,000,000 bad events, for the tier creep to fire within 3d, found 1,000,000,000",
        ),
        (
            {"slos": {"up": {"good": "api.probe", "objective": "99%", "min_bad": 1_000_000_000}}},
            "at most 240 bad looks, one each 15s, for the tier fast to fire within 1h, found 1,000,000,000",
        ),
        ({"monitoring": {"scrape": "2m"}}, "windows of at least 4 scrapes, 8m"),
        ({"monitoring": {"retention": "15d"}}, "a window of at most 15d, for which monitoring.retention keeps data"),
        (
            {"slos": {"up": {"good": "api.probe", "objective": "99.999%", "window": "1d", "tiers": ALL_OFF}}},
            "a budget of at least one look of the 5,760 in 1d",
        ),
        (
            {"alerts": {"Slow": {**SLOW, "measure": {"quantile": "95%", "of": "api.requests", "over": "30s"}}}},
            "a window of at least 4 scrapes, 1m",
        ),
        (
            {
                "components__api__signals__rpc": {"events": "rpc_total", "duration": "rpc_seconds", "native": True},
                "alerts": {"Slow": {**SLOW, "measure": {"quantile": "95%", "of": "api.rpc", "over": "5m"}}},
            },
            "a classic histogram",
        ),
        ({"slos__errors__labels": {"tier": "x"}}, "a label that the rules do not use themselves"),
        ({"slos__errors__by": ["slo"]}, "the name of a label that the rules do not use themselves"),
        ({"slos__errors__by": ["a", "a"]}, "each label once"),
        ({"slos__errors__window": {"month": "Africa/Casablanca"}}, "a time zone whose months begin alike every year"),
        ({"slos__errors__window": {"month": "Europe/Berln"}}, "did you mean Europe/Berlin?"),
    ],
)
def test_what_rules_cannot_do_is_refused(change: dict, told: str):
    assert any(told in text for text in problems(**change))


def test_clocks_may_run_until_a_window_holds_four_scrapes_and_no_faster():
    check_pace(a_plan(time_scale=75))

    with pytest.raises(HasteError) as caught:
        check_pace(a_plan(time_scale=100))

    assert str(caught.value) == (
        "slos.errors.tiers.fast: expected windows of at least 4 scrapes, 4s, found 3s while clocks run 100 times "
        "faster; a time scale of 75 or less would do"
    )


def test_timers_alone_may_run_at_any_pace():
    check_pace(a_plan(time_scale=1000, slos=None, alerts=None))
