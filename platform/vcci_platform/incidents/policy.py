"""What the desk decides when an alert, a report or a person speaks. Pure: the same words give the same decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from vcci_platform.incidents.actions import clocks
from vcci_platform.incidents.decisions import (
    SYSTEM,
    Adopt,
    Arm,
    Attention,
    Cancel,
    Decision,
    Move,
    Open,
    Propose,
    Publish,
    Raise,
    Record,
    Ring,
    Tell,
    TimerKind,
    Track,
    evolve,
)
from vcci_platform.incidents.model import (
    Alert,
    Incident,
    Priority,
    Publication,
    State,
    Tracked,
    firing,
)
from vcci_platform.incidents.rules import FALLBACK_AFTER, RESOLVED_IS_NEWS, IncidentPolicy

__all__ = ["Report", "hear", "on_report", "on_sight_again"]

_DEADLINES = (TimerKind.ACKNOWLEDGE, TimerKind.ASSESS, TimerKind.UPDATE, TimerKind.ESCALATE)


@dataclass(frozen=True)
class Report:
    """What a person tells the desk."""

    title: str
    priority: Priority
    system: str
    by: str
    description: str = ""
    component: str = ""


def hear(
    incident: Incident | None,
    alerts: tuple[Tracked, ...],
    alert: Alert,
    policy: IncidentPolicy,
    now: datetime,
    *,
    trusted: bool = True,
    elsewhere: tuple[Tracked, ...] = (),
) -> tuple[Decision, ...]:
    """Return what an alert means for the open incident of its system, or for none.

    `alerts` are those of that incident; `elsewhere` are episodes of the same fingerprint that belong to an incident
    that is closed, or to none: a message about one of those is remembered and moves nothing.
    A message that was heard before, that comes late, or whose resolve overtook it changes nothing. A resolve that
    cannot be trusted, because its source is blind, is remembered as a doubt: vanished data never ends an incident.
    """
    known = next((tracked for tracked in alerts if tracked.alert.episode == alert.episode), None)
    if known is not None:
        return _heard_again(incident, alerts, known, alert, policy, now, trusted=trusted)
    past = next((tracked for tracked in elsewhere if tracked.alert.episode == alert.episode), None)
    if past is not None:
        ends = past.fires and alert.resolved and trusted
        return (Track(replace(past, over_at=alert.ends_at or now, doubted_at=None)),) if ends else ()
    later = [t.alert.starts_at for t in (*alerts, *elsewhere) if t.alert.fingerprint == alert.fingerprint]
    if later and max(later) > alert.starts_at:
        return (Track(Tracked(alert, over_at=max(later))),)
    over_at = (alert.ends_at or now) if alert.resolved and trusted else None
    tracked = Tracked(alert, over_at=over_at, doubted_at=now if alert.resolved and not trusted else None)
    if incident is None:
        if over_at is not None and now - over_at > RESOLVED_IS_NEWS:
            return (Track(tracked),)
        return _opened(tracked, policy, now)
    return _joined(incident, alerts, tracked, policy, now)


def _heard_again(
    incident: Incident | None,
    alerts: tuple[Tracked, ...],
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
    rest = tuple(over if tracked is known else tracked for tracked in alerts)
    return (*decisions, *_watch_if_quiet(incident, rest, policy, now))


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
    decisions += _publication(incident, policy)
    return (*decisions, *clocks(incident, policy, now, since=now))


def _joined(
    incident: Incident, alerts: tuple[Tracked, ...], tracked: Tracked, policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    alert = tracked.alert
    succeeded = {
        earlier.alert.episode: replace(earlier, over_at=alert.starts_at, doubted_at=None)
        for earlier in firing(alerts)
        if earlier.alert.fingerprint == alert.fingerprint
    }
    decisions: list[Decision] = [*(Track(earlier) for earlier in succeeded.values()), Track(tracked), _heard(tracked)]
    watched = incident.state is State.MONITORING and tracked in policy.holding(incident, (*alerts, tracked))
    if alert.priority < incident.priority:
        decisions += _raised(incident, alert.priority, _title(alert), alert.source, policy, now)
    if not tracked.fires:
        decisions += _adopted(alert, policy)
        rest = tuple(succeeded.get(earlier.alert.episode, earlier) for earlier in alerts)
        if policy.holding(incident, alerts):
            decisions += _watch_if_quiet(evolve(incident, decisions, now), (*rest, tracked), policy, now)
        return tuple(decisions)
    if watched:
        decisions += [
            Move(State.INVESTIGATING, SYSTEM, f"{alert.name} fires again"),
            Cancel((TimerKind.MONITOR,)),
            Tell(f"{alert.name} fires again: back to investigating"),
        ]
        if incident.publication is Publication.PUBLISHED:
            decisions.append(Publish(SYSTEM, "the fault came back"))
    waits = policy[incident.priority].page and not watched
    decisions += _pages(incident, alert, policy, now, begins=not waits)
    return tuple(decisions)


def on_report(incident: Incident | None, report: Report, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    """Return what a person's report means. The desk pages for it at once: a person has looked already."""
    said = Record("reported", report.description or report.title, by=report.by)
    decisions: list[Decision]
    if incident is None:
        decisions = [
            Open(report.system, report.title, report.priority, "person", now, report.by, report.component),
            said,
        ]
        incident = _certain(evolve(None, decisions, now))
        decisions.append(Tell(f"{report.priority} reported by {report.by}: {report.title}"))
        decisions += _publication(incident, policy)
        decisions += clocks(incident, policy, now, since=now)
    else:
        decisions = [said]
        if report.priority < incident.priority:
            decisions += _raised(incident, report.priority, report.title, report.by, policy, now)
        if incident.state is State.MONITORING:
            decisions += [
                Move(State.INVESTIGATING, report.by, "reported while it was being watched"),
                Cancel((TimerKind.MONITOR,)),
            ]
    worse = incident.rung is None or report.priority < incident.rung
    if policy[report.priority].page and worse:
        decisions += _ring(report.priority, now, again=incident.rung is not None, why=f"reported by {report.by}")
    return tuple(decisions)


