"""The rules of one promise, in one group and in the order in which they need each other.

Recorded series carry the label `slo`, and those by which the promise is kept apart: what may change, such as the team,
stands on `slo_info`, so that changing it tears no window apart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import check, labels_of, parse
from vcci_alerts.model import AlertRule, Group, Recording
from vcci_alerts.notes import labels, notes
from vcci_alerts.templates import VALUES, asked
from vcci_slo.plan import WINDOW, BurnTier, Plan, QueryIndicator, Slo
from vcci_slo.promql import series
from vcci_slo.promql.burns import burning, silent
from vcci_slo.promql.durations import promql_duration, words
from vcci_slo.promql.figures import number
from vcci_slo.promql.indicators import bad_now, errors_in, slo_matchers, total_in
from vcci_slo.promql.matchers import selector
from vcci_slo.promql.months import in_this_month, month_of, tile_of
from vcci_slo.promql.tiles import Window, bridge, current_window, windows

__all__ = ["burn_rule", "carried", "no_data_rule", "pace", "rest", "slo_group", "spent"]

DAY = timedelta(days=1)
NOW = timedelta(0)
MONTH = "month"
SAID = 3
"""Digits of a number in words; what is compared has all of them."""


def slo_group(plan: Plan, slo: Slo) -> Group:
    """Return everything of one promise: verdict, windows, ratios, budget, burn alerts, silence."""
    rules: tuple[Recording | AlertRule, ...] = (
        *_verdict(plan, slo),
        *(rule for window in windows(plan, slo) for rule in _window_rules(plan, slo, window)),
        *_month(plan, slo),
        *_metadata(plan, slo),
        *(burn_rule(plan, slo, tier) for tier in slo.tiers),
        no_data_rule(plan, slo),
    )
    _check_grouping(slo)
    for rule in rules:
        check(f"slos.{slo.name}", rule.expression)
    return Group(f"slo:{slo.name}", rules)


def _named(record: str, slo: Slo) -> str:
    return selector(record, slo_matchers(slo))


def _check_grouping(slo: Slo) -> None:
    """Refuse free PromQL whose results differ in labels: promtool accepts it, and it matches nothing."""
    if not isinstance(slo.indicator, QueryIndicator):
        return
    owner = f"slos.{slo.name}"
    wanted = frozenset(slo.by)
    expected = f"results with the labels {', '.join(slo.by)}" if slo.by else "one result without labels"
    for query in (slo.indicator.signal.bad, slo.indicator.signal.valid):
        found = labels_of(parse(owner, query.replace(WINDOW, "5m")), {}) if query else None
        if found is not None and found != wanted:
            raise AlertsError(owner, f"{expected}, as `by` says", f"{', '.join(sorted(found)) or 'none'}: {query}")


def carried(plan: Plan, slo: Slo) -> tuple[tuple[str, str], ...]:
    """Return the labels of every recorded series of the promise; Sloth's are for dashboards made for Sloth."""
    of_sloth = (("sloth_id", f"{plan.name}-{slo.name}"), ("sloth_service", plan.name), ("sloth_slo", slo.name))
    return (("slo", slo.name), *(of_sloth if plan.sloth_labels else ()))


def _recorder(plan: Plan, slo: Slo) -> Callable[..., Recording]:
    """Return what makes a recorded series of the promise."""
    common = carried(plan, slo)

    def recording(record: str, expression: str, *extra: tuple[str, str]) -> Recording:
        return Recording(record, expression, (*common, *extra))

    return recording


def _verdict(plan: Plan, slo: Slo) -> tuple[Recording, ...]:
    verdict = bad_now(slo)
    return (_recorder(plan, slo)(series.BAD, verdict),) if verdict else ()


def _window_rules(plan: Plan, slo: Slo, window: Window) -> tuple[Recording, ...]:
    span, recording = window.span, _recorder(plan, slo)
    if window.tiles:
        errors, total = (_tiles(plan, slo, record, window.tiles) for record in (series.errors, series.total))
    else:
        total = total_in(slo, span, scrape=plan.scrape_every)
        errors = errors_in(slo, span, scrape=plan.scrape_every, total=_named(series.total(span), slo))
    return (
        recording(series.total(span), total),
        recording(series.errors(span), errors),
        recording(series.ratio(span), _ratio(slo, series.errors(span), series.total(span))),
    )


def _ratio(slo: Slo, errors: str, total: str) -> str:
    # Without traffic there is no ratio: a NaN that is recorded once would poison every window that holds it.
    return f"{_named(errors, slo)} / ({_named(total, slo)} > 0)"


def _tiles(plan: Plan, slo: Slo, record: Callable[[timedelta], str], tiles: tuple[timedelta, ...]) -> str:
    """Return the sum of tiles that lie end to end; one from before the service was born counts as empty."""
    reach = promql_duration(bridge(plan))
    newest = f"last_over_time({_named(record(tiles[0]), slo)}[{reach}])"
    parts, before = [newest], tiles[0]
    for tile in tiles[1:]:
        at = f"{_named(record(tile), slo)}[{reach}] offset {promql_duration(before)}"
        parts.append(f"(last_over_time({at}) or 0 * {newest})")
        before += tile
    return "\n+ ".join(parts)


