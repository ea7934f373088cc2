"""The part of the desk's HTTP interface with which people work on an incident: each act has a route of its own."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from vcci_platform.incidents import store
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.acts import Acts, seen, unknown
from vcci_platform.incidents.drafts import Draft, Ready, draft_of, ready_of
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.requests import SecurityRequest, TaskRequest
from vcci_platform.incidents.views import IncidentDetail
from vcci_platform.problems import Problem, refusals

__all__ = ["command_routes", "shown", "unknown"]

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "Not in this state."}}

Act = Callable[..., None]
"""One of `Acts`: it takes the incident's id, what the path and the body say, and who asks."""


def command_routes(office: Office, access: Access) -> APIRouter:
    """Return the routes that change an incident. What each does, its act says."""
    routes = APIRouter(prefix="/incidents/{incident_id}", tags=["incidents"], responses=CONFLICT)
    acts = Acts(office.desk)
    responder, commander = access.of_rank(Rank.RESPONDER), access.of_rank(Rank.COMMANDER)
    for method, path, act, may in (
        ("POST", "/actions", acts.act, responder),
        ("POST", "/status-page", acts.publish, commander),
        ("POST", "/notes", acts.note, responder),
        ("POST", "/updates", acts.update, responder),
        ("POST", "/priority", acts.regrade, responder),
        ("PUT", "/roles/{role}", acts.assign, responder),
        ("POST", "/hold", acts.hold, commander),
        ("POST", "/escalation", acts.escalate, responder),
        ("POST", "/declarations", acts.declare, responder),
        ("PUT", "/tasks/{number}", acts.tick, responder),
    ):
        routes.add_api_route(path, _answered(office, act, may), methods=[method])

    @routes.post("/security", response_model=IncidentDetail, responses={204: {"description": "You see it no more."}})
    def secure(
        incident_id: str, request: SecurityRequest, actor: Annotated[Actor, Depends(responder)]
    ) -> IncidentDetail | Response:
        """Call it a security incident: few see it from now on, and it has a checklist of its own."""
        acts.secure(incident_id, request, actor)
        if not actor.sees_all(office.desk.rules.security_roles):
            return Response(status_code=204)
        return shown(office, incident_id, actor)

    @routes.post("/tasks", status_code=201)
    def add_task(
        incident_id: str, request: TaskRequest, response: Response, actor: Annotated[Actor, Depends(responder)]
    ) -> IncidentDetail:
        """Add a task of one's own."""
        acts.add_task(incident_id, request, actor)
        response.headers["Location"] = f"/v1/incidents/{incident_id}"
        return shown(office, incident_id, actor)

    @routes.get("/status-page", responses=refusals(404))
    def draft(
        incident_id: str,
        actor: Annotated[Actor, Depends(access.of_rank(Rank.VIEWER))],
        words: Annotated[str, Query(max_length=4000, description="Unset, the usual ones of the state")] = "",
    ) -> Draft:
        """What the status page would show after the next word to the public. Nothing is sent."""
        return _draft(office, incident_id, actor, words.strip())

    @routes.get("/ready", responses=refusals(404))
    def ready(incident_id: str, actor: Annotated[Actor, Depends(access.of_rank(Rank.VIEWER))]) -> tuple[Ready, ...]:
        """The spec's ready sentences with this incident's values, none of what is over or for few eyes."""
        desk = office.desk
        with desk.database.read() as connection:
            incident = store.find(connection, incident_id)
            if incident is None or not actor.sees(incident, desk.rules.security_roles):
                raise unknown(incident_id)
            return ready_of(connection, incident, desk.rules)

    return routes


def _draft(office: Office, incident_id: str, actor: Actor, words: str) -> Draft:
    desk = office.desk
    with desk.database.read() as connection:
        incident = store.find(connection, incident_id)
        if incident is None or not actor.sees(incident, desk.rules.security_roles):
            raise unknown(incident_id)
        found = draft_of(connection, incident, desk.rules, desk.clock.now(), words)
    if found is None:
        detail = (
            f"The public is not told of {incident_id}: it is over, for few eyes, or of a severity that is never shown."
        )
        raise Problem(status=409, code="not-public", detail=detail)
    return found


def _answered(office: Office, act: Act, may: Callable[..., Awaitable[Actor]]) -> Callable[..., IncidentDetail]:
    """Return the endpoint of an act: it lets in those whom `may` does, and answers with the incident as it then is."""

    @wraps(act)
    def endpoint(*, incident_id: str, actor: Actor, **said: Any) -> IncidentDetail:
        act(incident_id=incident_id, actor=actor, **said)
        return shown(office, incident_id, actor)

    asks = inspect.signature(act, eval_str=True)
    actor = asks.parameters["actor"].replace(annotation=Annotated[Actor, Depends(may)])
    endpoint.__signature__ = asks.replace(  # type: ignore[attr-defined]  # this is where FastAPI looks
        parameters=[actor if one.name == "actor" else one for one in asks.parameters.values()],
        return_annotation=IncidentDetail,
    )
    return endpoint


def shown(office: Office, incident_id: str, actor: Actor) -> IncidentDetail:
    """Return an incident in full, or refuse with 404 when there is none that this person may see."""
    return seen(office.desk, incident_id, actor)
