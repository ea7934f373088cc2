"""Why an alert fires or does not: everything that a person asks at three in the morning, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from vcci_alerts import rules
from vcci_alerts.model import AlertRule
from vcci_platform.live.alertmanager import Silence, Treated
from vcci_platform.live.clearing import few_after, under_after
from vcci_platform.live.conditions import NOT_MEASURED, Half, Meant, halves, meant
from vcci_platform.live.delivery import labels_of
from vcci_platform.live.eyes import Active, Eyes
from vcci_platform.live.people import Heard, heard
from vcci_platform.live.routing import Inhibition, Way, inhibitions, integrations, ways
from vcci_platform.reliability.sources import Point
from vcci_slo.plan import BadRatio, BurnTier, Plan, Quantile, Slo

__all__ = ["Inhibitor", "Reason", "Treatment", "Why", "why"]

STEPS = 60
LONGEST_HISTORY = timedelta(hours=6)
"""Longer windows empty so slowly that the short one always ends first; reading them would only cost."""


State = Literal["firing", "pending", "quiet", "unknown"]


@dataclass(frozen=True)
class Inhibitor:
    """Alerts that would hold this one back, and those among them that fire now."""

    alerts: tuple[str, ...]
    equal: tuple[str, ...]
    firing: tuple[str, ...]


@dataclass(frozen=True)
class Treatment:
    """What Alertmanager does with the alert now."""

    state: str
    receivers: tuple[str, ...]
    silenced: tuple[str, ...]
    inhibited: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """One rule of the alert: a tier of a burn, a limit, or silence.

    `clears_in` is how long until it is over if nothing bad happens from now; None where no window tells.
    """

    part: str
    priority: str
    state: State
    since: datetime | None
    active: tuple[Active, ...]
    halves: tuple[Half, ...]
    labels: Mapping[str, str]
    lasts: timedelta
    keeps: timedelta
    clears_in: timedelta | None
    clears_because: str
    ways: tuple[Way, ...]
    tells: Mapping[str, tuple[str, ...]]
    inhibitors: tuple[Inhibitor, ...]
    treatments: tuple[Treatment, ...]
    heard: Heard


@dataclass(frozen=True)
class Why:
    """Everything about one alert, its worst part first."""

    alert: str
    promise: str
    because: str
    judged_by: str
    not_judged: str
    inhibits: bool
    reasons: tuple[Reason, ...]
    runbook_url: str
    dashboard_url: str
    monitor_for: timedelta
    time_scale: float
    at: datetime


def why(
    plan: Plan,
    name: str,
    eyes: Eyes,
    delivery: Mapping[str, Any],
    now: datetime,
    *,
    treated: Sequence[Treated] = (),
    silences: Sequence[Silence] = (),
) -> Why:
    """Return why the alert that is meant by a name fires, or does not. Raises UnknownAlert and AskingError."""
    every = [rule for group in rules.rule_files(plan).values() for rule in group.alerts]
    of = meant(plan, name, every)
    active, not_judged = eyes.active(), eyes.not_judged(of.name)
    held = inhibitions(delivery)
    found: list[Reason] = []
    for rule in every:
        labels = labels_of(rule)
        part = labels.get("tier") or labels.get("priority", "")
        if rule.alert != of.name or (of.part and of.part not in {labels.get("tier"), labels.get("priority")}):
            continue
        own = tuple(one for one in active if _is_of(one, labels))
        tier = _tier(of.slo, labels)
        now_so = halves(rule, of, tier, eyes, own[0].labels if own else None)
        state = _state(own, now_so, judged=not not_judged)
        ends, because = _ends(plan, of, tier, eyes, now, own) if state in {"firing", "pending"} else (None, "")
        found.append(
            Reason(
                part=part,
                priority=labels.get("priority", ""),
                state=state,
                since=min((one.since for one in own), default=None),
                active=own,
                halves=now_so,
                labels=labels,
                lasts=rule.lasts,
                keeps=rule.keep_firing_for,
                clears_in=None if ends is None else ends + rule.keep_firing_for,
                clears_because=because,
                ways=ways(delivery, labels),
                tells={way.receiver: tuple(integrations(delivery, way.receiver)) for way in ways(delivery, labels)},
                inhibitors=tuple(_inhibitors(held, rule, own, every, active)),
                treatments=tuple(_treatments(treated, labels, silences)),
                heard=heard(plan, labels.get("priority", ""), labels.get("team", "")),
            )
        )
    owner = of.slo or of.alert
    return Why(
        alert=of.name,
        promise=of.slo.words if of.slo else "",
        because=of.alert.because if of.alert else "",
        judged_by=eyes.name,
        not_judged=not_judged,
        inhibits=eyes.inhibits,
        reasons=tuple(sorted(found, key=lambda one: (_ORDER.index(one.state), one.priority))),
        runbook_url=owner.runbook_url if owner else "",
        dashboard_url=owner.dashboard_url if owner else "",
        monitor_for=plan.monitor_for,
        time_scale=plan.time_scale,
        at=now,
    )


_ORDER = ("firing", "pending", "unknown", "quiet")


def _is_of(found: Active, labels: Mapping[str, str]) -> bool:
    """Return whether an active alert is of the rule with these labels; the desk does not tell every label."""
    return all(found.labels[name] == text for name, text in labels.items() if name in found.labels) and (
        found.alert == labels["alertname"]
    )


def _state(own: Sequence[Active], parts: Sequence[Half], *, judged: bool) -> State:
    """Return the state of a rule. What nobody judges, or what has no data, is not quiet."""
    if own:
        return "firing" if any(one.state == "firing" for one in own) else "pending"
    return "quiet" if judged and all(part.now != NOT_MEASURED for part in parts) else "unknown"


def _tier(slo: Slo | None, labels: Mapping[str, str]) -> BurnTier | None:
    return next((tier for tier in slo.tiers if tier.name == labels.get("tier")), None) if slo else None


def _ends(
    plan: Plan, of: Meant, tier: BurnTier | None, eyes: Eyes, now: datetime, own: Sequence[Active]
) -> tuple[timedelta | None, str]:
    """Return how long until the condition ends by itself, and what ends it."""
    slo = of.slo
    if slo is not None and tier is not None:
        account = {label: own[0].labels[label] for label in slo.by if own and label in own[0].labels}

        def traffic(length: timedelta) -> tuple[Point, ...]:
            # A counter grows between two scrapes, so a step holds two of them at least.
            steps = max(min(STEPS, length // (2 * plan.scrape_every)), 1)
            return eyes.history(slo, length, steps, now, account)

        short = traffic(tier.short)
        found = [(under_after(short, tier.threshold), "the short window empties")]
        if tier.long <= LONGEST_HISTORY:
            long = traffic(tier.long)
            found += [(under_after(long, tier.threshold), "the long window falls below its limit")]
            found += [(few_after(long, tier.min_bad), "too few bad events are left")] if tier.min_bad else []
        known = [(ends, because) for ends, because in found if ends is not None]
        return min(known, default=(tier.short, "the short window is empty at the latest"))
    match of.alert.measure if of.alert else None:
        case BadRatio(_, over) | Quantile(_, _, over):
            return over, "its window is empty at the latest"
        case _:
            return None, "when the value is back within its limit"


def _inhibitors(
    held: Iterable[Inhibition],
    rule: AlertRule,
    own: Sequence[Active],
    every: Iterable[AlertRule],
    active: Sequence[Active],
) -> Iterator[Inhibitor]:
    """Yield what would hold the alert back; labels that only its series have are taken to be equal."""
    labels = {**labels_of(rule), **(own[0].labels if own else {})}
    rules_of_all = tuple(every)
    for inhibition in held:
        sources = [one for one in rules_of_all if _may_hold_back(inhibition, labels_of(one), labels)]
        if sources:
            names = {one.alert for one in sources}
            firing = [
                one
                for one in active
                if one.state == "firing"
                and one.alert in names
                and inhibition.holds_back({**one.labels, "alertname": one.alert}, labels)
            ]
            yield Inhibitor(
                alerts=tuple(dict.fromkeys(_called(labels_of(one)) for one in sources)),
                equal=inhibition.equal,
                firing=tuple(dict.fromkeys(_called({**one.labels, "alertname": one.alert}) for one in firing)),
            )


def _called(labels: Mapping[str, str]) -> str:
    """Return the name of an alert, with its tier where it has some."""
    return f"{labels['alertname']}/{labels['tier']}" if labels.get("tier") else labels["alertname"]


def _may_hold_back(inhibition: Inhibition, source: Mapping[str, str], target: Mapping[str, str]) -> bool:
    shared = {label: target[label] for label in inhibition.equal if label in target and label not in source}
    return inhibition.holds_back({**shared, **source}, target)


def _treatments(
    treated: Sequence[Treated], labels: Mapping[str, str], silences: Sequence[Silence]
) -> Iterator[Treatment]:
    named = {one.fingerprint: one.labels.get("alertname", one.fingerprint) for one in treated}
    by_id = {silence.id: silence for silence in silences}
    for one in treated:
        if all(one.labels.get(name) == text for name, text in labels.items()):
            yield Treatment(
                state=one.state,
                receivers=one.receivers,
                silenced=tuple(_silenced(by_id.get(silence), silence) for silence in one.silenced_by),
                inhibited=tuple(named.get(fingerprint, fingerprint) for fingerprint in one.inhibited_by),
            )


def _silenced(silence: Silence | None, identity: str) -> str:
    if silence is None:
        return f"silence {identity}"
    return f"silence {identity} of {silence.by} until {silence.ends_at:%Y-%m-%d %H:%M} UTC: {silence.comment}"
