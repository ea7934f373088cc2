"""The backtest: one history through the decisions of one promise, and of each candidate beside it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_low

from vcci_slo import burn
from vcci_slo.backtest.budget_line import budget_line
from vcci_slo.backtest.decisions import burning, silent
from vcci_slo.backtest.episodes import Episode, episodes
from vcci_slo.backtest.excluding import excluded_from, said_of
from vcci_slo.backtest.grid import Grid, evaluations
from vcci_slo.backtest.history import History, HistoryError, micros, moment
from vcci_slo.backtest.notes import weaknesses
from vcci_slo.backtest.report import BadStretch, Call, Counts, Firing, Outcome, Report
from vcci_slo.backtest.stretches import Stretch, stretches
from vcci_slo.plan import BurnTier, Correction, Plan, Slo

__all__ = ["LISTED", "MOST_CANDIDATES", "NEGLIGIBLE", "Candidate", "backtest", "judged"]

NEGLIGIBLE = 0.01
"""A hundredth of the budget: half of what the fastest tier of the SRE Workbook allows to go before it speaks."""

LISTED = 500
TRIFLE = 0.05
MOST_CANDIDATES = 20


@dataclass(frozen=True)
class Candidate:
    """Another form of the promise; `history` is its own, where it counts something else."""

    title: str
    slo: Slo
    history: History | None = None


def backtest(
    plan: Plan,
    slo: Slo,
    history: History,
    candidates: Sequence[Candidate] = (),
    *,
    corrections: Sequence[Correction] = (),
    every: timedelta | None = None,
    negligible: float = NEGLIGIBLE,
) -> Report:
    """Return what a history would have led to, by a promise as it stands and by each candidate.

    It is judged `every` so often, unset as often as the plan's rules. Time and memory are bounded by the number of
    evaluations and of candidates. What the plan's corrections take out, and those given beside it, counts for no
    budget; alerts fire all the same. Raises HistoryError if there are too many evaluations or candidates.
    """
    if len(candidates) > MOST_CANDIDATES:
        raise HistoryError(f"at most {MOST_CANDIDATES} candidates", str(len(candidates)))
    step = every or plan.evaluate_every
    made = (*plan.corrections, *corrections)
    excluded, taken = excluded_from(history, slo, made)
    grid = Grid(history, evaluations(history, step), excluded)
    outcomes = [judged(plan, Candidate("as it stands", slo), grid, step, negligible)]
    for candidate in candidates:
        other, own = candidate.history, grid
        if other is not None:
            own = Grid(other, evaluations(other, step), excluded_from(other, slo, made)[0])
        outcomes.append(judged(plan, candidate, own, step, negligible))
    return Report(
        start=history.first,
        end=history.last,
        every=step,
        increments=len(history),
        negligible=negligible,
        outcomes=tuple(outcomes),
        notes=(*said_of(taken), *weaknesses(slo, history, step)),
        corrections=taken,
    )


def judged(plan: Plan, candidate: Candidate, grid: Grid, step: timedelta, negligible: float) -> Outcome:
    """Return what one form of a promise would have led to."""
    slo = candidate.slo
    counted = grid.counting.history
    bad, total = float(counted.bad.sum()), float(counted.total.sum())
    purse, whole = _Purse(grid.counting, slo), _Purse(grid, slo)
    shortest = min((tier.short for tier in slo.tiers), default=burn.CURRENT)
    resolution = max(shortest, grid.history.step)  # a fault is no better known than to a step
    broken = stretches(grid, budget=slo.budget, resolution=resolution)
    firings: list[Firing] = []
    seen: list[set[str]] = [set() for _ in broken]
    for tier in slo.tiers:
        for episode in episodes(burning(grid, slo, tier), grid.moments, tier.keep_firing_for):
            causes = _causes(broken, episode, tier)
            for index in causes:
                seen[index].add(tier.name)
            onset = _onset([broken[index] for index in causes], episode.fired)
            firings.append(_firing(plan, slo, tier, episode, onset, (purse, whole), negligible))
    firings += [_silence(plan, slo, episode) for episode in episodes(silent(grid, slo), grid.moments, _AT_ONCE)]
    firings.sort(key=lambda firing: (firing.fired_at, firing.priority, firing.tier))
    calls = _calls(firings)
    costly = [
        BadStretch(
            moment(stretch.onset),
            moment(stretch.end),
            stretch.bad,
            stretch.total,
            spent,
            tuple(tier.name for tier in slo.tiers if tier.name in tiers),
        )
        for stretch, tiers in zip(broken, seen, strict=True)
        if (spent := purse.spent(stretch.onset, stretch.end)) >= negligible
    ]
    return Outcome(
        title=candidate.title,
        slo=slo,
        sli=1 - bad / total if total else None,
        bad=bad,
        total=total,
        observed=grid.history.observed,
        budget=budget_line(grid, slo, step),
        calls=tuple(calls[:LISTED]),
        firings=tuple(firings[:LISTED]),
        stretches=tuple(costly[:LISTED]),
        counts=_counts(firings, calls, len(broken), costly),
    )


_AT_ONCE = timedelta(0)


class _Purse:
    """The budget of a whole window at the history's own traffic, so that a cost is the same share all along."""

    def __init__(self, grid: Grid, slo: Slo) -> None:
        self._grid = grid
        seconds = float(grid.history.known.sum())
        rate = float(grid.history.total.sum()) / seconds if seconds else 0.0
        self._allowed = slo.budget * rate * slo.window.total_seconds()

    def share(self, bad: float) -> float:
        """Return which share of the budget so many bad events are."""
        return bad / self._allowed if self._allowed else 0.0

    def spent(self, start: int, end: int) -> float:
        """Return which share of the budget went in a span."""
        return self.share(self._grid.between(start, end)[0])

    @property
    def end(self) -> int:
        """The last moment that is judged."""
        return int(self._grid.moments[-1])


