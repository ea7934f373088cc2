"""What the desk can decide, and what each decision makes of the incident. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from vcci_platform.incidents.model import Nature, Priority, Role, State, Tracked
from vcci_slo.plan import Task

__all__ = [
    "SYSTEM",
    "Acknowledge",
    "AcknowledgePages",
    "AddTasks",
    "Adopt",
    "Arm",
    "Assign",
    "Attention",
    "Cancel",
    "Classify",
    "CloseKey",
    "Decision",
    "Escalate",
    "FallBack",
    "Hold",
    "HoldKey",
    "Mail",
    "Move",
    "Open",
    "PageLevel",
    "Propose",
    "Publish",
    "Raise",
    "Record",
    "Regrade",
    "ResolvePages",
    "Ring",
    "Sign",
    "StandDown",
    "Tell",
    "Tick",
    "TimerKind",
    "Track",
]

SYSTEM = "desk"
"""Who acts when no person does."""


class TimerKind(StrEnum):
    """What a timer reminds the desk of."""

    PAGE = "page"
    FALLBACK = "fallback"
    ACKNOWLEDGE = "acknowledge"
    ASSESS = "assess"
    UPDATE = "update"
    ESCALATE = "escalate"
    MONITOR = "monitor"
    REVIEW = "review"
    RESPOND = "respond"
    FORGOTTEN = "forgotten"
    LATE_UPDATE = "late_update"
    TASK = "task"
    STILL_FIRES = "still_fires"


@dataclass(frozen=True)
class Open:
    """Begin an incident."""

    system: str
    title: str
    priority: Priority
    source: str
    began_at: datetime
    by: str
    component: str = ""
    nature: Nature = Nature.FAULT


@dataclass(frozen=True)
class Track:
    """Remember an alert as it is now; `elsewhere` says that it belongs to an incident that is over, or to none."""

    tracked: Tracked
    elsewhere: bool = False


@dataclass(frozen=True)
class Raise:
    """Make the incident worse than it was. Nothing makes it better by itself."""

    priority: Priority
    title: str
    by: str


@dataclass(frozen=True)
class Regrade:
    """Give the incident the priority that a person finds right, worse or better."""

    priority: Priority
    by: str
    why: str


@dataclass(frozen=True)
class Classify:
    """Say what kind of trouble it is."""

    nature: Nature
    by: str
    why: str = ""


@dataclass(frozen=True)
class Sign:
    """A person showed that somebody is at work."""


@dataclass(frozen=True)
class Hold:
    """Ask nobody further until then; None lets the clock run again."""

    until: datetime | None
    by: str
    why: str


@dataclass(frozen=True)
class Assign:
    """Give a role to a person; nobody named takes it away."""

    role: Role
    person: str
    by: str


@dataclass(frozen=True)
class AddTasks:
    """Add what must not be forgotten."""

    checklist: str
    tasks: tuple[Task, ...]
    by: str


@dataclass(frozen=True)
class Tick:
    """Mark as done, or not done after all, one task by its number or all that wait for a milestone."""

    by: str
    number: int = 0
    milestone: str = ""
    done: bool = True


@dataclass(frozen=True)
class Mail:
    """Write to these roles what happened; the mail's subject names the incident."""

    what: str
    text: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """Go to another state."""

    to: State
    by: str
    why: str = ""


@dataclass(frozen=True)
class Record:
    """Write a line into the timeline; `occurred_at` None means now. `links` are names, each with its address.

    `facts` are parts of the text, by their names, that later messages repeat.
    """

    kind: str
    text: str
    by: str
    why: str = ""
    occurred_at: datetime | None = None
    links: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Ring:
    """Page through PagerDuty now. `again` uses a key of its own, so that an acknowledged page rings once more."""

    priority: Priority
    again: bool
    why: str


@dataclass(frozen=True)
class Adopt:
    """Take over a page that somebody else has sent under `key`, so that the desk can resolve it."""

    key: str
    priority: Priority
    pages: bool


@dataclass(frozen=True)
class Acknowledge:
    """Remember who was the first to be at work, where that moves nothing on."""

    by: str


@dataclass(frozen=True)
class AcknowledgePages:
    """Tell PagerDuty that somebody is at work, and the second service; of the page under `but` PagerDuty knows."""

    but: str = ""


@dataclass(frozen=True)
class CloseKey:
    """Remember that the page under this key is not open any more."""

    key: str


@dataclass(frozen=True)
class HoldKey:
    """Remember that the page under this key is open again."""

    key: str


@dataclass(frozen=True)
class ResolvePages:
    """Resolve every page of the incident, own and adopted, and cancel those that were not sent yet."""


@dataclass(frozen=True)
class StandDown:
    """Call off the pages that have woken nobody yet; should it be bad enough again, people are woken anew."""


@dataclass(frozen=True)
class FallBack:
    """Page through another channel, because PagerDuty did not take it."""

    why: str


@dataclass(frozen=True)
class Escalate:
    """Ask a level for help."""

    level: int
    by: str = SYSTEM
    why: str = "unresolved"


@dataclass(frozen=True)
class PageLevel:
    """Page a level with a page of its own, because the one that is open could not be handed on."""

    level: int
    why: str


@dataclass(frozen=True)
class Publish:
    """Show the incident, as it is now, on the status page; `words` are a person's, in place of the usual ones."""

    by: str
    why: str = ""
    words: str = ""


@dataclass(frozen=True)
class Propose:
    """Ask the commander whether the public should know."""


Attention = Literal["", "here", "channel"]


@dataclass(frozen=True)
class Tell:
    """Write to the incident's channel; a `prompt` that waits too long is not worth sending any more.

    `links` are names, each with its address; they come before those that every message has.
    """

    text: str
    prompt: bool = False
    attention: Attention = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Arm:
    """Set a timer, in place of one of the same kind and detail."""

    kind: TimerKind
    due_at: datetime
    detail: int = 0


@dataclass(frozen=True)
class Cancel:
    """Take timers of these kinds away."""

    kinds: tuple[TimerKind, ...]


Decision = (
    Open
    | Track
    | Raise
    | Regrade
    | Classify
    | Sign
    | Hold
    | Assign
    | AddTasks
    | Tick
    | Mail
    | Move
    | Record
    | Ring
    | Adopt
    | Acknowledge
    | AcknowledgePages
    | CloseKey
    | HoldKey
    | ResolvePages
    | StandDown
    | FallBack
    | Escalate
    | PageLevel
    | Publish
    | Propose
    | Tell
    | Arm
    | Cancel
)
