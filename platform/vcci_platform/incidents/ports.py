"""The desk's way to the outside: a pager, a status page, a chat, and the objectives that say whether it is good again.

An adapter never raises for what a vendor or a network does: it returns an `Outcome`, and the dispatcher decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from vcci_platform.incidents.clockwork import Recovery

__all__ = [
    "Chat",
    "Delivered",
    "Failed",
    "Link",
    "Message",
    "Objectives",
    "Outcome",
    "Page",
    "Pager",
    "StatusPage",
    "StatusPost",
]


@dataclass(frozen=True)
class Delivered:
    """The vendor took it; `receipt` is what it said that is worth keeping."""

    receipt: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Failed:
    """The vendor did not take it, or did not say so.

    `retryable`: asking again can help. `ambiguous`: it may have taken it. `after`: not before this long.
    `counts` is false when nothing was sent, because the client kept to the vendor's rate by itself.
    """

    error: str
    retryable: bool
    ambiguous: bool = False
    after: timedelta | None = None
    counts: bool = True


Outcome = Delivered | Failed


@dataclass(frozen=True)
class Link:
    """Where a reader should go."""

    href: str
    text: str


@dataclass(frozen=True)
class Page:
    """What wakes a person. `key` makes two of them one; `severity` is PagerDuty's word."""

    key: str
    summary: str
    source: str
    severity: str
    component: str = ""
    group: str = ""
    kind: str = ""
    url: str = ""
    links: tuple[Link, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class StatusPost:
    """What the public should see of one incident from now on.

    `components` maps public names to their state. `remote_id` is the page's own id once it is known; `doubtful` says
    that an earlier attempt may have arrived, so that the page must be read before it is written.
    """

    incident_id: str
    seq: int
    name: str
    status: str
    impact: str
    body: str
    components: Mapping[str, str] = field(default_factory=dict[str, str])
    remote_id: str | None = None
    doubtful: bool = False


@dataclass(frozen=True)
class Message:
    """A few words to the people at work, as plain text; the adapter escapes it."""

    headline: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    attention: str = ""


class Pager(Protocol):
    """Someone who can be woken."""

    def page(self, page: Page) -> Outcome:
        """Wake whoever is on call; a second time under the same key changes nothing while the first is open."""
        ...

    def acknowledge(self, key: str) -> Outcome:
        """Say that somebody is at work."""
        ...

    def resolve(self, key: str) -> Outcome:
        """Say that it is over."""
        ...


class StatusPage(Protocol):
    """What customers read."""

    def show(self, post: StatusPost) -> Outcome:
        """Make the page show this; the receipt holds `id` when the page has such an incident."""
        ...


class Chat(Protocol):
    """Where the people at work talk."""

    def say(self, message: Message) -> Outcome:
        """Write a message."""
        ...


class Objectives(Protocol):
    """Someone who knows the SLIs."""

    def recovery(self, system: str, since: datetime, until: datetime) -> Recovery:
        """Return whether every SLI of the system was good over this time; without data it is unknown, not good."""
        ...