def _causes(broken: Sequence[Stretch], episode: Episode, tier: BurnTier) -> range:
    """Return the places of the stretches that a tier saw: in its short window when it fired, or while it did."""
    since = episode.fired - tier.short // timedelta(microseconds=1)
    first = bisect_right(broken, since, key=lambda stretch: stretch.end)
    if episode.over is None:
        return range(first, len(broken))
    return range(first, bisect_left(broken, episode.over, lo=first, key=lambda stretch: stretch.onset))


def _onset(causes: Sequence[Stretch], fired: int) -> int | None:
    """Return where what fired a tier began: a few chance failures hours before an outage are not its beginning."""
    early = [stretch for stretch in causes if stretch.onset <= fired] or causes[:1]
    worst = max((stretch.bad for stretch in early), default=0.0)
    return next((stretch.onset for stretch in early if stretch.bad >= TRIFLE * worst), None)


def _firing(
    plan: Plan,
    slo: Slo,
    tier: BurnTier,
    episode: Episode,
    onset: int | None,
    purses: tuple[_Purse, _Purse],
    negligible: float,
) -> Firing:
    """Return an alert; what it cost is told by what counts, whether it was in vain by all that failed."""
    since = onset if onset is not None else episode.fired - tier.short // timedelta(microseconds=1)
    until = episode.over if episode.over is not None else purses[0].end
    spent, failed = (purse.spent(since, until) for purse in purses)
    return Firing(
        alert=slo.burn_alert,
        tier=tier.name,
        priority=tier.priority,
        pages=plan.severity(tier.priority).page,
        fired_at=moment(episode.fired),
        over_at=None if episode.over is None else moment(episode.over),
        onset=None if onset is None else moment(onset),
        spent=spent,
        in_vain=onset is None or failed < negligible,
    )


def _silence(plan: Plan, slo: Slo, episode: Episode) -> Firing:
    return Firing(
        alert=slo.no_data_alert,
        tier="no data",
        priority=slo.no_data.priority,
        pages=plan.severity(slo.no_data.priority).page,
        fired_at=moment(episode.fired),
        over_at=None if episode.over is None else moment(episode.over),
        onset=None,
        spent=None,
        in_vain=False,
    )


def _calls(firings: Sequence[Firing]) -> list[Call]:
    """Return the calls: alerts that page and overlap are one, since the second finds somebody awake."""
    found: list[list[Firing]] = []
    end: int | None = 0
    for firing in firings:
        if not firing.pages:
            continue
        if found and (end is None or micros(firing.fired_at) <= end):
            found[-1].append(firing)
        else:
            found.append([firing])
            end = 0
        over = None if firing.over_at is None else micros(firing.over_at)
        end = None if end is None or over is None else max(end, over)
    return [_call(members) for members in found]


def _call(members: Sequence[Firing]) -> Call:
    ends = [member.over_at for member in members if member.over_at is not None]
    onsets = [member.onset for member in members if member.onset is not None]
    costs = [member.spent for member in members if member.spent is not None]
    return Call(
        at=members[0].fired_at,
        until=max(ends) if len(ends) == len(members) else None,
        tiers=tuple(dict.fromkeys(member.tier for member in members)),
        onset=min(onsets, default=None),
        spent=max(costs, default=None),
        in_vain=all(member.in_vain for member in members),
    )


def _counts(firings: Sequence[Firing], calls: Sequence[Call], broken: int, costly: Sequence[BadStretch]) -> Counts:
    tickets = [firing for firing in firings if not firing.pages and firing.spent is not None]
    delays = [call.at - call.onset for call in calls if call.onset is not None]
    return Counts(
        pages=len(calls),
        pages_in_vain=sum(call.in_vain for call in calls),
        tickets=len(tickets),
        tickets_in_vain=sum(ticket.in_vain for ticket in tickets),
        silences=sum(firing.spent is None for firing in firings),
        stretches=broken,
        stretches_that_cost=len(costly),
        missed=sum(not stretch.seen_by for stretch in costly),
        typical_delay=median_low(delays) if delays else None,
        worst_delay=max(delays, default=None),
    )
