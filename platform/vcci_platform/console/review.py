"""The page on which the review of an incident is read, edited as Markdown, and published."""

# Annotations are evaluated where they stand, because FastAPI must see the dependencies that are passed in.
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from vcci_platform.console.incident_page import SECTION
from vcci_platform.console.pages import Pages
from vcci_platform.incidents.access import Access, Actor, Rank, takes
from vcci_platform.incidents.acts import seen
from vcci_platform.incidents.messages import incident_url
from vcci_platform.incidents.review.door import may_move
from vcci_platform.incidents.review.gate import ReviewRefused, is_alone
from vcci_platform.incidents.review.markdown import HEADINGS, Misread, parse, render
from vcci_platform.incidents.review.model import Stage
from vcci_platform.incidents.review.store import Kept, StaleVersion
from vcci_platform.incidents.review.tasks import NoReview, Reviewer
from vcci_platform.incidents.tasks import Audited, UnknownIncident
from vcci_platform.problems import Problem

__all__ = ["review_pages"]

CONFLICT, UNPROCESSABLE = 409, 422
LONGEST_REASON = 1000
SECTIONS = tuple((name, HEADINGS[name]) for name in ("causes", "resolution", "went_well", "improve", "public"))
"""What is read after the summary and the timeline; what is to be done stands beside it."""

WORDS = {"users": "Users", "tenants": "Tenants", "revenue": "Revenue"}
Change = Callable[[str, Audited], Kept]


def review_pages(pages: Pages, reviewer: Reviewer, access: Access) -> APIRouter:
    """Return the page of a review, and what its forms do: the same as over the API."""
    routes = APIRouter()
    routes.include_router(_written(pages, reviewer, access))
    routes.include_router(_afterwards(pages, reviewer, access))
    return routes


