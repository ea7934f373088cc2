"""The form with which a person tells the desk of a fault that no alert has seen."""

# Annotations are evaluated where they stand, because FastAPI must see what a form holds.
from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from vcci_platform.console.incident_forms import mistakes, sentence
from vcci_platform.console.pages import Pages
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.requests import ReportRequest
from vcci_platform.problems import Problem
from vcci_platform.storage.ids import new_id
from vcci_slo.plan import Plan

__all__ = ["reporting_routes"]

PAGE = "/incidents/report"
SECTION = "incidents"
UNPROCESSABLE = 422
MOST_WORDS = 4000

EMPTY: Mapping[str, str] = dict.fromkeys(
    ("title", "priority", "system", "component", "description", "by", "security"), ""
)

Text = Annotated[str, Form(max_length=MOST_WORDS)]


def reporting_routes(pages: Pages, office: Callable[[], Office], access: Access, plan: Plan) -> APIRouter:
    """Return the page of the form and what it does."""
    routes = APIRouter(include_in_schema=False)
    systems = list(
        dict.fromkeys(component.system for component in plan.components)
    )  # the spec's first is the likeliest

    def show(actor: Actor, written: Mapping[str, str], trouble: str = "", code: int = 200) -> HTMLResponse:
        return pages.show(
            "report.html",
            section=SECTION,
            code=code,
            written={**EMPTY, **written},
            trouble=trouble,
            may=actor.rank.covers(Rank.RESPONDER),
            asks_name=not actor.signed_in,
            systems=systems,
            components=plan.components,
            severities=plan.severities,
            key=written.get("key") or new_id("frm"),
        )

    @routes.get(PAGE, response_class=HTMLResponse)
    def ask(actor: Annotated[Actor, Depends(access.actor)]) -> HTMLResponse:
        """Show the form."""
        return show(actor, {"priority": Priority.P1.value})

    @routes.post(PAGE)
    def take(
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        *,
        title: Text = "",
        priority: Text = "",
        system: Text = "",
        component: Text = "",
        description: Text = "",
        by: Text = "",
        key: Text = "",
        security: Text = "",
    ) -> Response:
        """Open an incident for what was written; a form that is sent twice makes one report."""
        refused = pages.foreign(request)
        if refused is not None:
            return refused
        written = {
            "title": title,
            "priority": priority,
            "system": system,
            "component": component,
            "description": description,
            "by": by,
            "security": "yes" if security else "no",
        }
        try:
            asked = ReportRequest.model_validate(written)
            incident = office().reports.take(asked, actor, key or None)
        except ValidationError as error:
            return show(actor, {**written, "key": key}, mistakes(error), UNPROCESSABLE)
        except Problem as problem:
            return show(actor, {**written, "key": key}, sentence(problem), problem.status)
        sees = actor.sees(incident, office().desk.rules.security_roles)
        return pages.go(f"/incidents/{incident.id}" if sees else "/incidents")

    return routes