def _month(plan: Plan, slo: Slo) -> tuple[Recording, ...]:
    """Return the account of the calendar month so far, where that is what is promised."""
    if slo.calendar is None:
        return ()
    recording = _recorder(plan, slo)
    tile, current = tile_of(slo.calendar), current_window(plan)
    now = _named(series.MONTH, slo)

    def so_far(record: Callable[[timedelta], str]) -> str:
        tiles, rest = _named(record(tile), slo), _named(record(current), slo)
        return in_this_month(tiles, rest, now, zone=slo.calendar or "", current=current)

    return (
        recording(series.MONTH, month_of("time()", slo.calendar)),
        recording(series.MONTH_ERRORS, so_far(series.errors)),
        recording(series.MONTH_TOTAL, so_far(series.total)),
        recording(series.MONTH_RATIO, _ratio(slo, series.MONTH_ERRORS, series.MONTH_TOTAL)),
    )


def _metadata(plan: Plan, slo: Slo) -> tuple[Recording, ...]:
    budget, recording, now = number(slo.budget), _recorder(plan, slo), current_window(plan)
    info = (
        ("declared", slo.declared),
        ("component", slo.component),
        ("system", slo.system),
        ("team", slo.team),
        ("objective", slo.percent),
        ("window", slo.window_name),
        *slo.labels,
    )
    monthly = slo.calendar is not None
    period = (
        (series.MONTH_RATIO, series.MONTH_TOTAL) if monthly else (series.ratio(slo.window), series.total(slo.window))
    )
    sloth = (("sloth_objective", slo.percent.rstrip("%")), ("sloth_mode", "vcci"), ("sloth_spec", "vcci/v1"))
    return (
        recording(series.OBJECTIVE, f"vector({number(slo.objective)})"),
        recording(series.BUDGET, f"vector({budget})"),
        recording(series.TIME_PERIOD, f"vector({number(slo.window * plan.time_scale / DAY)})"),
        recording(series.BURN_RATE, _burn_rate(slo, series.ratio(now), series.total(now), budget)),
        recording(series.PERIOD_BURN_RATE, _burn_rate(slo, *period, budget)),
        recording(series.REMAINING, f"1 - {_named(series.PERIOD_BURN_RATE, slo)}"),
        recording(series.INFO, "vector(1)", *info),
        *((recording(series.SLOTH_INFO, "vector(1)", *sloth),) if plan.sloth_labels else ()),
    )


def _burn_rate(slo: Slo, ratio: str, total: str, budget: str) -> str:
    """Return the pace of spending: an idle window spends nothing, a vanished one is unknown."""
    return f"({_named(ratio, slo)} or 0 * {_named(total, slo)}) / {budget}"


def pace(slo: Slo, tier: BurnTier) -> str:
    """Return the query of how many times faster than evenly the long window of a tier spends the budget."""
    return f"{_named(series.ratio(tier.long), slo)} / {number(slo.budget)}"


def spent(slo: Slo) -> str:
    """Return the query of the share of the budget that is spent."""
    return _named(series.PERIOD_BURN_RATE, slo)


def rest(slo: Slo, tier: BurnTier) -> str:
    """Return the query of the seconds until the rest of the budget is spent, in minutes; nothing if it is gone."""
    seconds = number(slo.window.total_seconds())
    return f"round({_named(series.REMAINING, slo)} * {seconds} / ({pace(slo, tier)}), 60) > 0"


def _who(slo: Slo) -> str:
    """Return the promise as a person calls it; of one that is kept apart by labels, which part."""
    parts = " ".join(f"{{{{ $labels.{label} }}}}" for label in slo.by)
    return f"{slo.name} of {parts}" if parts else slo.name


def burn_rule(plan: Plan, slo: Slo, tier: BurnTier) -> AlertRule:
    """Return the alert of one tier."""
    long, short = words(tier.long), words(tier.short)
    burning_at = asked(pace(slo, tier), slo.by, 'printf "%.3g"', "?")
    gone = asked(spent(slo), slo.by, "humanizePercentage", "an unknown share")
    left = asked(
        rest(slo, tier), slo.by, "humanizeDuration", "nothing is left", before="at this pace the rest is gone in "
    )
    times, share = number(tier.factor, SAID), number(tier.share * 100, SAID)
    period = "a month" if slo.window_name == MONTH else slo.window_name
    description = (
        f"Promised: {slo.words}. In the last {long} {VALUES['ratio']} went wrong, {burning_at} times the even pace, "
        f"and in the last {short} more than {number(tier.threshold * 100, SAID)}% still did. The tier {tier.name} "
        f"speaks above {times} times, at which {share}% of the budget of {period} is gone in {long}, "
        f"all of it in {words(tier.exhausts_in)}. Of the budget {gone} is spent; {left}."
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
        annotations=notes(f"{_who(slo)} spends its error budget more than {times} times too fast", description, slo),
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
            f"{_who(slo)} has had no data for {silence}",
            f"Promised: {slo.words}. Nothing has been measured for {silence}, so nobody knows whether it is kept.",
            slo,
        ),
    )
