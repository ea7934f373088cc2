"""Objectives and windows that a history supports, with the pages that each would have cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

import numpy as np

from vcci_slo.backtest.budget_line import account, unspent
from vcci_slo.backtest.candidates import CandidateError, variant
from vcci_slo.backtest.excluding import Taken, excluded_from, said_of
from vcci_slo.backtest.grid import Grid, evaluations
from vcci_slo.backtest.history import History, HistoryError, micros
from vcci_slo.backtest.judging import NEGLIGIBLE, Candidate, judged
from vcci_slo.backtest.notes import not_seen
from vcci_slo.backtest.report import Counts
from vcci_slo.plan import Correction, Plan, Slo
from vcci_slo.promql.durations import parse_duration, promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.spec.document import Document
from vcci_slo.spec.units import Percentage

__all__ = ["OBJECTIVES", "WINDOWS", "HistoryTooThin", "Option", "Refusal", "Suggestion", "suggest"]

OBJECTIVES = ("90%", "95%", "98%", "99%", "99.5%", "99.8%", "99.9%", "99.95%", "99.99%", "99.999%")
WINDOWS = ("7d", "28d", "30d", "90d")

LEAST_OBSERVED = 0.9
"""With more unknown than that, the worst of it may hide there."""

LEAST_ALLOWED = 10
"""A budget of fewer bad events than that is spent by chance: one of them is a tenth of it."""

MARGIN = 0.2
"""The share of the budget that the worst window should leave, since the next one may be worse."""

_EVALUATIONS = 200_000


class HistoryTooThin(HistoryError):
    """A history that supports no objective at all; `needed` says how much would."""

    def __init__(self, expected: str, found: str, needed: str) -> None:
        super().__init__(expected, found)
        self.needed = needed
        self.args = (f"{self.args[0]}; {needed}",)


@dataclass(frozen=True)
class Option:
    """An objective over a window that the history can tell something about.

    `worst` is the least unspent share of the budget that any whole window had, and `kept` the share of the whole
    windows in which the promise was kept. It is `tight` if the worst window left less than a fifth.
    """

    objective: str
    window: str
    slo: Slo
    windows: int
    worst: float
    kept: float
    counts: Counts
    verdict: Literal["kept", "tight", "broken"]


@dataclass(frozen=True)
class Refusal:
    """An objective, or all objectives, over a window that the history says nothing about, and what it would take."""

    objective: str | None
    window: str
    reason: str


@dataclass(frozen=True)
class Suggestion:
    """What a history supports. `best` is the strictest objective that was kept with a margin and missed nothing.

    It is that of the promise's own window if the history is long enough, else of the longest window that fits.
    """

    start: datetime
    end: datetime
    observed: timedelta
    total: float
    sli: float | None
    every: timedelta
    options: tuple[Option, ...]
    refusals: tuple[Refusal, ...]
    best: Option | None
    corrections: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()


def suggest(
    document: Document,
    plan: Plan,
    slo: Slo,
    history: History,
    *,
    corrections: Sequence[Correction] = (),
    objectives: Sequence[str] = OBJECTIVES,
    windows: Sequence[str] = WINDOWS,
    negligible: float = NEGLIGIBLE,
) -> Suggestion:
    """Return what a history supports for what a promise counts, without what the plan's corrections, and those given
    beside it, take out.

    Raises HistoryTooThin if that is nothing: it is shorter than the shortest window, too much of it is unknown, or
    even the least objective would allow too few bad events.
    """
    wanted = _windows(slo, windows)
    length = history.last - history.first
    _check(history, length, wanted[0])
    step = max(plan.evaluate_every, timedelta(seconds=ceil(length.total_seconds() / _EVALUATIONS)))
    excluded, taken = excluded_from(history, slo, (*plan.corrections, *corrections))
    grid = Grid(history, evaluations(history, step), excluded)
    counted = grid.counting.history
    options: list[Option] = []
    refusals: list[Refusal] = []
    for window in wanted:
        if window > length:
            reason = f"it needs a history of {words(window)}, so {words(window - length)} more"
            refusals.append(Refusal(None, promql_duration(window), reason))
            continue
        for objective in sorted(objectives, key=lambda text: Percentage.parse(text).ratio):
            reason = _too_few(counted, objective, window)
            if not reason:
                try:
                    options.append(_option(document, plan, slo, grid, objective, window, step, negligible))
                except CandidateError as error:
                    reason = error.reason
            if reason:
                refusals.append(Refusal(objective, promql_duration(window), reason))
    if not options:
        raise _thin(counted, objectives, wanted[0])
    total = float(counted.total.sum())
    return Suggestion(
        start=history.first,
        end=history.last,
        observed=history.observed,
        total=total,
        sli=1 - float(counted.bad.sum()) / total if total else None,
        every=step,
        options=tuple(options),
        refusals=tuple(refusals),
        best=_best(options, slo),
        corrections=taken,
        notes=(*said_of(taken), *not_seen(slo, history, step)),
    )


def _windows(slo: Slo, windows: Sequence[str]) -> list[timedelta]:
    return sorted({*(parse_duration(window) for window in windows), slo.window})


def _check(history: History, length: timedelta, shortest: timedelta) -> None:
    if length < shortest:
        raise HistoryTooThin(
            f"a history of at least {words(shortest)}",
            words(length),
            f"{words(shortest - length)} more would be needed",
        )
    share = history.observed / length
    if share < LEAST_OBSERVED:
        missing = length * LEAST_OBSERVED - history.observed
        raise HistoryTooThin(
            f"a history of which {LEAST_OBSERVED:.0%} was observed",
            f"{share:.1%} of {words(length)}",
            f"{words(missing)} more of it would have to be known",
        )


def _events(history: History, window: timedelta) -> float:
    """Return how many events a window holds at the history's own traffic."""
    seconds = float(history.known.sum())
    return float(history.total.sum()) / seconds * window.total_seconds() if seconds else 0.0


