"""The part of the desk's HTTP interface that shows what was gathered when an incident opened."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from vcci_platform.incidents import store
from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.context import store as contexts
from vcci_platform.incidents.context.model import Fact
from vcci_platform.incidents.requests import LARGEST_NUMBER
from vcci_platform.incidents.tasks import Desk
from vcci_platform.problems import Problem

__all__ = ["ContextView", "context_routes"]


class FactView(BaseModel):
    """One thing that was found; `href` is where a person looks further.

    `restricted` are names of tenants: shown to responders and above, empty for others.
    """

    text: str
    href: str
    data: dict[str, Any]
    restricted: tuple[str, ...]


class SectionView(BaseModel):
    """What one source said; `missing` says why it said nothing."""

    name: str
    title: str
    facts: tuple[FactView, ...]
    missing: str
    seconds: float


class ContextView(BaseModel):
    """What was gathered right after an incident opened, as it was then."""

    gathered_at: datetime
    sections: tuple[SectionView, ...]


def context_routes(desk: Desk, access: Access) -> APIRouter:
    """Return the route that shows the context of an incident."""
    routes = APIRouter(prefix="/v1", tags=["incidents"])
    viewer = access.of_rank(Rank.VIEWER)

    @routes.get("/incidents/{incident_id}/context")
    def show(
        incident_id: str,
        actor: Annotated[Actor, Depends(viewer)],
        episode: Annotated[
            int | None, Query(ge=1, le=LARGEST_NUMBER, description="Which opening of it; unset, the last")
        ] = None,
    ) -> ContextView:
        """Dashboards, runbook, releases, alerts, budgets, what fails, and logs, as it was when it opened."""
        with desk.database.read() as connection:
            incident = store.find(connection, incident_id)
            if incident is None or not actor.sees(incident, desk.rules.security_roles):
                raise Problem(status=404, code="not-found", detail=f"There is no incident {incident_id!r}.")
            found = contexts.find(connection, incident_id, episode)
        if found is None:
            detail = "Nothing was gathered yet: that takes some seconds after an incident opens."
            raise Problem(status=404, code="no-context", detail=detail)
        sections = (
            SectionView(
                name=section.name,
                title=section.title,
                facts=tuple(_fact(fact, names=actor.rank.covers(Rank.RESPONDER)) for fact in section.facts),
                missing=section.missing,
                seconds=section.seconds,
            )
            for section in found.sections
        )
        return ContextView(gathered_at=found.gathered_at, sections=tuple(sections))

    return routes


def _fact(fact: Fact, *, names: bool) -> FactView:
    restricted = fact.restricted if names else ()
    return FactView(text=fact.text, href=fact.href, data=dict(fact.data), restricted=restricted)
