"""Sloth's contributed plugins, each with its exact effect on the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from vcci_alerts.sloth import conventions as names
from vcci_alerts.sloth.config import Config
from vcci_alerts.sloth.core_plugins import checked_by
from vcci_alerts.sloth.denominator import denominator_corrected_rules
from vcci_alerts.sloth.metricsql import check_metricsql
from vcci_alerts.sloth.work import Group, Plugin, PluginFactory, Rule, Work
from vcci_slo.formats.sloth import SlothError
from vcci_slo.formats.sloth.go import general

__all__ = ["CONTRIB", "labels_of_info"]

_EXHAUSTED_WAIT = timedelta(minutes=5)


def _config(config: Any, doing: str = "invalid config") -> Config:
    try:
        return Config(config, "Config")
    except SlothError as error:
        raise error.during(doing) from None


def labels_of_info(config: Any) -> Plugin:
    """Return the step that adds labels to `sloth_slo_info`, or to the metadata rule that `metricName` names."""
    wants = _config(config)
    labels, series = wants.texts("labels"), wants.text("metricName") or names.INFO

    def step(work: Work) -> Work:
        rules = list(work.rules.metadata.rules)
        for position, rule in enumerate(rules):
            if rule.record == series:
                rules[position] = replace(rule, labels={**rule.labels, **labels})
                break
        metadata = replace(work.rules.metadata, rules=tuple(rules))
        return replace(work, rules=replace(work.rules, metadata=metadata))

    return step


def _info_labels(config: Any) -> Plugin:
    if not _config(config).texts("labels"):
        raise SlothError("at least one label is required")
    return labels_of_info(config)


def _rule_intervals(config: Any) -> Plugin:
    """Give the three groups an evaluation interval."""
    interval = _config(config).inner("interval", "ConfigInterval")
    default = interval.duration("default")
    if not default:
        raise SlothError("at least default interval is required")
    sli, metadata, alert = (interval.duration(name) or default for name in ("sliError", "metadata", "alert"))

    def step(work: Work) -> Work:
        rules = work.rules
        return replace(
            work,
            rules=replace(
                rules,
                sli=replace(rules.sli, interval=sli),
                metadata=replace(rules.metadata, interval=metadata),
                alerts=replace(rules.alerts, interval=alert),
            ),
        )

    return step


def _remove_labels(config: Any) -> Plugin:
    """Keep only the labels that identify a series, so that changing the others breaks no period."""
    wants = _config(config)
    preserve, skip = wants.names("preserveLabels"), wants.names("skipMetrics")

    def step(work: Work) -> Work:
        kept = frozenset({*names.identity(work.objective), *preserve})
        skipped = frozenset({names.INFO, *skip})
        rules = replace(
            work.rules,
            sli=_stripped(work.rules.sli, kept | {names.WINDOW}, skipped),
            metadata=_stripped(work.rules.metadata, kept - {names.WINDOW}, skipped),
        )
        return replace(work, rules=rules)

    return step


def _stripped(group: Group, kept: frozenset[str], skipped: frozenset[str]) -> Group:
    def strip(rule: Rule) -> Rule:
        return replace(rule, labels={name: value for name, value in rule.labels.items() if name in kept})

    return replace(group, rules=tuple(rule if rule.record in skipped else strip(rule) for rule in group.rules))


def _error_budget_exhausted_alert(config: Any) -> Plugin:
    """Add an alert for when the budget of the period is gone."""
    wants = _config(config, "invalid plugin config")
    threshold, wait = wants.number("threshold"), wants.duration("for") or _EXHAUSTED_WAIT
    alert = wants.text("alert_name") or "ErrorBudgetExhausted"
    labels, annotations = wants.texts("alert_labels"), wants.texts("annotations")
    selecting = wants.texts("selector_labels")

    def step(work: Work) -> Work:
        objective = work.objective
        mine = {
            names.SLO: objective.name,
            names.SERVICE: objective.service,
            names.ID: f"{objective.service}-{objective.name}",
            **objective.labels,
            **selecting,
        }
        rule = Rule(
            alert=alert,
            expr=f"{names.REMAINING}{names.selector(mine)} <= {general(threshold)}",
            wait=wait,
            labels=labels,
            annotations=annotations,
        )
        alerts = replace(work.rules.alerts, rules=(*work.rules.alerts.rules, rule))
        return replace(work, rules=replace(work.rules, alerts=alerts))

    return step


CONTRIB: Mapping[str, PluginFactory] = MappingProxyType(
    {
        "sloth.dev/contrib/denominator_corrected_rules/v1": denominator_corrected_rules,
        "sloth.dev/contrib/error_budget_exhausted_alert/v1": _error_budget_exhausted_alert,
        "sloth.dev/contrib/info_labels/v1": _info_labels,
        "sloth.dev/contrib/remove_labels/v1": _remove_labels,
        "sloth.dev/contrib/rule_intervals/v1": _rule_intervals,
        "sloth.dev/contrib/validate_victoria_metrics/v1": lambda _: checked_by(check_metricsql),
    }
)
