"""Sloth's own plugins: the four of the default chain, and the two that do nothing to the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from vcci_alerts.sloth import conventions as names
from vcci_alerts.sloth.config import Config
from vcci_alerts.sloth.promql import check_promql
from vcci_alerts.sloth.work import Group, Plugin, PluginFactory, Rule, Tier, Work
from vcci_slo.formats.sloth import AlertMeta, SlothError, Template, print_duration, validate
from vcci_slo.formats.sloth.go import duration, fixed, general, quote
from vcci_slo.formats.sloth.windows import hours

__all__ = ["CORE", "DEFAULT_CHAIN", "checked_by", "period_rule", "sli_labels", "with_group"]


def checked_by(check: Any) -> Plugin:
    """Return the step that refuses what Sloth refuses, with queries judged by `check`."""

    def step(work: Work) -> Work:
        try:
            validate(work.objective, check)
        except SlothError as error:
            raise error.during(f"invalid slo {quote(work.objective.id)}") from None
        return work

    return step


def with_group(group: Group, *rules: Rule) -> Group:
    """Return a group with other rules; a name or an interval that another plugin gave it stays."""
    return replace(group, rules=rules)


def sli_labels(work: Work, window: timedelta) -> dict[str, str]:
    """Return the labels of the error ratio of a window; the user's win."""
    return {**names.identity(work.objective), names.WINDOW: print_duration(window), **work.objective.labels}


def _sli_rules(config: Any) -> Plugin:
    optimized = not Config(config, "PluginConfig").flag("disableOptimized")

    def step(work: Work) -> Work:
        objective = work.objective
        if objective.events is None and objective.raw is None:
            window = work.alert_windows[0]
            where = f"could not create {quote(objective.id)} SLO rule for window {duration(window)}"
            raise SlothError(f"{where}: invalid SLI type")
        query = _query(work)
        rules = [_measured(work, query, window) for window in work.alert_windows]
        period = objective.period
        rules.append(period_rule(work) if optimized else _measured(work, query, period))
        if optimized:  # the windows of tiers that are as long as the period are derived too
            rules = [period_rule(work) if rule.record == rules[-1].record else rule for rule in rules]
        return replace(work, rules=replace(work.rules, sli=with_group(work.rules.sli, *rules)))

    return step


def _query(work: Work) -> Template:
    events, raw = work.objective.events, work.objective.raw
    try:
        if events is not None:
            return Template("sliExpr", f"({events.error_query})\n/\n({events.total_query})\n")
        return Template("sliExpr", f"({raw.error_ratio_query if raw else ''})")
    except SlothError as error:
        raise _of_window(
            work, work.alert_windows[0], error.during("could not create SLI expression template data")
        ) from None


def _of_window(work: Work, window: timedelta, error: SlothError) -> SlothError:
    return error.during(f"could not create {quote(work.objective.id)} SLO rule for window {duration(window)}")


def _measured(work: Work, query: Template, window: timedelta) -> Rule:
    try:
        expression = query.render({"window": print_duration(window)})
    except SlothError as error:
        raise _of_window(work, window, error.during("could not render SLI expression template")) from None
    return Rule(record=names.error_series(window), expr=expression, labels=sli_labels(work, window))


def period_rule(work: Work) -> Rule:
    """Return the error ratio of the period as the mean of the shortest window's ratios, as Sloth derives it."""
    period, short = work.objective.period, work.windows.page_quick.short
    if period == short:
        error = SlothError("can't optimize using the same shortwindow as the window to optimize")
        raise _of_window(work, period, error)
    series = f"{names.error_series(short)}{names.selector(names.identity(work.objective))}[{print_duration(period)}]"
    return Rule(
        record=names.error_series(period),
        expr=f"sum_over_time({series})\n/ ignoring ({names.WINDOW})\ncount_over_time({series})\n",
        labels=sli_labels(work, period),
    )


