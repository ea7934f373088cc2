"""Rates that are kept: in one process, and by all the desks of a store together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcci_platform.incidents.vendors.pace import OwnPace, Permit, Rate, asked_rest, own_paces, rate_key
from vcci_platform.incidents.vendors.shared_pace import SharedPace, shared_paces
from vcci_platform.storage import migrate
from vcci_platform.storage.database import Database, connect
from vcci_platform.testing import ManualClock

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
RATE = Rate("vendor:11", 3)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('paces') / 'desk.db'}")
    migrate.upgrade(database, "desk")
    yield database
    database.close()


def waits(pace: OwnPace | SharedPace, *calls: int) -> list[float]:
    return [pace.take(number).wait.total_seconds() for number in calls]


def test_calls_are_counted_until_the_window_is_over_and_all_or_none() -> None:
    clock = ManualClock()
    pace = OwnPace(RATE, clock)

    assert waits(pace, 2, 2, 1, 1) == [0, 60, 0, 60]
    clock.advance(seconds=60)
    assert waits(pace, 4) == [0]  # no more than the limit can be asked for at once


def test_two_of_one_key_are_one_and_no_secret_is_in_it() -> None:
    paces = own_paces(ManualClock())

    assert paces(RATE) is paces(Rate("vendor:11", 3))
    assert "xoxb-11" not in rate_key("slack", "xoxb-11", "#room")
    assert (
        len({rate_key("slack", "xoxb-11", "#room"), rate_key("slack", "xoxb-12", "#room"), rate_key("slack", "")}) == 3
    )


STEPS = st.one_of(
    st.tuples(st.just("take"), st.integers(1, 5), st.integers(0, 5)),
    st.tuples(st.just("advance"), st.integers(0, 70), st.just(0)),
    st.tuples(st.just("rest"), st.integers(1, 90), st.just(0)),
)
KEYS = count()


@given(script=st.lists(STEPS, min_size=1, max_size=25))
@settings(max_examples=25, deadline=None)
def test_desks_of_one_store_count_as_one_process_would(store: Database, script: list[tuple[str, int, int]]) -> None:
    """Whatever is taken, given back and waited for, two desks in turn get the answers that one would."""
    clock = ManualClock()
    rate = Rate(f"law:{next(KEYS)}", 4)
    alone, together = OwnPace(rate, clock), [SharedPace(rate, store, clock) for _ in range(2)]

    for number, (what, much, unused) in enumerate(script):
        desk = together[number % 2]
        if what == "advance":
            clock.advance(seconds=much)
        elif what == "rest":  # a vendor says so when it is asked, and who asks has taken
            for pace in (alone, desk):
                pace.take()
                pace.rest(timedelta(seconds=much))
        else:
            mine, ours = alone.take(much), desk.take(much)
            assert ours.wait == mine.wait
            if not mine.wait:
                mine.give_back(min(unused, much))
                ours.give_back(min(unused, much))


def test_a_new_life_of_a_desk_remembers_what_the_last_one_took(store: Database) -> None:
    clock, rate = ManualClock(), Rate("lives:11", 2)
    waits(SharedPace(rate, store, clock), 2)
    clock.advance(seconds=17)

    assert waits(SharedPace(rate, store, clock), 1) == [43]


def test_what_is_given_back_late_frees_nothing_that_somebody_else_has_taken_since(store: Database) -> None:
    clock, rate = ManualClock(), Rate("late:11", 1)
    slow, other = SharedPace(rate, store, clock), SharedPace(rate, store, clock)
    late: Permit = slow.take()
    clock.advance(seconds=60)
    assert waits(other, 1) == [0]

    late.give_back(1)

    assert waits(other, 1) == [60]


def test_while_the_store_is_away_a_desk_goes_by_its_own_count(tmp_path: Path) -> None:
    gone = connect(f"sqlite:///{tmp_path / 'nowhere' / 'desk.db'}")
    pace = shared_paces(gone, ManualClock())(RATE)

    assert [pace.take(calls).wait.total_seconds() for calls in (2, 1, 1)] == [0, 0, 60]
    pace.rest(2 * MINUTE)
    assert pace.take().wait == 2 * MINUTE


def test_everybody_who_asks_at_once_gets_no_more_than_there_is(either_office: Office) -> None:
    office = either_office
    url = office.desk.database.engine.url.render_as_string(hide_password=False)
    stores = [office.desk.database, connect(url)]
    rate = Rate("crowd:11", 11)
    desks = [SharedPace(rate, one, office.clock) for one in stores]

    def take(number: int) -> int:
        """Take until all is taken; a slot that is just being taken by another is asked for again."""
        taken = 0
        while (permit := desks[number % 2].take()).wait < timedelta(seconds=1):
            taken += not permit.wait
        return taken

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(take, range(6)))
    stores[1].close()

    assert sum(taken) == 11


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17), ("0", 1), ("31536000", 300), ("9" * 40, 300), ("", 20), ("-1", 20), ("²", 20), ("soon", 20)],
)
def test_a_rest_is_as_long_as_the_vendor_asks_for_within_bounds(header: str, seconds: int) -> None:
    """A header of a year was believed: no message, and no fallback page, went out until it was over."""
    assert asked_rest(header, timedelta(seconds=20)) == timedelta(seconds=seconds)
