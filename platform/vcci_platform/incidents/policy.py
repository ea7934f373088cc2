"""What the desk decides when an alert, a report or a person speaks. Pure: the same words give the same decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from vcci_platform.incidents.actions import DEADLINES, begun, checklist, clocks, paged, publication, told
from vcci_platform.incidents.commands import on_declare, on_security
from vcci_platform.incidents.decisions import (
    SYSTEM,
    Adopt,
    Arm,
    Attention,
    Cancel,
    Decision,
    Move,
    Open,
    Publish,
    Raise,
    Record,
    Tell,
    TimerKind,
    Track,
)
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.ledger import Ledger
from vcci_platform.incidents.model import (
    Alert,
    Incident,
    Nature,
    Priority,
    State,
    Tracked,
    firing,
)
from vcci_platform.incidents.rules import RESOLVED_IS_NEWS, SOURCE_AHEAD, IncidentPolicy

__all__ = ["Report", "hear", "on_report", "on_sight_again"]

STORM_FROM = 50
"""More alerts than anybody reads one by one."""


@dataclass(frozen=True)
class Report:
    """What a person tells the desk; `security` says that few may see it, from the first moment."""

    title: str
    priority: Priority
    system: str
    by: str
    description: str = ""
    component: str = ""
    security: bool = False


def hear(
    incident: Incident | None,
    alerts: Ledger,
    alert: Alert,
    policy: IncidentPolicy,
    now: datetime,
    *,
    trusted: bool = True,
    elsewhere: tuple[Tracked, ...] = (),
) -> tuple[Decision, ...]:
    """Return what an alert means for the open incident that it belongs to, or for none.

    `alerts` are those of that incident; `elsewhere` are episodes of the same fingerprint that belong to an incident
    that is closed, or to none: a message about one of those is remembered and moves nothing.
    A message that was heard before, that comes late, or whose resolve overtook it changes nothing. A resolve that
    cannot be trusted, because its source is blind, is remembered as a doubt: vanished data never ends an incident.
    A resolve ends every episode of its fault that began before that end: where two see one fault, Alertmanager takes
    the earlier of their beginnings for it, even after it has told of the later one.
    An end that is still to come, by a clock that is ahead, is one of now: what begins until then is not part of it.
    """
    if alert.ends_at is not None and alert.ends_at > now:
        alert = replace(alert, ends_at=now)
    end = min(alert.ends_at or now, now) if alert.resolved else alert.starts_at
    covered = [
        replace(alert, starts_at=tracked.alert.starts_at)
        for tracked in alerts.firing_of(alert.fingerprint)
        if alert.starts_at < tracked.alert.starts_at < end
    ]
    decisions = _hear_episode(incident, alerts, alert, policy, now, trusted=trusted, elsewhere=elsewhere)
    for one in covered:
        after = evolve(incident, decisions, now)
        decisions += _hear_episode(after, alerts, one, policy, now, trusted=trusted, elsewhere=elsewhere)
    return decisions


def _hear_episode(
    incident: Incident | None,
    alerts: Ledger,
    alert: Alert,
    policy: IncidentPolicy,
    now: datetime,
    *,
    trusted: bool,
    elsewhere: tuple[Tracked, ...],
) -> tuple[Decision, ...]:
    known = alerts.find(alert.episode)
    if known is not None:
        return _heard_again(incident, alerts, known, alert, policy, now, trusted=trusted)
    past = next((tracked for tracked in elsewhere if tracked.alert.episode == alert.episode), None)
    if past is not None:
        ends = past.fires and alert.resolved and trusted
        return (Track(replace(past, over_at=alert.ends_at or now, doubted_at=None), elsewhere=True),) if ends else ()
    believed = now + SOURCE_AHEAD
    starts = [tracked.alert.starts_at for tracked in elsewhere if tracked.alert.fingerprint == alert.fingerprint]
    starts.append(alerts.latest(alert.fingerprint, believed) or alert.starts_at)
    later = max((start for start in starts if start <= believed), default=None)
    if later is not None and later > alert.starts_at:
        return (Track(Tracked(alert, over_at=later)),)
    succeeded = tuple(
        Track(replace(one, over_at=alert.starts_at, doubted_at=None), elsewhere=True)
        for one in elsewhere
        if one.fires and one.alert.fingerprint == alert.fingerprint
        if one.alert.starts_at < alert.starts_at <= believed
    )
    over_at = (alert.ends_at or now) if alert.resolved and trusted else None
    tracked = Tracked(alert, over_at=over_at, doubted_at=now if alert.resolved and not trusted else None)
    if incident is None:
        if over_at is not None and now - over_at > RESOLVED_IS_NEWS:
            return (*succeeded, Track(tracked))
        return *_opened(tracked, policy, now), *succeeded
    return *_joined(incident, alerts, tracked, policy, now), *succeeded


def _heard_again(
    incident: Incident | None,
    alerts: Ledger,
    known: Tracked,
    alert: Alert,
    policy: IncidentPolicy,
    now: datetime,
    *,
    trusted: bool,
) -> tuple[Decision, ...]:
    if not known.fires:
        return ()
    if not alert.resolved:
        return (Track(replace(known, doubted_at=None)),) if known.doubted_at else ()
    if not trusted:
        if known.doubted_at:
            return ()
        doubt = f"{alert.name} is said to be over, but its source has lost its Watchdog: not believed"
        return Track(replace(known, doubted_at=now)), Record("resolve_doubted", doubt, by=alert.source)
    over = replace(known, over_at=alert.ends_at or now, doubted_at=None)
    decisions: list[Decision] = [
        Track(over),
        Record("alert_resolved", f"{alert.name} is over", by=alert.source, occurred_at=over.over_at),
    ]
    alerts.add(over)
    return (*decisions, *_watch_if_quiet(incident, alerts, policy, now))


def _opened(tracked: Tracked, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    alert = tracked.alert
    opening = Open(alert.system, _title(alert), alert.priority, alert.source, alert.starts_at, alert.source)
    decisions: list[Decision] = [opening, Track(tracked), _heard(tracked)]
    incident = _certain(evolve(None, decisions, now))
    if not tracked.fires:
        decisions += _adopted(alert, policy)
        return (*decisions, *_watch(incident, "the alert was over before it was heard", policy, now))
    decisions.append(Tell(f"{alert.priority} detected: {_title(alert)}", attention=_attention(alert.priority, policy)))
    decisions += _pages(None, alert, policy, now, begins=True)
    decisions += begun(incident, policy, now)
    return tuple(decisions)


def _joined(
    incident: Incident, alerts: Ledger, tracked: Tracked, policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    alert = tracked.alert
    held = policy.holds(incident, alerts)
    succeeded = [
        replace(earlier, over_at=alert.starts_at, doubted_at=None) for earlier in alerts.firing_of(alert.fingerprint)
    ]
    for episode in (*succeeded, tracked):
        alerts.add(episode)
    decisions: list[Decision] = [*(Track(earlier) for earlier in succeeded), Track(tracked)]
    decisions += _heard_in_storm(tracked, len(alerts))
    watched = incident.state is State.MONITORING and tracked in policy.holding(incident, alerts)
    if alert.priority < incident.priority:
        decisions += _raised(incident, alert.priority, _title(alert), alert.source, policy, now)
    if not tracked.fires:
        decisions += _adopted(alert, policy)
        if held:
            decisions += _watch_if_quiet(evolve(incident, decisions, now), alerts, policy, now)
        return tuple(decisions)
    if watched:
        decisions += [
            Move(State.INVESTIGATING, SYSTEM, f"{alert.name} fires again"),
            Cancel((TimerKind.MONITOR,)),
            Tell(f"{alert.name} fires again: back to investigating"),
        ]
        if incident.is_public:
            decisions.append(Publish(SYSTEM, "the fault came back"))
    elif incident.is_public:
        decisions += _touches_more(incident, alerts, alert, policy)
    waits = policy[incident.priority].page and not watched and incident.episode == 1
    decisions += _pages(incident, alert, policy, now, begins=not waits)
    return tuple(decisions)


def _touches_more(incident: Incident, alerts: Ledger, alert: Alert, policy: IncidentPolicy) -> list[Decision]:
    """Return what the public learns when an incident that it follows touches something that it did not."""
    if alerts.components[alert.component] > 1:
        return []
    before = frozenset({*alerts.components, incident.component} - {alert.component})
    more = set(policy.public_names(frozenset({alert.component}))) - set(policy.public_names(before))
    return [Publish(SYSTEM, f"{' and '.join(sorted(more))} too")] if more else []


def on_report(incident: Incident | None, report: Report, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    """Return what a person's report means. The desk pages for it at once: a person has looked already."""
    words = report.title if not report.description else f"{report.title}: {report.description}"
    said = Record("reported", words, by=report.by)
    decisions: list[Decision]
    why = report.description or report.title
    if incident is None:
        nature = Nature.SECURITY if report.security else Nature.FAULT
        opens = Open(report.system, report.title, report.priority, "person", now, report.by, report.component, nature)
        decisions = [opens, said]
        incident = _certain(evolve(None, decisions, now))
        decisions.append(Tell(f"{report.priority} reported by {report.by}: {report.title}"))
        decisions += begun(incident, policy, now)
        if report.security and policy.security_declares:
            decisions += on_declare(incident, policy.security_declares, policy, now, by=report.by, why=why)
    else:
        decisions = [*(on_security(incident, policy, now, by=report.by, why=why) if report.security else ()), said]
        incident = _certain(evolve(incident, decisions, now))
        if report.priority < incident.priority:
            decisions += _raised(incident, report.priority, incident.title, report.by, policy, now)
        watched = incident.state is State.MONITORING
        decisions.append(Tell(f"{report.by} reports: {report.title}{', so it is not over' if watched else ''}"))
        if watched:
            decisions += [
                Move(State.INVESTIGATING, SYSTEM, f"{report.by} reported it while it was being watched"),
                Cancel((TimerKind.MONITOR,)),
            ]
            if incident.is_public:
                decisions.append(Publish(SYSTEM, "the fault came back"))
    worse = incident.rung is None or report.priority < incident.rung
    if policy[report.priority].page and worse:
        decisions += paged(report.priority, now, again=incident.rung is not None, why=f"reported by {report.by}")
    return tuple(decisions)


