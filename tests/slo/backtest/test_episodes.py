"""From truths to alerts: held to the steps of the desk's own verdicts."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.reliability.verdicts import Condition, follow
from vcci_slo.backtest.episodes import Episode, episodes
from vcci_slo.backtest.history import micros, moment

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = 60_000_000


def told(*truths: bool | None, hold: int = 0) -> list[tuple[int, int | None]]:
    """Return (fired, over) in minutes for truths a minute apart."""
    moments = micros(START) + MINUTE * np.arange(len(truths), dtype=np.int64)
    values = np.array([-1 if truth is None else int(truth) for truth in truths], dtype=np.int8)
    found = episodes(values, moments, timedelta(minutes=hold))
    return [tuple(None if at is None else (at - micros(START)) // MINUTE for at in episode) for episode in found]


def test_it_fires_at_once_and_ends_with_the_first_moment_at_which_it_does_not_hold():
    assert told(False, True, True, False) == [(1, 3)]


def test_it_stays_for_a_while_after_it_last_held():
    assert told(True, False, False, False, hold=2) == [(0, 2)]
    assert told(True, False, True, False, False, False, hold=2) == [(0, 4)]


def test_what_cannot_be_judged_neither_fires_nor_clears():
    assert told(None, None) == []
    assert told(True, None, None, None, hold=1) == [(0, None)]
    assert told(True, None, None, False, hold=1) == [(0, 3)]


def test_it_may_still_fire_at_the_end():
    assert told(False, True) == [(1, None)]


def test_without_moments_nothing_fires():
    assert told() == []


@given(st.lists(st.sampled_from([True, False, None]), max_size=60), st.integers(0, 4))
def test_it_says_what_the_verdicts_of_the_desk_say(truths, hold):
    expected: list[Episode] = []
    verdict = None
    for minute, holds in enumerate(truths):
        now = START + timedelta(minutes=minute)
        condition = Condition("A", "A", "P1", "s", "c", holds, timedelta(0), timedelta(minutes=hold), "", "", "", "")
        verdict = follow(verdict, condition, now)
        if verdict is not None and verdict.state == "over":
            expected.append(Episode(micros(verdict.fired_at), micros(verdict.over_at)))
            verdict = None
    if verdict is not None:
        expected.append(Episode(micros(verdict.fired_at), None))
    moments = micros(START) + MINUTE * np.arange(len(truths), dtype=np.int64)
    values = np.array([-1 if truth is None else int(truth) for truth in truths], dtype=np.int8)

    found = episodes(values, moments, timedelta(minutes=hold))

    assert found == expected
    assert all(moment(episode.fired) >= START for episode in found)
