"""The ledger answers as a walk over all alerts would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.incidents.ledger import Ledger
from vcci_platform.incidents.model import Priority, Tracked, firing
from vcci_platform.incidents.testing import NINE, alert

MINUTE = timedelta(minutes=1)

episodes = st.builds(
    lambda name, began, lasted, priority, adopted: Tracked(
        alert(name, starts_at=NINE + began * MINUTE, priority=priority, pager_key="k" * 64 if adopted else None),
        over_at=None if lasted is None else NINE + (began + lasted) * MINUTE,
    ),
    st.sampled_from(["A", "B", "C"]),
    st.integers(0, 10),
    st.none() | st.integers(0, 20),
    st.sampled_from(list(Priority)),
    st.booleans(),
)


@given(st.lists(episodes, max_size=12))
def test_it_answers_as_a_walk_over_all_of_them(added: list[Tracked]) -> None:
    ledger = Ledger()
    known: dict[object, Tracked] = {}
    for tracked in added:
        episode = tracked.alert.episode
        if episode in known:  # the priority of an episode does not change, and what is over stays over
            continue
        ledger.add(tracked)
        known[episode] = tracked

    everything = list(known.values())
    assert list(ledger) == everything
    for tracked in everything:
        alike = [other for other in everything if other.alert.fingerprint == tracked.alert.fingerprint]
        assert ledger.find(tracked.alert.episode) is tracked
        assert ledger.latest(tracked.alert.fingerprint, datetime.max.replace(tzinfo=UTC)) == max(
            other.alert.starts_at for other in alike
        )
        assert ledger.firing_of(tracked.alert.fingerprint) == firing(alike)
        graver = [other for other in everything if other.alert.priority < tracked.alert.priority]
        shadowed = any(other.over_at is None or other.over_at >= tracked.alert.starts_at for other in graver)
        assert ledger.is_overshadowed(tracked) == (tracked.alert.pager_key is not None and shadowed)


def test_an_end_replaces_the_beginning() -> None:
    grave = alert("A", priority=Priority.P0)
    lesser = Tracked(alert("B", priority=Priority.P1, pager_key="k" * 64, starts_at=NINE + 10 * MINUTE))
    ledger = Ledger([Tracked(grave), lesser])
    assert ledger.is_overshadowed(lesser)

    ledger.add(Tracked(grave, over_at=NINE + 5 * MINUTE))

    assert len(ledger) == 2
    assert not ledger.is_overshadowed(lesser)
