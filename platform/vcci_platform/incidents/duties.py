"""Roles and tasks of an incident as rows. Every function works inside the transaction that it is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, and_, delete, insert, select, update

from vcci_platform.incidents import tables
from vcci_platform.incidents.model import Incident, Publication, Role, State
from vcci_slo.plan import Milestone, Task

__all__ = ["add_tasks", "assign", "due_tasks", "reached", "roles_of", "task_of", "tasks_of", "tick", "tick_milestone"]

_role, _task = tables.role, tables.task


def assign(connection: Connection, incident_id: str, role: Role, person: str, now: datetime) -> None:
    """Give a role to a person; nobody named takes it away."""
    connection.execute(delete(_role).where(_role.c.incident_id == incident_id, _role.c.role == role.value))
    if person:
        row = {"incident_id": incident_id, "role": role.value, "person": person, "since": now}
        connection.execute(insert(_role).values(row))


def roles_of(connection: Connection, incident_id: str) -> tuple[RowMapping, ...]:
    """Return who does what, the commander first."""
    query = select(_role).where(_role.c.incident_id == incident_id).order_by(_role.c.role)
    rows = {row["role"]: row for row in connection.execute(query).mappings()}
    return tuple(rows[role.value] for role in Role if role.value in rows)


def add_tasks(
    connection: Connection,
    incident_id: str,
    checklist: str,
    tasks: Sequence[Task],
    by: str,
    now: datetime,
    due: Callable[[timedelta], datetime],
) -> list[str]:
    """Add the tasks that the incident does not have yet, and return their texts; `due` says when a span is over."""
    query = select(_task.c.checklist, _task.c.text).where(_task.c.incident_id == incident_id)
    known = {(row[0], row[1]) for row in connection.execute(query)}
    fresh = [task for task in tasks if (checklist, task.text) not in known]
    rows = [
        {
            "incident_id": incident_id,
            "checklist": checklist,
            "text": task.text,
            "milestone": task.done_when or "",
            "due_at": due(task.within) if task.within is not None else None,
            "done_by": "",
            "added_by": by,
            "added_at": now,
        }
        for task in fresh
    ]
    if rows:
        connection.execute(insert(_task), rows)
    return [task.text for task in fresh]


def reached(incident: Incident, roles: Collection[str]) -> tuple[Milestone, ...]:
    """Return the milestones that an incident is past, given the roles that somebody has; for tasks that come late."""
    past: dict[Milestone, bool] = {
        "acknowledged": incident.acknowledged_at is not None,
        "commanded": Role.COMMANDER in roles,
        "assessed": incident.state in {State.INVESTIGATING, State.IDENTIFIED, State.MITIGATING},
        "published": incident.publication is Publication.PUBLISHED,
        "escalated": incident.level > 1,
    }
    return tuple(milestone for milestone, is_past in past.items() if is_past)


def tick(connection: Connection, incident_id: str, number: int, by: str, now: datetime, *, done: bool) -> str | None:
    """Mark a task as done, or as not done after all, and return its text; None when nothing changed."""
    same = and_(_task.c.id == number, _task.c.incident_id == incident_id)
    waits = _task.c.done_at.is_(None) if done else _task.c.done_at.is_not(None)
    values = {"done_at": now if done else None, "done_by": by if done else ""}
    if not connection.execute(update(_task).where(same, waits).values(values)).rowcount:
        return None
    return str(connection.execute(select(_task.c.text).where(same)).scalar_one())


def tick_milestone(connection: Connection, incident_id: str, milestone: str, by: str, now: datetime) -> list[str]:
    """Mark every open task that waits for a milestone as done, and return their texts."""
    waits = and_(_task.c.incident_id == incident_id, _task.c.milestone == milestone, _task.c.done_at.is_(None))
    texts = [str(row[0]) for row in connection.execute(select(_task.c.text).where(waits).order_by(_task.c.id))]
    if texts:
        connection.execute(update(_task).where(waits).values(done_at=now, done_by=by))
    return texts


def tasks_of(connection: Connection, incident_id: str) -> tuple[RowMapping, ...]:
    """Return every task of an incident, in the order in which they were added."""
    query = select(_task).where(_task.c.incident_id == incident_id).order_by(_task.c.id)
    return tuple(connection.execute(query).mappings())


def task_of(connection: Connection, incident_id: str, number: int) -> RowMapping | None:
    """Return one task of an incident."""
    same = and_(_task.c.id == number, _task.c.incident_id == incident_id)
    return connection.execute(select(_task).where(same)).mappings().first()


def due_tasks(connection: Connection, incident_id: str, now: datetime) -> tuple[RowMapping, ...]:
    """Return the tasks that should be done by now and are not."""
    late = and_(_task.c.incident_id == incident_id, _task.c.due_at <= now, _task.c.done_at.is_(None))
    return tuple(connection.execute(select(_task).where(late).order_by(_task.c.due_at, _task.c.id)).mappings())
