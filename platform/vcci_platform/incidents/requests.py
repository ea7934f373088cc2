"""What people may ask of the desk over HTTP. Where people sign in, `by` is left out: the token says who it is."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from vcci_platform.incidents.decisions import SYSTEM
from vcci_platform.incidents.echoes import AUTOMATION
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.texts import kept

__all__ = [
    "FIRST_YEAR",
    "LARGEST_NUMBER",
    "LAST_YEAR",
    "ActionRequest",
    "ApprovalRequest",
    "DeclareRequest",
    "EscalateRequest",
    "HoldRequest",
    "NewName",
    "NoteRequest",
    "PersonName",
    "PriorityRequest",
    "ReportRequest",
    "RoleRequest",
    "SecurityRequest",
    "TaskRequest",
    "TickRequest",
    "UpdateRequest",
]


def _kept(value: object) -> object:
    return kept(value) if isinstance(value, str) else value


KEPT = BeforeValidator(_kept)  # first: half a character is no text to pydantic, and lengths are told as those of texts
LARGEST_NUMBER = 2**63 - 1
"""What a store can count to: no row has a greater number."""

FIRST_YEAR, LAST_YEAR = 2000, 2999
"""What people ask about happens in these years; at the ends of the calendar its arithmetic ends too."""

RESERVED = frozenset({SYSTEM.casefold(), AUTOMATION.casefold()})
"""Who acts when no person does: what these do is no sign of anybody at work."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), KEPT]
Who = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), KEPT]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), KEPT]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), KEPT]


def _person(name: str) -> str:
    """Return a name that can be a person's: not one under which programs act, nor one that an address cannot hold."""
    if name.casefold() in RESERVED:
        raise ValueError(f"expected a person's name, and {name!r} is what a program acts as")
    if "/" in name or (name and not name.strip(".")):
        raise ValueError(f"expected a name without '/' that is more than dots, found {name!r}")
    return name


PersonName = Annotated[Who, AfterValidator(_person)]
NewName = Annotated[Name, AfterValidator(_person)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: PersonName = ""


class ActionRequest(_Request):
    """What a person does to an incident. To resolve early, or while an alert fires, takes a reason."""

    action: Action
    why: Text = ""


class ApprovalRequest(_Request):
    """The commander lets the public know, in the usual words or in `words`."""

    why: Text = ""
    words: Text = ""


class ReportRequest(_Request):
    """What a person tells the desk; it pages for P0 and P1 at once. Of a `security` incident few read anything."""

    title: Name
    priority: Priority
    system: Name
    description: Text = ""
    component: Who = ""
    security: bool = False


class NoteRequest(_Request):
    """A line for the timeline."""

    text: Words


class UpdateRequest(_Request):
    """How it stands, what it means, when it may be over; and what the public should read, if anything."""

    status: Words
    impact: Text = ""
    eta: Who = ""
    public: Text = ""


class PriorityRequest(_Request):
    """Another severity, and why."""

    priority: Priority
    why: Words


class RoleRequest(_Request):
    """Who takes the role; nobody lays it down."""

    person: PersonName = ""


class HoldRequest(_Request):
    """Until when nobody further is asked, and why; no moment lets the clock run again."""

    until: AwareDatetime | None = None
    why: Words


class EscalateRequest(_Request):
    """Which level is asked, and why."""

    level: int = Field(ge=1, le=9)
    why: Words


class DeclareRequest(_Request):
    """What is declared, and why."""

    what: Name
    why: Words


class SecurityRequest(_Request):
    """Why this is a security incident."""

    why: Words


class TaskRequest(_Request):
    """What must not be forgotten."""

    text: Words


class TickRequest(_Request):
    """Whether it is done."""

    done: bool = True
