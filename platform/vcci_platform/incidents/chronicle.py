"""What the timeline says of each decision. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from vcci_platform.incidents.decisions import (
    SYSTEM,
    AddTasks,
    Adopt,
    Assign,
    Classify,
    Decision,
    Escalate,
    FallBack,
    Hold,
    Move,
    Open,
    Propose,
    Publish,
    Raise,
    Record,
    Regrade,
    Ring,
    StandDown,
)
from vcci_platform.incidents.model import Entry, Incident

__all__ = ["entry", "line_of"]


def entry(decision: Decision, before: Incident | None, now: datetime) -> Entry | None:  # noqa: C901, PLR0912 - one case each
    """Return the line that a decision leaves, or nothing for one that needs none.

    `before` is the incident before the decisions that this one belongs to.
    """
    line: Entry | None = None
    match decision:
        case Open(_, title, priority, _, began_at, by, _):
            line = line_of("opened", f"{priority} detected: {title}", by, now, at=began_at)
        case Raise(priority, title, by):
            was = before.priority if before else "?"
            line = line_of("severity_raised", f"{was} became {priority}: {title}", by, now)
        case Move(to, by, why):
            line = line_of(f"state_{to}", f"{to} by {by}", by, now, why)
        case Record(kind, text, by, why, occurred_at, links, facts):
            data: dict[str, Any] = {"links": [{"text": name, "href": href} for name, href in links]} if links else {}
            if facts:
                data["facts"] = dict(facts)
            line = replace(line_of(kind, text, by, now, why, at=occurred_at), data=data)
        case Ring(priority, _, why):
            line = line_of("page_requested", f"page for {priority}", SYSTEM, now, why)
        case StandDown():
            line = line_of("page_called_off", "the page that has woken nobody yet is called off", SYSTEM, now)
        case Adopt(key, priority, _):
            text = f"Alertmanager pages for {priority} under {key[:12]}…; the desk resolves it"
            line = line_of("page_adopted", text, "alertmanager", now)
        case Regrade(priority, by, why):
            was = before.priority if before else "?"
            line = line_of("severity_changed", f"{was} became {priority}", by, now, why)
        case Classify(nature, by, why):
            line = line_of("classified", f"this is a {nature} incident", by, now, why)
        case Hold(until, by, why):
            text = f"the escalation is held until {until:%Y-%m-%d %H:%M} UTC" if until else "the escalation runs again"
            line = line_of("escalation_held" if until else "escalation_released", text, by, now, why)
        case Assign(role, person, by):
            line = line_of("role", f"{person} is {role}" if person else f"nobody is {role} any more", by, now)
        case AddTasks("", tasks, by):
            line = line_of("task_added", "; ".join(task.text for task in tasks), by, now)
        case AddTasks(checklist, tasks, by):
            line = line_of("checklist", f"the checklist of {checklist}: {len(tasks)} tasks", by, now)
        case Escalate(level, by, why):
            line = line_of("escalated", f"escalated to level {level}", by, now, why)
        case FallBack(why):
            line = line_of("page_fell_back", "page sent through the chat instead", SYSTEM, now, why)
        case Publish(by, why):
            line = line_of("publication", "the status page is told", by, now, why)
        case Propose():
            line = line_of("publication_proposed", "the status page waits for the commander", SYSTEM, now)
        case _:
            pass
    return line


def line_of(kind: str, text: str, by: str, now: datetime, why: str = "", *, at: datetime | None = None) -> Entry:
    """Return a line of the timeline; `at` is when it happened, if that was not now."""
    return Entry(occurred_at=at or now, received_at=now, kind=kind, text=text, by=by, why=why)
