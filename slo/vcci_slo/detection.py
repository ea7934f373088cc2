"""How long after a fault begins each burn tier speaks, and how much of the budget is gone by then.

For a service with steady traffic and a clean history. The generated rule tests prove these times on the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.plan import BurnTier, LimitIndicator, Plan, ProbeIndicator, Slo

__all__ = ["Detection", "clears_after", "detection", "filled_after"]

NOW = timedelta(0)


@dataclass(frozen=True)
class Detection:
    """When a tier speaks after a fault in which `ratio` of everything is bad; None if it never does.

    `spent` is the share of the budget that is gone by then. `clears` is when it is silent again after an end of the
    fault that comes as soon as it spoke.
    """

    tier: BurnTier
    ratio: float
    after: timedelta | None
    spent: float
    clears: timedelta | None


def filled_after(tier: BurnTier, ratio: float) -> timedelta | None:
    """Return how long a fault must last until both windows of a tier are above its threshold; None if they never are.

    The long window is the last to be: after `t` it holds `t / long` of the fault.
    """
    return tier.long * (tier.threshold / ratio) if ratio > tier.threshold else None


def clears_after(tier: BurnTier, ratio: float, lasted: timedelta) -> timedelta:
    """Return how long after its end a fault that lasted so long is over for a tier, with what it keeps firing.

    The short window is the first below its threshold: once so much of the fault has left it.
    """
    inside = min(lasted, tier.short)
    allowed = tier.short * (tier.threshold / ratio)
    return max(tier.short - min(allowed, inside), NOW) + tier.keep_firing_for if inside > allowed else NOW


def detection(plan: Plan, slo: Slo, tier: BurnTier, ratio: float) -> Detection:
    """Return what a tier says to a fault of which `ratio` is the share of bad events."""
    filled = filled_after(tier, ratio)
    if filled is None:
        return Detection(tier, ratio, None, 0.0, None)
    after = _up(max(filled, _evidence(plan, slo, tier, ratio)))
    return Detection(
        tier, ratio, after, ratio * (after / slo.window) / slo.budget, _up(clears_after(tier, ratio, after))
    )


def _up(span: timedelta) -> timedelta:
    """Return a span that people can read: whole seconds, and whole minutes beyond an hour."""
    unit = timedelta(minutes=1) if span >= timedelta(hours=1) else timedelta(seconds=1)
    return -(-span // unit) * unit


def _evidence(plan: Plan, slo: Slo, tier: BurnTier, ratio: float) -> timedelta:
    """Return how long it takes to see as many bad moments as a tier asks for; events come as fast as traffic does."""
    match slo.indicator:
        case ProbeIndicator(component, _):
            probe = plan.component(component).probe
            looks = plan.scrape_every / max(probe.places if probe else 1, 1)
        case LimitIndicator():
            looks = plan.evaluate_every
        case _:
            return NOW
    return looks * (tier.min_bad / ratio)
