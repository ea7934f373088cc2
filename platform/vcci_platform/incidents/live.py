"""An incident as it happens: its timeline line by line, and a word whenever something else about it has changed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, select

from vcci_platform.incidents import store, tables

__all__ = ["HEARTBEAT_EVERY", "LASTS", "LOOK_EVERY", "Happening", "News", "Told", "look", "stream"]

LOOK_EVERY = timedelta(seconds=1)
HEARTBEAT_EVERY = timedelta(seconds=15)
"""A silent stream is cut by proxies after a minute or less; a comment keeps it."""

LASTS = timedelta(minutes=5)
"""A stream ends by itself after this long and the browser asks again, so that none is forgotten."""

RETRY_MILLISECONDS = 2000
MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Happening:
    """One event of the stream. `line` has the number of its row; `changed` and `gone` have none."""

    event: str
    data: Mapping[str, Any]
    id: int | None = None

    def text(self) -> str:
        """Return it as server-sent events are written.

        >>> Happening("line", {"text": "a\\nb"}, 12).text()
        'id: 12\\nevent: line\\ndata: {"text": "a\\\\nb"}\\n\\n'
        """
        number = "" if self.id is None else f"id: {self.id}\n"
        return f"{number}event: {self.event}\ndata: {json.dumps(dict(self.data))}\n\n"


Mark = tuple[Any, ...]
"""What changes when anything about an incident does that leaves no line: effects, clocks, tasks, roles."""


@dataclass(frozen=True)
class Told:
    """How far a reader has been told."""

    after: int
    mark: Mark | None = None


@dataclass(frozen=True)
class News:
    """What a reader has not been told, and how far they are told then."""

    happenings: tuple[Happening, ...]
    told: Told


def look(connection: Connection, incident_id: str, told: Told) -> News:
    """Return what has happened since."""
    lines = tables.timeline
    query = (
        select(lines)
        .where(lines.c.incident_id == incident_id, lines.c.id > told.after)
        .order_by(lines.c.id)
        .limit(MOST_AT_ONCE)
    )
    rows = connection.execute(query).mappings().all()
    found = [Happening("line", _line(row), row["id"]) for row in rows]
    mark = _mark(connection, incident_id)
    if told.mark is not None and mark != told.mark:
        incident = store.find(connection, incident_id)
        found.append(Happening("changed", {"state": incident.state.value if incident else ""}))
    return News(tuple(found), Told(rows[-1]["id"] if rows else told.after, mark))


async def stream(
    ask: Callable[[Told], Awaitable[News]],
    after: int,
    *,
    sleep: Callable[[float], Awaitable[None]],
    leaving: Callable[[], bool] = lambda: False,
    lasts: timedelta = LASTS,
) -> AsyncGenerator[str]:
    """Yield the text of a stream, from the line after `after` on, until it has lasted long enough.

    `ask` returns the news, or raises `PermissionError` once the reader may not see the incident any more, and
    `ConnectionError` while nobody can tell: then the stream ends, and the reader asks again.
    """
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    told, quiet = Told(after), timedelta(0)
    for _ in range(round(lasts / LOOK_EVERY)):
        if leaving():
            return
        try:
            news = await ask(told)
        except PermissionError:
            yield Happening("gone", {}).text()
            return
        except ConnectionError:
            return
        told = news.told
        for happening in news.happenings:
            yield happening.text()
        quiet = timedelta(0) if news.happenings else quiet + LOOK_EVERY
        if quiet >= HEARTBEAT_EVERY:
            yield ": alive\n\n"
            quiet = timedelta(0)
        await sleep(LOOK_EVERY.total_seconds())


def _line(row: RowMapping) -> dict[str, Any]:
    moments = {name: _plain(row[name]) for name in ("occurred_at", "received_at")}
    return {**moments, **{name: row[name] for name in ("kind", "text", "by", "why")}}


def _plain(moment: datetime) -> str:
    return moment.isoformat()


def _mark(connection: Connection, incident_id: str) -> Mark:
    effects, timers, tasks, roles = tables.outbox, tables.timer, tables.task, tables.role
    of_effects = select(func.count(), func.sum(effects.c.attempts), func.max(effects.c.ended_at)).where(
        effects.c.incident_id == incident_id
    )
    of_states = (
        select(effects.c.state, func.count())
        .where(effects.c.incident_id == incident_id)
        .group_by(effects.c.state)
        .order_by(effects.c.state)
    )
    armed = and_(timers.c.incident_id == incident_id, timers.c.state == "armed")
    of_timers = select(func.count(), func.max(timers.c.id)).where(armed)
    of_tasks = select(func.count(), func.count(tasks.c.done_at)).where(tasks.c.incident_id == incident_id)
    of_roles = select(func.count(), func.max(roles.c.since)).where(roles.c.incident_id == incident_id)
    single = [tuple(connection.execute(query).one()) for query in (of_effects, of_timers, of_tasks, of_roles)]
    return (*single, tuple(tuple(row) for row in connection.execute(of_states)))
