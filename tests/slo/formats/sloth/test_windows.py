"""Catalogs of alert windows: what they hold, the burn factors to the last digit, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from vcci_slo.formats.sloth import BUILT_IN, SlothError, read_catalog, read_windows

WEEK = """
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page:
    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}
"""


def factors(windows):
    return [windows.factor(window) for window in windows.tiers.values()]


def test_sloth_knows_28_and_30_days():
    assert set(BUILT_IN) == {timedelta(days=28), timedelta(days=30)}


def test_the_factors_have_every_digit_that_sloth_prints():
    assert factors(BUILT_IN[timedelta(days=30)]) == [14.4, 6.0, 3.0, 1.0]
    assert factors(BUILT_IN[timedelta(days=28)]) == [13.44, 5.6000000000000005, 2.8000000000000003, 0.9333333333333333]


def test_a_file_brings_windows_of_its_own():
    windows = read_windows(WEEK)

    assert windows.period == timedelta(days=7)
    assert (windows.page_slow.short, windows.page_slow.long) == (timedelta(minutes=30), timedelta(hours=6))
    assert factors(windows) == [13.44, 3.5, 1.4000000000000001, 0.98]


TIERS = {
    "page quick": "{errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}",
    "page slow": "{errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}",
    "ticket quick": "{errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}",
    "ticket slow": "{errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}",
}
UNREADABLE = "could not unmarshall YAML spec correctly"
PARTS = {"longWindow": "long window", "shortWindow": "short window", "errorBudgetPercent": "error budget"}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_each_tier_is_required(tier, part):
    without = ", ".join(entry for entry in TIERS[tier][1:-1].split(", ") if not entry.startswith(part))

    with pytest.raises(SlothError) as refused:
        read_windows(WEEK.replace(TIERS[tier], f"{{{without}}}"))

    assert str(refused.value) == f"invalid alerting window: invalid {tier}: {PARTS[part]} is required"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "spec is required"),
        (WEEK.replace("  sloPeriod: 7d\n", ""), "invalid alerting window: slo period is required"),
        (WEEK.replace("7d", "0s"), "invalid alerting window: slo period is required"),
        (WEEK.replace("kind: AlertWindows", "kind: Windows"), "invalid spec version"),
        (WEEK.replace("sloth.slok.dev/v1", "sloth.slok.dev/v2"), "invalid spec version"),
        (
            WEEK.replace("7d", "a week"),
            f'{UNREADABLE}: not a valid duration string: "a week"',
        ),
        (
            WEEK.replace("12.5", "much"),
            f"{UNREADABLE}: yaml: unmarshal errors:\n  line 8: cannot unmarshal !!str `much` into float64",
        ),
    ],
)
def test_a_file_that_is_no_catalog_is_refused(text, message):
    with pytest.raises(SlothError) as refused:
        read_windows(text)

    assert str(refused.value) == message


def test_the_same_windows_twice_are_worth_a_warning():
    catalog, warnings = read_catalog({"a.yaml": WEEK, "b.yaml": WEEK})

    assert set(catalog) == {timedelta(days=7)}
    assert warnings == ('Identical "168h0m0s" slo periods have been loaded multiple times',)


def test_different_windows_for_one_period_are_refused():
    with pytest.raises(SlothError) as refused:
        read_catalog({"a.yaml": WEEK, "b.yaml": WEEK.replace("12.5", "13")})

    assert str(refused.value) == '"168h0m0s" slo period is already loaded'


def test_a_wrong_file_is_named():
    with pytest.raises(SlothError) as refused:
        read_catalog({"deep/a.yaml": WEEK, "deep/b.yaml": "kind: x"})

    assert str(refused.value) == 'could not load "deep/b.yaml" alert windows: invalid spec version'
