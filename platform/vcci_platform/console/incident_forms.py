"""What the forms of an incident do: they ask for the same acts as the API, in the name of whoever has signed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from vcci_platform.incidents.access import Actor
from vcci_platform.incidents.acts import Acts
from vcci_platform.incidents.model import Role
from vcci_platform.incidents.requests import (
    ActionRequest,
    ApprovalRequest,
    DeclareRequest,
    EscalateRequest,
    HoldRequest,
    NoteRequest,
    PriorityRequest,
    RoleRequest,
    SecurityRequest,
    TaskRequest,
    TickRequest,
    UpdateRequest,
)
from vcci_platform.problems import Problem

__all__ = ["FORMS", "mistakes", "sentence"]

Fields = Mapping[str, str]
Send = Callable[[Acts, str, Fields, Actor, datetime], None]
"""Does what a form asks, or raises `Problem`, `ValidationError`."""


def _plain(model: Any, act: Callable[[Acts], Callable[[str, Any, Actor], None]], *names: str) -> Send:
    def send(acts: Acts, incident_id: str, fields: Fields, actor: Actor, _now: datetime) -> None:
        asked = model.model_validate({name: fields[name] for name in ("by", *names) if name in fields})
        act(acts)(incident_id, asked, actor)

    return send


def _assign(acts: Acts, incident_id: str, fields: Fields, actor: Actor, _now: datetime) -> None:
    asked = RoleRequest(by=fields.get("by", ""), person=fields.get("person", ""))
    acts.assign(incident_id, Role(fields.get("role", "")), asked, actor)


def _hold(acts: Acts, incident_id: str, fields: Fields, actor: Actor, now: datetime) -> None:
    until = _after(fields["minutes"], now) if fields.get("minutes") else None
    acts.hold(incident_id, HoldRequest(by=fields.get("by", ""), until=until, why=fields.get("why", "")), actor)


def _after(minutes: str, now: datetime) -> datetime:
    try:
        return now + timedelta(minutes=float(minutes))
    except (ValueError, OverflowError):
        detail = f"expected a number of minutes such as 30, found {minutes[:20]!r}"
        raise Problem(status=422, code="not-minutes", detail=detail) from None


def _tick(acts: Acts, incident_id: str, fields: Fields, actor: Actor, _now: datetime) -> None:
    number, _, word = fields.get("task", "").partition(" ")
    acts.tick(incident_id, int(number), TickRequest(by=fields.get("by", ""), done=word != "no"), actor)


FORMS: Mapping[str, Send] = {
    "actions": _plain(ActionRequest, lambda acts: acts.act, "action", "why"),
    "status-page": _plain(ApprovalRequest, lambda acts: acts.publish, "why", "words"),
    "notes": _plain(NoteRequest, lambda acts: acts.note, "text"),
    "updates": _plain(UpdateRequest, lambda acts: acts.update, "status", "impact", "eta", "public"),
    "priority": _plain(PriorityRequest, lambda acts: acts.regrade, "priority", "why"),
    "roles": _assign,
    "hold": _hold,
    "escalation": _plain(EscalateRequest, lambda acts: acts.escalate, "level", "why"),
    "declarations": _plain(DeclareRequest, lambda acts: acts.declare, "what", "why"),
    "security": _plain(SecurityRequest, lambda acts: acts.secure, "why"),
    "tasks": _plain(TaskRequest, lambda acts: acts.add_task, "text"),
    "ticks": _tick,
}
"""What each form under an incident sends, by the last part of its address."""

NAMES = {
    "by": "your name",
    "why": "the reason",
    "text": "what you write",
    "status": "how it stands",
    "what": "what is declared",
    "level": "the level",
    "priority": "the severity",
    "action": "the action",
}


def mistakes(error: ValidationError) -> str:
    """Return what is wrong with what was written, in words."""
    return "; ".join(_mistake(item) for item in error.errors())


def sentence(problem: Problem) -> str:
    """Return a refusal in words for who filled in a form."""
    if problem.code == "name-needed":
        return "Say who you are: the timeline names everybody who acts."
    text = problem.detail[:1].upper() + problem.detail[1:]
    return text if text.endswith(".") else f"{text}."


def _mistake(item: Mapping[str, Any]) -> str:
    field = ".".join(map(str, item["loc"]))
    name = NAMES.get(field, field)
    if item["type"] in {"string_too_short", "missing"}:
        return f"{name[:1].upper()}{name[1:]} is missing."
    if item["type"] == "string_too_long":
        return f"{name[:1].upper()}{name[1:]} is longer than {item['ctx']['max_length']} characters."
    return f"{name[:1].upper()}{name[1:]}: {item['msg']}."
