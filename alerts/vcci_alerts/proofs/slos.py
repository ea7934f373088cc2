"""The tests of promises: every tier just above and just below its threshold, both of its windows, and silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from math import ceil

from vcci_alerts.limit_rules import recorded_signals
from vcci_alerts.proofs.pictures import step_of, steps_of
from vcci_alerts.proofs.series import Case, Expected, Series, firing, then
from vcci_alerts.proofs.shapes import bad_events, probes, slow_events
from vcci_alerts.proofs.values import ValueShape
from vcci_alerts.slo_rules import burn_rule, no_data_rule
from vcci_alerts.windows import current_window
from vcci_slo.plan import (
    BurnTier,
    EventsIndicator,
    LatencyIndicator,
    LimitIndicator,
    Plan,
    ProbeIndicator,
    Slo,
)
from vcci_slo.promql import series as names
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, slo_matchers
from vcci_slo.promql.matchers import selector

__all__ = ["slo_cases"]

STEADY_STEPS = 10
SAMPLES = 60
ABOVE, BELOW = 1.05, 0.95
LONGEST_WAIT = 6
"""How many current windows a test waits, minute by minute, until a tier is over."""

BURST = 1.5
"""How far above its threshold a window must be to say which of the two windows is the reason for silence."""


def slo_cases(plan: Plan, slo: Slo) -> tuple[Case, ...]:
    """Return the tests of one promise."""
    return (
        *_verdicts(plan, slo),
        *(case for tier in slo.tiers for case in _threshold(plan, slo, tier)),
        *_floor(plan, slo),
        *(_windows(plan, slo, tier) for tier in slo.tiers),
        *(_kept(plan, slo, tier) for tier in slo.tiers if tier.short <= LONGEST_WAIT * current_window(plan)),
        *_no_data(plan, slo),
    )


def _series(slo: Slo, share: float, events: float, steps: int, *, bad: bool, copies: int = 2) -> tuple[Series, ...]:
    """Return series of the indicator in which `share` of the events are bad; what is sampled has some `copies`."""
    owner = f"slos.{slo.name}"
    match slo.indicator:
        case EventsIndicator(signal, only):
            return bad_events(owner, signal, only, share=share, events=events, bad=bad, steps=steps)
        case LatencyIndicator(signal, within, only):
            return slow_events(owner, signal, only, within, share=share, events=events, bad=bad, steps=steps)
        case ProbeIndicator(_, matchers):
            return probes(owner, matchers, (1 - share,) * copies, bad=bad, steps=steps)
        case LimitIndicator():
            # The recorded verdicts themselves, as of some clusters: `_verdicts` proves what makes a moment bad.
            mine = [
                Series(names.BAD, {"slo": slo.name, "cluster": str(copy)}, ((share, steps),)) for copy in range(copies)
            ]
            other = Series(names.BAD, {"slo": f"{slo.name}-other"}, ((float(not bad), steps),), decoy=True)
            return (*mine, other)


def _sampled(slo: Slo) -> bool:
    """Return whether the indicator is looked at now and then, where the others count."""
    return isinstance(slo.indicator, ProbeIndicator | LimitIndicator)


def _expected(plan: Plan, slo: Slo, share: float) -> tuple[Expected, ...]:
    """Return the tiers that fire while `share` of everything is bad."""
    return tuple(Expected(burn_rule(plan, slo, tier), share) for tier in slo.tiers if share > tier.threshold)


def _threshold(plan: Plan, slo: Slo, tier: BurnTier) -> Iterable[Case]:
    events = max(10_000.0, 20 * tier.min_bad / tier.threshold)
    # What is sampled needs enough samples for a small share of them to be the bad moments that the tier asks for.
    samples = SAMPLES if _sampled(slo) else 1
    needed = 1.2 * tier.min_bad / (BELOW * tier.threshold)
    copies = max(2, ceil(needed / (STEADY_STEPS * samples)))
    for factor, bad in ((ABOVE, True), (BELOW, False)):
        share = min(tier.threshold * factor, (1 + tier.threshold) / 2)
        yield Case(
            f"{slo.name} {tier.name} {'fires just above' if bad else 'is silent just below'} {number(tier.threshold)}",
            step_of(plan),
            _series(slo, share, events, STEADY_STEPS, bad=bad, copies=copies),
            ((slo.burn_alert, STEADY_STEPS, _expected(plan, slo, share)),),
            samples=samples,
        )


def _floor(plan: Plan, slo: Slo) -> Iterable[Case]:
    """Yield that a few bad events wake nobody, however large their share is."""
    floor = max((tier.min_bad for tier in slo.tiers), default=0)
    if not floor:
        return
    # Within the smallest window that every tier counts raw, and from zero, so that each window holds just these events.
    share = (1 + max(tier.threshold for tier in slo.tiers)) / 2
    steps = ceil(floor * ABOVE / share) if _sampled(slo) else 30
    for factor, enough in ((ABOVE, True), (BELOW, False)):
        if _sampled(slo):
            share = floor * factor / (steps + 1)
        series = _series(slo, share, floor * factor / steps / share, steps, bad=True, copies=1)
        yield Case(
            f"{slo.name}: just {'over' if enough else 'under'} {floor} bad events",
            step_of(plan),
            tuple(replace(one, start=0.0) for one in series),
            ((slo.burn_alert, steps, _expected(plan, slo, share) if enough else ()),),
        )


def _coarse(plan: Plan, tier: BurnTier) -> timedelta:
    """Return a step in which days pass quickly: of the lengths that divide every tile, the longest for its windows."""
    minute = step_of(plan)
    return next((step * minute for step in (30, 10) if step * minute * 3 <= tier.short), minute)


def _windows(plan: Plan, slo: Slo, tier: BurnTier) -> Case:
    """Return that both windows are asked: a burst too short for the long one is silent, and one that is over."""
    step = _coarse(plan, tier)
    long, short = steps_of(tier.long, step), steps_of(tier.short, step)
    kept = steps_of(tier.keep_firing_for, step)
    # After a clean history so much goes wrong that the short window is above its threshold, and the long one is not,
    spike = min(BURST * tier.threshold, (1 + tier.threshold) / 2)
    # then everything, until the long one is above too, and then nothing for as long as the short one lasts.
    fill = max(ceil(long * min(BURST * tier.threshold, (1 + tier.threshold) / 2)), tier.min_bad) + 1
    events = max(10_000.0, 20 * tier.min_bad / tier.threshold)
    found: tuple[Series, ...] = ()
    for share, steps in ((0.0, long), (spike, short), (1.0, fill), (0.0, short + kept + 3)):
        more = tuple(one for one in _series(slo, share, events, steps, bad=True) if not one.decoy)
        found = then(found, more) if found else more
    question, peak = firing(slo.burn_alert, tier=tier.name), long + short + fill
    return Case(
        f"{slo.name} {tier.name} asks both the last {words(tier.long)} and the last {words(tier.short)}",
        step,
        found,
        figures=((question, long + short, 0), (question, peak, 1), (question, peak + short + kept + 3, 0)),
    )


def _kept(plan: Plan, slo: Slo, tier: BurnTier) -> Case:
    """Return that a tier stays for as long as it says after its short window is good again, and no longer."""
    step = step_of(plan)
    short, kept = steps_of(tier.short, step), steps_of(tier.keep_firing_for, step)
    events = max(10_000.0, 20 * tier.min_bad)
    parts = ((1.0, short + 2), (0.0, short + kept + 5))
    first, second = (
        tuple(one for one in _series(slo, share, events, steps, bad=True) if not one.decoy) for share, steps in parts
    )
    # A window that was wholly bad falls below its threshold when all but that share of it is good again.
    over = short + 2 + round(short * (1 - tier.threshold))
    question = firing(slo.burn_alert, tier=tier.name)
    return Case(
        f"{slo.name} {tier.name} stays for a while after the end",
        step,
        then(first, second),
        figures=((question, short + 2, 1), (question, over + kept - 2, 1), (question, over + kept + 3, 0)),
    )


def _verdicts(plan: Plan, slo: Slo) -> Iterable[Case]:
    """Yield that a moment is bad at the limit and good below it."""
    verdict = bad_now(slo)
    if verdict is None or not isinstance(slo.indicator, LimitIndicator):
        return
    step = step_of(plan)
    recorded = {name: signal.promql for name, signal in recorded_signals(plan).items()}
    value = verdict.rpartition(" >= bool ")[0]
    shape = ValueShape(f"slos.{slo.name}", value, (), recorded, step)
    limit = slo.indicator.below
    late = steps_of(shape.steady.longest(), step) + 1
    for needed in shape.alternatives:
        for factor, bad in ((1.02, 1.0), (0.98, 0.0)):
            group = shape.solve({}, needed, [limit * factor], late * step.total_seconds())
            other = shape.solve({}, needed, [limit * (0.1 if bad else 10)], late * step.total_seconds())
            yield Case(
                f"{slo.name}: a moment {'above' if bad else 'below'} {number(limit)} is {'bad' if bad else 'good'}",
                step,
                (*shape.series(group, late + 1), *shape.decoys(other, late + 1)),
                figures=((f"max({selector(names.BAD, slo_matchers(slo))})", late, bad),),
            )


def _no_data(plan: Plan, slo: Slo) -> Iterable[Case]:
    """Yield that silence is told in time, that an idle service is no silence, and that neither is a good one."""
    step = step_of(plan)
    rule = no_data_rule(plan, slo)
    waits = steps_of(rule.lasts, step)
    there = waits + steps_of(current_window(plan), step) + 5
    strangers = tuple(one for one in _series(slo, 0.0, 1000, there, bad=False) if one.decoy)
    yield Case(
        f"{slo.name}: silence is told",
        step,
        strangers,
        (*(((rule.alert, waits - 1, ()),) if waits else ()), (rule.alert, waits, (Expected(rule, 1.0),))),
    )
    for name, events in (("an idle", 0.0), ("a good", 1000.0)):
        yield Case(
            f"{slo.name}: {name} service is not silent",
            step,
            tuple(one for one in _series(slo, 0.0, events, there, bad=True) if not one.decoy),
            ((rule.alert, there, ()), (slo.burn_alert, there, ())),
        )
