"""The rules of declared alerts and of probes, one for each threshold and silence; recorded signals; the Watchdog."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from vcci_alerts.errors import AlertsError
from vcci_alerts.expressions import check, labels_of, parse
from vcci_alerts.model import AlertRule, Group, Recording
from vcci_alerts.notes import labels, notes
from vcci_alerts.templates import fill
from vcci_slo.plan import Alert, Component, Limit, NoData, Plan, Quantile, ValueSignal
from vcci_slo.promql.durations import words
from vcci_slo.promql.measures import condition, measured, vanished

__all__ = [
    "WATCHDOG",
    "alert_labels",
    "component_group",
    "limit_rule",
    "missing_rule",
    "recorded_signals",
    "signals_group",
    "watchdog_group",
]

WATCHDOG = "Watchdog"
NOW = timedelta(0)


def recorded_signals(plan: Plan) -> Mapping[str, ValueSignal]:
    """Return the signals that a rule records, by the name under which it does."""
    return {
        signal.record: signal
        for component in plan.components
        for signal in component.signals
        if isinstance(signal, ValueSignal) and signal.record
    }


def signals_group(plan: Plan) -> Group:
    """Return the recorded signals: names that the manual knows and no exporter has."""
    rules = tuple(Recording(name, signal.promql) for name, signal in recorded_signals(plan).items())
    for rule in rules:
        check(f"the signal recorded as {rule.record}", rule.expression)
    return Group("signals", rules)


def component_group(plan: Plan, component: Component) -> Group:
    """Return the alerts of one component."""
    rules: list[AlertRule] = []
    for alert in plan.alerts_of(component.name):
        rules += [limit_rule(plan, alert, limit) for limit in alert.limits]
        rules += [missing_rule(plan, alert, silence) for silence in alert.missing]
    return Group(f"alerts:{component.name}", tuple(rules))


def alert_labels(plan: Plan, alert: Alert) -> frozenset[str] | None:
    """Return the labels that the measure of an alert can have, or None if it may have any."""
    owner = f"alerts.{alert.name}"
    recorded = {name: labels_of(parse(owner, signal.promql), {}) for name, signal in recorded_signals(plan).items()}
    return labels_of(parse(owner, measured(alert.measure)), recorded)


def limit_rule(plan: Plan, alert: Alert, limit: Limit) -> AlertRule:
    """Return the rule of one threshold."""
    owner = f"alerts.{alert.name}"
    expression = condition(alert, limit)
    check(owner, expression)
    _check_buckets(owner, alert, limit)
    known = alert_labels(plan, alert)
    return AlertRule(
        alert=alert.name,
        expression=expression,
        lasts=limit.lasts,
        keep_firing_for=limit.keep_firing_for,
        labels=labels(plan, alert, limit.priority),
        annotations=notes(
            fill(owner, alert.summary, alert.unit, known),
            fill(owner, _description(alert, limit), alert.unit, known),
            alert,
        ),
    )


def _description(alert: Alert, limit: Limit) -> str:
    lasted = f" for {words(limit.lasts)}" if limit.lasts else ""
    bound = limit.words if alert.source == "probe" else f"{limit.side} {limit.words}"
    because = f" {alert.because[:1].upper()}{alert.because[1:]}." if alert.because else ""
    return f"{alert.description.rstrip('.')}: {bound}{lasted}.{because}"


def _check_buckets(owner: str, alert: Alert, limit: Limit) -> None:
    """Refuse a quantile that cannot reach its limit: it never exceeds the largest finite bucket."""
    match alert.measure:
        case Quantile(signal) if signal.buckets and limit.side == "above" and signal.buckets[-1] <= limit.value:
            raise AlertsError(
                owner, f"a limit below the largest bucket of {signal.duration} ({signal.buckets[-1]:g}s)", limit.words
            )
        case _:
            return


def missing_rule(plan: Plan, alert: Alert, silence: NoData) -> AlertRule:
    """Return the alert on a measure that has vanished."""
    expression = vanished(alert)
    check(f"alerts.{alert.name}", expression)
    after = words(silence.after)
    return AlertRule(
        alert=f"{alert.name}NoData",
        expression=expression,
        lasts=silence.after,
        keep_firing_for=NOW,
        labels=labels(plan, alert, silence.priority),
        annotations=notes(
            f"{alert.name} has had no data for {after}",
            f"The series that {alert.name} looks at have been gone for {after}: nobody knows whether all is well.",
            alert,
        ),
    )


def watchdog_group(plan: Plan) -> Group:
    """Return the alert that always fires: when it is not heard, the way of every other alert is broken."""
    rule = AlertRule(
        alert=WATCHDOG,
        expression="vector(1)",
        lasts=NOW,
        keep_firing_for=NOW,
        labels=(
            ("severity", "none"),
            ("priority", "none"),
            ("team", plan.team),
            ("component", "monitoring"),
            ("system", plan.name),
        ),
        annotations=(
            ("summary", "The way from Prometheus to whoever is on call works"),
            ("description", f"Always firing. Silence for {words(plan.watchdog.silent)} means that no alert arrives."),
        ),
    )
    return Group("watchdog", (rule,))
