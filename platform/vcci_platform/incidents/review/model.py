"""A review: what the desk drafted, what people wrote, and what is to be done. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from urllib.parse import urlsplit

__all__ = [
    "ADDED",
    "ENTERED",
    "KIND_TITLES",
    "TEXTS",
    "Item",
    "ItemKind",
    "Line",
    "Review",
    "Stage",
    "one_line",
    "plain_text",
]

ADDED = "added"
"""The kind of a line that a person added to the timeline of a review; it has no source in the incident's own."""

NOBODY = "somebody"
LONGEST_TEXT = 50_000


class Stage(StrEnum):
    """How far a review is. A published one is not edited any more, only its action items go on."""

    DRAFT = "draft"
    IN_REVIEW = "in-review"
    PUBLISHED = "published"


class ItemKind(StrEnum):
    """What an action item is for, in the manual's order."""

    PREVENT = "prevent"
    DETECT = "detect"
    RUNBOOK = "runbook"
    TRAINING = "training"
    OTHER = "other"


KIND_TITLES = {
    ItemKind.PREVENT: "Prevent recurrence",
    ItemKind.DETECT: "Improve detection",
    ItemKind.RUNBOOK: "Update runbooks",
    ItemKind.TRAINING: "Training needed",
    ItemKind.OTHER: "Other",
}


def plain_text(text: str) -> str:
    """Return a text of several lines without what no document keeps: foreign line ends and blanks at its ends.

    >>> plain_text("  a\\r\\nb \\n")
    'a\\nb'
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(text: str) -> str:
    """Return a text on one line, its blanks made one.

    >>> one_line("a\\n\\tb ")
    'a b'
    """
    return " ".join(text.split())


@dataclass(frozen=True)
class Line:
    """A line of the timeline: when it happened, when the desk heard of it, and the line of the incident that says so.

    `source` is the number of that line; None when a person added this one.
    """

    at: datetime
    heard_at: datetime
    kind: str
    by: str
    text: str
    source: int | None = None

    def __post_init__(self) -> None:
        for moment in (self.at, self.heard_at):
            if moment.tzinfo is None:
                raise ValueError(f"expected a moment with its time zone, found {moment.isoformat()}")
        for name in ("at", "heard_at"):
            object.__setattr__(self, name, getattr(self, name).astimezone(UTC))
        object.__setattr__(self, "kind", one_line(self.kind.replace("`", "'")) or ADDED)
        object.__setattr__(self, "by", one_line(self.by.replace("`", "'")) or NOBODY)
        object.__setattr__(self, "text", one_line(self.text))
        if not self.text:
            raise ValueError("expected what happened, found nothing")


@dataclass(frozen=True)
class Item:
    """Something to be done. `id` is 0 until it is stored; `tracker` is where the team follows it."""

    kind: ItemKind
    text: str
    owner: str = ""
    due: date | None = None
    tracker: str = ""
    done: bool = False
    id: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", one_line(self.text))
        object.__setattr__(self, "owner", one_line(self.owner))
        object.__setattr__(self, "tracker", self.tracker.strip())
        if not self.text:
            raise ValueError("expected what is to be done, found nothing")
        if any(sign in self.owner for sign in ";{}"):
            raise ValueError(f"expected a name without ; {{ }}, found {self.owner!r}")
        if self.tracker and not _is_link(self.tracker):
            raise ValueError(f"expected an address that begins with http:// or https://, found {self.tracker!r}")

    def is_overdue(self, today: date) -> bool:
        """Return whether it should be done by now and is not."""
        return not self.done and self.due is not None and self.due < today


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    good = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return good and text.isprintable() and not any(sign in text for sign in ' ;{}<>"')


@dataclass(frozen=True)
class Review:
    """What is known and thought of an incident.

    `facts` are told by the desk and not edited; the timeline is drafted by it and a person may mend it. `revenue`,
    `users` and `tenants` are what a person enters: the desk knows no money, and counts requests, not people. `public`
    is what customers may read. `version` grows with every change.
    """

    incident: str
    title: str
    version: int = 1
    stage: Stage = Stage.DRAFT
    facts: tuple[str, ...] = ()
    timeline: tuple[Line, ...] = ()
    items: tuple[Item, ...] = ()
    summary: str = ""
    causes: str = ""
    resolution: str = ""
    went_well: str = ""
    improve: str = ""
    public: str = ""
    revenue: str = ""
    users: str = ""
    tenants: str = ""

    def __post_init__(self) -> None:
        for name in (*TEXTS, "public"):
            text = plain_text(getattr(self, name))
            if len(text) > LONGEST_TEXT:
                raise ValueError(f"expected at most {LONGEST_TEXT} characters in {name}, found {len(text)}")
            object.__setattr__(self, name, text)
        for name in ("title", *ENTERED):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "facts", tuple(one_line(fact) for fact in self.facts))
        if not self.title:
            raise ValueError("expected a title, found nothing")

    @property
    def unowned(self) -> tuple[Item, ...]:
        """What is to be done and has nobody who does it."""
        return tuple(item for item in self.items if not item.done and not item.owner)


TEXTS = ("summary", "causes", "resolution", "went_well", "improve")
"""The texts that people write about an incident for each other."""

ENTERED = ("users", "tenants", "revenue")
"""Figures that only a person knows."""
