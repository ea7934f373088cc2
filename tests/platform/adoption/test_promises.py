"""Laws of what is promised: never more than history kept, never by too few events."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.adoption.promises import AGES, Measured, bucket_text, latency_of, limit_above, objective_of
from vcci_slo.promql.durations import parse_duration

WEEK = timedelta(days=7)


@given(total=st.floats(0, 1e12), share=st.floats(0, 1))
def test_an_objective_was_kept_with_half_of_its_budget(total: float, share: float):
    kept = objective_of(Measured(total * share, total, WEEK))

    assert bool(kept.objective) != bool(kept.why)
    if kept.objective:
        budget = 1 - float(kept.objective.rstrip("%")) / 100
        assert 2 * share <= budget * (1 + 1e-6)
        assert total * budget >= 3 * (1 - 1e-6), "three failures would have been seen"


@given(total=st.floats(1, 1e9), bad=st.floats(0, 1e9), more=st.floats(0, 1e9))
def test_more_failures_never_bring_a_higher_objective(total: float, bad: float, more: float):
    few = objective_of(Measured(min(bad, total), total, WEEK)).objective
    many = objective_of(Measured(min(bad + more, total), total, WEEK)).objective

    assert float(many.rstrip("%") or 0) <= float(few.rstrip("%") or 0)


@given(
    bounds=st.lists(st.integers(1, 100_000).map(lambda ms: ms / 1000), min_size=1, max_size=12, unique=True),
    parts=st.lists(st.floats(0, 1e6), min_size=13, max_size=13),
)
def test_a_latency_was_kept_by_its_share_of_events(bounds: list[float], parts: list[float]):
    ordered = sorted(bounds)
    cumulative = {bound: sum(parts[: place + 1]) for place, bound in enumerate(ordered)}
    total = sum(parts)

    found = latency_of(cumulative, total, ordered)

    for share, bound in found:
        assert cumulative[bound] / total >= float(share.rstrip("%")) / 100
    limits = [bound for _, bound in found]
    assert limits == sorted(set(limits)), "a higher share has a longer time"


@given(seconds=st.floats(1e-9, 1e7))
def test_a_bucket_is_named_exactly_or_not_at_all(seconds: float):
    text = bucket_text(seconds)

    assert not text or parse_duration(text).total_seconds() == pytest.approx(seconds, rel=1e-9)


@given(highest=st.floats(0, 1e9))
def test_a_limit_is_at_least_twice_what_was_seen(highest: float):
    text = limit_above(highest)

    assert (not text) == (2 * highest > AGES[-1])
    assert not text or parse_duration(text).total_seconds() >= 2 * highest
