"""The tests of promises: every tier in every situation in which rules like these are known to go wrong.

Just above and just below its threshold, a total outage and its end, a burst that only one of the two windows sees, too
few events to tell, a service that is new, no traffic, and no data. What they prove in minutes, `vcci_slo.detection`
says.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import ceil, floor

from vcci_alerts.limit_rules import recorded_signals
from vcci_alerts.proofs.pictures import step_of, steps_of
from vcci_alerts.proofs.promised import is_sampled, part_of, provable, series_of
from vcci_alerts.proofs.series import Case, Expected, Series, firing, then
from vcci_alerts.proofs.tiers import ABOVE, BELOW, TierTests
from vcci_alerts.proofs.values import ValueShape
from vcci_alerts.slo_rules import burn_rule, carried, no_data_rule, pace, rest, spent
from vcci_alerts.templates import of_part
from vcci_slo.detection import clears_after, filled_after
from vcci_slo.plan import BurnTier, LimitIndicator, Plan, Slo
from vcci_slo.promql import series as names
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, slo_matchers
from vcci_slo.promql.matchers import selector
from vcci_slo.promql.tiles import base_window, current_window, looked_back

__all__ = ["slo_cases"]

BURST = 1.5
"""How far above its threshold a window must be to say which of the two windows is the reason for silence."""

ODD_MINUTES = 421 / 60

NEAR, ERROR, TRIES = 1e-4, 1e-9, 10
"""How far a share is moved at a time, and by how much what promtool computes of it may be off, relative to it."""


def slo_cases(plan: Plan, slo: Slo) -> tuple[Case, ...]:
    """Return the tests of one promise."""
    tested = [TierTests(plan, slo, tier) for tier in slo.tiers] if provable(slo) else []
    return (
        *_verdicts(plan, slo),
        *(case for tests in tested for case in _threshold(tests)),
        *(case for tests in tested for case in _evidence(tests)),
        *(_windows(tests) for tests in tested),
        *(_slow_burn(tests) for tests in tested),
        *(_outage(tests) for tests in tested),
        *(_new(tests) for tests in tested if tests.tier.seen_for),
        # Of one tier: they differ in the windows alone, and a pause of many days takes promtool for long.
        *(case for tests in tested[:1] for case in _paused(tests)),
        *_no_data(plan, slo),
    )


def _expected(tests: TierTests, share: float, steps: int) -> tuple[Expected, ...]:
    """Return the tiers that fire after so many steps in which `share` of everything was bad."""
    plan, slo = tests.plan, tests.slo
    return tuple(
        Expected(burn_rule(plan, slo, tier), share, dict(carried(plan, slo)) | part_of(slo), _answers(slo, tier, share))
        for tier in slo.tiers
        if tests.speaks(tier, share, steps)
    )


def _answers(slo: Slo, tier: BurnTier, share: float) -> dict[str, float | None]:
    """Return what the queries in the words of a tier find while every window holds the same share."""
    rate = share / slo.budget
    left = round((1 - rate) * slo.window.total_seconds() / rate / 60) * 60.0
    asked = {pace(slo, tier): rate, spent(slo): rate, rest(slo, tier): left if left > 0 else None}
    return {of_part(query, slo.by): answer for query, answer in asked.items()}


def _threshold(tests: TierTests) -> Iterable[Case]:
    slo, tier, steps = tests.slo, tests.tier, tests.history
    for factor, bad in ((ABOVE, True), (BELOW, False)):
        share = _tellable(slo, min(tier.threshold * factor, (1 + tier.threshold) / 2))
        yield Case(
            f"{slo.name} {tier.name} {'fires just above' if bad else 'is silent just below'} {number(tier.threshold)}",
            tests.step,
            series_of(slo, share, tests.events, steps, bad=bad, copies=tests.copies),
            ((slo.burn_alert, steps, _expected(tests, share, steps)),),
            samples=tests.samples,
        )


def _tellable(slo: Slo, share: float) -> float:
    """Return a share so near that nobody minds, none of whose numbers in words lies where rounding goes either way."""
    for moved in range(TRIES):
        near = share * (1 + moved * NEAR)
        told = {_said(slo, near * (1 + error)) for error in (-ERROR, 0, ERROR)}
        if len(told) == 1:
            return near
    return share


def _said(slo: Slo, share: float) -> tuple[str, ...]:
    """Return the digits that the words of an alert have of a share and of what follows from it."""
    rate = share / slo.budget
    return (f"{share * 100:.4g}", f"{rate:.3g}", f"{rate * 100:.4g}")


def _evidence(tests: TierTests) -> Iterable[Case]:
    """Yield that a few bad events wake nobody, however large their share is."""
    tier = tests.tier
    question = firing(tests.slo.burn_alert, tier=tier.name)
    for more, enough in ((0.5, True), (-0.5, False)) if tier.min_bad else ():
        made = (_few_looks if is_sampled(tests.slo) else _few_events)(tests, tier.min_bad + more)
        if made is None:
            return
        series, last, every = made
        yield Case(
            f"{tests.slo.name} {tier.name}: just {'over' if enough else 'under'} {tier.min_bad} bad events",
            tests.step,
            series,
            figures=((question, last, float(enough)),),
            samples=tests.minutes,
            every=every,
        )


def _few_events(tests: TierTests, bad: float) -> tuple[tuple[Series, ...], int, None]:
    """Return so many bad events in one step, after hours without traffic and with one quiet step after it.

    So each window holds just these events, and no rate has to be extended to its edge.
    """
    share = (1 + max(tier.threshold for tier in tests.slo.tiers)) / 2
    quiet = max(tests.history, tests.steps(min(tests.tier.long, base_window(tests.plan))))
    series = tests.phases((0.0, 0.0, quiet), (share, bad / share, 1), (0.0, 0.0, 1))
    return series, quiet + 2, None


def _few_looks(tests: TierTests, bad: float) -> tuple[tuple[Series, ...], int, timedelta] | None:
    """Return so many bad looks at the end of a history of good ones; None if their share would be too small to tell.

    Looks come at moments that no edge of a window meets, since Prometheus 2 counts those in both windows.
    """
    tier, step = tests.tier, tests.step
    every = step if step == step_of(tests.plan) else step_of(tests.plan) * ODD_MINUTES
    history, last = ceil(tests.history * step / every), max((tier.short - step) // every, 1)
    copies = ceil((bad + 1) / last)
    if bad / (copies * (history + last)) < tier.threshold * ABOVE:
        return None
    good = series_of(tests.slo, 0.0, 0.0, history, bad=True, copies=copies)
    burst = series_of(tests.slo, bad / copies / last, 0.0, last, bad=True, copies=copies)
    looks = tuple(one for one in then(good, burst) if not one.decoy)
    return looks, ceil((history + last) * every / step), every


def _windows(tests: TierTests) -> Case:
    """Return that both windows are asked: a burst too short for the long one is silent, and one that is over."""
    tier = tests.tier
    long, short, kept = tests.steps(tier.long), tests.steps(tier.short), tests.steps(tier.keep_firing_for)
    clean = max(long, tests.history)
    # After a clean history so much goes wrong that the short window is above its threshold, and the long one is not,
    spike = tier.threshold * min(BURST, (1 + tier.long / tier.short) / 2, (1 + 1 / tier.threshold) / 2)
    # then everything, until the long one is above too, and then nothing for as long as the short one lasts.
    fill = max(ceil(long * min(BURST * tier.threshold, (1 + tier.threshold) / 2)), 1) + 1
    series = tests.phases(
        (0.0, tests.events, clean),
        (spike, tests.events, short),
        (1.0, tests.events, fill),
        (0.0, tests.events, short + kept + 3),
    )
    peak = clean + short + fill
    return tests.case(
        f"asks both the last {words(tier.long)} and the last {words(tier.short)}",
        series,
        (clean + short, 0),
        (peak, 1),
        (peak + short + kept + 3, 0),
    )


def _slow_burn(tests: TierTests) -> Case:
    """Return that a burn at twice the threshold is told once it fills half of the long window, and not before."""
    tier = tests.tier
    share = min(2 * tier.threshold, (1 + tier.threshold) / 2)
    after = filled_after(tier, share) or timedelta(0)
    clean = max(tests.steps(tier.long), tests.history)
    steps = tests.steps(after) + 2
    series = tests.phases((0.0, tests.events, clean), (share, tests.events, steps + 1))
    before = floor(after / tests.step) - 1
    return tests.case(
        f"tells {number(share / tests.slo.budget)} times the even pace after {words(after)}",
        series,
        *(((clean + before, 0),) if before > 0 else ()),
        (clean + steps, 1),
    )


def _outage(tests: TierTests) -> Case:
    """Return that a total outage is told at once, and that its end is told when the short window and the wait are over.

    The outage lasts until it is told and one step more.
    """
    tier = tests.tier
    after = filled_after(tier, 1.0) or timedelta(0)
    clean = max(tests.steps(tier.long), tests.history)
    lasts = tests.steps(after) + 1
    over = clears_after(tier, 1.0, lasts * tests.step)
    quiet = tests.steps(over) + 3
    series = tests.phases((0.0, tests.events, clean), (1.0, tests.events, lasts), (0.0, tests.events, quiet))
    still = floor(over / tests.step) - 2
    return tests.case(
        f"tells a total outage within {words(lasts * tests.step)}, and its end after {words(over)}",
        series,
        (clean, 0),
        (clean + lasts, 1),
        *(((clean + lasts + still, 1),) if still > 0 else ()),
        (clean + lasts + quiet, 0),
    )


def _new(tests: TierTests) -> Case:
    """Return that the first failures of a new service are not taken for its history, and that patience ends."""
    tier = tests.tier
    wait = tests.steps(tier.seen_for)
    series = tests.phases((1.0, tests.events, tests.history))
    what = f"waits until the service is {words(tier.seen_for)} old"
    return tests.case(what, series, (wait - 1, 0), (tests.history, 1))


def _paused(tests: TierTests) -> Iterable[Case]:
    """Yield that a service which comes back after a long pause, in which nobody saw it, is not taken for a new one."""
    tier, wait = tests.tier, tests.steps(tests.tier.seen_for)
    if tier.infancy is None or wait <= tests.steps(tier.long * tier.threshold) + 3:
        return
    pause = tests.steps(tier.long + tier.seen_for + tier.short) + 2
    # It is asked at the last step at which a new service still waits. One of the tiles that end before the infancy must
    # end while the service ran.
    ago = pause + wait - 1
    tiles = looked_back(tests.plan, tests.slo, tier.infancy)
    seen = next((tests.steps(end) for end in tiles if end > ago * tests.step), None)
    if seen is None:
        return
    before = seen - ago + tests.history
    series = tests.phases((0.0, tests.events, before), (0.0, None, pause), (1.0, tests.events, wait))
    what = f"is not new after a pause of {words(pause * tests.step)}"
    yield tests.case(what, series, (before + pause, 0), (before + ago, 1))


def _verdicts(plan: Plan, slo: Slo) -> Iterable[Case]:
    """Yield that a moment on the wrong side of the limit is bad, and one on the right side good."""
    verdict = bad_now(slo)
    if verdict is None or not isinstance(slo.indicator, LimitIndicator):
        return
    step = step_of(plan)
    recorded = {name: signal.promql for name, signal in recorded_signals(plan).items()}
    below = slo.indicator.side == "below"
    value = verdict.rpartition(" >= bool " if below else " < bool ")[0]
    shape = ValueShape(f"slos.{slo.name}", value, sorted(slo.by), recorded, step)
    limit = slo.indicator.limit
    late = steps_of(shape.steady.longest(), step) + 1
    for needed in shape.alternatives:
        group = shape.groups(needed)[0]
        for factor, above in ((1.02, True), (0.98, False)):
            bad = above == below
            solved = shape.solve(group, needed, [limit * factor], late * step.total_seconds())
            other = shape.solve(group, needed, [limit * (0.1 if above else 10)], late * step.total_seconds())
            yield Case(
                f"{slo.name}: a moment {'above' if above else 'below'} {number(limit)} is {'bad' if bad else 'good'}",
                step,
                (*shape.series(solved, late + 1), *shape.decoys(other, late + 1)),
                figures=((f"max({selector(names.BAD, slo_matchers(slo))})", late, float(bad)),),
            )


def _no_data(plan: Plan, slo: Slo) -> Iterable[Case]:
    """Yield that silence is told in time, that an idle service is no silence, and that neither is a good one."""
    step = step_of(plan)
    rule = no_data_rule(plan, slo)
    waits = steps_of(rule.lasts, step)
    there = waits + steps_of(current_window(plan), step) + 5
    strangers = tuple(one for one in series_of(slo, 0.0, 1000, there, bad=False) if one.decoy) if provable(slo) else ()
    told = (*(((rule.alert, waits - 1, ()),) if waits else ()), (rule.alert, waits, (Expected(rule, 1.0),)))
    yield Case(f"{slo.name}: silence is told", step, strangers, told)
    if not provable(slo):
        return
    for name, events in (("an idle", 0.0), ("a good", 1000.0)):
        mine = tuple(one for one in series_of(slo, 0.0, events, there, bad=True) if not one.decoy)
        yield Case(
            f"{slo.name}: {name} service is not silent",
            step,
            mine,
            ((rule.alert, there, ()), (slo.burn_alert, there, ())),
        )
