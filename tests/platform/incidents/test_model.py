"""The incident's states: who may change them, and to what."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest

from vcci_platform.incidents.model import (
    Action,
    Alert,
    Priority,
    Refused,
    State,
    Tracked,
    allowed_actions,
    firing,
    next_state,
)
from vcci_platform.incidents.testing import NINE, alert


def test_the_way_of_the_manual_is_open() -> None:
    state = State.DETECTED
    for action in (Action.ACKNOWLEDGE, Action.INVESTIGATE, Action.IDENTIFY, Action.MITIGATE, Action.MONITOR):
        state = next_state(state, action)
    state = next_state(next_state(state, Action.RESOLVE), Action.REVIEW)

    assert state is State.REVIEWED


@pytest.mark.parametrize(("state", "action"), list(itertools.product(State, Action)))
def test_every_action_is_allowed_and_leads_somewhere_or_is_refused_with_what_is_allowed(
    state: State, action: Action
) -> None:
    if action in allowed_actions(state):
        assert next_state(state, action) is not state
    else:
        with pytest.raises(Refused, match=f"an incident that is {state} cannot {action}") as refused:
            next_state(state, action)
        assert refused.value.allowed == allowed_actions(state)


def test_only_resolved_and_reviewed_are_closed() -> None:
    assert [state for state in State if not state.is_open] == [State.RESOLVED, State.REVIEWED]


def test_an_alert_without_a_time_zone_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="time zone"):
        alert(starts_at=datetime(2026, 3, 2, 9, 0))  # noqa: DTZ001 - what is refused


def test_an_alert_that_belongs_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a fingerprint and the system"):
        Alert(fingerprint="f", name="A", resolved=False, priority=Priority.P0, system="", starts_at=NINE)


def test_the_worst_and_oldest_alert_comes_first() -> None:
    tracked = [Tracked(alert(name, priority=priority)) for name, priority in (("B", Priority.P1), ("A", Priority.P0))]
    over = Tracked(alert("C"), over_at=NINE)

    assert [t.alert.name for t in firing([*tracked, over])] == ["A", "B"]
