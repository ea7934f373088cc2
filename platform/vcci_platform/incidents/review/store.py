"""Reviews as rows. Every function works inside the transaction that it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from vcci_platform.incidents import tables as desk_tables
from vcci_platform.incidents.model import Entry, State
from vcci_platform.incidents.review import items, tables
from vcci_platform.incidents.review.impact import Impact
from vcci_platform.incidents.review.model import ENTERED, TEXTS, Line, Review, Stage

__all__ = [
    "EDITED",
    "Kept",
    "StaleVersion",
    "add",
    "bump",
    "counts",
    "entries_of",
    "find",
    "sent_to_page",
    "undrafted",
    "write",
]

_review = tables.review

EDITED = "review_edited"
"""The kind of the line that an edit leaves in the timeline of its incident: it tells who wrote in a review."""


class StaleVersion(Exception):
    """The review was changed by somebody else since this version was read; `version` is what it has now."""

    def __init__(self, read: int, version: int, by: str) -> None:
        super().__init__(
            f"the review has version {version} by {by}, yours is {read}: export it again, and edit that one"
        )
        self.version = version


@dataclass(frozen=True)
class Kept:
    """A review as it is stored, with what the desk remembers of it.

    `authors` are the people who wrote in it, as the timeline of the incident tells, the first one first.
    """

    review: Review
    impact: Impact
    episode: int
    touched: bool
    drafted_at: datetime
    changed_at: datetime
    changed_by: str
    published_at: datetime | None
    published_by: str
    sent_to_page_at: datetime | None
    authors: tuple[str, ...] = ()


def find(connection: Connection, incident_id: str, *, lock: bool = False) -> Kept | None:
    """Return the review of an incident; with `lock`, nobody else changes it until this transaction ends."""
    query = select(_review).where(_review.c.incident_id == incident_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return _kept(row, items.of_incident(connection, incident_id), _authors(connection, incident_id)) if row else None


def _authors(connection: Connection, incident_id: str) -> tuple[str, ...]:
    lines = desk_tables.timeline
    wrote = and_(lines.c.incident_id == incident_id, lines.c.kind == EDITED)
    return tuple(dict.fromkeys(connection.execute(select(lines.c.by).where(wrote).order_by(lines.c.id)).scalars()))


def add(connection: Connection, review: Review, impact: Impact, *, episode: int, by: str, now: datetime) -> None:
    """Keep a new review."""
    connection.execute(
        insert(_review).values(
            incident_id=review.incident,
            touched=False,
            drafted_at=now,
            published_by="",
            **_values(review, impact, episode, by, now),
        )
    )
    items.put(connection, review.incident, review.items, by, now)


def write(
    connection: Connection,
    review: Review,
    *,
    read: int,
    by: str,
    now: datetime,
    impact: Impact,
    episode: int,
    touched: bool,
) -> None:
    """Keep a review in place of the version that was read, or raise StaleVersion."""
    values = {**_values(review, impact, episode, by, now), "touched": touched}
    if review.stage is Stage.PUBLISHED:
        values |= {"published_at": now, "published_by": by}
    _change(connection, review.incident, read, values)


def bump(connection: Connection, incident_id: str, *, by: str, now: datetime) -> None:
    """Say that something of a review has changed."""
    values = {"version": _review.c.version + 1, "changed_at": now, "changed_by": by}
    connection.execute(update(_review).where(_review.c.incident_id == incident_id).values(values))


def sent_to_page(connection: Connection, incident_id: str, now: datetime) -> bool:
    """Remember that the status page is told; false when it was before."""
    fresh = and_(_review.c.incident_id == incident_id, _review.c.sent_to_page_at.is_(None))
    return bool(connection.execute(update(_review).where(fresh).values(sent_to_page_at=now)).rowcount)


def undrafted(connection: Connection, limit: int = 20) -> tuple[str, ...]:
    """Return the resolved incidents that have no review, or one from before they were reopened."""
    incident = desk_tables.incident
    missing = or_(_review.c.incident_id.is_(None), _review.c.episode < incident.c.episode)
    query = (
        select(incident.c.id)
        .outerjoin(_review, _review.c.incident_id == incident.c.id)
        .where(incident.c.state == State.RESOLVED.value, missing)
        .order_by(incident.c.id)
        .limit(limit)
    )
    return tuple(row[0] for row in connection.execute(query))


def entries_of(connection: Connection, incident_id: str) -> tuple[tuple[int, Entry], ...]:
    """Return the lines of an incident's timeline with their numbers, in the order in which they were written."""
    lines = desk_tables.timeline
    query = select(lines).where(lines.c.incident_id == incident_id).order_by(lines.c.id)
    return tuple(
        (row["id"], Entry(**{name: row[name] for name in Entry.__dataclass_fields__}))
        for row in connection.execute(query).mappings()
    )


def counts(connection: Connection) -> dict[str, int]:
    """Return how many reviews there are in each stage."""
    query = select(_review.c.stage, func.count()).group_by(_review.c.stage)
    return {str(stage): count for stage, count in connection.execute(query)}


def _change(connection: Connection, incident_id: str, read: int, values: Mapping[str, Any]) -> None:
    same = and_(_review.c.incident_id == incident_id, _review.c.version == read)
    if connection.execute(update(_review).where(same).values(values)).rowcount:
        return
    query = select(_review.c.version, _review.c.changed_by).where(_review.c.incident_id == incident_id)
    version, by = connection.execute(query).one()
    raise StaleVersion(read, version, by)


def _values(review: Review, impact: Impact, episode: int, by: str, now: datetime) -> dict[str, Any]:
    return {
        "version": review.version,
        "stage": review.stage.value,
        "episode": episode,
        "content": _content(review),
        "impact": impact.document(),
        "impact_start": impact.start,
        "impact_end": impact.end,
        "changed_at": now,
        "changed_by": by,
    }


def _content(review: Review) -> dict[str, Any]:
    texts = {name: getattr(review, name) for name in ("title", *TEXTS, "public", *ENTERED)}
    lines = [
        {**vars(line), "at": line.at.isoformat(), "heard_at": line.heard_at.isoformat()} for line in review.timeline
    ]
    return {**texts, "facts": list(review.facts), "timeline": lines}


def _line(written: Mapping[str, Any]) -> Line:
    values: dict[str, Any] = dict(written)
    for name in ("at", "heard_at"):
        values[name] = datetime.fromisoformat(values[name])
    return Line(**values)


def _kept(row: RowMapping, found: Sequence[RowMapping], authors: tuple[str, ...]) -> Kept:
    content = row["content"]
    timeline = tuple(_line(line) for line in content["timeline"])
    review = Review(
        incident=row["incident_id"],
        version=row["version"],
        stage=Stage(row["stage"]),
        timeline=timeline,
        items=tuple(items.item_of_row(item) for item in found),
        **{name: value for name, value in content.items() if name not in {"timeline", "facts"}},
        facts=tuple(content["facts"]),
    )
    names = set(Kept.__dataclass_fields__) - {"review", "impact", "authors"}
    kept = {name: row[name] for name in names}
    return Kept(review=review, impact=Impact.of_document(row["impact"]), authors=authors, **kept)
