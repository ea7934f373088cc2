"""The pages of incidents: the list with its filters, one incident, and the forms that act on it."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import quote, unquote, urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from vcci_platform.console.incident_forms import FORMS, mistakes, sentence
from vcci_platform.console.incident_page import SECTION, Said, show_incident
from vcci_platform.console.pages import Pages
from vcci_platform.incidents import queries
from vcci_platform.incidents.access import Access, Actor
from vcci_platform.incidents.acts import Acts
from vcci_platform.incidents.caretaking import again_effect
from vcci_platform.incidents.desk_routes import Number
from vcci_platform.incidents.model import Priority, State
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.views import IncidentSummary
from vcci_platform.problems import Problem

__all__ = ["incident_routes"]

AT_ONCE = 50
NOT_FOUND, UNPROCESSABLE = 404, 422
MOST_FIELDS = 20
NAME_COOKIE = "vcci-desk-name"  # only where nobody signs in, so that a name is written once


def incident_routes(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    """Return the pages of incidents. Their forms do what the API does."""
    routes = APIRouter()
    routes.include_router(_list(pages, office, access))
    routes.include_router(_one(pages, office, access))
    routes.include_router(_forms(pages, office, access))
    return routes


def _list(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.get("/incidents", response_class=HTMLResponse)
    def all_incidents(
        actor: Annotated[Actor, Depends(access.actor)],
        before: str | None = None,
        state: str = "",
        priority: str = "",
        system: str = "",
        text: str = "",
    ) -> HTMLResponse:
        """Show open incidents, then those that are over, the newest first; or those that a filter lets through."""
        desk = office().desk
        restricted = actor.sees_all(desk.rules.security_roles)
        asked = {"state": state, "priority": priority, "system": system, "text": text.strip()}
        chosen = {name: value for name, value in asked.items() if value}
        states = {each.value for each in State}
        with desk.database.read() as connection:
            systems = queries.systems(connection, restricted=restricted)
            found = queries.page(
                connection,
                limit=AT_ONCE,
                cursor=before,
                is_open={"open": True, "closed": False}.get(state, None if chosen else False),
                state=State(state) if state in states else None,
                system=system or None,
                priority=Priority(priority) if priority in set(Priority) else None,
                text=chosen.get("text"),
                restricted=restricted,
            )
            opened: tuple[IncidentSummary, ...] = ()
            if not chosen and not before:
                opened = queries.page(connection, limit=AT_ONCE, is_open=True, restricted=restricted).items
        return pages.show(
            "incidents.html",
            section=SECTION,
            opened=opened,
            found=found,
            before=before,
            asked=asked,
            filtered=bool(chosen),
            again=urlencode(chosen),
            systems=systems,
            states=list(State),
            priorities=[priority for priority in Priority if priority in desk.rules.severities],
        )

    return routes


def _one(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.get("/incidents/{incident_id}", response_class=HTMLResponse)
    def one_incident(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        ready: str = "",
    ) -> HTMLResponse:
        """Show everything that is known of an incident, and what can be done; `ready` puts a sentence into the form."""
        return show_incident(pages, office(), incident_id, actor, Said(name=_name(request), ready=ready))

    return routes


def _forms(pages: Pages, office: Callable[[], Office], access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.post("/incidents/{incident_id}/effects/{number}/retry")
    def retry(
        incident_id: str,
        number: Number,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
    ) -> Response:
        """Try a dead effect of this incident again."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        try:
            again_effect(office().desk, number, actor)
        except Problem as problem:
            said = Said("effects", trouble=problem.detail, name=_name(request))
            return show_incident(pages, office(), incident_id, actor, said, code=problem.status)
        return pages.go(f"/incidents/{incident_id}#h-effects")

    @routes.post("/incidents/{incident_id}/{form}")
    async def act(
        incident_id: str,
        form: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
    ) -> Response:
        """Do what a form asks."""
        if form not in FORMS:
            return pages.missing(f"There is no form {form!r}.", section=SECTION)
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        sent = await request.form(max_files=0, max_fields=MOST_FIELDS)
        fields = {name: str(value).strip() for name, value in sent.items()}
        return await run_in_threadpool(_take, pages, office(), incident_id, form, fields, actor)

    return routes


def _take(
    pages: Pages, office: Office, incident_id: str, form: str, fields: Mapping[str, str], actor: Actor
) -> Response:
    if form == "updates" and fields.get("ready"):
        return show_incident(pages, office, incident_id, actor, Said(form, fields, ready=fields["ready"]))
    if fields.get("do") == "preview":
        return show_incident(pages, office, incident_id, actor, Said(form, fields, previews=True))
    trouble, code = "", UNPROCESSABLE
    try:
        FORMS[form](Acts(office.desk), incident_id, fields, actor, pages.clock.now())
    except ValidationError as error:
        trouble = mistakes(error)
    except ValueError:
        trouble = "A choice is missing."
    except Problem as problem:
        trouble, code = sentence(problem), problem.status
    if trouble:
        return show_incident(pages, office, incident_id, actor, Said(form, fields, trouble), code=code)
    answer = pages.go(f"/incidents/{incident_id}")
    if not actor.signed_in and fields.get("by"):
        answer.set_cookie(NAME_COOKIE, quote(fields["by"][:200]), httponly=True, samesite="strict")
    return answer


def _name(request: Request) -> str:
    return unquote(request.cookies.get(NAME_COOKIE, ""))
