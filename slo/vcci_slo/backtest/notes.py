"""What the reader must know of a history before believing the figures that come from it."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.backtest.history import History
from vcci_slo.plan import Slo
from vcci_slo.promql.durations import promql_duration

__all__ = ["not_seen", "weaknesses"]


def weaknesses(slo: Slo, history: History, every: timedelta) -> tuple[str, ...]:
    """Return what weakens a backtest that judges a history `every` so often."""
    notes: list[str] = []
    length = history.last - history.first
    share = history.observed / length if length else 0.0
    if share < 0.99:
        notes.append(f"only {share:.1%} of the time was observed; the rest is unknown, neither good nor bad")
    if length < slo.window:
        notes.append(
            f"the history is shorter than the window of {slo.window_name}, so the budget counts what there is of it"
        )
    return (*notes, *not_seen(slo, history, every))


def not_seen(slo: Slo, history: History, every: timedelta) -> tuple[str, ...]:
    """Return what a history's step, or judging it only `every` so often, is too coarse to show."""
    notes: list[str] = []
    step = max(history.step, every)
    coarse = [tier for tier in slo.tiers if 4 * step > tier.short]
    if coarse:
        names = ", ".join(f"{tier.name} ({promql_duration(tier.short)})" for tier in coarse)
        notes.append(
            f"the history has a step of {promql_duration(step)}, which is coarse for the short "
            f"window of {names}: such alerts may be off by a step, and faults shorter than one are spread over it"
        )
    if history.step >= slo.no_data.after:
        notes.append(
            f"a step of {promql_duration(history.step)} cannot show whether {slo.no_data_alert} would have fired within"
            f" it, after {promql_duration(slo.no_data.after)} without data: only missing steps count as silence"
        )
    return tuple(notes)
