"""The desk's HTTP interface: hooks, incidents, actions, and how the desk itself is."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import JSONResponse

from vcci_platform.incidents import queries
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.command_routes import command_routes, shown
from vcci_platform.incidents.desk_routes import desk_routes
from vcci_platform.incidents.hooks.routes import hook_routes
from vcci_platform.incidents.hooks.speakers import Speakers
from vcci_platform.incidents.live_routes import live_routes
from vcci_platform.incidents.model import Priority, State
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.requests import ReportRequest
from vcci_platform.incidents.views import DeskView, IncidentDetail, IncidentPage

__all__ = ["router"]

PAGE_LIMIT = 200


def router(
    office: Office,
    access: Access,
    speakers: Speakers,
) -> APIRouter:
    """Return the routes of one desk."""
    routes = APIRouter(prefix="/v1")
    routes.include_router(hook_routes(office.desk, speakers))
    routes.include_router(_incidents(office, access))
    routes.include_router(command_routes(office, access))
    routes.include_router(desk_routes(office, access))
    routes.include_router(live_routes(office, access))
    return routes


def _incidents(office: Office, access: Access) -> APIRouter:
    routes = APIRouter(tags=["incidents"])
    desk = office.desk
    viewer = access.of_rank(Rank.VIEWER)
    responder = access.of_rank(Rank.RESPONDER)

    @routes.get("/incidents")
    def list_incidents(
        actor: Annotated[Actor, Depends(viewer)],
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
        cursor: str | None = None,
        state: Literal["open", "closed", "all"] | State = "all",
        system: str | None = None,
        priority: Priority | None = None,
        text: Annotated[str | None, Query(max_length=200, description="In the title or the id")] = None,
    ) -> IncidentPage:
        """The incidents, the newest first."""
        is_open = None if state not in {"open", "closed"} else state == "open"
        with desk.database.read() as connection:
            return queries.page(
                connection,
                limit=limit,
                cursor=cursor,
                is_open=is_open,
                state=state if isinstance(state, State) else None,
                system=system,
                priority=priority,
                text=text,
                restricted=actor.sees_all(desk.rules.security_roles),
            )

    @routes.get("/incidents/{incident_id}")
    def show_incident(incident_id: str, actor: Annotated[Actor, Depends(viewer)]) -> IncidentDetail:
        """One incident: its timeline, alerts, effects, and what is due next."""
        return shown(office, incident_id, actor)

    @routes.post(
        "/incidents",
        status_code=201,
        response_model=IncidentDetail,
        responses={202: {"description": "Taken, for an incident that you may not see."}},
    )
    def report_incident(
        report: ReportRequest,
        response: Response,
        actor: Annotated[Actor, Depends(responder)],
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> IncidentDetail | Response:
        """Report a fault. The desk opens an incident, or adds to the open one of that system, and pages.

        Ten in a minute are taken from one person, then 429.
        """
        incident = office.reports.take(report, actor, idempotency_key)
        if not actor.sees(incident, desk.rules.security_roles):
            detail = "The report is taken: it was added to an incident that only some may see."
            return JSONResponse({"detail": detail}, status_code=202)
        response.headers["Location"] = f"/v1/incidents/{incident.id}"
        return shown(office, incident.id, actor)

    @routes.get("/desk", tags=["desk"])
    def show_desk(actor: Annotated[Actor, Depends(viewer)]) -> DeskView:
        """How the desk is: its loops, what waits, what could not be understood, whose Watchdog is heard."""
        return office.view().for_eyes(restricted=actor.sees_all(desk.rules.security_roles))

    return routes
