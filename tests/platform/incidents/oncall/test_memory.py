"""What PagerDuty said is kept for a minute, shown with its age when it is away, and never made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vcci_platform.incidents.oncall.memory import AGAIN, FRESH, RosterMemory
from vcci_platform.incidents.oncall.place import Pagers
from vcci_platform.incidents.oncall.roster import Remembered, Told
from vcci_platform.incidents.oncall.view import OnCallView, on_call_view
from vcci_platform.incidents.ports import Failed
from vcci_platform.incidents.vendors.pagerduty_connection import Answered
from vcci_platform.incidents.vendors.pagerduty_rest import OnCallNow
from vcci_platform.testing import ManualClock
from vcci_slo.testing import a_plan

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
AWAY = Failed("no answer: ConnectError", retryable=True)
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


class Vendor:
    """A PagerDuty that counts questions; `answer` is what it says, a name or a failure."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime, datetime]] = []
        self.answer: str | Failed = "Ada"

    def __call__(self, variable: str, since: datetime, until: datetime) -> Told:
        self.asked.append((variable, since, until))
        if isinstance(self.answer, Failed):
            return self.answer
        return Answered((OnCallNow("P1", self.answer, "PSCHED", "PPOLICY", 1, None, None),))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def memory(vendor: Vendor, clock: ManualClock) -> RosterMemory:
    return RosterMemory(vendor, clock)


def seen(memory: RosterMemory, clock: ManualClock) -> OnCallView:
    return on_call_view(PLAN, clock.now(), pagers=Pagers("PagerDuty", memory, memory.known, lambda: None))


def named(view: OnCallView) -> list[tuple[str, ...]]:
    return [duty.who for duty in view.rotas[0].now.duties]


def test_pagerduty_is_asked_once_a_minute_however_many_look(memory, vendor, clock):
    for _ in range(5):
        seen(memory, clock)
    clock.advance(seconds=(FRESH - timedelta(seconds=1)).total_seconds())
    before = seen(memory, clock)
    vendor.answer = "Grace"
    clock.advance(seconds=1)
    after = seen(memory, clock)

    assert [variable for variable, *_ in vendor.asked] == ["$PD_ONE", "$PD_TWO"] * 2
    assert (named(before), named(after)) == ([("Ada",)] * 2, [("Grace",)] * 2)
    assert (before.source.age_seconds, after.source.age_seconds) == (59, 0)
    assert before.source.trouble == after.source.trouble == ""


def test_while_pagerduty_is_away_its_last_word_is_shown_with_its_age_and_the_reason(memory, vendor, clock):
    seen(memory, clock)
    vendor.answer = AWAY
    clock.advance(minutes=12)

    view = seen(memory, clock)

    assert named(view) == [("Ada",)] * 2
    assert (view.source.known_at, view.source.age_seconds) == (NOW, 720)
    assert view.source.trouble == "no answer: ConnectError"


def test_where_it_said_nothing_yet_nobody_is_named(memory, vendor, clock):
    vendor.answer = AWAY

    view = seen(memory, clock)

    assert named(view) == [(), ()]
    assert [duty.unknown for duty in view.rotas[0].now.duties] == ["no answer: ConnectError"] * 2
    assert (view.source.known_at, view.source.age_seconds) == (None, None)
    assert view.source.trouble == "no answer: ConnectError"


def test_nobody_waits_for_one_that_is_away_again_and_again(memory, vendor, clock):
    vendor.answer = AWAY
    for _ in range(5):
        seen(memory, clock)
    asked = len(vendor.asked)
    clock.advance(seconds=AGAIN.total_seconds())
    vendor.answer = "Ada"

    assert asked == 1
    assert named(seen(memory, clock)) == [("Ada",)] * 2


def test_what_is_only_asked_wrongly_does_not_keep_others_from_asking(memory, vendor):
    vendor.answer = Failed("$PD_ONE is not set", retryable=False)

    told = [memory(variable, NOW, NOW + timedelta(days=1)) for variable in ("$PD_ONE", "$PD_TWO")]

    assert [one.error for one in told if isinstance(one, Failed)] == ["$PD_ONE is not set"] * 2
    assert len(vendor.asked) == 2


def test_an_answer_serves_every_later_question_that_it_covers(memory, vendor, clock):
    week = timedelta(weeks=1)
    memory("$PD_ONE", NOW - week, NOW + week)
    memory("$PD_ONE", NOW, NOW + 8 * week)
    past = memory("$PD_ONE", NOW - 20 * week, NOW - 19 * week)
    again = memory("$PD_ONE", NOW - 20 * week, NOW - 19 * week)
    vendor.answer = AWAY
    clock.advance(days=7)
    later = memory("$PD_ONE", NOW + week, NOW + 5 * week)

    assert len(vendor.asked) == 3  # the third finds it away
    assert past == again == Remembered(later.value, NOW)
    assert (later.at, later.trouble) == (NOW, "no answer: ConnectError")


def test_who_cannot_wait_is_told_what_is_known_and_asks_nobody(memory, vendor, clock):
    nothing = memory.known("$PD_ONE", NOW, NOW + timedelta(hours=1))
    memory("$PD_ONE", NOW, NOW + timedelta(hours=1))
    clock.advance(hours=2)
    known = memory.known("$PD_ONE", NOW, NOW + timedelta(hours=1))

    assert isinstance(nothing, Failed)
    assert isinstance(known, Remembered)
    assert (known.at, [one.user for one in known.value], len(vendor.asked)) == (NOW, ["Ada"], 1)


def test_a_spec_that_names_everybody_needs_no_source():
    crew = {
        "shift": "1w",
        "starts": "2026-01-05",
        "primary": {"members": ["ada@shop.example"]},
        "secondary": {"members": ["b@shop.example"]},
    }

    view = on_call_view(a_plan(on_call={"crew": crew}), NOW)

    assert view.source is None
    assert named(view) == [("ada@shop.example",), ("b@shop.example",)]
