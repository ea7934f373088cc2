"""Increments: summed over any span, thinned out without losing an event."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcci_platform.reliability.samples import parse
from vcci_platform.reliability.store import Change, Increment, IncrementStore, Look
from vcci_platform.storage import migrate
from vcci_platform.storage.database import connect
from vcci_slo.windows import Span

START = datetime(2026, 3, 2, tzinfo=UTC)
EVERY = timedelta(seconds=15)


@pytest.fixture
def store(tmp_path):
    database = connect(f"sqlite:///{tmp_path}/desk.db")
    migrate.upgrade(database, "desk")
    yield IncrementStore(database)
    database.close()


def at(**parts):
    return START + timedelta(**parts)


def rounds(count, *, bad=1.0, total=10.0, start=START, account="errors"):
    return [Increment(account, start + n * EVERY, start + (n + 1) * EVERY, bad, total) for n in range(count)]


def test_a_span_sums_what_lies_in_it(store):
    store.keep(rounds(8), {})

    found = store.traffic("errors", Span(at(), at(minutes=2)))

    assert (found.bad, found.total, found.known) == (8, 80, 1)


def test_an_increment_that_crosses_an_edge_counts_by_its_share(store):
    store.keep([Increment("errors", at(), at(minutes=4), 8, 80)], {})

    found = store.traffic("errors", Span(at(minutes=3), at(minutes=5)))

    assert (found.bad, found.total, found.known) == (2, 20, 0.5)


def test_accounts_do_not_mix(store):
    store.keep([*rounds(4), *rounds(4, total=99, account="other")], {})

    assert store.traffic("errors", Span(at(), at(minutes=1))).total == 40


def test_a_gap_is_unknown_and_not_good(store):
    store.keep([*rounds(4), *rounds(4, start=at(minutes=3))], {})

    found = store.traffic("errors", Span(at(), at(minutes=4)))

    assert (found.total, found.known) == (80, 0.5)


def test_nothing_is_known_before_the_first_look(store):
    assert store.traffic("errors", Span(at(), at(hours=1))).known == 0
    assert store.last_end("errors", at(days=99)) is None


def test_thinning_out_loses_no_event_and_no_known_time(store):
    store.keep(rounds(2000), {})
    whole = Span(at(), at(hours=9))
    before = store.traffic("errors", whole)

    gone = store.thin_out(at(hours=15))

    after = store.traffic("errors", whole)
    assert gone > 1500
    assert (after.bad, after.total) == (before.bad, before.total)
    assert after.known == pytest.approx(before.known)


def test_thinning_out_twice_changes_nothing_more(store):
    store.keep(rounds(2000), {})
    store.thin_out(at(hours=15))

    assert store.thin_out(at(hours=15)) == 0


def test_young_increments_stay_as_they_are(store):
    store.keep(rounds(100), {})

    assert store.thin_out(at(hours=1)) == 0


def test_the_oldest_are_forgotten(store):
    store.keep(rounds(4), {})

    store.thin_out(at(days=80))

    assert store.last_end("errors", at(days=99)) is None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3600), st.integers(1, 3600))
def test_two_halves_are_the_whole(tmp_path_factory, first, length):
    database = connect(f"sqlite:///{tmp_path_factory.mktemp('halves')}/desk.db")
    migrate.upgrade(database, "desk")
    store = IncrementStore(database)
    store.keep(rounds(200), {})
    start, middle, end = at(seconds=first), at(seconds=first + length / 3), at(seconds=first + length)

    left, right = store.traffic("errors", Span(start, middle)), store.traffic("errors", Span(middle, end))

    whole = store.traffic("errors", Span(start, end))
    database.close()
    assert left.total + right.total == pytest.approx(whole.total)
    assert left.bad + right.bad == pytest.approx(whole.bad)


def test_looks_come_back_as_they_were(store):
    samples = parse('a{x="1"} 11\na{x="2"} 12\nb 13\n', {"job": "j"})

    store.keep([], {"api": Look(at(), samples)})
    store.keep([], {"api": Look(at(minutes=1), samples)})

    assert store.looks() == {"api": Look(at(minutes=1), samples)}


def test_changes_come_newest_first(store):
    changes = [Change(at(minutes=n), "api", "restarted", f"{n}") for n in range(3)]

    store.keep([], {}, changes)

    assert [change.text for change in store.changes(2)] == ["2", "1"]


def test_a_question_between_the_commit_and_the_ledger_counts_nothing_twice(store, monkeypatch):
    """The rows of a round were read by whoever asked right after the commit, and then added once more."""
    askers = []
    database = store._database

    @contextmanager
    def slow_write():
        with database.write() as connection:
            yield connection
        askers.append(threading.Thread(target=store.traffic, args=("errors", Span(at(), at(minutes=2)))))
        askers[-1].start()
        askers[-1].join(timeout=0.3)

    monkeypatch.setattr(store, "_database", SimpleNamespace(read=database.read, write=slow_write))
    store.keep(rounds(8), {})
    askers[-1].join()

    assert store.traffic("errors", Span(at(), at(minutes=2))).total == 80


def test_old_increments_are_merged_by_the_hour_in_which_they_lie(store):
    """What ended at the full hour went into the next one, so that hours and midnights were divided by share of time."""
    store.keep([*rounds(240, bad=0), *rounds(240, bad=2, start=at(hours=1))], {})
    first, second = Span(at(), at(hours=1)), Span(at(hours=1), at(hours=2))

    store.thin_out(at(days=5))

    assert (store.traffic("errors", first).bad, store.traffic("errors", second).bad) == (0, 480)
