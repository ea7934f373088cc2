"""What changes in declared alerts, their limits and the signals behind them."""

from __future__ import annotations

from collections.abc import Iterator

from vcci_slo.difference.change import Change, changed_fields, pairs
from vcci_slo.plan import Alert, Limit, Plan
from vcci_slo.promql.durations import words
from vcci_slo.promql.measures import measured

__all__ = ["alert_changes", "signal_changes"]

_TOLD = ("name", "measure", "limits", "dashboard_url", "proof")


def alert_changes(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield what changes in declared alerts and in those of probes."""
    for name, before, after in pairs(old.alerts, new.alerts, "name"):
        if before is None and after is not None:
            limits = ", ".join(f"{limit.priority} {limit.side} {limit.words}" for limit in after.limits)
            yield Change("alert", name, "added", f"is new: {limits}; {after.summary}", _wakes(new, after))
        elif before is not None and after is None:
            yield Change("alert", name, "removed", f"goes: {before.summary}", _wakes(old, before))
        elif before is not None and after is not None:
            yield from _changed(old, new, before, after)


def _wakes(plan: Plan, alert: Alert) -> bool:
    return any(plan.severity(limit.priority).page for limit in alert.limits)


def _changed(old: Plan, new: Plan, before: Alert, after: Alert) -> Iterator[Change]:
    was, now = measured(before.measure), measured(after.measure)
    if was != now:
        yield Change("alert", after.name, "changed", f"looks at {now} instead of {was}")
    for priority, one, other in pairs(before.limits, after.limits, "priority"):
        for text, wakes in _limit(old, new, priority, one, other):
            yield Change("alert", after.name, "changed", text, wakes)
    for which, lost, has in changed_fields(before, after, leave=_TOLD):
        yield Change("alert", after.name, "changed", f"{which}: {has} instead of {lost}")


def _limit(
    old: Plan, new: Plan, priority: str, before: Limit | None, after: Limit | None
) -> Iterator[tuple[str, bool]]:
    if before is None and after is not None:
        yield f"is {priority} {after.side} {after.words}, a limit that it did not have", new.severity(priority).page
    elif before is not None and after is None:
        yield f"is no longer {priority} {before.side} {before.words}", old.severity(priority).page
    elif before is not None and after is not None:
        if (before.side, before.value) != (after.side, after.value):
            yield f"is {priority} {after.side} {after.words} instead of {before.side} {before.words}", False
        if before.lasts != after.lasts:
            yield f"is {priority} after {words(after.lasts)} instead of {words(before.lasts)}", False
        if before.keep_firing_for != after.keep_firing_for:
            kept, keeps = words(before.keep_firing_for), words(after.keep_firing_for)
            yield f"stays {priority} for {keeps} after its end instead of {kept}", False


def signal_changes(old: Plan, new: Plan) -> Iterator[Change]:
    """Yield what changes in signals; one may stand behind several promises, alerts and panels."""
    signals = [[signal for component in plan.components for signal in component.signals] for plan in (old, new)]
    for ref, before, after in pairs(signals[0], signals[1], "ref"):
        if before is None and after is not None:
            yield Change("signal", ref, "added", f"is new: {after.title}")
        elif before is not None and after is None:
            yield Change("signal", ref, "removed", f"goes: {before.title}")
        elif before is not None and after is not None and type(before) is not type(after):
            yield Change("signal", ref, "changed", f"is of another kind: {type(after).__name__}")
        elif before is not None and after is not None:
            for which, was, now in changed_fields(before, after):
                yield Change("signal", ref, "changed", f"{which}: {now} instead of {was}")
