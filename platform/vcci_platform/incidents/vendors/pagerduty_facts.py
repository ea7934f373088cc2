"""An incident, a line of its log and a person on call, as PagerDuty's REST API tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["LogEntry", "OnCallNow", "RemoteIncident"]


@dataclass(frozen=True)
class RemoteIncident:
    """An incident as PagerDuty has it. `key` is the dedup_key under which it was triggered."""

    id: str
    number: int
    key: str
    title: str
    status: str
    urgency: str
    service_id: str
    policy_id: str
    priority: str
    assignees: tuple[str, ...]
    url: str
    created_at: datetime | None
    changed_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether PagerDuty would still ring for it."""
        return self.status != "resolved"


@dataclass(frozen=True)
class LogEntry:
    """One line of what happened to an incident. `kind` such as `acknowledge_log_entry`; `by` is empty for PagerDuty."""

    id: str
    kind: str
    at: datetime | None
    by: str
    by_user: bool
    summary: str
    channel: str


@dataclass(frozen=True)
class OnCallNow:
    """Who is on call, at which level of which policy; an `end` of None has no end."""

    user_id: str
    user: str
    schedule_id: str
    policy_id: str
    level: int
    start: datetime | None
    end: datetime | None
