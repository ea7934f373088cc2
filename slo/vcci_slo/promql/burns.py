"""When a promise burns, and when it has fallen silent, as PromQL over its recorded series."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.plan import BurnTier, Slo
from vcci_slo.promql import series
from vcci_slo.promql.durations import promql_duration
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import slo_matchers
from vcci_slo.promql.matchers import selector

__all__ = ["VANISHED", "burning", "silent"]

VANISHED = 6
"""For how many times the patience with silence a part that vanished is missed: an hour where ten minutes are allowed.
After that it is taken as gone for good, as a cluster that was shut down is."""


def burning(slo: Slo, tier: BurnTier) -> str:
    """Return the expression of one tier: true while both windows burn faster than it allows, with enough evidence.

    The last condition is that the service is not new: something was measured at some time in the long window that ended
    `seen_for` ago, or, for a service that paused longer than that, counted in the promise's window before its infancy.
    """
    threshold = number(tier.threshold)
    conditions = [
        f"{_named(series.ratio(tier.long), slo)} > {threshold}",
        f"{_named(series.ratio(tier.short), slo)} > {threshold}",
    ]
    if tier.min_bad:
        conditions.append(f"{_named(series.errors(tier.long), slo)} >= {tier.min_bad}")
    if tier.seen_for:
        counted = _named(series.total(tier.short), slo)
        looks = f"{promql_duration(tier.long)}:{promql_duration(tier.short)}"
        seen = f"count_over_time({counted}[{looks}] offset {promql_duration(tier.seen_for)})"
        if tier.infancy is not None:
            whole, young = (_named(series.total(span), slo) for span in (slo.window, tier.infancy))
            seen = f"({seen}\n  or {whole} > {young})"
        conditions.append(seen)
    return "\nand ".join(conditions)


def silent(slo: Slo, window: timedelta) -> str:
    """Return the expression that is true while nothing was counted in `window`; an idle service counts zero.

    Of a promise that is kept apart by labels, also what was counted an hour ago and is gone is silent.
    """
    total, errors = _named(series.total(window), slo), _named(series.errors(window), slo)
    gone = f"absent({total})\nor absent({errors})"
    if not slo.by:
        return gone
    before = f"{total} offset {promql_duration(slo.no_data.after * VANISHED)}"
    return f"{gone}\nor ({before} unless {total})\nor ({total} unless {errors})"


def _named(record: str, slo: Slo) -> str:
    return selector(record, slo_matchers(slo))
