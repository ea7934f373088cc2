"""Rates that the desks of one store count together.

A rate has as many slots as calls that its vendor takes within a window. A call takes a slot that is free and leaves it
free again only one window later, so in no window can there be more calls than slots, however many desks there are and
however often they start again. Desks that take at the same moment step past each other's slots: nobody waits.

The desks' clocks count; what they differ by, and the way to the vendor, is what each limit is a little low for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from vcci_platform.clock import Clock
from vcci_platform.incidents import tables
from vcci_platform.incidents.vendors.pace import OwnPace, Paces, Permit, Rate
from vcci_platform.storage.database import Database
from vcci_platform.telemetry import logs

__all__ = ["SharedPace", "shared_paces"]

A_MOMENT = timedelta(milliseconds=100)
"""How long to wait for a slot that is free but just being taken by another desk."""

_slot = tables.rate_slot

log = logs.get(__name__)


def shared_paces(database: Database, clock: Clock) -> Paces:
    """Return paces that every desk of this store counts in."""
    return lambda rate: SharedPace(rate, database, clock)


class SharedPace:
    """A rate that is counted in the store.

    While the store is away this process goes by what it counted itself: without the store no desk claims anything new,
    and what it has claimed already, such as a page, shall go out.
    """

    def __init__(self, rate: Rate, database: Database, clock: Clock) -> None:
        self._rate = rate
        self._database = database
        self._clock = clock
        self._own = OwnPace(rate, clock)
        self._mine = and_(_slot.c.key == rate.key, _slot.c.number < rate.limit)

    def take(self, calls: int = 1) -> Permit:
        calls, now = min(calls, self._rate.limit), self._clock.now()
        try:
            with self._database.write() as connection:
                taken = self._take(connection, calls, now)
        except SQLAlchemyError as error:
            log.warning("rate_not_shared", key=self._rate.key, error=type(error).__name__)
            return self._own.take(calls)
        if isinstance(taken, timedelta):
            return Permit(taken)
        own = self._own.take(calls)

        def give_back(unused: int) -> None:
            own.give_back(unused)
            if unused:
                mine_still = _slot.c.free_at == now + self._rate.window
                self._change(and_(_slot.c.number.in_(taken[-unused:]), mine_still), self._clock.now())

        return Permit(give_back=give_back)

    def rest(self, time: timedelta) -> None:
        self._own.rest(time)
        until = self._clock.now() + time
        self._change(_slot.c.free_at < until, until)

    def _take(self, connection: Connection, calls: int, now: datetime) -> Sequence[int] | timedelta:
        """Return the slots that were taken, or how long until there are enough."""
        free = (
            select(_slot.c.number)
            .where(self._mine, _slot.c.free_at <= now)
            .order_by(_slot.c.free_at, _slot.c.number)
            .limit(calls)
            .with_for_update(skip_locked=True)
        )
        found = connection.execute(free).scalars().all()
        if len(found) < calls:
            query = select(_slot.c.free_at).where(self._mine).order_by(_slot.c.free_at)
            known = connection.execute(query).scalars().all()
            if len(known) == self._rate.limit:
                wait = known[calls - 1] - now
                return wait if wait > timedelta(0) else A_MOMENT
            self._make(connection, now)
            return self._take(connection, calls, now)
        numbers = and_(_slot.c.key == self._rate.key, _slot.c.number.in_(found))
        connection.execute(update(_slot).where(numbers).values(free_at=now + self._rate.window))
        return found

    def _make(self, connection: Connection, now: datetime) -> None:
        """Make the slots that the rate does not have yet; another desk may be doing the same."""
        dialect = sqlite if self._database.is_sqlite else postgresql
        rows = [{"key": self._rate.key, "number": number, "free_at": now} for number in range(self._rate.limit)]
        connection.execute(dialect.insert(_slot).on_conflict_do_nothing(), rows)

    def _change(self, which: Any, free_at: datetime) -> None:
        """Set when slots are free; a store that is away keeps them as they are, and they come free by themselves."""
        try:
            with self._database.write() as connection:
                connection.execute(update(_slot).where(self._mine, which).values(free_at=free_at))
        except SQLAlchemyError as error:
            log.warning("rate_not_shared", key=self._rate.key, error=type(error).__name__)
