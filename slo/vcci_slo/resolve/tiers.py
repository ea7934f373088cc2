"""The burn tiers of a promise: the built-in ones scaled to its window, those of its policy, and its exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor

from vcci_slo import burn, plan
from vcci_slo.errors import HasteError
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.tiles import infancy
from vcci_slo.resolve.findings import Findings, Pace
from vcci_slo.spec.promises import SloSpec, TierSpec
from vcci_slo.spec.source import Path
from vcci_slo.spec.units import Percentage

__all__ = ["SCRAPES_IN_SHORT", "SCRAPE_EVERY", "Watch", "check_pace", "tiers", "with_infancy"]

SCRAPE_EVERY = timedelta(seconds=15)

SCRAPES_IN_SHORT = 4
"""A rate needs two samples, and still has them when one scrape is late and another is lost."""


MOST_EVENTS, MOST_LOOKS = 1e11, 1e7
"""So many in a long window, of which a tier's threshold are bad, can be counted and proven to the last one."""


@dataclass(frozen=True)
class Watch:
    """What tiers depend on beside the promise: how often is looked, and how fast clocks run."""

    scrape_every: timedelta
    pace: Pace


def tiers(
    written: SloSpec,
    policy: Mapping[str, TierSpec],
    objective: Percentage,
    window: timedelta,
    *,
    counted: bool,
    looked_every: timedelta | None,
    watch: Watch,
    findings: Findings,
    path: Path,
) -> tuple[plan.BurnTier, ...]:
    """Return the tiers, the fastest first. `counted` is whether there are events to count as evidence.

    `looked_every` is how often there is something to count, where it is looked at and does not count by itself.
    """
    wanted: dict[str, TierSpec] = dict(policy)
    for name, change in written.tiers.items():
        if isinstance(change, TierSpec):
            wanted[name] = change
        elif wanted.pop(name, None) is None:
            findings.lookup((*path, "tiers", name), "a tier of its policy", name, policy)
    built_in = {tier.name: tier for tier in burn.TIERS}
    found: list[plan.BurnTier] = []
    for name, spec in wanted.items():
        if spec.spends is not None and spec.within is not None and spec.still is not None:
            tier = burn.Tier(name, spec.spends.ratio, spec.still, spec.within)
        else:
            known = findings.lookup(
                (*path, "tiers", name), "a built-in tier, or spends, within and still", name, built_in
            )
            if known is None:
                continue
            tier = burn.scaled(known, window)
        asked = next((count for count in (spec.min_bad, written.min_bad) if count is not None), None)
        evidence = asked if asked is not None else burn.least_bad(burn.factor(tier, window)) if counted else 0
        found.append(_tier(tier, spec, evidence, objective, window, watch, findings, path))
        if asked is not None:
            _check_evidence(found[-1], asked, tier.long, looked_every, findings, path)
    return tuple(sorted(found, key=lambda tier: -tier.factor))


def _check_evidence(
    tier: plan.BurnTier, asked: int, long: timedelta, looked_every: timedelta | None, findings: Findings, path: Path
) -> None:
    """Note evidence that no window can hold, or so much that nobody can count it."""
    most = floor(tier.threshold * (MOST_EVENTS if looked_every is None else MOST_LOOKS))
    if looked_every is not None:
        most = min(most, floor(long / looked_every))
    if asked > most:
        where = promql_duration(long)
        what = "events" if looked_every is None else f"looks, one each {promql_duration(looked_every)}"
        findings.add(
            (*path, "min_bad"),
            f"at most {most:,} bad {what}, for the tier {tier.name} to fire within {where}",
            f"{asked:,}",
        )


def _tier(
    tier: burn.Tier,
    spec: TierSpec,
    evidence: int,
    objective: Percentage,
    window: timedelta,
    watch: Watch,
    findings: Findings,
    path: Path,
) -> plan.BurnTier:
    factor = burn.factor(tier, window)
    threshold = round(factor * objective.complement, 12)
    if factor <= 0 or tier.long >= window:
        expected = f"a tier that spends a share of the budget within less than {promql_duration(window)}"
        findings.add((*path, "tiers"), expected, f"{tier.name}: {number(tier.share * 100)}% within {tier.long}")
        factor, threshold = max(factor, 1e-9), max(threshold, 1e-12)
    if threshold >= 1:
        lowest = 100 * (1 - 1 / factor)
        findings.add(
            path,
            f"an objective above {lowest:.4g}% for the burn tier {tier.name} to be reachable, or a policy without it",
            f"{objective.text}, at which it fires above an error ratio of {threshold:g}",
            f"tiers: {{{tier.name}: off}}",
        )
    least = SCRAPES_IN_SHORT * watch.scrape_every
    if tier.short < least:
        expected = f"windows of at least {SCRAPES_IN_SHORT} scrapes, {promql_duration(least)}"
        findings.add(path, expected, f"the tier {tier.name} with {promql_duration(tier.short)}")
    keep = spec.keep_firing_for if spec.keep_firing_for is not None else burn.keeps_firing(tier)
    seen = spec.seen_for if spec.seen_for is not None else tier.long / 2
    of = watch.pace.of
    return plan.BurnTier(
        name=tier.name,
        priority=spec.priority,
        share=tier.share,
        short=of(tier.short),
        long=of(tier.long),
        factor=factor,
        threshold=threshold,
        min_bad=evidence,
        keep_firing_for=of(keep),
        seen_for=of(seen),
        infancy=None,
        exhausts_in=of(window / factor),
    )


def with_infancy(slo: plan.Slo, pace: Pace) -> plan.Slo:
    """Return a promise whose tiers know by which of its windows an old service is told from a new one."""
    return replace(
        slo,
        tiers=tuple(
            replace(tier, infancy=infancy(slo, tier.seen_for, pace)) if tier.seen_for else tier for tier in slo.tiers
        ),
    )


def check_pace(resolved: plan.Plan) -> None:
    """Refuse clocks so fast that rules could not be evaluated: scrapes have a shortest time, and windows follow them.

    Timers have no such limit, so a plan may be resolved at any pace. Raises HasteError.
    """
    if resolved.time_scale == 1:
        return
    least = SCRAPES_IN_SHORT * resolved.scrape_every
    windows = {f"slos.{slo.name}.tiers.{tier.name}": tier.short for slo in resolved.slos for tier in slo.tiers}
    if resolved.slos:
        windows["slos"] = Pace(resolved.time_scale).of(burn.CURRENT)  # what is called "now" on boards and pages
    for where, window in sorted(windows.items(), key=lambda one: one[1]):
        if window < least:
            expected = f"windows of at least {SCRAPES_IN_SHORT} scrapes, {promql_duration(least)}"
            found = f"{promql_duration(window)} while clocks run {resolved.time_scale:g} times faster"
            raise HasteError(where, expected, found, floor(resolved.time_scale * (window / least)))
