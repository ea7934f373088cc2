"""A desk that counts: the promises of a small plan, over what the test says was counted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from support.console import OpenDesk, open_desk
from vcci_platform.incidents.access import Rank
from vcci_platform.incidents.model import Action
from vcci_platform.incidents.office import Office as Whole
from vcci_platform.incidents.review.tasks import Reviewer
from vcci_platform.incidents.testing import NINE, RecordingVendors, alert
from vcci_platform.reliability.corrections import CorrectionBook
from vcci_platform.reliability.service import Reliability
from vcci_platform.reliability.sources import RecorderSource
from vcci_platform.reliability.store import Increment, IncrementStore
from vcci_platform.testing import ManualClock
from vcci_platform.wiring.counting import PromiseCounters
from vcci_slo.testing import a_plan

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
PLAN = {
    "metadata": {"name": "vcci", "owner": "crew", "selector": 'env="live"'},
    "components": {
        "api": {
            "kind": "http",
            "selector": 'job="vcci-api"',
            "signals": {
                "requests": {"events": "http_requests_total", "valid": 'status!~"4.."', "bad": 'status=~"5.."'}
            },
        }
    },
    "slos": {"errors": {"good": "api.requests", "objective": "99.9%"}},
}


@dataclass
class Counted:
    """A desk, its reviewer, and what was counted minute by minute."""

    office: Office
    reviewer: Reviewer
    store: IncrementStore

    def count(self, start: datetime, minutes: int, bad: float, total: float = 100) -> None:
        """Count the same in each of these minutes."""
        starts = (start + number * MINUTE for number in range(minutes))
        self.store.keep([Increment("errors", at, at + MINUTE, bad, total) for at in starts], {})


@pytest.fixture
def counted(office: Office) -> Counted:
    return counting(office)


@pytest.fixture
def counting_on() -> Callable[[Office], Counted]:
    return counting


def counting(office: Office) -> Counted:
    database, clock = office.desk.database, office.clock
    store, plan = IncrementStore(database), a_plan(**PLAN)
    reliability = Reliability(plan, RecorderSource(store), store, clock, None, CorrectionBook(plan, database))
    reviewer = Reviewer(office.desk, lambda: PromiseCounters(reliability))
    return Counted(office, reviewer, store)


@dataclass
class Desk:
    """The desk's HTTP interface, and what tests let happen behind it."""

    http: TestClient
    clock: ManualClock
    office: Whole
    vendors: RecordingVendors
    reliability: Any
    whole: OpenDesk

    def go_round(self, *names: str) -> None:
        for loop in self.office.loops.loops:
            if loop.name in names or not names:
                while self.office.loops._round(loop):
                    pass
        self.office.dispatcher.drain()

    def count(self, slo: str, bad: float) -> None:
        """Let a promise have been kept for an hour, then broken for ten minutes from nine on, then kept again."""
        spells = ((NINE - 60 * MINUTE, 60, 0.0), (NINE, 10, bad), (NINE + 10 * MINUTE, 30, 0.0))
        for start, minutes, each in spells:
            starts = [start + number * MINUTE for number in range(minutes)]
            self.reliability.store.keep([Increment(slo, at, at + MINUTE, each, 100) for at in starts], {})

    def begin(self) -> str:
        self.office.desk.receive([alert()])
        self.office.desk.cycle()
        (incident,) = self.http.get("/v1/incidents").json()["items"]
        return str(incident["id"])

    def resolve(self) -> str:
        incident_id = self.begin()
        self.clock.advance(minutes=30)
        self.office.desk.act(incident_id, Action.RESOLVE, by="ada", why="rolled back")
        self.go_round("review")
        return incident_id

    def add(self, name: str, rank: Rank, contact: str = "") -> dict[str, str]:
        return self.whole.add(name, rank, contact)


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk]:
    with open_desk(tmp_path) as whole:
        yield Desk(whole.client, whole.clock, whole.office, whole.vendors, whole.reliability, whole)
