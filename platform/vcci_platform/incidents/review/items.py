"""Action items as rows. Every function works inside the transaction that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, or_, select, update

from vcci_platform.incidents import tables as desk_tables
from vcci_platform.incidents.model import Nature
from vcci_platform.incidents.review import tables
from vcci_platform.incidents.review.model import Item, ItemKind

__all__ = [
    "ItemState",
    "Wanted",
    "by_due",
    "change",
    "counts",
    "item_of_row",
    "listed",
    "of_incident",
    "overdue",
    "owners",
    "put",
    "reminded",
    "row_of",
]

_item = tables.action_item

ItemState = Literal["open", "overdue", "unowned", "done", "all"]
"""Which action items are meant; those that are overdue or that nobody does are open, too."""


@dataclass(frozen=True)
class Wanted:
    """Which action items of all incidents are asked for; those of security incidents only if `restricted`."""

    state: ItemState
    today: date
    owner: str = ""
    restricted: bool = True


def of_incident(connection: Connection, incident_id: str) -> tuple[RowMapping, ...]:
    """Return the action items of an incident that were not dropped, in the order in which they came."""
    query = select(_item).where(_item.c.incident_id == incident_id, _item.c.dropped_at.is_(None)).order_by(_item.c.id)
    return tuple(connection.execute(query).mappings())


def row_of(connection: Connection, incident_id: str, number: int) -> RowMapping | None:
    """Return one action item of an incident."""
    same = and_(_item.c.id == number, _item.c.incident_id == incident_id, _item.c.dropped_at.is_(None))
    return connection.execute(select(_item).where(same)).mappings().first()


def item_of_row(row: Mapping[str, Any] | RowMapping) -> Item:
    """Return the action item in a row of its table."""
    done = row["done_at"] is not None
    kind = ItemKind(row["kind"])
    return Item(kind, row["text"], row["owner"], row["due"], row["tracker"], done=done, id=row["id"])


def put(connection: Connection, incident_id: str, wanted: Iterable[Item], by: str, now: datetime) -> None:
    """Make the action items of an incident these: new ones are added, those that are missing are dropped."""
    known = {row["id"]: row for row in of_incident(connection, incident_id)}
    kept = set[int]()
    for item in wanted:
        kept.add(item.id)
        if item.id not in known:
            done = {"done_at": now if item.done else None, "done_by": by if item.done else ""}
            new = {"incident_id": incident_id, "added_at": now, "added_by": by, **_of_item(item), **done}
            connection.execute(insert(_item).values(new))
        elif item_of_row(known[item.id]) != item:
            change(connection, known[item.id], item, by=by, now=now)
    dropped = sorted(set(known) - kept)
    if dropped:
        connection.execute(update(_item).where(_item.c.id.in_(dropped)).values(dropped_at=now))


def change(connection: Connection, row: RowMapping, item: Item, *, by: str, now: datetime) -> None:
    """Write an action item as it is now; who did it, and when, is kept from the first time that it was done."""
    values: dict[str, Any] = _of_item(item)
    if item.done and row["done_at"] is None:
        values |= {"done_at": now, "done_by": by}
    elif not item.done:
        values |= {"done_at": None, "done_by": ""}
    if item.due != row["due"]:
        values["reminded_at"] = None
    connection.execute(update(_item).where(_item.c.id == row["id"]).values(values))


def listed(connection: Connection, wanted: Wanted, *, after: int = 0, limit: int = 200) -> tuple[RowMapping, ...]:
    """Return action items of all incidents with the title and priority of each, in the order they came."""
    query = _wanted(wanted).where(_item.c.id > after).order_by(_item.c.id)
    return tuple(connection.execute(query.limit(limit)).mappings())


def by_due(connection: Connection, wanted: Wanted, *, skip: int = 0, limit: int = 50) -> tuple[RowMapping, ...]:
    """Return the same, those first that are due first, and those without a day at the end."""
    query = _wanted(wanted).order_by(_item.c.due.is_(None), _item.c.due, _item.c.id)
    return tuple(connection.execute(query.offset(skip).limit(limit)).mappings())


def owners(connection: Connection, *, restricted: bool) -> tuple[str, ...]:
    """Return everybody who does something after an incident, by name; of security incidents only if `restricted`."""
    incident = desk_tables.incident
    query = select(_item.c.owner).join(incident, incident.c.id == _item.c.incident_id).distinct()
    query = query.where(_item.c.dropped_at.is_(None), _item.c.owner != "")
    if not restricted:
        query = query.where(incident.c.nature != Nature.SECURITY.value)
    return tuple(connection.execute(query.order_by(_item.c.owner)).scalars())


def _wanted(wanted: Wanted) -> Select[Any]:
    incident = desk_tables.incident
    about = (incident.c.title.label("title"), incident.c.priority.label("priority"))
    query = select(_item, *about).join(incident, incident.c.id == _item.c.incident_id)
    query = query.where(_item.c.dropped_at.is_(None))
    if wanted.state != "all":
        query = query.where(_item.c.done_at.is_not(None) if wanted.state == "done" else _item.c.done_at.is_(None))
    if wanted.state == "overdue":
        query = query.where(_item.c.due < wanted.today)
    if wanted.state == "unowned":
        query = query.where(_item.c.owner == "")
    if wanted.owner:
        query = query.where(_item.c.owner == wanted.owner)
    return query if wanted.restricted else query.where(incident.c.nature != Nature.SECURITY.value)


def overdue(connection: Connection, today: date, before: datetime) -> tuple[RowMapping, ...]:
    """Return the items that should be done by now, are not, and were not reminded of since `before`."""
    late = and_(_item.c.due < today, _item.c.done_at.is_(None), _item.c.dropped_at.is_(None))
    quiet = or_(_item.c.reminded_at.is_(None), _item.c.reminded_at <= before)
    query = select(_item).where(late, quiet).order_by(_item.c.incident_id, _item.c.id)
    return tuple(connection.execute(query).mappings())


def reminded(connection: Connection, numbers: Sequence[int], before: datetime, now: datetime) -> tuple[int, ...]:
    """Mark items as reminded of now, and return those that nobody else had marked meanwhile."""
    marked: list[int] = []
    for number in numbers:
        quiet = or_(_item.c.reminded_at.is_(None), _item.c.reminded_at <= before)
        same = and_(_item.c.id == number, _item.c.done_at.is_(None), _item.c.dropped_at.is_(None), quiet)
        if connection.execute(update(_item).where(same).values(reminded_at=now)).rowcount:
            marked.append(number)
    return tuple(marked)


def counts(connection: Connection, today: date) -> tuple[int, int]:
    """Return how many action items are open, and how many of those are overdue."""
    left = and_(_item.c.done_at.is_(None), _item.c.dropped_at.is_(None))
    query = select(func.count(), func.count().filter(_item.c.due < today)).select_from(_item).where(left)
    found = connection.execute(query).one()
    return int(found[0]), int(found[1])


def _of_item(item: Item) -> dict[str, Any]:
    fields = {name: getattr(item, name) for name in ("text", "owner", "due", "tracker")}
    return {"kind": item.kind.value, **fields}
