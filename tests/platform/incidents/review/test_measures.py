"""Measures: what each figure means, who is left out of it, and what clocks that disagree do to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.incidents.commands import on_security
from vcci_platform.incidents.model import Action, Priority
from vcci_platform.incidents.review.cases import cases, intervals
from vcci_platform.incidents.review.measures import DEFINITIONS, Case, Interval, measures_of, spans_of
from vcci_platform.incidents.testing import NINE, alert

if TYPE_CHECKING:
    from conftest import Office

MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)


def at(minutes: float) -> datetime:
    return NINE + minutes * MINUTE


def a_case(**values: object) -> Case:
    defaults: dict[str, object] = {
        "id": "inc_11",
        "priority": Priority.P1,
        "component": "api",
        "began_at": at(0),
        "detected_at": at(2),
        "acknowledged_at": at(5),
        "opened": (Interval(at(2), at(42)),),
    }
    return Case(**{**defaults, **values})  # type: ignore[arg-type]


def test_each_span_is_from_where_to_where_it_says() -> None:
    case = a_case(opened=(Interval(at(2), at(42)), Interval(at(100), at(110))), impact_start=at(-3), impact_end=at(30))

    assert spans_of(case) == {
        "detect": 5 * MINUTE,
        "acknowledge": 3 * MINUTE,
        "first_resolve": 40 * MINUTE,
        "last_resolve": 108 * MINUTE,
        "resolve": 50 * MINUTE,
        "recover": 33 * MINUTE,
    }


def test_without_counts_detection_is_from_the_first_alert_and_recovery_unknown() -> None:
    spans = spans_of(a_case())

    assert spans["detect"] == 2 * MINUTE
    assert "recover" not in spans


def test_who_was_never_acknowledged_or_is_open_is_counted_apart() -> None:
    never = a_case(id="inc_12", acknowledged_at=None, opened=(Interval(at(2), None),))

    total = measures_of([a_case(), never], NINE, NINE + YEAR).total

    assert (total.incidents, total.open, total.never_acknowledged, total.reopened) == (2, 1, 1, 0)
    assert (total.spans["acknowledge"].count, total.spans["acknowledge"].mean) == (1, 180)
    assert total.spans["resolve"].count == 1


def test_a_span_that_ends_before_it_begins_is_a_data_error_and_no_figure() -> None:
    skewed = a_case(acknowledged_at=at(1))

    found = measures_of([skewed, a_case(id="inc_12")], NINE, NINE + YEAR)

    assert found.data_errors == (("inc_11", "acknowledge", -60.0),)
    assert (found.total.spans["acknowledge"].count, found.total.spans["acknowledge"].longest) == (1, 180)


def test_groups_are_by_period_severity_and_component() -> None:
    later = a_case(id="inc_12", priority=Priority.P0, component="", detected_at=at(60 * 24 * 40))

    found = measures_of([a_case(), later], NINE, NINE + YEAR)

    assert [group.name for group in found.periods] == ["2026-03", "2026-04"]
    assert [group.name for group in found.severities] == ["P0", "P1"]
    assert [group.name for group in found.components] == ["api", "unknown"]
    assert [group.name for group in measures_of([a_case()], NINE, NINE + YEAR, "week").periods] == ["2026-W10"]
    assert [group.name for group in measures_of([a_case()], NINE, NINE + YEAR, "day").periods] == ["2026-03-02"]


def test_every_figure_has_its_definition_and_a_version() -> None:
    found = measures_of([a_case()], NINE, NINE + YEAR)

    assert set(found.total.spans) <= set(DEFINITIONS)
    assert (found.version, found.definitions) == ("1", DEFINITIONS)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=30))
def test_percentiles_are_in_order_and_lie_within_what_was_seen(minutes: list[int]) -> None:
    made = [a_case(id=f"inc_{number}", acknowledged_at=at(2 + each)) for number, each in enumerate(minutes)]

    figures = measures_of(made, NINE, NINE + YEAR).total.spans["acknowledge"]

    seconds = [each * 60 for each in minutes]
    assert figures.p50 in seconds
    assert min(seconds) <= figures.p50 <= figures.p90 <= figures.p95 <= figures.longest == max(seconds)
    assert min(seconds) <= figures.mean <= max(seconds)
    assert sum(each <= figures.p90 for each in seconds) >= 0.9 * len(seconds)


@given(st.lists(st.sampled_from(["state_resolved", "state_investigating", "state_mitigating"]), max_size=20))
def test_open_spans_follow_each_other_and_never_overlap(kinds: list[str]) -> None:
    found = intervals(at(0), [(kind, at(number + 1)) for number, kind in enumerate(kinds)])

    assert found[0].start == at(0)
    assert all(each.end is not None for each in found[:-1])
    for before, after in pairwise(found):
        assert before.end is not None
        assert before.start < before.end < after.start


def test_the_desk_tells_when_incidents_were_open(office: Office) -> None:
    office.hears(alert())
    incident_id = office.incident.id
    office.clock.advance(minutes=4)
    office.desk.act(incident_id, Action.ACKNOWLEDGE, by="ada")
    office.clock.advance(minutes=6)
    office.desk.act(incident_id, Action.RESOLVE, by="ada", why="rolled back")
    office.clock.advance(minutes=20)
    office.desk.act(incident_id, Action.REOPEN, by="ada", why="it is back")
    office.clock.advance(minutes=5)
    office.desk.act(incident_id, Action.RESOLVE, by="ada", why="again")

    with office.desk.database.read() as connection:
        (case,) = cases(connection, NINE, NINE + YEAR, restricted=True)
        nothing = cases(connection, NINE + YEAR, NINE + 2 * YEAR, restricted=True)

    assert case.component == "api"
    assert spans_of(case) == {
        "detect": 0 * MINUTE,
        "acknowledge": 4 * MINUTE,
        "first_resolve": 10 * MINUTE,
        "last_resolve": 35 * MINUTE,
        "resolve": 15 * MINUTE,
    }
    assert nothing == ()


def test_a_security_incident_is_measured_only_for_those_who_may_see_it(office: Office) -> None:
    office.hears(alert())
    office.desk.command(office.incident.id, lambda i, p, n: on_security(i, p, n, by="ada", why="a leak"))

    with office.desk.database.read() as connection:
        assert cases(connection, NINE, NINE + YEAR, restricted=False) == ()
        assert len(cases(connection, NINE, NINE + YEAR, restricted=True)) == 1


@pytest.mark.parametrize("percent", [50, 90, 95])
def test_one_incident_is_its_own_percentile(percent: int) -> None:
    figures = measures_of([a_case()], NINE, NINE + YEAR).total.spans["resolve"]

    assert getattr(figures, f"p{percent}") == 2400
