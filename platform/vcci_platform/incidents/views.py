"""What the desk's HTTP interface shows and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from vcci_platform.incidents.model import Action, Incident, Priority, Publication, State, allowed_actions

__all__ = [
    "ActionRequest",
    "AlertView",
    "ApprovalRequest",
    "DeskView",
    "EffectView",
    "EntryView",
    "HeartbeatView",
    "IncidentDetail",
    "IncidentPage",
    "IncidentSummary",
    "LoopView",
    "QuarantineView",
    "ReportRequest",
    "TargetView",
    "TimerView",
    "summary",
]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ActionRequest(_Request):
    """What a person does to an incident. To resolve early, or while an alert fires, takes a reason."""

    action: Action
    by: Name
    why: Text = ""


class ApprovalRequest(_Request):
    """The commander lets the public know."""

    by: Name
    why: Text = ""


class ReportRequest(_Request):
    """What a person tells the desk; it pages for P0 and P1 at once."""

    title: Name
    priority: Priority
    system: Name
    by: Name
    description: Text = ""
    component: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


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
    allowed_actions: tuple[Action, ...]


class IncidentPage(BaseModel):
    """Some incidents, the newest first; `next_cursor` asks for the ones before them."""

    items: tuple[IncidentSummary, ...]
    next_cursor: str | None


class EntryView(BaseModel):
    """A line of the timeline: when it happened, when the desk learned of it, who, what, and why."""

    occurred_at: datetime
    received_at: datetime
    kind: str
    text: str
    by: str
    why: str


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


def summary(incident: Incident) -> dict[str, Any]:
    """Return what a list shows of an incident."""
    shown = {name: getattr(incident, name) for name in IncidentSummary.model_fields if name != "allowed_actions"}
    return {**shown, "allowed_actions": allowed_actions(incident.state)}
