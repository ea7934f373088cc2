"""From truths to alerts: when a condition fires and when that is over, as the evaluator of the desk follows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vcci_slo.backtest.history import Moments

__all__ = ["FALSE", "TRUE", "UNKNOWN", "Episode", "Truths", "episodes", "runs"]

Truths = NDArray[np.int8]
"""One of the three below for each moment."""

UNKNOWN, FALSE, TRUE = -1, 0, 1


class Episode(NamedTuple):
    """An alert from the moment it fires to the moment it is over; `over` None still fires at the end of the history."""

    fired: int
    over: int | None


def episodes(truths: Truths, moments: Moments, hold: timedelta) -> list[Episode]:
    """Return every alert of a condition that fires as soon as it is true, and stays `hold` after it last was.

    What cannot be judged neither fires nor clears.
    """
    length = hold // timedelta(microseconds=1)
    found: list[Episode] = []
    fired: int | None = None
    last_true = 0
    for truth, first, last in runs(truths):
        if truth == TRUE:
            fired = int(moments[first]) if fired is None else fired
            last_true = int(moments[last])
        elif truth == FALSE and fired is not None and int(moments[last]) - last_true >= length:
            place = first + int(np.searchsorted(moments[first : last + 1], last_true + length))
            found.append(Episode(fired, int(moments[place])))
            fired = None
    return found if fired is None else [*found, Episode(fired, None)]


def runs(truths: Truths) -> Iterator[tuple[int, int, int]]:
    """Yield each stretch of the same truth: the truth, the index of its first moment, and that of its last.

    >>> list(runs(np.array([0, 1, 1, -1], dtype=np.int8)))
    [(0, 0, 0), (1, 1, 2), (-1, 3, 3)]
    """
    if not truths.size:
        return
    firsts = np.concatenate(([0], np.flatnonzero(np.diff(truths)) + 1))
    lasts = np.concatenate((firsts[1:] - 1, [truths.size - 1]))
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        yield int(truths[first]), first, last
