"""What stands in an object of OpenSLO and has no place in a promise: told, value by value, never dropped in silence.

A form says which keys an object may have. `HEARD` is carried over, or told where it is understood; `LOST` is
not, nor is `HIDDEN`, whose value nobody should read in a report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vcci_slo.formats.cursor import Cursor
from vcci_slo.formats.notes import Notes, Origin, shown
from vcci_slo.spec.section import nearest

__all__ = ["tell_unheard"]

HEARD: Final = "heard"
LOST: Final = "lost"
HIDDEN: Final = "hidden"

Form = str | Mapping[str, "Form"] | tuple["Form"]
"""A verdict on a value, the forms of the keys of a map, or in a tuple the form of each entry of a list."""

_NAMED: Mapping[str, Form] = {"name": HEARD, "displayName": LOST, "labels": LOST, "annotations": LOST}
_HEAD: Mapping[str, Form] = {"apiVersion": HEARD, "kind": HEARD}
_V1_SOURCE: Form = {"metricSourceRef": LOST, "type": HEARD, "spec": HEARD}
_METRIC: Form = {
    "metricSource": _V1_SOURCE,
    "dataSourceRef": LOST,
    "dataSourceSpec": {"type": HEARD, "description": LOST, "connectionDetails": HIDDEN},
    "spec": HEARD,
}
_RATIO: Form = {"counter": HEARD, "rawType": HEARD, **dict.fromkeys(("good", "bad", "total", "raw"), _METRIC)}
_SLI: Form = {
    **_HEAD,
    "metadata": _NAMED,
    "spec": {"description": LOST, "thresholdMetric": _METRIC, "ratioMetric": _RATIO},
}
_CONDITION: Form = {
    **_HEAD,
    "conditionRef": HEARD,
    "metadata": {**_NAMED, "annotations": {"vcci/still": HEARD, "vcci/tier": HEARD}},
    "spec": {"description": LOST, "severity": HEARD, "condition": HEARD},
}
_TARGET: Form = {
    **_HEAD,
    "targetRef": HEARD,
    "metadata": _NAMED,
    "spec": {"description": LOST, "target": HEARD},
}
_POLICY: Form = {
    **_HEAD,
    "alertPolicyRef": HEARD,
    "metadata": _NAMED,
    "spec": {
        "description": LOST,
        **dict.fromkeys(("alertWhenBreaching", "alertWhenResolved", "alertWhenNoData"), HEARD),
        "conditions": (_CONDITION,),
        "notificationTargets": (_TARGET,),
    },
}
_INDICATED: Mapping[str, Form] = {"indicator": _SLI, "indicatorRef": HEARD, "sli": _SLI, "sliRef": HEARD}
_OBJECTIVE: Form = {
    **_INDICATED,
    **dict.fromkeys(("displayName", "target", "targetPercent", "op", "value", "compositeWeight"), HEARD),
    **dict.fromkeys(("timeSliceTarget", "timeSliceWindow"), HEARD),
}
_WINDOW: Form = {"duration": HEARD, "isRolling": HEARD, "calendar": HEARD}
_FORMS: Mapping[str, Form] = {
    "SLO": {
        **_HEAD,
        "metadata": HEARD,
        "spec": {
            **_INDICATED,
            **dict.fromkeys(("description", "service", "serviceRef", "budgetingMethod"), HEARD),
            "timeWindow": (_WINDOW,),
            "objectives": (_OBJECTIVE,),
            "alertPolicies": (_POLICY,),
        },
    },
    "SLI": _SLI,
    "AlertPolicy": _POLICY,
    "AlertCondition": _CONDITION,
    "AlertNotificationTarget": _TARGET,
    "DataSource": {
        **_HEAD,
        "metadata": _NAMED,
        "spec": {"type": HEARD, "description": LOST, "connectionDetails": HIDDEN},
    },
    "Service": {**_HEAD, "metadata": _NAMED, "spec": {"description": HEARD}},
}


@dataclass(frozen=True)
class _Value:
    """A value that is not heard. Of an unknown key, `known` are the keys that may stand where it does."""

    where: str
    name: str
    data: Any
    known: Collection[str] | None = None


def tell_unheard(cursor: Cursor, kind: str, origin: Origin, notes: Notes) -> None:
    """Note every value of an object that a promise does not take along, and the keys that OpenSLO does not know."""
    for value in _unheard(cursor, _FORMS[kind], ""):
        told = f"{value.name}: {shown(value.data)}"
        if value.known is None:
            notes.lost(origin, value.where, told, "a promise has no place for it")
            continue
        meant = nearest(value.name, value.known)
        why = f"OpenSLO has no such key{f'; was {meant} meant?' if meant else ''}"
        notes.lost(origin, value.where, f"the key {told}", why)


def _unheard(cursor: Cursor, form: Form, here: str, name: str = "") -> Iterator[_Value]:
    data = cursor.data
    if isinstance(form, str):
        yield from _judged(data, form, here, name)
    elif isinstance(form, tuple):
        for index in range(len(data) if isinstance(data, list) else 0):
            yield from _unheard(cursor.entry(index), form[0], f"{here}[{index}]")
    elif isinstance(data, dict):
        free = name == "annotations"  # where names are the author's own
        for key, value in data.items():
            inner = f"{here}.{key}" if here else key
            if key in form:
                yield from _unheard(cursor.at(key), form[key], inner, key)
            else:
                yield _Value(inner, key, value, None if free else tuple(form))


def _judged(data: Any, verdict: str, here: str, name: str) -> Iterator[_Value]:
    """Yield what is lost of a value that is judged as a whole; of a map, each entry."""
    if data in (None, "") or verdict == HEARD:
        return
    if verdict == HIDDEN:
        yield _Value(here, name, "its values are not shown, since they may be secret")
    elif isinstance(data, dict):
        yield from (_Value(f"{here}.{key}", key, value) for key, value in data.items())
    else:
        yield _Value(here, name, data)
