"""Objectives that a history supports; a history that supports none is refused with what would be needed."""

from datetime import UTC, datetime, timedelta

import pytest

from vcci_slo.backtest import History, HistoryTooThin, Increment, suggest
from vcci_slo.load import load_plan
from vcci_slo.spec import parse
from vcci_slo.testing import a_spec

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
SPEC = a_spec(slos__errors={"good": "api.requests", "objective": "99.9%", "window": "7d"})
PLAN = load_plan(SPEC)
DAY = 288


def traffic(*parts: tuple[int, float, float], seen: float = 1.0) -> History:
    """A history of parts, (steps of five minutes, events in each, share of bad ones)."""
    found: list[Increment] = []
    at = START
    for steps, rate, bad in parts:
        for _ in range(steps):
            found.append(Increment(at, at + STEP, rate * bad, rate, STEP.total_seconds() * seen))
            at += STEP
    return History.of(found)


def suggested(history: History, **options):
    return suggest(parse(SPEC), PLAN, PLAN.slos[0], history, **options)


def test_the_strictest_objective_that_was_kept_with_a_margin_is_suggested():
    history = traffic((5 * DAY, 30_000, 0.0001), (24, 30_000, 0.05), (9 * DAY, 30_000, 0.0001))

    found = suggested(history, windows=("7d",))

    verdicts = {option.objective: option.verdict for option in found.options}
    assert verdicts["99.5%"] == "kept"
    assert verdicts["99.9%"] == "kept"
    assert verdicts["99.95%"] == "broken"
    assert found.best.objective == "99.9%"
    assert found.best.worst == pytest.approx(1 - (0.0001 + 24 * 0.0499 / (7 * DAY)) / 0.001, abs=0.001)


def test_a_stricter_objective_never_leaves_more_of_its_budget():
    history = traffic((5 * DAY, 30_000, 0.0001), (24, 30_000, 0.05), (9 * DAY, 30_000, 0.0001))

    worst = [option.worst for option in suggested(history, windows=("7d",)).options]

    assert worst == sorted(worst, reverse=True)


def test_each_option_says_what_pages_it_would_have_cost():
    history = traffic((7 * DAY, 30_000, 0.0), (12, 30_000, 0.05), (7 * DAY, 30_000, 0.0))

    pages = {option.objective: option.counts.pages for option in suggested(history, windows=("7d",)).options}

    assert (pages["95%"], pages["99.9%"]) == (0, 1)


def test_a_window_that_is_longer_than_the_history_is_refused_with_what_is_missing():
    history = traffic((10 * DAY, 30_000, 0.0))

    refusals = {refusal.window: refusal.reason for refusal in suggested(history).refusals if refusal.objective is None}

    assert refusals["28d"] == "it needs a history of 28 days, so 18 days more"
    assert refusals["90d"] == "it needs a history of 90 days, so 80 days more"


def test_an_objective_of_which_there_are_too_few_events_is_refused_with_how_many_it_needs():
    history = traffic((10 * DAY, 10, 0.0))

    found = suggested(history, windows=("7d",))

    reasons = {refusal.objective: refusal.reason for refusal in found.refusals}
    assert reasons["99.99%"] == "it needs 100,000 events in 7d, there are about 20,160"
    assert "99.9%" not in reasons


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (traffic((2 * DAY, 1000, 0.0)), "at least 7 days, found 2 days; 5 days more would be needed"),
        (traffic((10 * DAY, 1000, 0.0), seen=0.5), "of which 90% was observed, found 50.0% of 10 days; 4 days more"),
        (
            traffic((10 * DAY, 0.01, 0.0)),
            "at least 100 events in 7 days, so that 90% allows 10 bad ones, found about 20",
        ),
        (traffic((10 * DAY, 0.0, 0.0)), "none came at all"),
    ],
)
def test_a_history_that_is_too_short_or_too_thin_is_refused_with_what_would_be_needed(history, sentence):
    with pytest.raises(HistoryTooThin) as refused:
        suggested(history)

    assert sentence in str(refused.value)
    assert refused.value.needed in str(refused.value)


def test_objectives_that_no_tier_can_reach_are_told_and_left_out():
    found = suggested(traffic((10 * DAY, 30_000, 0.0)), windows=("7d",), objectives=("90%", "99%", "100%"))

    reasons = {refusal.objective: refusal.reason for refusal in found.refusals}
    assert "to be reachable" in reasons["90%"]
    assert reasons["100%"] == "nobody can promise that nothing ever fails"
    assert [option.objective for option in found.options] == ["99%"]