def _written(pages: Pages, reviewer: Reviewer, access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.get("/incidents/{incident_id}/review", response_class=HTMLResponse)
    def review(
        incident_id: str,
        actor: Annotated[Actor, Depends(access.actor)],
        shown: Annotated[str, Query(alias="as")] = "",
    ) -> Response:
        """Show the review of an incident, to be edited or as it reads; a published one is only read."""
        return _show(pages, reviewer, incident_id, actor, reads=shown == "read")

    @routes.post("/incidents/{incident_id}/review")
    def edit(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        markdown: Annotated[str, Form()] = "",
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Keep what was written; an edit of an older version is refused, and what was written stays in the page."""

        def change(name: str, audited: Audited) -> Kept:
            edited = parse(markdown.replace("\r\n", "\n"))
            return reviewer.edit(incident_id, edited, by=name, audited=audited)

        return _take(
            pages, reviewer, request, incident_id, actor, change, by=by, action="review.edit", written=markdown
        )

    @routes.post("/incidents/{incident_id}/review/stage")
    def move(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        stage: Annotated[str, Form()] = "",
        version: Annotated[int, Form()] = 0,
        alone: Annotated[str, Form()] = "",
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Hand the draft in, take it back, or publish it; `alone` is why nobody else could read it first."""

        def change(name: str, audited: Audited) -> Kept:
            to = Stage(stage)
            why = alone.strip()[:LONGEST_REASON] if to is Stage.PUBLISHED else ""
            may_move(actor, to, why)
            return reviewer.move(incident_id, to, version=version, by=name, why_alone=why, audited=audited)

        return _take(pages, reviewer, request, incident_id, actor, change, by=by, action=f"review.{stage}", alone=alone)

    return routes


def _afterwards(pages: Pages, reviewer: Reviewer, access: Access) -> APIRouter:
    routes = APIRouter()

    @routes.post("/incidents/{incident_id}/review/items")
    def tick(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        item: Annotated[str, Form()] = "",
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Mark an action item as done, or as open after all; that goes on after the review is published."""
        number, _, word = item.partition(" ")

        def change(name: str, audited: Audited) -> Kept:
            told = replace(audited, detail={"item": int(number), "done": word != "no"})
            return reviewer.change_item(
                incident_id, int(number), lambda found: replace(found, done=word != "no"), by=name, audited=told
            )

        return _take(pages, reviewer, request, incident_id, actor, change, by=by, action="action-item")

    @routes.post("/incidents/{incident_id}/review/measure")
    def measure(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Ask again what the incident cost."""

        def change(name: str, audited: Audited) -> Kept:
            return reviewer.measure(incident_id, by=name, audited=audited)

        return _take(pages, reviewer, request, incident_id, actor, change, by=by, action="review.measure")

    @routes.post("/incidents/{incident_id}/review/status-page")
    def tell_public(
        incident_id: str,
        request: Request,
        actor: Annotated[Actor, Depends(access.actor)],
        notify: Annotated[str, Form()] = "",
        by: Annotated[str, Form()] = "",
    ) -> Response:
        """Show the words for customers on the status page, once."""

        def change(name: str, audited: Audited) -> Kept:
            takes(actor, Rank.COMMANDER, "To tell the public")
            told = replace(audited, detail={"notify": notify == "yes"})
            return reviewer.tell_public(incident_id, notify=notify == "yes", by=name, audited=told)

        return _take(pages, reviewer, request, incident_id, actor, change, by=by, action="review.status-page")

    return routes


def _take(
    pages: Pages,
    reviewer: Reviewer,
    request: Request,
    incident_id: str,
    actor: Actor,
    change: Change,
    *,
    by: str,
    action: str,
    written: str = "",
    alone: str = "",
) -> Response:
    refused = pages.foreign(request)
    if refused is not None:
        return refused
    trouble, code = "", CONFLICT
    try:
        seen(reviewer.desk, incident_id, actor)
        takes(actor, Rank.RESPONDER)
        name = actor.named(by.strip())
        change(name, Audited(name, actor.rank.value, action[:60], {}))
    except Problem as problem:
        trouble, code = problem.detail, problem.status
    except Misread as error:
        trouble, code = f"{error}.", UNPROCESSABLE
    except (StaleVersion, ReviewRefused, NoReview) as error:
        trouble = f"{str(error).removesuffix('.')}."
    except UnknownIncident:
        return pages.missing(f"There is no incident {incident_id!r}.", section=SECTION)
    except ValueError:
        trouble, code = "A choice is missing.", UNPROCESSABLE
    if trouble:
        return _show(
            pages, reviewer, incident_id, actor, trouble=trouble, code=code, written=written, by=by, alone=alone
        )
    return pages.go(f"/incidents/{incident_id}/review")


def _show(
    pages: Pages,
    reviewer: Reviewer,
    incident_id: str,
    actor: Actor,
    *,
    trouble: str = "",
    code: int = 200,
    written: str = "",
    by: str = "",
    alone: str = "",
    reads: bool = False,
) -> HTMLResponse:
    try:
        incident = seen(reviewer.desk, incident_id, actor)
        kept = reviewer.read(incident_id)
    except Problem as problem:
        return pages.problem(problem, section=SECTION)
    except (NoReview, UnknownIncident):
        return pages.missing(
            "There is no review yet: it is drafted a moment after the incident is resolved.", section=SECTION
        )
    review = kept.review
    return pages.show(
        "review.html",
        section=SECTION,
        code=code,
        incident=incident,
        review=review,
        sections=SECTIONS,
        entered=[(word, getattr(review, name)) for name, word in WORDS.items() if getattr(review, name)],
        text=written or render(review, incident_url(incident_id, reviewer.desk.rules)),
        trouble=trouble[:1].upper() + trouble[1:],
        by=by,
        alone=alone,
        reads=reads,
        actor=actor,
        may_edit=actor.rank.covers(Rank.RESPONDER),
        tenants_named=_named(kept, actor),
        today=pages.clock.now().date(),
        public_at=kept.sent_to_page_at,
        tellable=review.stage is Stage.PUBLISHED and bool(review.public) and incident.publication == "published",
        may_publish=actor.rank.covers(Rank.COMMANDER),
        authors=kept.authors,
        second=incident.priority in reviewer.desk.rules.second_person,
        barred=actor.signed_in and is_alone(kept, actor.name),
    )


def _named(kept: Kept, actor: Actor) -> tuple[str, ...]:
    """Return the tenants that the incident touched by their names, to those who work on incidents."""
    tenants = kept.impact.tenants
    return tenants.names if tenants is not None and actor.rank.covers(Rank.RESPONDER) else ()
