"""Promises of a plan as objects of OpenSLO v1."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from vcci_slo.formats.from_openslo import OWNER, STILL, TIER
from vcci_slo.formats.names import Names, dns_label
from vcci_slo.formats.native.asked import asked, counters, value_of
from vcci_slo.formats.notes import Notes
from vcci_slo.formats.openslo.forms import LONGEST_DESCRIPTION, LONGEST_DISPLAY_NAME
from vcci_slo.formats.outgoing import Leaving, leaving, unsaid
from vcci_slo.plan import BurnTier, EventsSignal, LatencyIndicator, LimitIndicator, Plan
from vcci_slo.promql.durations import promql_duration
from vcci_slo.spec.document import Document

__all__ = ["openslo_objects"]

VERSION = "openslo/v1"
LONGEST_NAME = 63
_PLACEHOLDER = "{{.window}}"
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def openslo_objects(document: Document, plan: Plan, notes: Notes, *, by_hand: bool) -> tuple[dict[str, Any], ...]:
    """Return the services and SLOs of a spec; indicators and policies stand inside the SLOs.

    `by_hand` is whether a person wrote the spec, so that its defaults are meant too.
    """
    if by_hand:
        unsaid(document, plan, "OpenSLO", notes, silence=False)
    promises = leaving(document, plan)
    services = _named((promise.service for promise in promises), promises, notes)
    names = Names(longest=LONGEST_NAME)
    objects: list[dict[str, Any]] = []
    for service, name in services.items():
        metadata: dict[str, Any] = {"name": name}
        if name != service:
            metadata["displayName"] = service[:LONGEST_DISPLAY_NAME]
        objects.append({"apiVersion": VERSION, "kind": "Service", "metadata": metadata, "spec": {}})
    for promise in promises:
        name = names.take(dns_label(promise.name), dns_label(f"{promise.service}-{promise.name}"))
        if name != promise.name:
            why = "names of OpenSLO are lower-case letters, digits and dashes, each once"
            notes.changed(promise.origin, "", f"the name {promise.name}", why, name)
        objects.append(_slo(promise, name, services[promise.service], plan, notes, by_hand=by_hand))
    return tuple(objects)


def _named(services: Iterable[str], promises: tuple[Leaving, ...], notes: Notes) -> dict[str, str]:
    names = Names(longest=LONGEST_NAME)
    found: dict[str, str] = {}
    origins = {promise.service: promise.origin for promise in promises}
    for service in services:
        if service not in found:
            found[service] = names.take(dns_label(service))
            if found[service] != service:
                why = "names of OpenSLO are lower-case letters, digits and dashes, each once"
                notes.changed(origins[service], "component", f"the name {service}", why, found[service])
    return found


def _slo(promise: Leaving, name: str, service: str, plan: Plan, notes: Notes, *, by_hand: bool) -> dict[str, Any]:
    slo = promise.slo
    metadata: dict[str, Any] = {"name": name}
    title = promise.title or (promise.name if promise.name != name else "")
    if title:
        metadata["displayName"] = title[:LONGEST_DISPLAY_NAME]
        if len(title) > LONGEST_DISPLAY_NAME:
            why = f"a displayName has at most {LONGEST_DISPLAY_NAME} characters"
            notes.lost(promise.origin, "title", "the end of the title", why, metadata["displayName"])
    if promise.labels:
        metadata["labels"] = dict(promise.labels)
    if slo.team != plan.team:
        metadata["annotations"] = {OWNER: slo.team}
    spec: dict[str, Any] = {}
    if promise.about:
        spec["description"] = promise.about[:LONGEST_DESCRIPTION]
    spec |= {
        "service": service,
        "indicator": {"metadata": {"name": name}, "spec": _indicator(promise, notes)},
        "budgetingMethod": "Occurrences",
        "timeWindow": [_window(promise, notes)],
        "objectives": [_objective(promise)],
    }
    # One policy tells of missing data, so that it is told once.
    silence = by_hand or promise.silence
    policies = [
        _policy(promise, tier, name, plan, notes, silence=silence and not index) for index, tier in enumerate(slo.tiers)
    ]
    if policies:
        spec["alertPolicies"] = policies
    return {"apiVersion": VERSION, "kind": "SLO", "metadata": metadata, "spec": spec}


def _objective(promise: Leaving) -> dict[str, Any]:
    slo = promise.slo
    found: dict[str, Any] = {}
    if isinstance(slo.indicator, LimitIndicator):
        found["op"] = "lt" if slo.indicator.side == "below" else "gte"
        limit = slo.indicator.limit
        found["value"] = int(limit) if limit.is_integer() else limit
    # The text of the percentage is exact, and so is its hundredth.
    found["target"] = float(Decimal(slo.percent.rstrip("% ")) / 100)
    return found


def _indicator(promise: Leaving, notes: Notes) -> dict[str, Any]:
    slo = promise.slo
    if slo.by:
        by = ", ".join(slo.by)
        why = "an SLO of OpenSLO has one account; its query may give several series"
        notes.lost(promise.origin, "by", f"an account for each {by}", why, "a query that keeps the labels")
    if isinstance(slo.indicator, LimitIndicator):
        return {"thresholdMetric": _metric(value_of(slo))}
    bad, good, total = counters(slo)
    native = isinstance(slo.indicator, LatencyIndicator) and _native(slo.indicator.signal)
    if total and not native:
        sum_of = f"sum by ({', '.join(slo.by)}) (" if slo.by else "sum("
        part = ("bad", bad) if bad else ("good", good)
        return {
            "ratioMetric": {
                "counter": True,
                part[0]: _metric(f"{sum_of}{part[1]})"),
                "total": _metric(f"{sum_of}{total})"),
            }
        }
    query = asked(slo)
    why = "OpenSLO has no word for the window inside a query"
    notes.changed(promise.origin, "", "where the range of the query goes", why, _PLACEHOLDER)
    if query.ratio:
        return {"ratioMetric": {"counter": False, "rawType": "failure", "raw": _metric(_placed(query.ratio))}}
    return {
        "ratioMetric": {"counter": False, "bad": _metric(_placed(query.bad)), "total": _metric(_placed(query.total))}
    }


def _native(signal: EventsSignal) -> bool:
    return signal.native


def _placed(query: str) -> str:
    return query.replace("WINDOW", _PLACEHOLDER)


def _metric(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _window(promise: Leaving, notes: Notes) -> dict[str, Any]:
    slo = promise.slo
    if slo.calendar is not None:
        # Any first of a month says that the windows are whole months.
        calendar = {"startTime": "2024-01-01 00:00:00", "timeZone": slo.calendar}
        return {"duration": "1M", "isRolling": False, "calendar": calendar}
    return {"duration": _duration(slo.window, promise, "window", notes), "isRolling": True}


def _duration(length: timedelta, promise: Leaving, where: str, notes: Notes) -> str:
    """Return a length as one number and one unit; seconds are rounded up."""
    for unit, size in _UNITS:
        if length % size == timedelta(0):
            return f"{length // size}{unit}"
    minutes = -(-length // timedelta(minutes=1))
    why = "OpenSLO counts whole minutes"
    notes.lost(promise.origin, where, promql_duration(length), why, f"{minutes}m")
    return f"{minutes}m"


def _policy(promise: Leaving, tier: BurnTier, name: str, plan: Plan, notes: Notes, *, silence: bool) -> dict[str, Any]:
    severity = plan.severity(tier.priority)
    still = promql_duration(tier.short)
    why = "a condition of OpenSLO has one window"
    notes.changed(promise.origin, f"tiers.{tier.name}", f"its short window {still}", why, f"the annotation {STILL}")
    condition = {
        "kind": "AlertCondition",
        "metadata": {
            "name": dns_label(f"{name[:40]}-{tier.name}-burn"),
            "annotations": {TIER: tier.name, STILL: still},
        },
        "spec": {
            "severity": tier.priority,
            "condition": {
                "kind": "burnrate",
                "op": "gt",
                "threshold": int(tier.factor) if tier.factor.is_integer() else tier.factor,
                "lookbackWindow": _duration(tier.long, promise, f"tiers.{tier.name}", notes),
            },
        },
    }
    spec: dict[str, Any] = {"alertWhenBreaching": True}
    if silence:
        spec["alertWhenNoData"] = True
        after = promql_duration(promise.slo.no_data.after)
        why = "OpenSLO does not say for how long, nor another severity"
        what = f"the {promise.slo.no_data.priority} after {after} without data"
        notes.lost(promise.origin, "no_data", what, why, f"alertWhenNoData with the tier {tier.name}")
    spec["conditions"] = [condition]
    spec["notificationTargets"] = [
        {
            "kind": "AlertNotificationTarget",
            "metadata": {"name": dns_label(severity.notify.name)},
            "spec": {"target": severity.notify.name},
        }
    ]
    return {
        "kind": "AlertPolicy",
        "metadata": {"name": dns_label(f"{name[:40]}-{tier.name}")},
        "spec": spec,
    }
