"""The page of corrections: which time does not count, for which promises, who decided so, and what was withdrawn.

Its forms do what `POST` and `DELETE /v1/corrections` do, in the name of whoever has signed in.
"""

# Annotations are evaluated where they stand, because FastAPI must see what a form holds.
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from vcci_platform.console import words
from vcci_platform.console.pages import Pages
from vcci_platform.incidents.access import Actor, Rank
from vcci_platform.problems import Problem
from vcci_platform.reliability.correcting import put_back, take_out
from vcci_platform.reliability.corrections import CorrectionBook, Kept
from vcci_platform.storage.ids import new_id
from vcci_slo.plan.accounting import CorrectionKind
from vcci_slo.spec.accounting import CorrectionSpec

__all__ = ["correction_routes", "state_of"]

PAGE = "/corrections"
DECIDES = Rank.COMMANDER
"""Who may take time out of an account: it is not for everybody, as over the API."""

UNPROCESSABLE, FORBIDDEN = 422, 403
MOST_WORDS = 1000

Text = Annotated[str, Form(max_length=MOST_WORDS)]
EMPTY: Mapping[str, Any] = dict.fromkeys(("kind", "from", "until", "who", "why", "reference"), "") | {"slos": ()}
LABELS = {"slos": "Promises", "from": "From", "until": "Until", "who": "Your name", "why": "Why", "kind": "What it was"}


def correction_routes(pages: Pages, book: CorrectionBook) -> APIRouter:
    """Return the page that shows every correction, and the forms that make and withdraw one."""
    routes, page = APIRouter(include_in_schema=False), _Page(pages, book)

    @routes.get(PAGE, response_class=HTMLResponse)
    def corrections(request: Request) -> Response:
        """Show those of the spec, then those of the desk, the newest first."""
        return page.show(_actor(request))

    @routes.post(PAGE)
    def make(
        request: Request,
        *,
        slos: Annotated[list[str] | None, Form()] = None,
        kind: Text = "",
        start: Annotated[str, Form(alias="from", max_length=MOST_WORDS)] = "",
        until: Text = "",
        who: Text = "",
        why: Text = "",
        reference: Text = "",
        key: Text = "",
    ) -> Response:
        """Take time out of the account of some promises; a form that is sent twice makes one correction."""
        told = {"kind": kind, "from": start, "until": until, "who": who, "why": why, "reference": reference}
        written = {"slos": slos or [], **told}

        def do(name: str) -> Kept:
            given = {field: value for field, value in written.items() if value} | {"who": name, "why": why}
            return take_out(book, CorrectionSpec.model_validate(given), pages.clock.now(), key or None)

        return page.done(request, written, do)

    @routes.post(PAGE + "/{name}/withdraw")
    def withdraw(request: Request, name: str, who: Text = "", why: Text = "") -> Response:
        """Let a correction count no more."""

        def do(by: str) -> Kept:
            if not why.strip():
                detail = "Say why: the history names who withdrew it and why."
                raise Problem(status=UNPROCESSABLE, code="reason-needed", detail=detail)
            return put_back(book, name, who=by, why=why.strip(), now=pages.clock.now())

        return page.done(request, {"who": who}, do)

    return routes


@dataclass(frozen=True)
class _Page:
    """The page, and what follows when one of its forms was sent."""

    pages: Pages
    book: CorrectionBook

    def show(
        self, actor: Actor | None, written: Mapping[str, Any] = EMPTY, trouble: str = "", code: int = 200
    ) -> Response:
        """Return the page; `written` is what stands in its form, and `trouble` why that was not taken."""
        book, now, withdrawn = self.book, self.pages.clock.now(), self.book.withdrawals()
        rows = [
            (kept.correction, state_of(kept, now), when(kept), withdrawn.get(kept.correction.name))
            for kept in book.all()
        ]
        return self.pages.show(
            "corrections.html",
            section="slos",
            code=code,
            rows=rows,
            written={**EMPTY, **written},
            trouble=trouble,
            may=actor is not None and actor.rank.covers(DECIDES),
            asks_name=actor is not None and not actor.signed_in,
            slos=[slo.name for slo in book.plan.slos],
            kinds=get_args(CorrectionKind),
            zone=book.plan.calendar.timezone,
            key=new_id("frm"),
        )

    def done(self, request: Request, written: Mapping[str, Any], do: Callable[[str], Kept]) -> Response:
        """Do what a form asks in the name of who sent it, or show the page again with what is wrong."""
        refused = self.pages.foreign(request)
        if refused is not None:
            return refused
        actor = _actor(request)
        if actor is None or not actor.rank.covers(DECIDES):
            return self.show(actor, written, f"To take time out of an account takes a {DECIDES}.", FORBIDDEN)
        try:
            do(actor.named(str(written["who"]).strip()))
        except ValidationError as error:
            return self.show(actor, written, _mistakes(error), UNPROCESSABLE)
        except Problem as problem:
            return self.show(actor, written, _sentence(problem), problem.status)
        return self.pages.go(PAGE)


def state_of(kept: Kept, now: datetime) -> str:
    """Return whether a correction counts: what is withdrawn does not, and what is over still does for its time."""
    if kept.withdrawn_at is not None:
        return "withdrawn"
    if now < kept.correction.start:
        return "to come"
    return "over" if kept.correction.until <= now else "under way"


def when(kept: Kept) -> str:
    """Return the time that a correction takes out, in words."""
    made = kept.correction
    span = f"{words.day(made.start)} to {words.day(made.until)}"
    return f"{span}, {words.lasting(made.lasts)} each time by {made.repeats}" if made.repeats else span


def _actor(request: Request) -> Actor | None:
    """Return whom the door of the desk has let in."""
    found: Actor | None = getattr(request.state, "actor", None)
    return found


def _mistakes(error: ValidationError) -> str:
    """Return what is wrong, field by field, in the words of the form."""
    found: list[str] = []
    for item in error.errors():
        reason = "expected a few words, found nothing" if item["type"] == "string_too_short" else item["msg"]
        found.append(f"{_label(str(item['loc'][0]) if item['loc'] else '')}{reason}")
    return "; ".join(found)


def _sentence(problem: Problem) -> str:
    if problem.code == "name-needed":
        return "Say who you are: a correction names who decided it."
    told = [f"{_label(str(each['field']).removeprefix('body.'))}{each['reason']}" for each in problem.errors or ()]
    return "; ".join(told) or problem.detail


def _label(field: str) -> str:
    return f"{LABELS[field]}: " if field in LABELS else ""