def _needed(objective: str) -> int:
    return ceil(round(LEAST_ALLOWED / Percentage.parse(objective).complement, 6))


def _too_few(history: History, objective: str, window: timedelta) -> str:
    """Return why a window has too few events for an objective, or nothing if it has enough."""
    if Percentage.parse(objective).complement == 0:
        return "nobody can promise that nothing ever fails"
    has, needs = _events(history, window), _needed(objective)
    if has >= needs:
        return ""
    return f"it needs {needs:,} events in {promql_duration(window)}, there are about {has:,.0f}"


def _thin(history: History, objectives: Sequence[str], shortest: timedelta) -> HistoryTooThin:
    least = min(objectives, key=lambda text: Percentage.parse(text).ratio)
    has, needs = _events(history, shortest), _needed(least)
    wait = f"at this pace {words(shortest * (needs / has))} of events would be needed" if has else "none came at all"
    return HistoryTooThin(
        f"at least {needs:,} events in {words(shortest)}, so that {least} allows {LEAST_ALLOWED} bad ones",
        f"about {number(round(has))}",
        wait,
    )


def _option(
    document: Document,
    plan: Plan,
    slo: Slo,
    grid: Grid,
    objective: str,
    window: timedelta,
    step: timedelta,
    negligible: float,
) -> Option:
    form = variant(document, slo, objective=objective, window=promql_duration(window))
    outcome = judged(plan, Candidate(objective, form), grid, step, negligible)
    whole = grid.moments - micros(grid.history.first) >= window // timedelta(microseconds=1)
    if not whole.any():
        whole[-1] = True  # the last moment lies within a step of the end of the only window
    left = unspent(account(grid, form), form.budget)[whole]
    worst = float(np.min(left))
    return Option(
        objective=form.percent,
        window=promql_duration(window),
        slo=form,
        windows=int(whole.sum()),
        worst=worst,
        kept=float((left >= 0).mean()),
        counts=outcome.counts,
        verdict="broken" if worst < 0 else "tight" if worst < MARGIN else "kept",
    )


def _best(options: Sequence[Option], slo: Slo) -> Option | None:
    lengths = {parse_duration(option.window) for option in options}
    window = slo.window if slo.window in lengths else max(lengths)
    good = [
        option
        for option in options
        if parse_duration(option.window) == window and option.verdict == "kept" and not option.counts.missed
    ]
    return max(good, key=lambda option: option.slo.objective, default=None)
