"""What follows when PagerDuty tells what happened to a page there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vcci_platform.incidents.actions import signs, stopped
from vcci_platform.incidents.decisions import (
    SYSTEM,
    Acknowledge,
    AcknowledgePages,
    Arm,
    CloseKey,
    Decision,
    HoldKey,
    Move,
    Record,
    ResolvePages,
    Ring,
    Tell,
    Tick,
    TimerKind,
)
from vcci_platform.incidents.evolution import evolve
from vcci_platform.incidents.hooks.pagerduty import Heard, PagerEvent
from vcci_platform.incidents.model import Incident, State
from vcci_platform.incidents.ports import PageAtVendor, PageChange
from vcci_platform.incidents.rules import FALLBACK_AFTER, IncidentPolicy

__all__ = ["AT_VENDOR", "MARKER", "Seen", "on_page_seen", "on_pager_event"]

MARKER = "[vcci "
"""How a note begins that the desk itself wrote there: its echo is no news."""

AUTOMATION = "PagerDuty"

_SEEN: Mapping[str, Heard] = {
    "acknowledged": Heard.ACKNOWLEDGED,
    "resolved": Heard.RESOLVED,
    "triggered": Heard.UNACKNOWLEDGED,
}


AT_VENDOR: Mapping[Heard, str] = {
    Heard.ACKNOWLEDGED: "acknowledged",
    Heard.RESOLVED: "resolved",
    Heard.UNACKNOWLEDGED: "triggered",
    Heard.REOPENED: "triggered",
}
"""What a page is there after each event that makes it something else."""


@dataclass(frozen=True)
class Seen:
    """A page as PagerDuty has it now (`there`; None if it has none), and what it was there `before`.

    `shared`: it rings for another incident too, which is open. `missed` is what it became in between and is no more;
    `moved` that something happened to it since the last look, even if it is again what it was.
    """

    key: str
    open_here: bool
    before: str
    there: PageAtVendor | None
    shared: bool = False
    missed: tuple[PageChange, ...] = ()
    moved: bool = False


def on_pager_event(
    incident: Incident, event: PagerEvent, policy: IncidentPolicy, now: datetime, *, holds: bool, current: bool = True
) -> tuple[Decision, ...]:
    """Return what an event means for the incident that the page belongs to.

    `holds` is whether an alert still keeps the incident open; `current` that the page is open, and was when it
    happened. Whoever acknowledges there has acknowledged here, but who acknowledged an earlier page does not silence
    the one that rings now. A page that is resolved there does not end the incident: the SLI does, or a person here;
    and where PagerDuty closed it by itself while the fault is still there and nobody is at work, it rings again.
    """
    if event.heard is Heard.ACKNOWLEDGED and current:
        return _acknowledged(incident, event, policy, now)
    if event.heard is Heard.RESOLVED:
        return _resolved(incident, event, policy, now, holds=holds)
    if event.heard is Heard.NOTE:
        return _noted(incident, event, policy, now)
    if event.heard is Heard.REOPENED:
        return _reopened(incident, event)
    if event.heard is Heard.UNACKNOWLEDGED and current:
        return _told(event, "the acknowledgement ran out, and PagerDuty rings again")
    return (_line(event, _plain(event) if current else f"{_plain(event)}: a page that rings no more"),)


def _plain(event: PagerEvent) -> str:
    if event.heard in {Heard.ESCALATED, Heard.REASSIGNED}:
        return f"{event.heard} in PagerDuty{f' to {event.text}' if event.text else ''}"
    what = event.event_type.removeprefix("incident.").replace("_", " ").replace(".", " ")
    return f"{what} in PagerDuty{f': {event.text}' if event.text else ''}"


def _noted(incident: Incident, event: PagerEvent, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    if event.text.startswith(MARKER):
        return ()
    note = Record("note", event.text, by=_by(event), why="a note in PagerDuty", occurred_at=event.occurred_at)
    return (note, *(signs(incident, policy, now) if event.by else ()))


def on_page_seen(
    incident: Incident, seen: Seen, policy: IncidentPolicy, now: datetime, *, holds: bool
) -> tuple[Decision, ...]:
    """Return what a page that is not as it was at the last look means: as if PagerDuty had told it, where that fits."""
    there = seen.there
    if there is None:
        text = f"PagerDuty has no page under {seen.key[:12]}…, which the desk takes for open"
        return (Record("drift", text, by=SYSTEM), Tell(text, attention="here")) if seen.open_here else ()
    if there.status != "resolved" and not incident.is_open:
        return _outlived(incident, seen, there, now)
    between = [line for change in seen.missed for line in _between(incident, seen, change, policy, now)]
    incident = evolve(incident, between, now) or incident
    before = seen.missed[-1].status if seen.missed else seen.before
    heard = _SEEN.get(there.status)
    if there.status == "triggered" and before != "acknowledged":
        heard = Heard.REOPENED if before == "resolved" or (before and seen.moved) else None
    if heard is None or not (seen.open_here or heard is Heard.REOPENED):
        return tuple(between)
    event = PagerEvent(heard, "reconciled", there.changed_at or now, seen.key, there.remote_id, there.by)
    return *between, *on_pager_event(incident, event, policy, now, holds=holds)


def _between(
    incident: Incident, seen: Seen, change: PageChange, policy: IncidentPolicy, now: datetime
) -> tuple[Decision, ...]:
    """Return what a change means that is over again: whoever acknowledged was there; the rest is worth a line."""
    heard = _SEEN.get(change.status)
    if heard is None:
        return ()
    event = PagerEvent(heard, "incident.reconciled", change.at, seen.key, by=change.by)
    if heard is Heard.ACKNOWLEDGED and seen.open_here:
        return _acknowledged(incident, event, policy, now)
    return (_line(event, f"{change.status} in PagerDuty, between two looks of the desk"),)


def _outlived(incident: Incident, seen: Seen, there: PageAtVendor, now: datetime) -> tuple[Decision, ...]:
    """Return what a page means that is open there after its incident: a person wants it so, or our resolve was lost."""
    if seen.shared or seen.open_here:
        return ()
    since = there.changed_at
    later = since is not None and incident.resolved_at is not None and since > incident.resolved_at
    if there.by and (later or seen.before == "resolved"):
        event = PagerEvent(Heard.REOPENED, "reconciled", since or now, seen.key, there.remote_id, there.by)
        return _reopened(incident, event)
    text = "the incident is over, and PagerDuty still has its page: it is resolved there again"
    return HoldKey(seen.key), Record("drift", text, by=SYSTEM), ResolvePages()


def _reopened(incident: Incident, event: PagerEvent) -> tuple[Decision, ...]:
    """Return what a page means that somebody opened again; the desk asks rather than open or close an incident."""
    words = "the page was reopened in PagerDuty"
    if incident.is_open:
        return HoldKey(event.key), *_told(event, words)
    words = f"{words} by {_by(event)}, and the incident is {incident.state}: reopen it here, or resolve the page there"
    return HoldKey(event.key), _line(event, words), Tell(words, attention="here")


def _acknowledged(incident: Incident, event: PagerEvent, policy: IncidentPolicy, now: datetime) -> tuple[Decision, ...]:
    by = _by(event)
    line = _line(event, "acknowledged in PagerDuty")
    if not incident.is_open:
        return (line,)
    if incident.acknowledged_at is not None:
        return (line, *signs(incident, policy, now)) if event.by else ()  # the echo of our own word
    decisions: list[Decision] = [line]
    if incident.state is State.DETECTED:
        decisions.append(Move(State.ACKNOWLEDGED, by, "acknowledged in PagerDuty"))
    else:  # it flapped, and was moved on by that
        decisions.append(Acknowledge(by))
    decisions += [
        stopped(incident),
        AcknowledgePages(but=event.key),
        Tick(SYSTEM, milestone="acknowledged"),
        Tell(f"{by} has acknowledged in PagerDuty"),
    ]
    return *decisions, *signs(evolve(incident, decisions, now) or incident, policy, now)


def _resolved(
    incident: Incident, event: PagerEvent, policy: IncidentPolicy, now: datetime, *, holds: bool
) -> tuple[Decision, ...]:
    if not incident.is_open:
        return (CloseKey(event.key),)
    if event.by:
        words = f"{event.by} resolved the page in PagerDuty; the incident stays open until the SLI is good or a person "
        words += "resolves it here"
        return CloseKey(event.key), *_told(event, words), *signs(incident, policy, now)
    if not holds or incident.acknowledged_at is not None or not policy[incident.priority].page:
        return CloseKey(event.key), *_told(event, "PagerDuty resolved the page by itself; the incident stays open")
    why = "PagerDuty resolved the page by itself, and the fault is still there: it rings again"
    return (
        CloseKey(event.key),
        *_told(event, why),
        Ring(incident.priority, again=True, why=why),
        Arm(TimerKind.FALLBACK, now + FALLBACK_AFTER),
    )


def _told(event: PagerEvent, words: str) -> tuple[Decision, ...]:
    return _line(event, words), Tell(words)


def _line(event: PagerEvent, words: str) -> Record:
    return Record(f"pager_{event.heard}", words, by=_by(event), occurred_at=event.occurred_at)


def _by(event: PagerEvent) -> str:
    return event.by or AUTOMATION
