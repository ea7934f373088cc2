"""Helpers for tests of the desk: the manual's policy, alerts in one line, and vendors that only remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.ports import Delivered, Message, Outcome, Page, StatusPost
from vcci_platform.incidents.rules import IncidentPolicy, SeverityPolicy, Shown

__all__ = ["NINE", "RecordingVendors", "alert", "manual_policy"]

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""Where a `ManualClock` starts."""


def manual_policy(**changes: Any) -> IncidentPolicy:
    """Return the policy of the operations manual, with these fields changed."""
    minute = timedelta(minutes=1)
    policy = IncidentPolicy(
        severities={
            Priority.P0: _severity(5, 10, 15, "at-once", "critical", page=True),
            Priority.P1: _severity(15, None, 30, "users-above", "error", page=True),
            Priority.P2: _severity(60, None, 120, "optional", "warning", page=False),
            Priority.P3: _severity(None, None, None, "never", "info", page=False),
        },
        escalation={Priority.P0: ((30 * minute, 2), (60 * minute, 3)), Priority.P1: ((120 * minute, 2),)},
        levels={1: ("platform.primary",), 2: ("platform.secondary", "engineering-manager"), 3: ("director", "cto")},
        page_wait=5 * minute,
        monitor_for=15 * minute,
        watchdog_silent=5 * minute,
        public={"API": ("api",), "Calculations": ("worker", "rabbitmq"), "Data": ("postgres",)},
        shows={
            Priority.P0: "major_outage",
            Priority.P1: "partial_outage",
            Priority.P2: "degraded_performance",
        },
        approve={Priority.P0: "auto", Priority.P1: "commander", Priority.P2: "commander"},
        links={"desk": "http://127.0.0.1:8010"},
        mentions={"engineering-manager": "@eng-manager"},
    )
    return replace(policy, **changes)


def alert(name: str = "APIHighErrorRate", **values: Any) -> Alert:
    """Return an alert of the API that began at nine; its fingerprint follows from its name unless given."""
    defaults: dict[str, Any] = {
        "fingerprint": f"fp-{name}",
        "resolved": False,
        "priority": Priority.P0,
        "system": "vcci",
        "component": "api",
        "starts_at": NINE,
        "summary": "7.1 % of API requests fail",
        "runbook_url": f"https://runbooks.example/alerts/{name}",
        "dashboard_url": "https://grafana.example/d/overview",
    }
    return Alert(name=name, **{**defaults, **values})


def _severity(
    acknowledge: int | None, assess: int | None, update: int | None, shown: Shown, pagerduty: str, *, page: bool
) -> SeverityPolicy:
    def minutes(count: int | None) -> timedelta | None:
        return None if count is None else timedelta(minutes=count)

    review = timedelta(hours=48) if page else None
    return SeverityPolicy(page, minutes(acknowledge), minutes(assess), minutes(update), shown, review, pagerduty)


@dataclass
class RecordingVendors:
    """A pager, a status page and a chat that remember what they were told.

    `answer` decides each outcome; unset, everything is delivered. A status page incident gets the id `sp-<incident>`.
    """

    answer: Callable[[str, object], Outcome | None] = lambda _target, _said: None
    pages: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    summaries: list[Page] = field(default_factory=list[Page])
    posts: list[StatusPost] = field(default_factory=list[StatusPost])
    messages: list[Message] = field(default_factory=list[Message])

    def page(self, page: Page) -> Outcome:
        return self._paged("trigger", page.key, page)

    def acknowledge(self, key: str) -> Outcome:
        return self._paged("acknowledge", key, key)

    def resolve(self, key: str) -> Outcome:
        return self._paged("resolve", key, key)

    def show(self, post: StatusPost) -> Outcome:
        outcome = self.answer("statuspage", post)
        if outcome is None:
            self.posts.append(post)
        return outcome or Delivered({"id": f"sp-{post.incident_id}"})

    def say(self, message: Message) -> Outcome:
        outcome = self.answer("slack", message)
        if outcome is None:
            self.messages.append(message)
        return outcome or Delivered()

    def _paged(self, action: str, key: str, said: Page | str) -> Outcome:
        outcome = self.answer("pagerduty", said)
        if outcome is None:
            self.pages.append((action, key))
            if isinstance(said, Page):
                self.summaries.append(said)
        return outcome or Delivered({"dedup_key": key})
