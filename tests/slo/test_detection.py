"""How soon a fault is noticed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vcci_slo.detection import clears_after, detection, filled_after
from vcci_slo.explanation import explain
from vcci_slo.testing import a_plan

PLAN = a_plan()
SLO = PLAN.slos[0]


def test_a_total_outage_spends_a_tiers_share_until_it_is_told():
    for tier in SLO.tiers:
        found = detection(PLAN, SLO, tier, 1.0)

        assert found.after is not None
        assert found.after / tier.long == pytest.approx(tier.threshold, rel=0.02)
        assert found.spent == pytest.approx(tier.share, rel=0.02)


def test_what_stays_below_the_threshold_is_never_told():
    tier = SLO.tiers[0]

    assert detection(PLAN, SLO, tier, tier.threshold).after is None


@given(ratio=some.floats(min_value=0.02, max_value=1))
def test_worse_faults_are_told_no_later(ratio: float):
    tier = SLO.tiers[0]
    slow, fast = filled_after(tier, ratio), filled_after(tier, min(2 * ratio, 1.0))

    assert slow is not None
    assert fast is not None
    assert fast <= slow <= tier.long


def test_an_end_is_told_when_the_short_window_has_forgotten_and_the_wait_is_over():
    tier = SLO.tiers[0]

    assert clears_after(tier, 1.0, timedelta(hours=1)) == timedelta(minutes=15) + timedelta(minutes=5) * (1 - 0.0144)
    assert clears_after(tier, 1.0, timedelta(seconds=1)) == timedelta(0)


def test_a_probe_needs_its_looks():
    plan = a_plan(slos={"up": {"good": "api.probe", "objective": "99.9%"}})
    slo = plan.slos[0]

    found = detection(plan, slo, slo.tiers[0], 1.0)

    assert found.after == 5 * timedelta(seconds=15)


def test_an_explanation_says_what_is_special():
    plan = a_plan(
        components__api__signals__ratio={"error_ratio": "sum(rate(a[WINDOW])) / sum(rate(b[WINDOW]))"},
        slos={"odd": {"good": "api.ratio", "objective": "99%", "window": {"month": "Europe/Berlin"}}},
    )

    notes = " ".join(explain(plan, plan.slos[0]).notes)

    assert "traffic has no weight" in notes
    assert "begins anew with each month in Europe/Berlin" in notes