def _metadata_rules(_: Any) -> Plugin:
    def step(work: Work) -> Work:
        objective = work.objective
        mine = names.selector(names.identity(objective))
        labels = {**names.identity(objective), **objective.labels}
        ratio = general(objective.objective / 100)
        expressions = {
            names.OBJECTIVE_RATIO: f"vector({ratio})",
            names.BUDGET: f"vector(1-{ratio})",
            names.PERIOD_DAYS: f"vector({general(hours(objective.period) / 24)})",
            names.BURN_RATE_NOW: _burn_rate(work.windows.page_quick.short, mine),
            names.BURN_RATE_PERIOD: _burn_rate(objective.period, mine),
            names.REMAINING: f"1 - {names.BURN_RATE_PERIOD}{mine}",
        }
        info = {
            names.VERSION: work.info.version,
            names.MODE: work.info.mode,
            names.SPEC: work.info.spec,
            names.OBJECTIVE: fixed(objective.objective),
        }
        rules = [Rule(record=record, expr=expr, labels=labels) for record, expr in expressions.items()]
        rules.append(Rule(record=names.INFO, expr="vector(1)", labels={**labels, **info}))
        return replace(work, rules=replace(work.rules, metadata=with_group(work.rules.metadata, *rules)))

    return step


def _burn_rate(window: timedelta, mine: str) -> str:
    on = f"{names.ID}, {names.SLO}, {names.SERVICE}"
    return f"{names.error_series(window)}{mine}\n/ on({on}) group_left\n{names.BUDGET}{mine}\n"


def _alert_rules(_: Any) -> Plugin:
    def step(work: Work) -> Work:
        objective = work.objective
        alerts = (("page", objective.page, work.page), ("ticket", objective.ticket, work.ticket))
        rules = [_alert(work, severity, meta, tiers) for severity, meta, tiers in alerts if not meta.disable]
        return replace(work, rules=replace(work.rules, alerts=with_group(work.rules.alerts, *rules)))

    return step


def _alert(work: Work, severity: str, meta: AlertMeta, tiers: tuple[Tier, Tier]) -> Rule:
    whose = f"{{{{$labels.{names.SERVICE}}}}} {{{{$labels.{names.SLO}}}}}"
    return Rule(
        alert=meta.name,
        expr="or\n".join(_both(work, tier) for tier in tiers),
        labels={names.SEVERITY: severity, **meta.labels},
        annotations={
            "title": f"({severity}) {whose} SLO error budget burn rate is too fast.",
            "summary": f"{whose} SLO error budget burn rate is over expected.",
            **meta.annotations,
        },
    )


def _both(work: Work, tier: Tier) -> str:
    mine = names.selector(names.identity(work.objective))
    limit = f"({general(tier.factor)} * {general(work.budget_percent / 100)})"
    short, long = (
        f"    max({names.error_series(window)}{mine} > {limit}) without ({names.WINDOW})\n"
        for window in (tier.short, tier.long)
    )
    return f"(\n{short}    and\n{long})\n"


def _debug(config: Any) -> Plugin:
    wants = Config(config, "Config")
    message, request, result = wants.text("msg"), wants.flag("request"), wants.flag("result")

    def step(work: Work) -> Work:
        notes = [message] if message else []
        if request:
            notes.append(f"{work.objective}")
        if result:
            notes.append(f"{work.rules}")
        return replace(work, notes=(*work.notes, *notes))

    return step


def _noop(_: Any) -> Plugin:
    return lambda work: work


CORE: Mapping[str, PluginFactory] = MappingProxyType(
    {
        "sloth.dev/core/validate/v1": lambda _: checked_by(check_promql),
        "sloth.dev/core/sli_rules/v1": _sli_rules,
        "sloth.dev/core/metadata_rules/v1": _metadata_rules,
        "sloth.dev/core/alert_rules/v1": _alert_rules,
        "sloth.dev/core/debug/v1": _debug,
        "sloth.dev/core/noop/v1": _noop,
    }
)
DEFAULT_CHAIN = tuple(CORE)[:4]
"""What runs at priority 0 unless it is disabled or overridden."""
