"""Promises from Pyrra's ServiceLevelObjectives, with the windows and burn rates of its alerts."""

from __future__ import annotations

from datetime import timedelta

from vcci_slo.formats.notes import Notes, shown
from vcci_slo.formats.promise import Burn, Gauge, NativeLatency, Promise, Ratio, Sli, percent
from vcci_slo.formats.pyrra.model import PyrraSlo
from vcci_slo.formats.queries.nodes import Selector
from vcci_slo.formats.queries.shapes import WINDOW
from vcci_slo.formats.queries.syntax import parse
from vcci_slo.plan.organisation import Priority

__all__ = ["PROPAGATED", "pyrra_promises"]

PROPAGATED = "pyrra.dev/"
"""Labels and annotations with this in front go on to Pyrra's rules."""

MONTH = timedelta(days=28)
MINUTE = timedelta(minutes=1)
# Of a window of 28 days: our name, burn rate, long and short window, and for how long before it fires.
_ALERTS = (
    ("fast", 14, timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=2)),
    ("slow", 7, timedelta(hours=6), timedelta(minutes=30), timedelta(minutes=15)),
    ("steady", 2, timedelta(days=1), timedelta(hours=2), timedelta(hours=1)),
    ("creep", 1, timedelta(days=4), timedelta(hours=6), timedelta(hours=3)),
)
_SERVICE_LABELS = ("job", "service", "app", "namespace")


def pyrra_promises(slos: tuple[PyrraSlo, ...], notes: Notes) -> tuple[Promise, ...]:
    """Return the promise of each objective."""
    return tuple(promise for slo in slos if (promise := _promise(slo, notes)) is not None)


def _promise(slo: PyrraSlo, notes: Notes) -> Promise | None:
    sli = _sli(slo, notes)
    if sli is None:
        return None
    labels = {name.removeprefix(PROPAGATED): value for name, value in slo.labels.items() if name.startswith(PROPAGATED)}
    if slo.namespace:
        labels.setdefault("namespace", slo.namespace)
    why = "a spec is no object of Kubernetes"
    for name, value in slo.labels.items():
        if not name.startswith(PROPAGATED):
            notes.lost(slo.origin, f"metadata.labels.{name}", f"the label {name}: {shown(value)}", why)
    for name, value in slo.annotations.items():
        notes.lost(slo.origin, f"metadata.annotations.{name}", f"the annotation {name}: {shown(value)}", why)
    for what, given in (("name", slo.alert_name), ("absentName", slo.absent_name)):
        if given:
            notes.lost(slo.origin, f"spec.alerting.{what}", f"the name {given}", "alerts are named after their promise")
    return Promise(
        origin=slo.origin,
        service=_service(slo),
        name=slo.name,
        percent=percent(slo.target, of=100),
        sli=sli,
        window=slo.window,
        burns=_burns(slo, notes) if slo.alerts else (),
        about=slo.description or None,
        labels=labels,
        owner=labels.get("team") or labels.get("owner"),
        silence=_silence(slo, notes),
    )


def _sli(slo: PyrraSlo, notes: Notes) -> Sli | None:
    selectors = [node for text in (slo.part, slo.total) if text and isinstance(node := parse(text), Selector)]
    if any(node.shifted for node in selectors) and slo.kind != "ratio":
        notes.lost(slo.origin, "spec.indicator", "the whole promise", "its series are shifted in time")
        return None
    by = slo.grouping
    of = f" by ({', '.join(by)}) " if by else ""
    match slo.kind:
        case "ratio" | "latency":
            part, total = (f"sum{of}(increase({_ranged(text)}))" for text in (slo.part, slo.total))
            return Ratio(part, total, good=slo.kind == "latency", by=by)
        case "latencyNative":
            node = selectors[0]
            return NativeLatency(node.metric, node.matchers, slo.within or MINUTE, by)
        case "bool_gauge":
            return Gauge(slo.total, by)


def _ranged(selector: str) -> str:
    """Return the series in WINDOW; the range stands before an offset."""
    node = parse(selector)
    if isinstance(node, Selector) and node.shifted:
        end = selector.rfind("}", 0, node.end) + 1 or len(node.metric)
        return f"{selector[:end]}[{WINDOW}]{selector[end:]}"
    return f"{selector}[{WINDOW}]"


def _service(slo: PyrraSlo) -> str:
    """Return whose promise it is: Pyrra has no services, but series and objects say where they belong."""
    for label in ("pyrra.dev/service", "app.kubernetes.io/name", "pyrra.dev/app"):
        if slo.labels.get(label):
            return slo.labels[label]
    node = parse(slo.total)
    matchers = node.matchers if isinstance(node, Selector) else ()
    for label in _SERVICE_LABELS:
        for matcher in matchers:
            if matcher.label == label and matcher.operator == "=" and matcher.value:
                return matcher.value
    return slo.namespace or slo.name


def _burns(slo: PyrraSlo, notes: Notes) -> tuple[Burn, ...]:
    why = "a second, shorter window says that it goes on, and keep_firing_for that it did"
    notes.changed(slo.origin, "spec.alerting", "waiting before an alert fires (for)", why)
    scale = slo.window / MONTH
    found: list[Burn] = []
    for (name, rate, long, short, _), priority in zip(_ALERTS, slo.priorities, strict=True):
        within, still = _rounded(long * scale), _rounded(short * scale)
        found.append(Burn(name, priority, rate * (within / slo.window), within, still))
    return tuple(found)


def _silence(slo: PyrraSlo, notes: Notes) -> tuple[timedelta, Priority] | None:
    """Return when missing metrics are an alert: Pyrra waits until their absence could have spent the fast tier."""
    if not slo.absent:
        why = "a promise that nobody measures is not kept"
        notes.added(slo.origin, "spec.alerting.absent", "an alert when there are no data", why, "after 10m")
        return None
    _, rate, long, _, wait = _ALERTS[0]
    scale = slo.window / MONTH
    allowed = 1 - float(slo.target) / 100
    after = _rounded(rate * allowed * _rounded(long * scale) + _rounded(wait * scale))
    return after, slo.absent_priority


def _rounded(length: timedelta) -> timedelta:
    """Return whole minutes, as Go rounds them: half a minute goes up."""
    return max((length + MINUTE / 2) // MINUTE * MINUTE, MINUTE)
