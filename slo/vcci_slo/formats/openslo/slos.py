"""SLOs of OpenSLO: one indicator or a composite, a window, objectives, alert policies."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.notes import Origin
from vcci_slo.formats.openslo.alerting import OPERATORS, alert_policy
from vcci_slo.formats.openslo.forms import (
    LONGEST_DESCRIPTION,
    V2,
    duration,
    metadata,
    moment_at,
    name_at,
    zone_at,
)
from vcci_slo.formats.openslo.indicators import indicator
from vcci_slo.formats.openslo.model import AlertPolicy, Indicator, Objective, Slo, TimeWindow, Version

__all__ = ["BUDGETING", "slo"]

BUDGETING = ("Occurrences", "Timeslices", "RatioTimeslices")


def slo(cursor: Cursor, origin: Origin, version: Version) -> Slo:
    """Return an SLO with its references as names."""
    spec = cursor.at("spec")
    if spec.data is None:
        cursor.refuse("the key spec", "no such key", key="spec")
    words = ("sli", "sliRef") if version == V2 else ("indicator", "indicatorRef")
    budgeting = spec.choice("budgetingMethod", BUDGETING, needed=True)
    own = _indicator(spec, words, origin, version)
    objectives = tuple(
        _objective(item, words, budgeting, origin.at(f"spec.objectives[{index}]"), version, own)
        for index, item in enumerate(spec.items("objectives"))
    )
    composite = any(objective.indicator is not None for objective in objectives)
    if composite == (own is not None):
        both = "both" if composite else "neither"
        spec.refuse(f"{words[0]} or {words[1]} either in the spec or in its objectives", both)
    if composite and any(objective.indicator is None for objective in objectives):
        spec.refuse(f"{words[0]} or {words[1]} in every objective of a composite", "one without", key="objectives")
    # The text says `service`, OpenSLO's own library reads `serviceRef`: v2alpha is a draft.
    key = "serviceRef" if version == V2 and spec.has("serviceRef") else "service"
    return Slo(
        origin=origin,
        metadata=metadata(cursor, version),
        description=spec.text("description", longest=LONGEST_DESCRIPTION),
        service=spec.text(key, needed=True),
        indicator=own,
        budgeting=budgeting,
        window=_window(spec, version),
        objectives=objectives,
        policies=tuple(
            _policy(item, origin.at(f"spec.alertPolicies[{index}]"), version)
            for index, item in enumerate(spec.items("alertPolicies"))
        ),
    )


def _indicator(cursor: Cursor, words: tuple[str, str], origin: Origin, version: Version) -> Indicator | str | None:
    inline, ref = words
    if cursor.has(inline) and cursor.has(ref):
        cursor.refuse(f"either {inline} or {ref}", "both")
    if cursor.has(inline):
        return indicator(cursor.at(inline), origin.at(f"spec.{inline}"), version)
    return name_at(cursor, ref) or None if cursor.has(ref) else None


def _window(spec: Cursor, version: Version) -> TimeWindow | None:
    windows = list(spec.items("timeWindow"))
    if len(windows) != 1:
        spec.refuse("exactly one time window", f"{len(windows)}", key="timeWindow")
        return None
    here = windows[0]
    if not here.is_map():
        return None
    length = duration(here, "duration", version, needed=True)
    rolling = here.flag("isRolling")
    calendar = here.at("calendar")
    if rolling and calendar.data is not None:
        here.refuse("no calendar where isRolling is true", "a calendar", key="calendar")
    if not rolling and calendar.data is None:
        here.refuse("a calendar where isRolling is false", "none")
    if calendar.data is None or not calendar.is_map():
        start = zone = ""
    else:
        start, zone = moment_at(calendar, "startTime"), zone_at(calendar, "timeZone")
    text = here.at("duration").data
    return TimeWindow(text if isinstance(text, str) else "", length or timedelta(days=30), rolling, start, zone)


def _objective(
    cursor: Cursor,
    words: tuple[str, str],
    budgeting: str,
    origin: Origin,
    version: Version,
    own: Indicator | str | None,
) -> Objective:
    cursor.is_map()
    targets = [key for key in ("target", "targetPercent") if cursor.has(key)]
    if len(targets) != 1:
        cursor.refuse("exactly one of target and targetPercent", " and ".join(targets) or "none of them")
    threshold = isinstance(own, Indicator) and own.threshold is not None
    ratio = isinstance(own, Indicator) and own.ratio is not None
    if ratio and version == V2:
        for key in ("op", "value"):
            if cursor.has(key):
                cursor.refuse(f"no {key} beside a ratio", key, key=key)
    sliced = budgeting in {"Timeslices", "RatioTimeslices"}
    slice_target = _within(cursor, "timeSliceTarget", 0.0, 1.0, needed=budgeting == "Timeslices", above=True)
    duration(cursor, "timeSliceWindow", version, needed=sliced)
    window = cursor.at("timeSliceWindow").data
    return Objective(
        display_name=cursor.text("displayName"),
        target=_within(cursor, "target", 0.0, 1.0),
        target_percent=_within(cursor, "targetPercent", 0.0, 100.0),
        op=cursor.choice("op", OPERATORS, needed=threshold),
        value=cursor.number("value", needed=threshold),
        slice_target=slice_target,
        slice_window=window if isinstance(window, str) else "",
        indicator=_indicator(cursor, words, origin, version),
        weight=_weight(cursor),
    )


def _within(
    cursor: Cursor, key: str, low: float, high: float, *, needed: bool = False, above: bool = False
) -> float | None:
    """Return a number from `low` to below `high`; with `above`, from above `low` up to `high`."""
    value = cursor.number(key, needed=needed)
    if value is None:
        return None
    fits = low < value <= high if above else low <= value < high
    if not fits:
        span = f"above {low:g} and at most {high:g}" if above else f"of at least {low:g} and below {high:g}"
        cursor.refuse(f"a number {span}", f"{value:g}", key=key)
    return value


def _weight(cursor: Cursor) -> float | None:
    value = cursor.number("compositeWeight")
    if value is not None and value <= 0:
        cursor.refuse("a number above 0", f"{value:g}", key="compositeWeight")
    return value


def _policy(cursor: Cursor, origin: Origin, version: Version) -> AlertPolicy | str:
    if not cursor.is_map():
        return ""
    if cursor.has("alertPolicyRef") and cursor.has("spec"):
        cursor.refuse("either alertPolicyRef or spec", "both")
    if cursor.has("alertPolicyRef") or not cursor.has("spec"):
        return name_at(cursor, "alertPolicyRef", needed=True)
    cursor.choice("kind", ("AlertPolicy",), needed=True)
    return alert_policy(cursor, origin, version)
