"""What the desk's HTTP interface shows and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from vcci_platform.incidents.model import (
    Action,
    Incident,
    Nature,
    Priority,
    Publication,
    State,
    allowed_actions,
)

__all__ = [
    "AlertView",
    "DeskView",
    "EffectView",
    "EntryView",
    "HeartbeatView",
    "IncidentDetail",
    "IncidentPage",
    "IncidentSummary",
    "LoopView",
    "QuarantineView",
    "RoleView",
    "TargetView",
    "TaskView",
    "TimerView",
    "summary",
]


class IncidentSummary(BaseModel):
    """An incident in a list."""

    id: str
    system: str
    title: str
    priority: Priority
    state: State
    source: str
    began_at: datetime
    detected_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    monitoring_since: datetime | None
    resolved_at: datetime | None
    reviewed_at: datetime | None
    level: int
    publication: Publication
    nature: Nature
    held_until: datetime | None
    allowed_actions: tuple[Action, ...]


class IncidentPage(BaseModel):
    """Some incidents, the newest first; `next_cursor` asks for the ones before them."""

    items: tuple[IncidentSummary, ...]
    next_cursor: str | None


class LinkView(BaseModel):
    """Where a reader looks further."""

    text: str
    href: str


class EntryView(BaseModel):
    """A line of the timeline: its number, when it happened, when the desk learned of it, who, what, why, and where."""

    id: int
    occurred_at: datetime
    received_at: datetime
    kind: str
    text: str
    by: str
    why: str
    links: tuple[LinkView, ...]


class AlertView(BaseModel):
    """An alert of the incident; without `over_at` it fires."""

    name: str
    priority: Priority
    component: str
    summary: str
    description: str
    source: str
    starts_at: datetime
    over_at: datetime | None
    doubted_at: datetime | None
    runbook_url: str
    dashboard_url: str
    labels: dict[str, str]


class EffectView(BaseModel):
    """Something that the desk does, or did, to the outside world."""

    id: int
    target: str
    kind: str
    state: str
    created_at: datetime
    attempts: int
    not_before: datetime
    ended_at: datetime | None
    error: str | None


class RoleView(BaseModel):
    """Who does what."""

    role: str
    person: str
    since: datetime


class TaskView(BaseModel):
    """What must not be forgotten, and whether it was done."""

    id: int
    checklist: str
    text: str
    due_at: datetime | None
    done_at: datetime | None
    done_by: str
    added_by: str


class TimerView(BaseModel):
    """A deadline that is set."""

    kind: str
    detail: int
    due_at: datetime


class IncidentDetail(IncidentSummary):
    """An incident with everything that is known of it."""

    timeline: tuple[EntryView, ...]
    alerts: tuple[AlertView, ...]
    effects: tuple[EffectView, ...]
    timers: tuple[TimerView, ...]
    next_deadline: TimerView | None
    pager_keys: tuple[str, ...]
    roles: tuple[RoleView, ...]
    tasks: tuple[TaskView, ...]


class LoopView(BaseModel):
    """One of the desk's loops."""

    name: str
    completed_at: datetime | None
    failures: int
    error: str


class TargetView(BaseModel):
    """What waits for one vendor, and how its circuit is."""

    target: str
    waiting: int
    oldest: datetime | None
    circuit: str
    sandboxed: bool


class QuarantineView(BaseModel):
    """A delivery that could not be understood, or not wholly. Its bytes are kept."""

    id: int
    source: str
    received_at: datetime
    deliveries: int
    attempts: int
    error: str
    excerpt: str


class HeartbeatView(BaseModel):
    """The Watchdog of one source."""

    source: str
    seen_at: datetime
    missing: bool


class DeskView(BaseModel):
    """How the desk is. While `sandboxed` holds PagerDuty, nobody will be woken."""

    now: datetime
    time_scale: float
    loops: tuple[LoopView, ...]
    last_cycle_at: datetime | None
    inbox: dict[str, int]
    quarantine: tuple[QuarantineView, ...]
    outbox: tuple[TargetView, ...]
    heartbeats: tuple[HeartbeatView, ...]
    open_incidents: dict[str, int]
    open_security: dict[str, int]
    """How many of the open incidents are ones of security."""

    def for_eyes(self, *, restricted: bool) -> DeskView:
        """Return what a person may see: what came and was not understood only if `restricted`, it may tell secrets.

        The same goes for the number of security incidents.
        """
        if restricted:
            return self
        faults = {name: number - self.open_security.get(name, 0) for name, number in self.open_incidents.items()}
        hidden = {"excerpt": "", "error": "Only who sees security incidents may read what came."}
        quarantine = tuple(kept.model_copy(update=hidden) for kept in self.quarantine)
        seen = {"open_incidents": {name: number for name, number in faults.items() if number}, "open_security": {}}
        return self.model_copy(update={"quarantine": quarantine, **seen})


def summary(incident: Incident) -> dict[str, Any]:
    """Return what a list shows of an incident."""
    shown = {name: getattr(incident, name) for name in IncidentSummary.model_fields if name != "allowed_actions"}
    return {**shown, "allowed_actions": allowed_actions(incident.state)}
