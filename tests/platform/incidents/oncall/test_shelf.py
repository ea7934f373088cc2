"""A desk that starts again while PagerDuty is away says who was on call by its last word, and how old that is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from vcci_platform.incidents import tables
from vcci_platform.incidents.oncall.memory import RosterMemory
from vcci_platform.incidents.oncall.place import Pagers
from vcci_platform.incidents.oncall.roster import Told
from vcci_platform.incidents.oncall.shelf import RosterShelf
from vcci_platform.incidents.oncall.view import OnCallView, on_call_view
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered
from vcci_platform.incidents.vendors.pagerduty_rest import OnCallNow
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
GIVEN = {"$PD_ONE": "PSCHED1", "$PD_TWO": "PSCHED2"}
PLAN = a_plan(
    calendar={"timezone": "America/New_York"},
    on_call={
        "crew": {
            "shift": "1w",
            "primary": {"pagerduty_schedule": "$PD_ONE"},
            "secondary": {"pagerduty_schedule": "$PD_TWO"},
        },
    },
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'desk.db'}")
    migrate.upgrade(database, "desk")
    yield database
    database.close()


def tells(name: str) -> OnCallNow:
    return OnCallNow("PUSER", name, "PSCHED", "PPOLICY", 1, NOW - timedelta(days=1), NOW + timedelta(days=6))


def there(variable: str, _since: datetime, _until: datetime) -> Told:
    return Answered((tells("Ada" if variable == "$PD_ONE" else "Grace"),))


def away(_variable: str, _since: datetime, _until: datetime) -> Told:
    return Failed("no answer: ConnectError", retryable=True)


def seen(memory: RosterMemory, now: datetime) -> OnCallView:
    return on_call_view(PLAN, now, pagers=Pagers("PagerDuty", memory, memory.known, lambda: None))


def named(view: OnCallView) -> list[tuple[str, ...]]:
    return [duty.who for duty in view.rotas[0].now.duties]


def test_a_restart_while_pagerduty_is_away_remembers_its_last_word_and_its_age(store: Database) -> None:
    clock = ManualClock(NOW)
    seen(RosterMemory(there, clock, RosterShelf(store, GIVEN)), NOW)
    clock.advance(hours=3)

    view = seen(RosterMemory(away, clock, RosterShelf(store, GIVEN)), clock.now())

    assert named(view) == [("Ada",), ("Grace",)]
    assert view.source is not None
    assert (view.source.known_at, view.source.age_seconds) == (NOW, 3 * 3600)
    assert view.source.trouble == "no answer: ConnectError"


def test_who_cannot_wait_is_told_what_was_kept(store: Database) -> None:
    clock = ManualClock(NOW)
    seen(RosterMemory(there, clock, RosterShelf(store, GIVEN)), NOW)

    known = RosterMemory(away, clock, RosterShelf(store, GIVEN)).known("$PD_ONE", NOW, NOW)

    assert isinstance(known, Answered)
    assert known.value == (tells("Ada"),)


def test_a_variable_that_names_another_schedule_now_knows_nobody(store: Database) -> None:
    clock = ManualClock(NOW)
    seen(RosterMemory(there, clock, RosterShelf(store, GIVEN)), NOW)

    view = seen(RosterMemory(away, clock, RosterShelf(store, {**GIVEN, "$PD_ONE": "PSCHED3"})), NOW)

    assert named(view) == [(), ("Grace",)]


def test_of_each_schedule_the_newest_word_is_kept(store: Database) -> None:
    clock = ManualClock(NOW)
    memory = RosterMemory(there, clock, RosterShelf(store, GIVEN))

    for _ in range(3):
        seen(memory, clock.now())
        clock.advance(minutes=2)

    with store.read() as connection:
        kept = connection.execute(select(func.count()).select_from(tables.roster_answer)).scalar()
        newest = connection.execute(select(func.max(tables.roster_answer.c.told_at))).scalar()
    assert (kept, newest) == (2, NOW + timedelta(minutes=4))


def test_a_store_that_is_away_keeps_nobody_from_the_answer(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'nothing-in-it.db'}")

    view = seen(RosterMemory(there, ManualClock(NOW), RosterShelf(database, GIVEN)), NOW)

    assert named(view) == [("Ada",), ("Grace",)]
    database.close()
