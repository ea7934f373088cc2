"""When a promise burns, and when it has fallen silent, as PromQL over its recorded series."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.plan import BurnTier, Slo
from vcci_slo.promql import series
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import slo_matchers
from vcci_slo.promql.matchers import selector

__all__ = ["burning", "silent"]


def burning(slo: Slo, tier: BurnTier) -> str:
    """Return the expression of one tier: true while both windows burn faster than it allows, with enough evidence."""
    threshold = number(tier.threshold)
    conditions = [
        f"{_named(series.ratio(tier.long), slo)} > {threshold}",
        f"{_named(series.ratio(tier.short), slo)} > {threshold}",
    ]
    if tier.min_bad:
        conditions.append(f"{_named(series.errors(tier.long), slo)} >= {tier.min_bad}")
    return "\nand ".join(conditions)


def silent(slo: Slo, window: timedelta) -> str:
    """Return the expression that is true while nothing was counted in `window`; an idle service counts zero."""
    return f"absent({_named(series.total(window), slo)})\nor absent({_named(series.errors(window), slo)})"


def _named(record: str, slo: Slo) -> str:
    return selector(record, slo_matchers(slo))
