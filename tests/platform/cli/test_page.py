"""`vcci page test`: its words, its steps, and what it says when a step fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vcci_platform.cli.page import PageTestFailed, Step, carry_out, page_of_a_test
from vcci_platform.incidents.ports import Delivered, Failed

NOW = datetime(2026, 3, 2, 9, 11, 12, tzinfo=UTC)
PAGE = page_of_a_test("warning", "P2", "host-13", NOW, "c0ffee14")


class Pager:
    """A pager that answers what it is told to, and remembers what it was asked."""

    def __init__(self, *resolves, page=None):
        self.asked = []
        self._page = page or Delivered()
        self._resolves = list(resolves) or [Delivered()]

    def page(self, page):
        self.asked.append(("page", page.key))
        return self._page

    def acknowledge(self, key):
        raise AssertionError(key)

    def resolve(self, key):
        self.asked.append(("resolve", key))
        return self._resolves.pop(0)


def carried_out(pager, *, hold=0.0, sandboxed=False):
    """Return the steps that were told and the sleeps that were slept, on a stopwatch that moves a second a look."""
    looks = iter(range(100))
    told: list[Step] = []
    slept: list[float] = []
    try:
        carry_out(
            pager,
            PAGE,
            hold=hold,
            tell=told.append,
            sandboxed=sandboxed,
            sleep=slept.append,
            seconds=lambda: float(next(looks)),
        )
    except PageTestFailed as error:
        return told, slept, str(error)
    return told, slept, ""


def test_nobody_can_take_a_test_page_for_a_real_one():
    assert PAGE.summary.startswith("TEST, nothing is wrong")
    assert "host-13" in PAGE.summary
    assert PAGE.key == "vcci:page-test:20260302T091112Z:c0ffee14"
    assert "There is no incident" in PAGE.details["what"]


def test_a_test_page_is_triggered_held_and_resolved_under_its_key_with_each_step_timed():
    pager = Pager()

    told, slept, error = carried_out(pager, hold=15)

    assert pager.asked == [("page", PAGE.key), ("resolve", PAGE.key)]
    assert told == [Step("triggered", 1.0), Step("resolved", 1.0)]
    assert (slept, error) == ([15], "")


def test_a_refused_trigger_is_told_with_the_settings_that_decide():
    told, _, error = carried_out(Pager(page=Failed("400: Invalid routing key", retryable=False)))

    assert told == []
    assert "Invalid routing key" in error
    assert "PAGERDUTY_ROUTING_KEY" in error


def test_a_sandbox_that_does_not_run_is_told_with_the_command_that_starts_it():
    _, _, error = carried_out(Pager(page=Failed("no connection", retryable=True)), sandboxed=True)

    assert "`vcci sandbox` starts it" in error


def test_a_trigger_whose_end_is_unknown_is_told_so():
    _, _, error = carried_out(Pager(page=Failed("no answer", retryable=True, ambiguous=True)))

    assert "may have been triggered" in error
    assert PAGE.key in error


def test_a_resolve_is_tried_again_as_the_pager_says():
    busy = Failed("429", retryable=True, after=timedelta(seconds=30))

    told, slept, error = carried_out(Pager(busy, Failed("503", retryable=True), Delivered()))

    assert [step.name for step in told] == ["triggered", "resolved"]
    assert (slept, error) == ([0, 30.0, 2.0], "")


@pytest.mark.parametrize("answers", [[Failed("503", retryable=True)] * 4, [Failed("400", retryable=False)]])
def test_a_test_page_that_stays_open_is_told_with_its_key(answers):
    told, _, error = carried_out(Pager(*answers))

    assert [step.name for step in told] == ["triggered"]
    assert f"resolve {PAGE.key} by hand" in error
