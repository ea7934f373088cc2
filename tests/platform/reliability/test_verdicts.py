"""What a condition's truth leads to over time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.reliability.verdicts import Condition, follow

START = datetime(2026, 3, 2, tzinfo=UTC)
CONDITION = Condition(
    key="A/P1",
    alert="A",
    priority="P1",
    system="shop",
    component="api",
    holds=True,
    wait=timedelta(minutes=2),
    hold=timedelta(minutes=5),
    summary="it burns",
    description="",
    runbook_url="",
    dashboard_url="",
)


def after(*steps, condition=CONDITION):
    """Follow truths, one a minute, and return the verdict at the end."""
    verdict = None
    for minute, holds in enumerate(steps):
        verdict = follow(verdict, replace(condition, holds=holds), START + timedelta(minutes=minute))
    return verdict


def test_it_waits_before_it_fires():
    assert after(True).state == "pending"
    assert after(True, True).state == "pending"
    assert after(True, True, True).state == "firing"


def test_a_pause_while_pending_starts_the_wait_anew():
    assert after(True, True, False) is None
    assert after(True, True, False, True, True).state == "pending"


def test_it_stays_firing_for_a_while_after_it_last_held():
    assert after(True, True, True, False, False).state == "firing"
    assert after(True, True, True, False, False, False, False, False).state == "over"


def test_what_cannot_be_judged_neither_fires_nor_clears():
    """Prometheus would forget an alert whose series vanish; silence is not health."""
    assert after(True, True, True, None, None, None, None, None, None, None).state == "firing"
    assert after(True, None, None, None).state == "pending"
    assert after(None, None) is None


def test_one_that_is_over_is_kept_until_it_is_told():
    over = after(True, True, True, False, False, False, False, False)

    later = follow(over, replace(CONDITION, holds=False), START + timedelta(hours=1))
    told = follow(replace(over, announced=True), replace(CONDITION, holds=False), START + timedelta(hours=1))

    assert (later, told) == (over, None)


def test_true_again_after_the_end_is_a_new_episode():
    over = replace(after(True, True, True, False, False, False, False, False), announced=True)

    again = follow(over, CONDITION, START + timedelta(hours=1))

    assert (again.state, again.since) == ("pending", START + timedelta(hours=1))


def test_without_a_wait_it_fires_at_once():
    assert after(True, condition=replace(CONDITION, wait=timedelta(0))).state == "firing"


@given(st.lists(st.sampled_from([True, False, None]), max_size=30))
def test_it_never_fires_without_having_been_true_for_the_whole_wait(truths):
    verdict = after(*truths)
    if verdict is not None and verdict.fired_at is not None:
        first = round((verdict.since - START) / timedelta(minutes=1))
        fired = round((verdict.fired_at - START) / timedelta(minutes=1))
        assert fired - first >= 2
        assert False not in truths[first:fired]