def on_sight_again(incident: Incident, alerts: Ledger, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    """Return what becomes of doubted resolves once their source sees again: they count, and the watch begins now."""
    doubted = [tracked for tracked in firing(alerts) if tracked.doubted_at is not None]
    if not doubted:
        return ()
    believed = [replace(tracked, over_at=tracked.doubted_at, doubted_at=None) for tracked in doubted]
    for tracked in believed:
        alerts.add(tracked)
    return (
        *(Track(tracked) for tracked in believed),
        Record("sight_regained", "the Watchdog is back: what was said to be over is believed now", by=SYSTEM),
        *_watch_if_quiet(incident, alerts, policy, now),
    )


def _raised(
    incident: Incident, priority: Priority, title: str, by: str, policy: IncidentPolicy, now: datetime
) -> list[Decision]:
    raising = Raise(priority, title, by)
    raised = _certain(evolve(incident, (raising,), now))
    words = f"{incident.priority} became {priority}: {title}"
    return [
        raising,
        Tell(words, attention=_attention(priority, policy)),
        *publication(raised, policy),
        Cancel(DEADLINES),
        *clocks(raised, policy, now, since=now),
        *_heeded(raised, policy, now),
        *checklist(raised, policy),
        *told(raised, policy, f"now {priority}", words),
    ]


def _heeded(raised: Incident, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    """Return by when whoever has acknowledged the lesser fault must show that they heard of the worse one."""
    rules = policy[raised.priority]
    if raised.acknowledged_at is None:
        return []
    clocks = ((TimerKind.ACKNOWLEDGE, rules.acknowledge), (TimerKind.FORGOTTEN, rules.forgotten))
    return [Arm(kind, rules.after(now, span)) for kind, span in clocks if span is not None]


def _pages(
    incident: Incident | None, alert: Alert, policy: IncidentPolicy, now: datetime, *, begins: bool
) -> list[Decision]:
    """Return who rings: somebody else already did, the desk now, or the desk once it has waited for a P0."""
    if not policy[alert.priority].page:
        return []
    if alert.pager_key is not None:
        return _adopted(alert, policy)
    rung = incident.rung if incident else None
    if rung is not None and alert.priority >= rung:
        return []
    if alert.priority is Priority.P0 or rung is not None:
        return paged(alert.priority, now, again=rung is not None, why=alert.name)
    return [Arm(TimerKind.PAGE, now + policy.page_wait)] if begins else []


def _adopted(alert: Alert, policy: IncidentPolicy) -> list[Decision]:
    if alert.pager_key is None or not policy[alert.priority].page:
        return []
    return [Adopt(alert.pager_key, alert.priority, pages=not alert.resolved)]


def _watch_if_quiet(
    incident: Incident | None, alerts: Ledger, policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    if incident is None or not incident.is_open or incident.state is State.MONITORING:
        return ()
    if policy.holds(incident, alerts):
        return ()
    return tuple(_watch(incident, "every alert is over", policy, now))


def _watch(incident: Incident, why: str, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    decisions: list[Decision] = [
        Move(State.MONITORING, SYSTEM, why),
        Cancel((TimerKind.PAGE,)),
        Arm(TimerKind.MONITOR, now + policy.monitor_for),
        Tell(f"monitoring: {why}"),
    ]
    if incident.is_public:
        decisions.append(Publish(SYSTEM, why))
    return decisions


def _heard(tracked: Tracked) -> Record:
    alert = tracked.alert
    if tracked.fires:
        return Record("alert_firing", _title(alert), by=alert.source, occurred_at=alert.starts_at)
    text = f"{alert.name} fired and is over"
    return Record("alert_resolved", text, by=alert.source, occurred_at=tracked.over_at)


def _heard_in_storm(tracked: Tracked, count: int) -> list[Decision]:
    """Return the line of one more alert; from a storm on, a line each time that their number has doubled."""
    if count <= STORM_FROM:
        return [_heard(tracked)]
    if count % STORM_FROM or (count // STORM_FROM).bit_count() != 1:
        return []
    text = f"a storm: {count} alerts so far; from {STORM_FROM} on they are counted here and listed with the incident"
    return [Record("storm", text, by=SYSTEM), Tell(text)]


def _attention(priority: Priority, policy: IncidentPolicy) -> Attention:
    return "here" if policy[priority].page else ""


def _title(alert: Alert) -> str:
    return f"{alert.name}: {alert.summary}" if alert.summary else alert.name


def _certain(incident: Incident | None) -> Incident:
    if incident is None:
        raise AssertionError("a decision to open gives an incident")
    return incident
