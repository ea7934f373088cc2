"""Helpers for tests of the desk: the manual's policy, alerts in one line, and vendors that only remember."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vcci_platform.incidents.model import Alert, Priority
from vcci_platform.incidents.ports import (
    Delivered,
    Failed,
    Message,
    Outcome,
    Page,
    PostAtVendor,
    PublicReview,
    StatusPost,
)
from vcci_platform.incidents.rules import IncidentPolicy, SeverityPolicy, Shown
from vcci_slo.hours import Hours
from vcci_slo.plan import NamedTime, Task

__all__ = ["BUSINESS", "NINE", "RecordingVendors", "alert", "manual_policy"]

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""Where a `ManualClock` starts."""

BUSINESS = Hours(NamedTime("business", "Mon-Fri 09:00-18:00", (0, 1, 2, 3, 4), 9 * 60, 18 * 60), "America/New_York")
"""When people who are not on call work, by the manual's clocks."""


def manual_policy(**changes: Any) -> IncidentPolicy:
    """Return the policy of the operations manual, with these fields changed."""
    minute = timedelta(minutes=1)
    policy = IncidentPolicy(
        severities={
            Priority.P0: replace(
                _severity(5, 10, 15, "at-once", "critical", page=True),
                respond=0 * minute,
                forgotten=30 * minute,
                tell=("customer-support", "director"),
            ),
            Priority.P1: replace(
                _severity(15, None, 30, "users-above", "error", page=True),
                respond=15 * minute,
                forgotten=60 * minute,
                users_above=0.05,
                tell=("customer-support",),
            ),
            Priority.P2: replace(
                _severity(60, None, 120, "optional", "warning", page=False), respond=60 * minute, hours=BUSINESS
            ),
            Priority.P3: replace(_severity(None, None, None, "never", "info", page=False), workdays=BUSINESS),
        },
        escalation={Priority.P0: ((30 * minute, 2), (60 * minute, 3)), Priority.P1: ((120 * minute, 2),)},
        levels={
            1: ("platform.primary",),
            2: ("platform.secondary", "engineering-manager"),
            3: ("director", "cto"),
            4: ("executives",),
        },
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
        mails={"director": "director@example.com", "security": "security@example.com"},
        declared={"data-breach": 4},
        checklists={"security": (Task("Contain: isolate the affected systems", 15 * minute),)},
        contacts=("security", "engineering-manager", "director", "cto", "executives", "customer-support"),
        security_roles=("security",),
        security_declares="data-breach",
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
    reviews: list[PublicReview] = field(default_factory=list[PublicReview])
    amended: list[tuple[str, str, Message]] = field(default_factory=list[tuple[str, str, Message]])

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

    def review(self, review: PublicReview) -> Outcome:
        outcome = self.answer("statuspage", review)
        if outcome is None:
            self.reviews.append(review)
        return outcome or Delivered({"review": review.remote_id})

    def say(self, message: Message) -> Outcome:
        outcome = self.answer("slack", message)
        if outcome is None:
            self.messages.append(message)
        return outcome or Delivered()

    def amend(self, channel: str, ts: str, message: Message) -> Outcome:
        outcome = self.answer("slack", message)
        if outcome is None:
            self.amended.append((channel, ts, message))
        return outcome or Delivered({"channel": channel, "ts": ts})

    def post(self, remote_id: str) -> PostAtVendor | Failed | None:
        """Return the status that was posted last, as a status page would show it."""
        shown = [post for post in self.posts if f"sp-{post.incident_id}" == remote_id]
        return PostAtVendor(shown[-1].status, shown[-1].seq) if shown else None

    def _paged(self, action: str, key: str, said: Page | str) -> Outcome:
        outcome = self.answer("pagerduty", said)
        if outcome is None:
            self.pages.append((action, key))
            if isinstance(said, Page):
                self.summaries.append(said)
        return outcome or Delivered({"dedup_key": key})
