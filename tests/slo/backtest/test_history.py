"""A recorded history: sorted, taken apart where increments overlap, refused where it makes no sense."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_slo.backtest.grid import Grid, evaluations
from vcci_slo.backtest.history import History, HistoryError, Increment, micros

START = datetime(2026, 3, 2, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def of(*rows: tuple[float, float, float, float]) -> History:
    """A history of (start, end, bad, total), in minutes, observed all the time."""
    return History.of(Increment(at(a), at(b), bad, total, (b - a) * 60) for a, b, bad, total in rows)


def test_increments_come_in_the_order_of_time():
    history = of((2, 3, 1, 13), (0, 1, 0, 11), (1, 2, 0, 12))

    assert history.total.tolist() == [11, 12, 13]
    assert (history.first, history.last) == (at(0), at(3))


def test_two_targets_of_one_round_add_up_and_know_their_time_once():
    history = of((0, 1, 1, 11), (0, 1, 2, 12))

    assert (history.bad.tolist(), history.total.tolist()) == ([3], [23])
    assert history.observed == timedelta(minutes=1)


def test_increments_that_overlap_are_counted_evenly_over_their_time():
    history = of((0, 2, 0, 20), (1, 3, 4, 40))

    assert history.total.tolist() == [10, 30, 20]
    assert history.bad.tolist() == [0, 2, 2]
    assert history.observed == timedelta(minutes=3)


def test_events_of_no_time_are_kept():
    history = of((0, 1, 0, 10), (1, 1, 3, 5), (1, 2, 0, 10))

    assert (history.bad.sum(), history.total.sum()) == (3, 25)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "at least one increment"),
        ([(0, 1, 2, 1)], "0 <= bad <= total"),
        ([(0, 1, -1, 1)], "0 <= bad <= total"),
        ([(1, 0, 0, 1)], "end after they start"),
        ([(0, 1, 0, float("nan"))], "numbers"),
        ([(0, 1, 0, float("inf"))], "numbers"),
        ([(0, 1, 0, 1e308)], "at most 1e\\+15 events"),
    ],
)
def test_what_is_no_history_is_refused(rows, sentence):
    with pytest.raises(HistoryError, match=sentence):
        of(*rows)


def test_too_many_evaluations_are_refused_with_the_step_that_would_fit():
    history = of((0, 60 * 24 * 366, 0, 1))

    with pytest.raises(HistoryError, match="one every 16 s would fit"):
        evaluations(history, timedelta(seconds=5))

    assert evaluations(history, timedelta(seconds=16)).size < 2_000_000


ROWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 15), st.integers(0, 9), st.integers(0, 9)).map(
        lambda row: (row[0], row[0] + row[1], min(row[2], row[3]), row[3])
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.lists(st.integers(-5, 60), min_size=2, max_size=5))
def test_any_window_counts_what_adding_up_counts(rows, moments):
    """However increments overlap, each counts by its share of time: the sums are those of a ledger."""
    grid = Grid(of(*rows), np.array([micros(at(0))], dtype=np.int64))
    points = np.array([micros(at(moment)) for moment in sorted(moments)], dtype=np.int64)

    bad, total, _ = grid.until(points)

    for index, moment in enumerate(sorted(moments)):
        shares = [
            1.0 if end <= moment else max(moment - start, 0) / (end - start) if end > start else 0.0
            for start, end, _, _ in rows
        ]
        assert bad[index] == pytest.approx(sum(share * row[2] for share, row in zip(shares, rows, strict=True)))
        assert total[index] == pytest.approx(sum(share * row[3] for share, row in zip(shares, rows, strict=True)))
