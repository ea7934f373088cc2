"""Increments in the desk's store: kept, summed over any span, and thinned out as they age."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, insert, select, update

from vcci_platform.reliability import tables
from vcci_platform.reliability.ledger import Entry, Ledger
from vcci_platform.reliability.samples import Labels, Samples
from vcci_platform.storage.database import Database
from vcci_slo.burn import Traffic
from vcci_slo.windows import Span

__all__ = ["BECAME", "Change", "Increment", "IncrementStore", "Look"]

BECAME = " became "
"""Stands between the old and the new version in what is told of a deployment."""

KEEP = timedelta(days=70)
"""Two windows of 30 days and some: this month's report beside the last one's."""

THINNING: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(hours=6), timedelta(minutes=5)),
    (timedelta(days=4), timedelta(hours=1)),
)
"""Increments older than the first become one for each of the second."""


@dataclass(frozen=True)
class Increment:
    """Events of an account between two moments."""

    account: str
    start: datetime
    end: datetime
    bad: float
    total: float


@dataclass(frozen=True)
class Look:
    """What a target showed, and when."""

    at: datetime
    samples: Samples


@dataclass(frozen=True)
class Change:
    """A restart or a new version of a target."""

    at: datetime
    target: str
    kind: str
    text: str

    @property
    def version(self) -> str:
        """What was deployed, where that is what changed."""
        return self.text.rpartition(BECAME)[2] if self.kind == "deployed" else ""


class IncrementStore:
    """What the recorder remembers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ledger: Ledger | None = None
        self._lock = threading.RLock()

    def keep(
        self,
        increments: Iterable[Increment],
        looks: Mapping[str, Look],
        changes: Iterable[Change] = (),
    ) -> None:
        """Keep what one round saw: either all of it or nothing, so that no event is counted twice."""
        kept = tuple(increments)
        rows: list[dict[str, object]] = [
            {
                "account": item.account,
                "start": item.start,
                "end": item.end,
                "seconds": (item.end - item.start).total_seconds(),
                "bad": item.bad,
                "total": item.total,
            }
            for item in kept
        ]
        happened: list[dict[str, object]] = [
            {"at": item.at, "target": item.target, "kind": item.kind, "text": item.text} for item in changes
        ]
        # Under the lock: a reader between the commit and the ledger would read these rows, and then get them again.
        with self._lock:
            with self._database.write() as connection:
                self._write(connection, rows, happened, looks)
            if self._ledger is not None:
                for item in kept:
                    seconds = (item.end - item.start).total_seconds()
                    self._ledger.add(item.account, [Entry(item.start, item.end, seconds, item.bad, item.total)])

    @staticmethod
    def _write(
        connection: Connection,
        rows: list[dict[str, object]],
        happened: list[dict[str, object]],
        looks: Mapping[str, Look],
    ) -> None:
        if rows:
            connection.execute(insert(tables.increment), rows)
        if happened:
            connection.execute(insert(tables.change), happened)
        for target, seen in looks.items():
            values = {"at": seen.at, "samples": _packed(seen.samples)}
            found = connection.execute(update(tables.look).where(tables.look.c.target == target).values(values))
            if not found.rowcount:
                connection.execute(insert(tables.look).values(target=target, **values))

    def looks(self) -> dict[str, Look]:
        """Return the last look at each target."""
        with self._database.read() as connection:
            rows = connection.execute(select(tables.look)).all()
        return {row.target: Look(row.at, _unpacked(row.samples)) for row in rows}

    def changes(self, limit: int = 20) -> tuple[Change, ...]:
        """Return the newest changes, newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(tables.change).order_by(tables.change.c.id.desc()).limit(limit)).all()
        return tuple(Change(row.at, row.target, row.kind, row.text) for row in rows)

    def deployments(self, before: datetime) -> tuple[Change, ...]:
        """Return every new version that was seen before a moment, the oldest first."""
        table = tables.change
        query = select(table).where(table.c.kind == "deployed", table.c.at < before).order_by(table.c.at, table.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(Change(row.at, row.target, row.kind, row.text) for row in rows)

    def groups(self, account: str) -> tuple[Labels, ...]:
        """Return the labels of each part of an account that is kept apart by them, in order."""
        with self._lock:
            return self._known().groups(account)

    def first(self, account: str, span: Span) -> datetime | None:
        """Return from when on an account is known in a span, or None if nothing of it is."""
        with self._lock:
            return self._known().first(account, span)

    def last_end(self, account: str, now: datetime) -> datetime | None:
        """Return until when an account is known, or None if nothing is."""
        with self._lock:
            return self._known().last_end(account, now)

    def traffic(self, account: str, span: Span) -> Traffic:
        """Return what was counted in a span. An increment that crosses an edge counts by its share of time."""
        with self._lock:
            return self._known().traffic(account, span)

    def thin_out(self, now: datetime) -> int:
        """Merge old increments into longer ones and forget the oldest; return how many rows went."""
        gone = 0
        table = tables.increment
        with self._lock:
            with self._database.write() as connection:
                gone += connection.execute(delete(table).where(table.c.end < now - KEEP)).rowcount
                for age, step in THINNING:
                    gone += _merge(connection, now - age, step)
            self._ledger = None
        return gone

    def _known(self) -> Ledger:
        """Return the ledger, which is read from the store when it is first asked, and after old rows were merged."""
        if self._ledger is None:
            ledger = Ledger()
            table = tables.increment
            with self._database.read() as connection:
                for row in connection.execute(select(table).order_by(table.c.end, table.c.id)):
                    ledger.add(row.account, [Entry(row.start, row.end, row.seconds, row.bad, row.total)])
            self._ledger = ledger
        return self._ledger


def _merge(connection: Connection, before: datetime, step: timedelta) -> int:
    """Merge the increments that end before a moment into one for each account and step; return how many went."""
    table = tables.increment
    query = select(table).where(and_(table.c.end < before, table.c.seconds < step.total_seconds()))
    groups: dict[tuple[str, int], list[object]] = {}
    for row in connection.execute(query.order_by(table.c.start)).all():
        slot = math.ceil(row.end.timestamp() / step.total_seconds())  # what ends at the full hour belongs to that hour
        groups.setdefault((row.account, slot), []).append(row)
    merged: list[dict[str, object]] = []
    old: list[int] = []
    for (account, _), rows in groups.items():
        if len(rows) < 2:
            continue
        old += [row.id for row in rows]  # type: ignore[attr-defined]
        merged.append(
            {
                "account": account,
                "start": min(row.start for row in rows),  # type: ignore[attr-defined]
                "end": max(row.end for row in rows),  # type: ignore[attr-defined]
                **{name: sum(getattr(row, name) for row in rows) for name in ("seconds", "bad", "total")},
            }
        )
    for first in range(0, len(old), 500):
        connection.execute(delete(table).where(table.c.id.in_(old[first : first + 500])))
    if merged:
        connection.execute(insert(table), merged)
    return len(old) - len(merged)


def _packed(samples: Samples) -> dict[str, list[list[object]]]:
    return {
        name: [[list(map(list, labels)), value] for labels, value in series.items()] for name, series in samples.items()
    }


def _unpacked(document: Mapping[str, list[tuple[list[tuple[str, str]], float]]]) -> Samples:
    return {
        name: {tuple((label, value) for label, value in labels): number for labels, number in series}
        for name, series in document.items()
    }
