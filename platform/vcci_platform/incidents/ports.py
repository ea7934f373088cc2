"""The desk's way to the outside: a pager, a status page, a chat, and the objectives that say whether it is good again.

An adapter never raises for what a vendor or a network does: it returns an `Outcome`, and the dispatcher decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from vcci_platform.incidents.model import Recovery

__all__ = [
    "Chat",
    "Delivered",
    "Failed",
    "Letter",
    "Link",
    "Mailer",
    "Message",
    "Objectives",
    "Outcome",
    "Page",
    "PageAtVendor",
    "PageChange",
    "Pager",
    "PagerTruth",
    "PostAtVendor",
    "PublicReview",
    "PublicReviews",
    "PublicTruth",
    "Responders",
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
class PublicReview:
    """What customers may read after an incident; `remote_id` is the page's own id of it. Subscribers are told if so."""

    remote_id: str
    text: str
    notify: bool


@dataclass(frozen=True)
class Message:
    """A few words to the people at work, as plain text; the adapter escapes it.

    `channel` is where, empty for the chat's usual place; `thread` names the message that this one follows.
    """

    headline: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    attention: str = ""
    channel: str = ""
    thread: str = ""


@dataclass(frozen=True)
class Letter:
    """A mail in plain text. `id` is the same whenever the same letter is sent again."""

    id: str
    to: tuple[str, ...]
    subject: str
    text: str


class Responders(Protocol):
    """Someone who can ask another level to join a page that is open already."""

    def join_under(self, key: str, policy: str, message: str) -> Outcome:
        """Ring the people of a policy beside those who have the page under a key, once for each message."""
        ...

    def escalate_under(self, key: str, level: int, *, asked_at: datetime | None = None, handed_on: int = 0) -> Outcome:
        """Hand the page under a key on to those at a place of its escalation policy.

        With `asked_at` an earlier attempt, made since then, may have arrived: it is looked for first. So often
        (`handed_on`) other levels were asked at about that time: those are not it.
        """
        ...

    def rename_under(self, key: str, title: str) -> Outcome:
        """Give the page under a key another title; a second time is as good as the first."""
        ...


class Mailer(Protocol):
    """Where letters are taken."""

    def send(self, letter: Letter) -> Outcome:
        """Send a letter."""
        ...


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


class PublicReviews(Protocol):
    """Where customers read what became of an incident."""

    def review(self, review: PublicReview) -> Outcome:
        """Publish the review of an incident that is over, once."""
        ...


class Chat(Protocol):
    """Where the people at work talk."""

    def say(self, message: Message) -> Outcome:
        """Write a message."""
        ...

    def amend(self, channel: str, ts: str, message: Message) -> Outcome:
        """Let a message that was written say something else; `channel` and `ts` are of its receipt."""
        ...


class Objectives(Protocol):
    """Someone who knows the SLIs."""

    def recovery(self, systems: frozenset[str], since: datetime, until: datetime) -> Recovery:
        """Return whether every SLI of these systems was good over this time; without data it is unknown, not good."""
        ...


@dataclass(frozen=True)
class PageChange:
    """A page became triggered, acknowledged or resolved, at that moment, by a person if it names one."""

    status: str
    at: datetime
    by: str = ""


@dataclass(frozen=True)
class PageAtVendor:
    """A page as PagerDuty has it: triggered, acknowledged or resolved, since when, and by whom if by a person.

    `changes` is how it came to be so, the oldest first; empty where that is not known.
    """

    remote_id: str
    status: str
    changed_at: datetime | None = None
    by: str = ""
    changes: tuple[PageChange, ...] = ()


@dataclass(frozen=True)
class PostAtVendor:
    """An incident as the status page shows it; its name, newest words and components where the page tells them."""

    status: str
    seq: int
    name: str = ""
    words: str = ""
    components: Mapping[str, str] = field(default_factory=dict[str, str])


class PagerTruth(Protocol):
    """Someone who knows which pages are open."""

    def page_under(self, key: str) -> PageAtVendor | Failed | None:
        """Return the page under a key; None if there never was one."""
        ...


class PublicTruth(Protocol):
    """Someone who knows what the public sees."""

    def post(self, remote_id: str) -> PostAtVendor | Failed | None:
        """Return what is shown; None if it was taken away."""
        ...
