"""The pages for those who look after the desk: what was sent, what came, who may come in, and what was done."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from vcci_platform.console.incident_forms import mistakes
from vcci_platform.console.incident_page import EFFECTS, OUTCOMES
from vcci_platform.console.pages import Pages
from vcci_platform.incidents import caretaking
from vcci_platform.incidents.access import Access, Actor, Rank, takes
from vcci_platform.incidents.desk_routes import Cursor, Number
from vcci_platform.incidents.desk_views import NewPerson, audit_page, letters, outbox_page, people_view
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.outbox import Target
from vcci_platform.problems import Problem

__all__ = ["upkeep_routes"]

SECTION = "desk"
AT_ONCE = 50
UNPROCESSABLE = 422
STATES = ("waiting", "dead", "delivered", "superseded")
LETTER_STATES = ("quarantined", "waiting", "understood")


def upkeep_routes(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    """Return the pages under Desk."""
    routes = APIRouter()
    routes.include_router(_effects(pages, office, access))
    routes.include_router(_letters(pages, office, access))
    routes.include_router(_people(pages, office, access))
    routes.include_router(_audit(pages, office, access))
    return routes


def _effects(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    def show(actor: Actor, state: str, target: str, before: int | None, trouble: str = "", code: int = 200) -> Response:
        desk = office().desk
        chosen = {"state": state if state in STATES else "", "target": target if target in set(Target) else ""}
        with desk.database.read() as connection:
            found = outbox_page(
                connection,
                limit=AT_ONCE,
                cursor=before,
                state=chosen["state"] or None,
                target=Target(chosen["target"]) if chosen["target"] else None,
                restricted=actor.sees_all(desk.rules.security_roles),
            )
        return pages.show(
            "outbox.html",
            section=SECTION,
            code=code,
            found=found,
            asked=chosen,
            again=urlencode({name: value for name, value in chosen.items() if value}),
            states=STATES,
            targets=list(office().dispatcher.circuits),
            trouble=trouble,
            admin=actor.rank.covers(Rank.ADMIN),
            effects=EFFECTS,
            outcomes=OUTCOMES,
            sandboxed=office().sandboxed,
        )

    @routes.get("/outbox", response_class=HTMLResponse)
    def outbox(
        actor: Annotated[Actor, Depends(access.actor)], state: str = "", target: str = "", before: Cursor = None
    ) -> Response:
        """Show what was done to the outside world, waits, or was given up."""
        return show(actor, state, target, before)

    @routes.post("/outbox/{number}/retry")
    def retry(number: Number, request: Request, actor: Annotated[Actor, Depends(access.actor)]) -> Response:
        """Try a dead effect again."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        try:
            caretaking.again_effect(office().desk, number, actor)
        except Problem as problem:
            return show(actor, "dead", "", None, problem.detail, problem.status)
        return pages.go("/outbox")

    return routes


def _letters(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    def show(actor: Actor, state: str, before: int | None, trouble: str = "", code: int = 200) -> Response:
        takes(actor, Rank.COMMANDER, "To read what came")
        chosen = state if state in LETTER_STATES else ""
        with office().desk.database.read() as connection:
            found = letters(connection, limit=AT_ONCE, cursor=before, state=chosen or None)
        return pages.show(
            "inbox.html",
            section=SECTION,
            code=code,
            found=found,
            asked=chosen,
            states=LETTER_STATES,
            trouble=trouble,
            admin=actor.rank.covers(Rank.ADMIN),
        )

    @routes.get("/inbox", response_class=HTMLResponse)
    def inbox(actor: Annotated[Actor, Depends(access.actor)], state: str = "", before: Cursor = None) -> Response:
        """Show what was said to the desk, and what of it was not understood."""
        return _told(pages, lambda: show(actor, state, before))

    @routes.post("/inbox/{number}/retry")
    def retry(number: Number, request: Request, actor: Annotated[Actor, Depends(access.actor)]) -> Response:
        """Try to understand a letter again."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        try:
            caretaking.again_letter(office().desk, number, actor)
        except Problem as problem:
            told = problem
            return _told(pages, lambda: show(actor, "quarantined", None, told.detail, told.status))
        return pages.go("/inbox")

    return routes


def _people(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    def show(actor: Actor, trouble: str = "", code: int = 200, **shown: str) -> Response:
        takes(actor, Rank.ADMIN, "To see and add people")
        with office().desk.database.read() as connection:
            found = people_view(connection, office().desk.rules.contacts, is_open=access.is_open)
        return pages.show(
            "people.html",
            section=SECTION,
            code=code,
            people=found,
            trouble=trouble,
            ranks=list(Rank),
            contacts=office().desk.rules.contacts,
            sees=office().desk.rules.security_roles,
            shown={"name": "", "rank": "", "contact": "", "token": "", **shown},
        )

    @routes.get("/people", response_class=HTMLResponse)
    def everybody(actor: Annotated[Actor, Depends(access.actor)]) -> Response:
        """Show who may use the desk."""
        return _told(pages, lambda: show(actor))

    @routes.post("/people")
    def add(
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        name: Annotated[str, Form()] = "",
        rank: Annotated[str, Form()] = "",
        contact: Annotated[str, Form()] = "",
    ) -> Response:
        """Add a person, and show their token, this once."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        desk = office().desk
        try:
            asked = NewPerson.model_validate({"name": name, "rank": rank, "contact": contact})
            made = caretaking.add_person(desk.database, desk.clock, asked, actor, desk.rules.contacts)
        except ValidationError as error:
            told = mistakes(error)
            return _told(pages, lambda: show(actor, told, UNPROCESSABLE, name=name, rank=rank, contact=contact))
        except Problem as problem:
            why = problem
            return _told(pages, lambda: show(actor, why.detail, why.status, name=name, rank=rank, contact=contact))
        return show(actor, token=made.token, name=made.name)

    @routes.post("/people/revoke")
    def revoke(
        request: Request, actor: Annotated[Actor, Depends(access.actor)], name: Annotated[str, Form()] = ""
    ) -> Response:
        """Take a person's access away."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        desk = office().desk
        try:
            caretaking.revoke_person(desk.database, desk.clock, name, actor)
        except Problem as problem:
            why = problem
            return _told(pages, lambda: show(actor, why.detail, why.status))
        return pages.go("/people")

    return routes


def _audit(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.get("/audit", response_class=HTMLResponse)
    def audit(actor: Annotated[Actor, Depends(access.actor)], before: Cursor = None) -> Response:
        """Show what people did."""

        def page() -> Response:
            takes(actor, Rank.ADMIN, "To read the audit log")
            with office().desk.database.read() as connection:
                found = audit_page(connection, limit=AT_ONCE, cursor=before)
            return pages.show("audit.html", section=SECTION, found=found, before=before)

        return _told(pages, page)

    return routes


def _told(pages: Pages, show: Callable[[], Response]) -> Response:
    """Return a page, or the page that says why not."""
    try:
        return show()
    except Problem as problem:
        return pages.problem(problem, section=SECTION)
