"""When an incident began and ended by what was counted, and what it is when nothing was."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcci_platform.incidents.review.impact import Impact, bad_spans, impact_of, measured
from vcci_platform.incidents.review.ports import Cost, Step
from vcci_platform.incidents.testing import NINE

MINUTE = timedelta(minutes=1)
ALLOWED = 0.001


def steps(pattern: str, start: datetime = NINE) -> list[Step]:
    """Return a step for each sign: `.` good, `x` bad, `-` idle, `?` not observed."""
    kinds = {".": (0.0, 100.0, 1.0), "x": (10.0, 100.0, 1.0), "-": (0.0, 0.0, 1.0), "?": (0.0, 0.0, 0.0)}
    return [Step(start + (number + 1) * MINUTE, *kinds[sign]) for number, sign in enumerate(pattern)]


def at(minutes: int) -> datetime:
    return NINE + minutes * MINUTE


@pytest.mark.parametrize(
    ("pattern", "began", "expected"),
    [
        ("..xxx..", 3, (at(2), at(5), "")),
        ("..xx.xx..", 3, (at(2), at(7), "")),  # two minutes of quiet do not end a spell
        ("x......xxx..", 8, (at(7), at(10), "")),  # a trifle long before is not it
        ("..xxx", 3, (at(2), None, "")),  # bad until the end
        ("..xxx??", 3, (at(2), None, "")),  # silence is not health
        ("..xxx--", 3, (at(2), at(5), "")),  # nobody asked, but it was seen
        (".......", 3, (None, None, "")),
        ("???????", 3, (None, None, "nothing was counted in this time")),
        ("xx.......", 9, (None, None, "")),  # over long before the alert
    ],
)
def test_the_impact_is_the_spell_that_the_alert_belongs_to(
    pattern: str, began: int, expected: tuple[datetime | None, datetime | None, str]
) -> None:
    assert measured([(steps(pattern), ALLOWED)], MINUTE, at(began)) == expected


def test_the_first_broken_promise_begins_it_and_the_last_one_ends_it() -> None:
    early, late = steps("..xx....."), steps("...xxxx..")

    assert measured([(early, ALLOWED), (late, ALLOWED)], MINUTE, at(4)) == (at(2), at(7), "")


def test_without_promises_nothing_is_known() -> None:
    assert measured([], MINUTE, NINE)[2] == "no promise is made about this system"
    assert impact_of(None, frozenset(), NINE, NINE, NINE).unknown == "this desk counts nothing"


@given(st.text(alphabet=".x-?", min_size=1, max_size=40), st.integers(0, 40))
def test_an_impact_lies_within_what_was_looked_at_and_begins_bad(pattern: str, began: int) -> None:
    start, end, unknown = measured([(steps(pattern), ALLOWED)], MINUTE, at(began))

    if start is None:
        assert end is None
        return
    assert not unknown
    assert pattern[round((start - NINE) / MINUTE)] == "x"
    if end is not None:
        assert start < end <= at(len(pattern))
        after = pattern[round((end - NINE) / MINUTE) :]
        assert "x" not in after
        assert after[:1] not in ("", "?")


@given(st.text(alphabet=".x-?", max_size=40))
def test_bad_spans_cover_exactly_what_was_bad(pattern: str) -> None:
    spans = bad_spans(steps(pattern), MINUTE, ALLOWED)

    assert sum((end - start for start, end in spans), timedelta(0)) == pattern.count("x") * MINUTE


class Counted:
    """Counters that remember what they were asked."""

    def __init__(self, pattern: str, start: datetime) -> None:
        self.known = {step.end: step for step in steps(pattern, start)}
        self.asked: list[tuple[datetime, datetime, timedelta]] = []

    def promises(self, systems: frozenset[str]) -> list[tuple[str, float]]:
        return [("errors", ALLOWED)] if "vcci" in systems else []

    def steps(self, promise: str, start: datetime, end: datetime, step: timedelta) -> list[Step]:
        self.asked.append((start, end, step))
        return [found for moment, found in sorted(self.known.items()) if start < moment <= end]

    def cost(self, promise: str, start: datetime, end: datetime) -> Cost:
        return Cost(promise, (end - start) / MINUTE, 100, 1, 0.5, 11)


def test_the_cost_is_that_of_the_impact_and_not_of_the_paperwork() -> None:
    counted = Counted("." * 30 + "xxx" + "." * 60, NINE - 30 * MINUTE)

    found = impact_of(counted, frozenset({"vcci"}), NINE, at(50), at(55))

    assert counted.asked == [(NINE - 30 * MINUTE, at(51), MINUTE)]
    assert (found.start, found.end, found.costs[0].bad) == (NINE, at(3), 3)
    assert Impact.of_document(found.document()) == found


def test_a_long_incident_is_looked_at_more_coarsely_and_a_fast_clock_more_finely() -> None:
    counted = Counted("", NINE)
    impact_of(counted, frozenset({"vcci"}), NINE, NINE + timedelta(days=2), NINE + timedelta(days=3))
    impact_of(counted, frozenset({"vcci"}), NINE, at(1), at(2), time_scale=6)

    assert [step for _, _, step in counted.asked] == [5 * MINUTE, timedelta(seconds=10)]
    assert counted.asked[1][0] == NINE - 5 * MINUTE
