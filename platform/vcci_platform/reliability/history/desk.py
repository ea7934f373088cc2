"""The history that the desk's recorder keeps in its own store, read without the desk."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from vcci_platform.reliability import tables
from vcci_platform.reliability.groups import key_of_group
from vcci_platform.reliability.history.recorded import HistoryUnreadable, Recorded
from vcci_platform.storage.database import Database
from vcci_slo.backtest import History, Increment
from vcci_slo.backtest.history import MOST_INCREMENTS
from vcci_slo.plan import Slo

__all__ = ["read_recorder"]


def read_recorder(database: Database, slo: Slo, group: Mapping[str, str] | None = None) -> Recorded:
    """Return what the recorder counted for a promise, or for the part of it that `group` names.

    Raises HistoryUnreadable if that is nothing.
    """
    account = key_of_group(slo.name, tuple((label, (group or {}).get(label, "")) for label in slo.by if group))
    table = tables.increment
    query = select(table).where(table.c.account == account).order_by(table.c.end).limit(MOST_INCREMENTS)
    with database.read() as connection:
        increments = [
            Increment(row.start, row.end, row.bad, row.total, row.seconds) for row in connection.execute(query)
        ]
    if not increments:
        raise HistoryUnreadable(f"expected increments of {account} in the desk's store, found none")
    history = History.of(increments)
    return Recorded(history, "the desk's recorder, self-reported")
