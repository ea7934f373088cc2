"""Alerts that this process has read before. What an alert said never changes: only when it is over does.

In a storm each delivery asks for every alert of its incident; to read their documents anew each time would cost more
than everything else together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event

from vcci_platform.incidents.model import Alert

__all__ = ["MOST_ALERTS", "recall"]

MOST_ALERTS = 20_000
"""As many as are remembered, some 40 MB; beyond that everything is forgotten, and read again."""

Row = tuple[int, str]
Known = dict[Row, Alert]

_known: WeakKeyDictionary[Engine, Known] = WeakKeyDictionary()


def recall(
    connection: Connection, rows: Sequence[Row], read: Callable[[Sequence[int]], Mapping[int, Alert]]
) -> list[Alert]:
    """Return the alerts of these rows, each a number and a fingerprint, in their order.

    `read` is asked for those that are not known. SQLite gives the number of a row that was rolled back to the next one:
    after a rollback nothing is remembered.
    """
    known = _known_of(connection.engine)
    missing = [row for row in rows if row not in known]
    if missing:
        if len(known) + len(missing) > MOST_ALERTS:
            known.clear()
            missing = list(rows)
        found = read([number for number, _ in missing])
        fresh = {row: found[row[0]] for row in missing}
        known.update(fresh)
        return [fresh.get(row) or known[row] for row in rows]
    return [known[row] for row in rows]


def _known_of(engine: Engine) -> Known:
    known = _known.get(engine)
    if known is None:
        known = _known.setdefault(engine, {})
        event.listen(engine, "rollback", lambda _: known.clear())
    return known
