"""A desk on a store of its own, under a clock that is moved by hand, with vendors that only remember."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from vcci_platform.incidents import store, tables
from vcci_platform.incidents.dispatcher import Dispatcher
from vcci_platform.incidents.model import Alert, Incident
from vcci_platform.incidents.rules import IncidentPolicy
from vcci_platform.incidents.tasks import Desk
from vcci_platform.incidents.testing import RecordingVendors, manual_policy
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_platform.telemetry.metrics import DeskMetrics
from vcci_platform.testing import ManualClock


@dataclass
class Office:
    """A desk with everything that it needs, and the questions that tests ask."""

    desk: Desk
    clock: ManualClock
    vendors: RecordingVendors
    dispatcher: Dispatcher
    metrics: DeskMetrics

    def work(self) -> None:
        """Understand, ring timers and carry effects until there is nothing to do."""
        while self.desk.cycle() + self.dispatcher.drain():
            pass

    def hears(self, *alerts: Alert) -> None:
        self.desk.receive(alerts)
        self.work()

    def notified(self, document: dict[str, Any]) -> None:
        self.desk.accept("alertmanager", json.dumps(document).encode())
        self.work()

    def pass_time(self, minutes: float, *, step: float = 1) -> None:
        for _ in range(round(minutes / step)):
            self.clock.advance(minutes=step)
            self.work()

    @property
    def incident(self) -> Incident:
        (incident,) = self.incidents
        return incident

    def incident_of(self, system: str) -> Incident:
        (incident,) = (incident for incident in self.incidents if incident.system == system)
        return incident

    @property
    def incidents(self) -> list[Incident]:
        with self.desk.database.read() as connection:
            rows = connection.execute(select(tables.incident).order_by(tables.incident.c.id)).mappings()
            return [store.incident_of_row(row) for row in rows]

    @property
    def timeline(self) -> list[str]:
        with self.desk.database.read() as connection:
            return [row.kind for row in connection.execute(select(tables.timeline).order_by(tables.timeline.c.id))]

    @property
    def effects(self) -> list[tuple[str, str, str]]:
        with self.desk.database.read() as connection:
            rows = connection.execute(select(tables.outbox).order_by(tables.outbox.c.id))
            return [(row.target, row.kind, row.state) for row in rows]

    def rows(self, table: Any) -> list[Any]:
        with self.desk.database.read() as connection:
            return list(connection.execute(select(table)))


def open_office(database: Database, rules: IncidentPolicy | None = None) -> Office:
    migrate.upgrade(database, "desk")
    clock = ManualClock()
    metrics = DeskMetrics()
    desk = Desk(database, rules or manual_policy(), clock, metrics)
    vendors = RecordingVendors()
    dispatcher = Dispatcher(desk, vendors, vendors, vendors, reviews=vendors, random=Random(11), rest=timedelta(0))
    return Office(desk, clock, vendors, dispatcher, metrics)


@pytest.fixture
def office(tmp_path: Path) -> Generator[Office]:
    """A desk on SQLite."""
    database = connect(f"sqlite:///{tmp_path / 'desk.db'}")
    yield open_office(database)
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def either_office(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Office]:
    """A desk on SQLite, and one on PostgreSQL."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    else:
        url = f"sqlite:///{tmp_path / 'desk.db'}"
    database = connect(url)
    yield open_office(database)
    database.close()


@pytest.fixture
def postgresql_office(postgresql_url: str) -> Generator[Office]:
    """A desk on PostgreSQL, where two may work at the same moment."""
    database = connect(postgresql_url)
    yield open_office(database)
    database.close()


@pytest.fixture
def another_desk() -> Callable[[Office], Dispatcher]:
    """A function that returns a second dispatcher on the same store, as a restarted process would have."""

    def restart(office: Office) -> Dispatcher:
        vendors = office.vendors
        return Dispatcher(office.desk, vendors, vendors, vendors, random=Random(12))

    return restart
