"""What the timeline says of each decision. Pure."""

from __future__ import annotations

from datetime import datetime

from vcci_platform.incidents.decisions import (
    SYSTEM,
    Adopt,
    Decision,
    Escalate,
    FallBack,
    Move,
    Open,
    Propose,
    Publish,
    Raise,
    Record,
    Ring,
)
from vcci_platform.incidents.model import Entry, Incident

__all__ = ["entry"]


def entry(decision: Decision, before: Incident | None, now: datetime) -> Entry | None:  # noqa: C901 - one case each
    """Return the line that a decision leaves, or nothing for one that needs none.

    `before` is the incident before the decisions that this one belongs to.
    """
    line: Entry | None = None
    match decision:
        case Open(_, title, priority, _, began_at, by, _):
            line = _line("opened", f"{priority} detected: {title}", by, now, at=began_at)
        case Raise(priority, title, by):
            was = before.priority if before else "?"
            line = _line("severity_raised", f"{was} became {priority}: {title}", by, now)
        case Move(to, by, why):
            line = _line(f"state_{to}", f"{to} by {by}", by, now, why)
        case Record(kind, text, by, why, occurred_at):
            line = _line(kind, text, by, now, why, at=occurred_at)
        case Ring(priority, _, why):
            line = _line("page_requested", f"page for {priority}", SYSTEM, now, why)
        case Adopt(key, priority, _):
            text = f"Alertmanager pages for {priority} under {key[:12]}…; the desk resolves it"
            line = _line("page_adopted", text, "alertmanager", now)
        case Escalate(level):
            line = _line("escalated", f"escalated to level {level}", SYSTEM, now, "unresolved")
        case FallBack(why):
            line = _line("page_fell_back", "page sent through the chat instead", SYSTEM, now, why)
        case Publish(by, why):
            line = _line("publication", "the status page is told", by, now, why)
        case Propose():
            line = _line("publication_proposed", "the status page waits for the commander", SYSTEM, now)
        case _:
            pass
    return line


def _line(kind: str, text: str, by: str, now: datetime, why: str = "", *, at: datetime | None = None) -> Entry:
    return Entry(occurred_at=at or now, received_at=now, kind=kind, text=text, by=by, why=why)
