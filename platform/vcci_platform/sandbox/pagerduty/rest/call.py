"""A call to the REST API as a value, its answer, and the helpers that every call uses: forms, pages, filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from vcci_platform.sandbox.forms import sentences
from vcci_platform.sandbox.pagerduty.account import Kept
from vcci_platform.sandbox.pagerduty.account_forms import UserForm, moment
from vcci_platform.sandbox.pagerduty.model import PagerDuty
from vcci_platform.sandbox.pagerduty.references import Links, Namer
from vcci_platform.sandbox.pagerduty.refusals import UNKNOWN_REQUESTER, RestRefusal, invalid
from vcci_platform.sandbox.pagerduty.webhooks import Webhooks

__all__ = ["Answer", "Call", "Desk", "page", "read", "requester", "stretch", "wrapped"]

FormT = TypeVar("FormT", bound=BaseModel)

ROWS: Final = 25
MOST_ROWS: Final = 100
FARTHEST_ROW: Final = 10_000  # https://developer.pagerduty.com/docs/pagination/: offset and limit together


@dataclass(frozen=True, slots=True)
class Desk:
    """What the calls work on."""

    pagerduty: PagerDuty
    webhooks: Webhooks
    namer: Namer

    @property
    def links(self) -> Links:
        """Where the API and the page answer."""
        return self.namer.links


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose caller is known: what is asked, by whom (the `From` header), and when."""

    method: str
    path: str
    now: datetime
    query: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    body: Mapping[str, Any] | None = None
    by: str | None = None

    def one(self, name: str, default: str = "") -> str:
        """Return the query parameter of this name."""
        values = self.query.get(name) or ()
        return values[-1] if values else default

    def many(self, name: str) -> tuple[str, ...]:
        """Return every value of a list parameter, written `name[]=`."""
        return tuple(self.query.get(f"{name}[]") or ())

    def truth(self, name: str) -> bool:
        """Return whether the parameter says true."""
        return self.one(name).lower() == "true"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a status, a body (None: empty), and what our page says about it."""

    status: int
    body: Any
    note: str = ""


def read(form: type[FormT], body: Mapping[str, Any] | None) -> FormT:
    """Return the form in the body, or refuse it with every complaint."""
    if body is None:
        raise invalid("expected a JSON object in the body, found nothing")
    try:
        return form.model_validate(dict(body))
    except ValidationError as error:
        raise invalid(*sentences(error)) from error


def wrapped(form: type[FormT], name: str, body: Mapping[str, Any] | None) -> FormT:
    """Return the form inside its wrapper `name`, the only key of the body."""
    if body is None or set(body) != {name} or not isinstance(body[name], Mapping):
        found = "nothing" if body is None else ", ".join(sorted(body)) or "an empty object"
        raise invalid(f"expected an object inside the wrapper '{name}' and nothing beside it, found {found}")
    return read(form, body[name])


def requester(call: Call, desk: Desk) -> Kept[UserForm]:
    """Return the user of the `From` header, who must be known."""
    if not call.by:
        raise invalid("the header 'From: <e-mail address of a user>' is required for this call")
    user = desk.pagerduty.account.user_by_email(call.by)
    if user is None:
        raise RestRefusal(400, UNKNOWN_REQUESTER, "Requester User Not Found", [f"no user has the address {call.by}"])
    return user


def page(call: Call, name: str, rows: Sequence[Any]) -> Answer:
    """Return one page of a list, with `limit`, `offset`, `more`, and the total if it is asked for."""
    limit, offset = _whole(call, "limit", ROWS, least=1), _whole(call, "offset", 0, least=0)
    limit = min(limit, MOST_ROWS)
    if limit + offset > FARTHEST_ROW:
        raise invalid(f"expected limit + offset of at most {FARTHEST_ROW}, found {limit + offset}")
    body = {
        name: list(rows[offset : offset + limit]),
        "limit": limit,
        "offset": offset,
        "more": len(rows) > offset + limit,
        "total": len(rows) if call.truth("total") else None,
    }
    return Answer(200, body)


def stretch(call: Call) -> tuple[datetime, datetime] | None:
    """Return the stretch of time from `since` to `until`, if both are there."""
    since, until = call.one("since"), call.one("until")
    if not since or not until:
        return None
    try:
        found = (moment(since), moment(until))
    except ValueError as error:
        raise invalid(f"expected ISO 8601 times in since and until ({error})") from error
    if found[1] < found[0]:
        raise invalid("expected 'until' after 'since'")
    return found


def _whole(call: Call, name: str, default: int, *, least: int) -> int:
    text = call.one(name, str(default))
    if not text.isdigit() or int(text) < least:
        raise invalid(f"expected a whole number of at least {least} as {name}, found {text!r}")
    return int(text)
