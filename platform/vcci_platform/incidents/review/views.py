"""What the desk's HTTP interface shows of reviews, action items and measures, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import RowMapping

from vcci_platform.incidents.model import Priority
from vcci_platform.incidents.review.items import item_of_row
from vcci_platform.incidents.review.markdown import render
from vcci_platform.incidents.review.model import ENTERED, TEXTS, ItemKind, Stage
from vcci_platform.incidents.review.store import Kept

__all__ = [
    "CostView",
    "EditRequest",
    "ItemPage",
    "ItemRequest",
    "ItemView",
    "LineView",
    "ListedItemView",
    "MeasureRequest",
    "PageView",
    "PublicRequest",
    "ReviewView",
    "StageRequest",
    "listed",
    "review_view",
]

Who = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
LONGEST_MARKDOWN = 500_000


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: Who = ""


class EditRequest(_Request):
    """A review as Markdown, in the version that was exported."""

    markdown: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_MARKDOWN)]


class StageRequest(_Request):
    """Where a review goes next; `version` is the one that was read.

    `alone` is why an admin publishes what nobody else has written in, where a second person is asked for.
    """

    stage: Stage
    version: Annotated[int, Field(ge=1)]
    alone: Reason = ""


class MeasureRequest(_Request):
    """Ask again what was counted."""


class PublicRequest(_Request):
    """Show the words for customers on the status page; `notify` mails its subscribers."""

    notify: bool = False


class ItemRequest(_Request):
    """What is to be changed of an action item; what is left out stays. `due` null takes the day away."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)] | None = None
    kind: ItemKind | None = None
    owner: Who | None = None
    due: date | None = None
    tracker: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    done: bool | None = None


class LineView(BaseModel):
    """A line of a review's timeline; `source` is the number of the incident's own line, none if a person added it."""

    at: datetime
    heard_at: datetime
    kind: str
    by: str
    text: str
    source: int | None


class ItemView(BaseModel):
    """Something that is to be done."""

    id: int
    kind: ItemKind
    text: str
    owner: str
    due: date | None
    tracker: str
    done: bool
    overdue: bool


class ListedItemView(ItemView):
    """An action item in a list over all incidents."""

    incident: str
    title: str
    priority: Priority
    done_at: datetime | None
    done_by: str


class ItemPage(BaseModel):
    """Some action items, in the order in which they came; `next_cursor` asks for those after them."""

    items: tuple[ListedItemView, ...]
    next_cursor: str | None


class CostView(BaseModel):
    """What an incident took of a promise; `known` 0 means that nobody knows."""

    promise: str
    bad: float
    total: float
    known: float
    share: float | None
    minutes: float | None


class ReviewView(BaseModel):
    """A review, and what was measured. `unknown` says why nothing is known of the impact.

    `tenants_named` are shown to responders and above, empty for others; they stand in no text of the review.
    """

    incident: str
    title: str
    version: int
    stage: Stage
    facts: tuple[str, ...]
    timeline: tuple[LineView, ...]
    items: tuple[ItemView, ...]
    summary: str
    causes: str
    resolution: str
    went_well: str
    improve: str
    public: str
    users: str
    tenants: str
    revenue: str
    impact_start: datetime | None
    impact_end: datetime | None
    costs: tuple[CostView, ...]
    unknown: str
    tenants_named: tuple[str, ...]
    drafted_at: datetime
    changed_at: datetime
    changed_by: str
    authors: tuple[str, ...]
    published_at: datetime | None
    published_by: str
    sent_to_page_at: datetime | None
    markdown: str


class PageView(BaseModel):
    """A published review as a page of the runbook site: its path below the site's content, and its text."""

    path: str
    text: str


def review_view(kept: Kept, today: date, incident_url: str = "") -> ReviewView:
    """Return what is shown of a review."""
    review, impact = kept.review, kept.impact
    moments = ("drafted_at", "changed_at", "changed_by", "authors", "published_at", "published_by", "sent_to_page_at")
    return ReviewView(
        incident=review.incident,
        title=review.title,
        version=review.version,
        stage=review.stage,
        facts=review.facts,
        timeline=tuple(LineView(**vars(line)) for line in review.timeline),
        items=tuple(ItemView(**vars(item), overdue=item.is_overdue(today)) for item in review.items),
        **{name: getattr(review, name) for name in (*TEXTS, "public", *ENTERED)},
        impact_start=impact.start,
        impact_end=impact.end,
        costs=tuple(CostView(**vars(cost)) for cost in impact.costs),
        unknown=impact.unknown,
        tenants_named=impact.tenants.names if impact.tenants else (),
        **{name: getattr(kept, name) for name in moments},
        markdown=render(review, incident_url),
    )


def listed(row: RowMapping | Mapping[str, Any], today: date) -> ListedItemView:
    """Return an action item in a row of the list over all incidents."""
    item = item_of_row(row)
    return ListedItemView(
        **vars(item),
        overdue=item.is_overdue(today),
        incident=row["incident_id"],
        title=row["title"],
        priority=row["priority"],
        done_at=row["done_at"],
        done_by=row["done_by"],
    )
