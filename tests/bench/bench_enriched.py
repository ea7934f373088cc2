"""From an alert that Alertmanager pages for to the incident with what was around it, at normal load.

A real desk process on SQLite with the shipped spec. Nothing that it looks around in runs, but for its own store, the
runbooks and its own alerts: the time is the desk's own, from the moment before the hook is called to the moment at
which the context is kept.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from support.whole_desk import WholeDesk, whole_desk
from vcci_platform.incidents.context.tables import incident_context
from vcci_platform.incidents.tables import incident
from vcci_platform.storage.database import Database, connect

ALERTS = 40
EVERY_SECONDS = 1.0
ENRICHED_P95_SECONDS = 1


def run() -> Iterator[str]:
    """Yield the figures as lines of text."""
    with tempfile.TemporaryDirectory() as name, whole_desk(Path(name)) as desk, _store(desk) as store:
        sent = _send(desk)
        desk.until(lambda: len(_enriched(store)) == ALERTS, "the context of an incident is missing")
        seconds = sorted((at - sent[system]).total_seconds() for system, at in _enriched(store).items())
        pages = len(desk.vendor.pages)
    p50, p95 = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.95)]
    yield f"{ALERTS} alerts, each of its own system, one every {EVERY_SECONDS:g} s; pages of the desk: {pages}"
    yield (
        f"from an alert to its enriched incident: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
        f"longest {seconds[-1] * 1000:.0f} ms (promised: p95 under {ENRICHED_P95_SECONDS} s)"
    )


@contextmanager
def _store(desk: WholeDesk) -> Iterator[Database]:
    database = connect(desk.settings.incident_database)
    try:
        yield database
    finally:
        database.close()


def _send(desk: WholeDesk) -> dict[str, datetime]:
    sent: dict[str, datetime] = {}
    for number in range(ALERTS):
        system = f"system-{number}"
        labels = {"alertname": f"Down{number}", "priority": "P1", "system": system}
        sent[system] = datetime.now(UTC)
        desk.alert("firing", sent[system], {"labels": labels, "annotations": {"summary": f"{system} does not answer"}})
        time.sleep(EVERY_SECONDS)
    return sent


def _enriched(store: Database) -> dict[str, datetime]:
    """Return when what was around each system's incident was kept."""
    query = select(incident.c.system, incident_context.c.gathered_at).join(incident_context)
    with store.read() as connection:
        return dict(connection.execute(query).tuples().all())


if __name__ == "__main__":
    for line in run():
        print(line, flush=True)
