"""Alert policies, conditions and notification targets of OpenSLO."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.notes import Origin
from vcci_slo.formats.openslo.forms import LONGEST_DESCRIPTION, duration, metadata, name_at
from vcci_slo.formats.openslo.model import AlertCondition, AlertPolicy, NotificationTarget, Version

__all__ = ["OPERATORS", "alert_condition", "alert_policy", "notification_target"]

OPERATORS = ("gt", "lt", "gte", "lte")


def alert_policy(cursor: Cursor, origin: Origin, version: Version) -> AlertPolicy:
    """Return a policy, an object of its own or inside an SLO."""
    spec = cursor.at("spec")
    conditions = tuple(_condition(item, origin, version) for item in spec.items("conditions"))
    if len(conditions) != 1:
        spec.refuse("exactly one condition", f"{len(conditions)}", key="conditions")
    targets = tuple(_target(item, version) for item in spec.items("notificationTargets"))
    if not targets:
        spec.refuse("at least one notification target", "none", key="notificationTargets")
    return AlertPolicy(
        origin=origin,
        metadata=metadata(cursor, version),
        description=spec.text("description", longest=LONGEST_DESCRIPTION),
        when_breaching=spec.flag("alertWhenBreaching"),
        when_resolved=spec.flag("alertWhenResolved"),
        when_no_data=spec.flag("alertWhenNoData"),
        conditions=conditions,
        targets=targets,
    )


def _condition(cursor: Cursor, origin: Origin, version: Version) -> AlertCondition | str:
    if _is_reference(cursor, "conditionRef"):
        return name_at(cursor, "conditionRef", needed=True)
    _kind(cursor, "AlertCondition")
    return alert_condition(cursor, origin.at("spec.conditions[0]"), version)


def _target(cursor: Cursor, version: Version) -> NotificationTarget | str:
    if _is_reference(cursor, "targetRef"):
        return name_at(cursor, "targetRef", needed=True)
    _kind(cursor, "AlertNotificationTarget")
    return notification_target(cursor, version)


def _is_reference(cursor: Cursor, key: str) -> bool:
    """Return whether an entry refers to an object, and complain if it also is one."""
    if not cursor.is_map():
        return False
    if cursor.has(key) and cursor.has("spec"):
        cursor.refuse(f"either {key} or spec", "both")
    return cursor.has(key) or not cursor.has("spec")


def _kind(cursor: Cursor, wanted: str) -> None:
    cursor.choice("kind", (wanted,), needed=True)


def alert_condition(cursor: Cursor, origin: Origin, version: Version) -> AlertCondition:
    """Return a condition on the burn rate, the only one that there is."""
    spec = cursor.at("spec")
    condition = spec.at("condition")
    if condition.data is None:
        spec.refuse("the key condition", "no such key", key="condition")
    else:
        condition.is_map()
    condition.choice("kind", ("burnrate",), needed=True)
    return AlertCondition(
        origin=origin,
        metadata=metadata(cursor, version),
        severity=spec.text("severity", needed=True),
        op=condition.choice("op", OPERATORS, needed=True),
        threshold=condition.number("threshold", needed=True) or 0.0,
        lookback=duration(condition, "lookbackWindow", version, needed=True) or timedelta(0),
        after=duration(condition, "alertAfter", version),
        description=spec.text("description", longest=LONGEST_DESCRIPTION),
    )


def notification_target(cursor: Cursor, version: Version) -> NotificationTarget:
    """Return where alerts go."""
    spec = cursor.at("spec")
    return NotificationTarget(
        metadata(cursor, version),
        spec.text("target", needed=True),
        spec.text("description", longest=LONGEST_DESCRIPTION),
    )
