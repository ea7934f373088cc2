"""The part of the desk's HTTP interface for those who look after it: effects, letters, people, audit."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from vcci_platform.incidents import caretaking
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.desk_views import (
    AuditPage,
    LetterPage,
    NewPerson,
    OutboxPage,
    PeopleView,
    PersonWithToken,
    audit_page,
    letters,
    outbox_page,
    people_view,
)
from vcci_platform.incidents.office import Office
from vcci_platform.incidents.outbox import Target
from vcci_platform.incidents.requests import LARGEST_NUMBER
from vcci_platform.problems import refusals

__all__ = ["Cursor", "Number", "desk_routes"]

Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Of its row")]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER, description="`next_cursor` of the answer before")]
EffectState = Literal["waiting", "delivered", "dead", "superseded"]
LetterState = Literal["waiting", "understood", "quarantined"]


def desk_routes(office: Office, access: Access) -> APIRouter:
    """Return the routes over outbox, inbox, people and audit. Reading effects takes a viewer, the rest an admin."""
    routes = APIRouter(prefix="/desk", tags=["desk"])
    desk = office.desk
    viewer, commander, admin = (access.of_rank(rank) for rank in (Rank.VIEWER, Rank.COMMANDER, Rank.ADMIN))

    @routes.get("/outbox", summary="Effects on the outside world")
    def outbox(
        actor: Annotated[Actor, Depends(viewer)],
        limit: Limit = 50,
        cursor: Cursor = None,
        state: EffectState | None = None,
        target: Target | None = None,
        incident: str | None = None,
    ) -> OutboxPage:
        """What was done to the outside world, waits, or was given up, the newest first."""
        with desk.database.read() as connection:
            return outbox_page(
                connection,
                limit=limit,
                cursor=cursor,
                state=state,
                target=target,
                incident=incident,
                restricted=actor.sees_all(desk.rules.security_roles),
            )

    @routes.post("/outbox/{number}/retry", status_code=202, responses=refusals(404, 409))
    def retry_effect(number: Number, actor: Annotated[Actor, Depends(admin)]) -> Response:
        """Try a dead effect again, if its incident still wants it."""
        caretaking.again_effect(desk, number, actor)
        return Response(status_code=202)

    @routes.get("/inbox", summary="Deliveries as they came")
    def inbox(
        _: Annotated[Actor, Depends(commander)],
        limit: Limit = 50,
        cursor: Cursor = None,
        state: LetterState | None = None,
    ) -> LetterPage:
        """What was said to the desk, the newest first; a commander may read it, since alerts may tell secrets."""
        with desk.database.read() as connection:
            return letters(connection, limit=limit, cursor=cursor, state=state)

    @routes.post("/inbox/{number}/retry", status_code=202, responses=refusals(404, 409))
    def retry_letter(number: Number, actor: Annotated[Actor, Depends(admin)]) -> Response:
        """Try to understand a letter in quarantine again."""
        caretaking.again_letter(desk, number, actor)
        return Response(status_code=202)

    @routes.get("/people", summary="Who may use the desk")
    def everybody(_: Annotated[Actor, Depends(admin)]) -> PeopleView:
        """Everybody, those whose access was taken away too."""
        with desk.database.read() as connection:
            return people_view(connection, desk.rules.contacts, is_open=access.is_open)

    @routes.post("/people", status_code=201, responses=refusals(409, 422))
    def add(asked: NewPerson, actor: Annotated[Actor, Depends(admin)]) -> PersonWithToken:
        """Add a person. The answer has their token, which is shown only now; the first person must be an admin."""
        return caretaking.add_person(desk.database, desk.clock, asked, actor, desk.rules.contacts)

    @routes.delete("/people/{name:path}", status_code=204, responses=refusals(404, 409))
    def revoke(name: str, actor: Annotated[Actor, Depends(admin)]) -> Response:
        """Take a person's access away, at once and with every session; a name may hold `/`, as some of before do."""
        caretaking.revoke_person(desk.database, desk.clock, name, actor)
        return Response(status_code=204)

    @routes.get("/audit", summary="What people did")
    def audit(_: Annotated[Actor, Depends(admin)], limit: Limit = 50, cursor: Cursor = None) -> AuditPage:
        """What people did at the desk, the newest first."""
        with desk.database.read() as connection:
            return audit_page(connection, limit=limit, cursor=cursor)

    return routes