def on_sight_again(
    incident: Incident, alerts: tuple[Tracked, ...], policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    """Return what becomes of doubted resolves once their source sees again: they count, and the watch begins now."""
    doubted = [tracked for tracked in firing(alerts) if tracked.doubted_at is not None]
    if not doubted:
        return ()
    believed = {t.alert.episode: replace(t, over_at=t.doubted_at, doubted_at=None) for t in doubted}
    rest = tuple(believed.get(tracked.alert.episode, tracked) for tracked in alerts)
    return (
        *(Track(tracked) for tracked in believed.values()),
        Record("sight_regained", "the Watchdog is back: what was said to be over is believed now", by=SYSTEM),
        *_watch_if_quiet(incident, rest, policy, now),
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
        *_publication(raised, policy),
        Cancel(_DEADLINES),
        *clocks(raised, policy, now, since=now),
    ]


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
        return _ring(alert.priority, now, again=rung is not None, why=alert.name)
    return [Arm(TimerKind.PAGE, now + policy.page_wait)] if begins else []


def _ring(priority: Priority, now: datetime, *, again: bool, why: str) -> list[Decision]:
    return [
        Cancel((TimerKind.PAGE,)),
        Ring(priority, again=again, why=why),
        Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER),
    ]


def _adopted(alert: Alert, policy: IncidentPolicy) -> list[Decision]:
    if alert.pager_key is None or not policy[alert.priority].page:
        return []
    return [Adopt(alert.pager_key, alert.priority, pages=not alert.resolved)]


def _publication(incident: Incident, policy: IncidentPolicy) -> list[Decision]:
    """Return what the public learns by itself, and what a person is asked to let it know."""
    shown = policy[incident.priority].status_page
    if incident.publication is Publication.PUBLISHED:
        return [Publish(SYSTEM, f"now {incident.priority}")]
    if shown == "at-once" and policy.approve.get(incident.priority) == "auto":
        return [Publish(SYSTEM, f"the policy of {incident.priority}")]
    if shown in {"at-once", "users-above"} and incident.publication is Publication.NONE:
        return [Propose(), Tell("The status page waits for the commander's approval.", prompt=True)]
    return []


def _watch_if_quiet(
    incident: Incident | None, alerts: tuple[Tracked, ...], policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    if incident is None or not incident.is_open or incident.state is State.MONITORING:
        return ()
    if policy.holding(incident, alerts):
        return ()
    return tuple(_watch(incident, "every alert is over", policy, now))


def _watch(incident: Incident, why: str, policy: IncidentPolicy, now: datetime) -> list[Decision]:
    decisions: list[Decision] = [
        Move(State.MONITORING, SYSTEM, why),
        Cancel((TimerKind.PAGE,)),
        Arm(TimerKind.MONITOR, now + policy.monitor_for),
        Tell(f"monitoring: {why}"),
    ]
    if incident.publication is Publication.PUBLISHED:
        decisions.append(Publish(SYSTEM, why))
    return decisions


def _heard(tracked: Tracked) -> Record:
    alert = tracked.alert
    if tracked.fires:
        return Record("alert_firing", _title(alert), by=alert.source, occurred_at=alert.starts_at)
    text = f"{alert.name} fired and is over"
    return Record("alert_resolved", text, by=alert.source, occurred_at=tracked.over_at)


def _attention(priority: Priority, policy: IncidentPolicy) -> Attention:
    return "here" if policy[priority].page else ""


def _title(alert: Alert) -> str:
    return f"{alert.name}: {alert.summary}" if alert.summary else alert.name


def _certain(incident: Incident | None) -> Incident:
    if incident is None:
        raise AssertionError("a decision to open gives an incident")
    return incident
