"""A promise explained: what counts, what is allowed, when which tier speaks, and how soon a fault is noticed.

Everything is derived from the plan, so that the command line, the HTTP engine and the runbook page say the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from vcci_slo.budget import allowed_downtime
from vcci_slo.detection import Detection, detection
from vcci_slo.plan import BurnTier, LatencyIndicator, LimitIndicator, Plan, ProbeIndicator, QueryIndicator, Slo
from vcci_slo.promql.burns import burning
from vcci_slo.promql.durations import words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, errors_in, total_in

__all__ = ["Explanation", "Told", "explain"]

SHOWN = timedelta(minutes=5)
"""The window in which queries are shown."""

MILLION = 1_000_000


@dataclass(frozen=True)
class Told:
    """One tier: what it needs to speak, whom it tells, and how soon; to everything failing, and to twice its threshold.

    Both times are for steady traffic after a clean history, and the generated rule tests prove them.
    """

    tier: BurnTier
    notify: str
    outage: Detection
    slow: Detection


@dataclass(frozen=True)
class Explanation:
    """A promise in words and figures. `allowed` counts bad ones among a million; `notes` are what one should know."""

    slo: Slo
    bad: str
    valid: str
    verdict: str | None
    allowed: float
    downtime: timedelta
    tiers: tuple[Told, ...]
    expressions: tuple[str, ...]
    notes: tuple[str, ...]


def explain(plan: Plan, slo: Slo) -> Explanation:
    """Return the explanation of a promise."""
    return Explanation(
        slo=slo,
        bad=errors_in(slo, SHOWN),
        valid=total_in(slo, SHOWN),
        verdict=bad_now(slo),
        allowed=MILLION * slo.budget,
        downtime=allowed_downtime(budget=slo.budget, window=slo.window),
        tiers=tuple(_told(plan, slo, tier) for tier in slo.tiers),
        expressions=tuple(burning(slo, tier) for tier in slo.tiers),
        notes=tuple(_notes(slo)),
    )


def _told(plan: Plan, slo: Slo, tier: BurnTier) -> Told:
    twice = min(2 * tier.threshold, (1 + tier.threshold) / 2)
    notify = plan.severity(tier.priority).notify.name
    return Told(tier, notify, detection(plan, slo, tier, 1.0), detection(plan, slo, tier, twice))


def _notes(slo: Slo) -> list[str]:
    found = _about_counting(slo)
    if slo.by:
        found.append(f"Each {' and '.join(slo.by)} has a budget and alerts of its own; new ones appear by themselves.")
    if slo.calendar is not None:
        found.append(
            f"The budget begins anew with each month in {slo.calendar}; burn rates are those of a window of 30 days."
        )
    if slo.ceiling is not None:
        place = "above" if slo.objective > slo.ceiling else "within"
        promised = number(slo.ceiling * 100)
        found.append(f"What {slo.component} needs promises {promised}% all together; this promise is {place} it.")
    if any(tier.min_bad for tier in slo.tiers):
        found.append("With less traffic a tier waits until it has seen as many bad ones as it needs, however long.")
    if any(tier.seen_for for tier in slo.tiers):
        longest = max(slo.tiers, key=lambda tier: tier.seen_for)
        found.append(
            f"Tiers of a new service wait for half of their long window, the slowest {words(longest.seen_for)}, so "
            "that the first minutes are not taken for its history."
        )
    return found


def _about_counting(slo: Slo) -> list[str]:
    found: list[str] = []
    match slo.indicator:
        case LatencyIndicator(signal, within, _) if signal.native:
            if math.frexp(within)[0] != 0.5:
                found.append(
                    f"{number(within)} s is no power of two, so Prometheus interpolates inside a bucket of the native "
                    "histogram."
                )
        case QueryIndicator(signal) if signal.valid is None:
            found.append(
                "Its query gives a ratio and no events: windows are means over time, and traffic has no weight in them."
            )
        case QueryIndicator():
            found.append("Its queries are free PromQL: what each of them counts is for you to say.")
        case ProbeIndicator() | LimitIndicator():
            found.append("It is looked at now and then: a fault shorter than the time between two looks is not seen.")
        case _:
            pass
    return found
