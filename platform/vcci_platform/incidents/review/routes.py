"""The part of the desk's HTTP interface that is about reviews, action items and measures."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from vcci_platform.incidents.access import Access, Actor, Rank
from vcci_platform.incidents.messages import incident_url
from vcci_platform.incidents.model import Nature, Priority
from vcci_platform.incidents.requests import FIRST_YEAR, LAST_YEAR
from vcci_platform.incidents.review import items
from vcci_platform.incidents.review.cases import measured
from vcci_platform.incidents.review.door import Door, may_move, refusal
from vcci_platform.incidents.review.gate import ReviewRefused
from vcci_platform.incidents.review.markdown import Misread, parse, render
from vcci_platform.incidents.review.measures import Measures, Period
from vcci_platform.incidents.review.model import Item, Review, Stage
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.review.views import (
    EditRequest,
    ItemPage,
    ItemRequest,
    MeasureRequest,
    PageView,
    PublicRequest,
    ReviewView,
    StageRequest,
    listed,
)
from vcci_platform.incidents.review.website import page_of, path_of
from vcci_platform.problems import Problem

__all__ = ["review_routes"]

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "Not in this state, or not in this version."}}
MARKDOWN: dict[int | str, dict[str, Any]] = {200: {"content": {"text/markdown": {}}}}
DEFAULT_SPAN = timedelta(days=365)
PAGE_LIMIT = 200
ONE = "/incidents/{incident_id}"


def review_routes(reviewer: Reviewer, access: Access) -> APIRouter:
    """Return the routes of reviews. They stand before those of incidents, whose ids would swallow `measures`."""
    routes = APIRouter(prefix="/v1")
    routes.include_router(_lists(reviewer, access))
    door = Door(reviewer)
    for part in (_reading, _writing, _afterwards):
        routes.include_router(part(door, access))
    return routes


def _lists(reviewer: Reviewer, access: Access) -> APIRouter:
    routes = APIRouter(tags=["reviews"])
    viewer = access.of_rank(Rank.VIEWER)
    desk = reviewer.desk

    @routes.get("/incidents/measures")
    def measures(
        actor: Annotated[Actor, Depends(viewer)],
        start: Annotated[AwareDatetime | None, Query(alias="from", description="Unset, a year before `to`")] = None,
        end: Annotated[AwareDatetime | None, Query(alias="to", description="Unset, now")] = None,
        period: Period = "month",
        priority: Priority | None = None,
        component: str | None = None,
    ) -> Measures:
        """How fast incidents are noticed, acknowledged and ended; every figure with its definition."""
        until = end or desk.clock.now()
        if not FIRST_YEAR <= until.year <= LAST_YEAR:
            errors = [{"field": "query.to", "reason": f"expected a year from {FIRST_YEAR} to {LAST_YEAR}"}]
            raise Problem(status=422, code="no-such-time", detail="Nothing was measured then.", errors=errors)
        since = start or until - DEFAULT_SPAN
        if since >= until:
            errors = [{"field": "query.from", "reason": f"expected a moment before {until.isoformat()}"}]
            raise Problem(status=422, code="empty-span", detail="`from` is not before `to`.", errors=errors)
        with desk.database.read() as connection:
            return measured(
                connection,
                since,
                until,
                period,
                priority=priority,
                component=component,
                restricted=actor.sees_all(desk.rules.security_roles),
            )

    @routes.get("/action-items")
    def action_items(
        actor: Annotated[Actor, Depends(viewer)],
        state: items.ItemState = "open",
        owner: str = "",
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
        cursor: Annotated[str | None, Query(pattern=r"^\d{1,18}$")] = None,
    ) -> ItemPage:
        """What is to be done after incidents, over all of them."""
        today = desk.clock.now().date()
        wanted = items.Wanted(state, today, owner, restricted=actor.sees_all(desk.rules.security_roles))
        with desk.database.read() as connection:
            rows = items.listed(connection, wanted, after=int(cursor or 0), limit=limit + 1)
        found = tuple(listed(row, today) for row in rows[:limit])
        return ItemPage(items=found, next_cursor=str(found[-1].id) if len(rows) > limit else None)

    return routes


def _reading(door: Door, access: Access) -> APIRouter:
    routes = APIRouter(prefix=ONE, tags=["reviews"], responses=CONFLICT)
    viewer = access.of_rank(Rank.VIEWER)

    @routes.get("/review")
    def show(incident_id: str, actor: Annotated[Actor, Depends(viewer)]) -> ReviewView:
        """The review of an incident, with what was measured."""
        return door.shown(door.read(incident_id, actor)[1], actor)

    @routes.get("/review.md", response_class=Response, responses=MARKDOWN)
    def export(incident_id: str, actor: Annotated[Actor, Depends(viewer)]) -> Response:
        """The review as Markdown with a head: edit it, and send it back in the version that it names."""
        review = door.read(incident_id, actor)[1].review
        text = render(review, incident_url(incident_id, door.reviewer.desk.rules))
        return Response(text, media_type="text/markdown; charset=utf-8", headers={"ETag": f'"{review.version}"'})

    @routes.get("/review/page")
    def page(incident_id: str, actor: Annotated[Actor, Depends(viewer)]) -> PageView:
        """The published review as a page of the runbook site; a security incident has none."""
        incident, kept = door.read(incident_id, actor)
        if incident.nature is Nature.SECURITY:
            raise refusal(ReviewRefused("restricted", "the review of a security incident stays at the desk"))
        if kept.review.stage is not Stage.PUBLISHED or kept.published_at is None:
            raise refusal(ReviewRefused("not-published", f"the review is {kept.review.stage}: publish it first"))
        text = page_of(kept.review, kept.published_at, incident_url(incident_id, door.reviewer.desk.rules))
        return PageView(path=path_of(kept.review, incident.detected_at), text=text)

    return routes


def _writing(door: Door, access: Access) -> APIRouter:
    routes = APIRouter(prefix=ONE, tags=["reviews"], responses=CONFLICT)
    responder = access.of_rank(Rank.RESPONDER)
    reviewer = door.reviewer

    @routes.post("/review")
    def edit(incident_id: str, asked: EditRequest, actor: Annotated[Actor, Depends(responder)]) -> ReviewView:
        """Keep an edited review. An edit of an older version is refused: nobody overwrites what they have not read."""
        edited = _understood(asked.markdown)
        return door.do(
            incident_id,
            actor,
            "review.edit",
            asked.by,
            lambda by, audited: reviewer.edit(incident_id, edited, by=by, audited=audited),
            version=edited.version,
        )

    @routes.post("/review/stage")
    def move(incident_id: str, asked: StageRequest, actor: Annotated[Actor, Depends(responder)]) -> ReviewView:
        """Hand the draft in, take it back, or publish what was handed in, which makes the incident reviewed.

        To publish takes a commander, and where the spec asks for a second person, one who is not its only author.
        """
        may_move(actor, asked.stage, asked.alone)
        return door.do(
            incident_id,
            actor,
            f"review.{asked.stage}",
            asked.by,
            lambda by, audited: reviewer.move(
                incident_id, asked.stage, version=asked.version, by=by, why_alone=asked.alone, audited=audited
            ),
            version=asked.version,
        )

    @routes.post("/review/measure")
    def measure(incident_id: str, asked: MeasureRequest, actor: Annotated[Actor, Depends(responder)]) -> ReviewView:
        """Ask again what was counted, for a review that was drafted while nobody could be asked."""
        return door.do(
            incident_id,
            actor,
            "review.measure",
            asked.by,
            lambda by, audited: reviewer.measure(incident_id, by=by, audited=audited),
        )

    return routes


def _afterwards(door: Door, access: Access) -> APIRouter:
    routes = APIRouter(prefix=ONE, tags=["reviews"], responses=CONFLICT)
    responder, commander = access.of_rank(Rank.RESPONDER), access.of_rank(Rank.COMMANDER)
    reviewer = door.reviewer

    @routes.post("/review/status-page")
    def tell_public(incident_id: str, asked: PublicRequest, actor: Annotated[Actor, Depends(commander)]) -> ReviewView:
        """Show the words for customers on the status page, once, because a commander says so."""
        return door.do(
            incident_id,
            actor,
            "review.status-page",
            asked.by,
            lambda by, audited: reviewer.tell_public(incident_id, notify=asked.notify, by=by, audited=audited),
            notify=asked.notify,
        )

    @routes.patch("/action-items/{number}")
    def change_item(
        incident_id: str, number: int, asked: ItemRequest, actor: Annotated[Actor, Depends(responder)]
    ) -> ReviewView:
        """Give an action item an owner, a day, a tracker, or mark it as done."""
        given = {name: value for name, value in asked.model_dump(exclude_unset=True).items() if name != "by"}
        wanted = {name: value for name, value in given.items() if name == "due" or value is not None}
        shown = asked.model_dump(mode="json", exclude_unset=True)
        return door.do(
            incident_id,
            actor,
            "action-item",
            asked.by,
            lambda by, audited: reviewer.change_item(
                incident_id, number, lambda item: _changed(item, wanted), by=by, audited=audited
            ),
            item=number,
            **{name: shown[name] for name in wanted},
        )

    return routes


def _understood(markdown: str) -> Review:
    try:
        return parse(markdown)
    except Misread as error:
        errors = [{"field": "body.markdown", "row": error.number, "reason": str(error)}]
        raise Problem(status=422, code="misread", detail=str(error), errors=errors) from None


def _changed(item: Item, wanted: dict[str, Any]) -> Item:
    try:
        return replace(item, **wanted)
    except ValueError as error:
        errors = [{"field": "body", "reason": str(error)}]
        raise Problem(status=422, code="invalid", detail=str(error), errors=errors) from None
