"""The rules of one promise, in one group and in the order in which they need each other.

Recorded series carry the label `slo` alone: what may change, such as the team, stands on `slo_info`, so that changing
it tears no window apart.
"""

from __future__ import annotations

from datetime import timedelta

from vcci_alerts.expressions import check
from vcci_alerts.model import AlertRule, Group, Recording
from vcci_alerts.notes import labels, notes
from vcci_alerts.templates import VALUES
from vcci_alerts.windows import Window, bridge, current_window, windows
from vcci_slo.plan import BurnTier, Plan, Slo
from vcci_slo.promql import series
from vcci_slo.promql.burns import burning, silent
from vcci_slo.promql.durations import parse_duration, promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, errors_in, slo_matchers, total_in
from vcci_slo.promql.matchers import selector

__all__ = ["burn_rule", "no_data_rule", "slo_group"]

DAY = timedelta(days=1)
NOW = timedelta(0)


def slo_group(plan: Plan, slo: Slo) -> Group:
    """Return everything of one promise: verdict, windows, ratios, budget, burn alerts, silence."""
    rules: tuple[Recording | AlertRule, ...] = (
        *_verdict(slo),
        *(rule for window in windows(plan, slo) for rule in _window_rules(plan, slo, window)),
        *_metadata(plan, slo),
        *(burn_rule(plan, slo, tier) for tier in slo.tiers),
        no_data_rule(plan, slo),
    )
    for rule in rules:
        check(f"slos.{slo.name}", rule.expression)
    return Group(f"slo:{slo.name}", rules)


def _named(record: str, slo: Slo) -> str:
    return selector(record, slo_matchers(slo))


def _recording(slo: Slo, record: str, expression: str, extra: tuple[tuple[str, str], ...] = ()) -> Recording:
    return Recording(record, expression, (("slo", slo.name), *extra))


def _verdict(slo: Slo) -> tuple[Recording, ...]:
    verdict = bad_now(slo)
    return (_recording(slo, series.BAD, verdict),) if verdict else ()


def _window_rules(plan: Plan, slo: Slo, window: Window) -> tuple[Recording, ...]:
    span = window.span
    if window.tile is None:
        errors, total = errors_in(slo, span), total_in(slo, span)
    else:
        errors = _tiles(plan, _named(series.errors(window.tile), slo), window.tile, window.count)
        total = _tiles(plan, _named(series.total(window.tile), slo), window.tile, window.count)
    # Without traffic there is no ratio: a NaN that is recorded once would poison every window that holds it.
    ratio = f"{_named(series.errors(span), slo)} / ({_named(series.total(span), slo)} > 0)"
    return (
        _recording(slo, series.errors(span), errors),
        _recording(slo, series.total(span), total),
        _recording(slo, series.ratio(span), ratio),
    )


def _tiles(plan: Plan, tile: str, span: timedelta, count: int) -> str:
    """Return the sum of `count` tiles that lie end to end; one from before the service was born counts as empty."""
    reach = promql_duration(bridge(plan))
    now = f"last_over_time({tile}[{reach}])"
    before = (
        f"(last_over_time({tile}[{reach}] offset {promql_duration(step * span)}) or 0 * {now})"
        for step in range(1, count)
    )
    return "\n+ ".join((now, *before))


def _metadata(plan: Plan, slo: Slo) -> tuple[Recording, ...]:
    budget = number(slo.budget)
    info = (
        ("declared", slo.declared),
        ("component", slo.component),
        ("system", slo.system),
        ("team", slo.team),
        ("objective", slo.percent),
        ("window", slo.window_name),
        *slo.labels,
    )
    return (
        _recording(slo, series.OBJECTIVE, f"vector({number(slo.objective)})"),
        _recording(slo, series.BUDGET, f"vector({budget})"),
        _recording(slo, series.TIME_PERIOD, f"vector({number(parse_duration(slo.window_name) / DAY)})"),
        _recording(slo, series.BURN_RATE, _burn_rate(slo, current_window(plan), budget)),
        _recording(slo, series.PERIOD_BURN_RATE, _burn_rate(slo, slo.window, budget)),
        _recording(slo, series.REMAINING, f"1 - {_named(series.PERIOD_BURN_RATE, slo)}"),
        _recording(slo, series.INFO, "vector(1)", info),
    )


def _burn_rate(slo: Slo, span: timedelta, budget: str) -> str:
    """Return the pace of spending: an idle window spends nothing, a vanished one is unknown."""
    return f"({_named(series.ratio(span), slo)} or 0 * {_named(series.total(span), slo)}) / {budget}"


def burn_rule(plan: Plan, slo: Slo, tier: BurnTier) -> AlertRule:
    """Return the alert of one tier."""
    long, short = words(tier.long), words(tier.short)
    description = (
        f"Promised: {slo.words}. In the last {long} {VALUES['ratio']} went wrong, and in the last {short} more than "
        f"{number(tier.threshold * 100)}% still did: at least {number(tier.factor)} times the even pace. At that pace "
        f"{number(tier.share * 100)}% of the budget of {slo.window_name} is gone in {long}, all of it in "
        f"{words(tier.exhausts_in)}."
    )
    return AlertRule(
        alert=slo.burn_alert,
        expression=burning(slo, tier),
        lasts=NOW,
        keep_firing_for=tier.keep_firing_for,
        labels=labels(
            plan,
            slo,
            tier.priority,
            *slo.labels,
            ("slo", slo.name),
            ("tier", tier.name),
            ("long", promql_duration(tier.long)),
            ("short", promql_duration(tier.short)),
        ),
        annotations=notes(
            f"{slo.name} spends its error budget more than {number(tier.factor)} times too fast", description, slo
        ),
    )


def no_data_rule(plan: Plan, slo: Slo) -> AlertRule:
    """Return the alert on silence: what is counted vanished, or what is counted as bad cannot be told from it.

    The window of the recorded series has to run empty first, and that time counts.
    """
    span = current_window(plan)
    silence = words(slo.no_data.after)
    return AlertRule(
        alert=slo.no_data_alert,
        expression=silent(slo, span),
        lasts=max(slo.no_data.after - span, NOW),
        keep_firing_for=NOW,
        labels=labels(plan, slo, slo.no_data.priority, *slo.labels, ("slo", slo.name)),
        annotations=notes(
            f"{slo.name} has had no data for {silence}",
            f"Promised: {slo.words}. Nothing has been measured for {silence}, so nobody knows whether it is kept.",
            slo,
        ),
    )
