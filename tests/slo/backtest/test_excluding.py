"""Corrections in a backtest: they change budgets and what they cost, and no alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vcci_slo.backtest import History, Increment, backtest, report_document, suggest, suggestion_document
from vcci_slo.backtest.excluding import Excluded
from vcci_slo.backtest.history import micros
from vcci_slo.load import load_plan
from vcci_slo.plan import Correction
from vcci_slo.spec import parse
from vcci_slo.testing import a_spec
from vcci_slo.windows import Span

START = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SPEC = a_spec()
PLAN = load_plan(SPEC)
SLO = PLAN.slos[0]


def correction(start: datetime, lasts: timedelta, **changes) -> Correction:
    made = Correction("upgrade", "change", (SLO.name,), start, start + lasts, "UTC", "Ann", "the database moves")
    return replace(made, **changes)


def history(days: int, failing: dict[int, float]) -> History:
    """Return 100 events a minute; in the minutes that are named so many of them fail."""
    return History.of(
        Increment(START + minute * MINUTE, START + (minute + 1) * MINUTE, failing.get(minute, 0.0), 100.0, 60.0)
        for minute in range(days * 24 * 60)
    )


OUTAGE = dict.fromkeys(range(1440, 1470), 100.0)
"""Half an hour, a day after the beginning, in which everything fails."""


def test_what_is_excluded_counts_for_no_budget_and_fires_all_the_same():
    """3,000 of 288,000 events failed, all while the database moved for an hour: 60 minutes of 100 do not count."""
    recorded = history(2, OUTAGE)
    moved = correction(START + DAY, HOUR)

    plain = backtest(PLAN, SLO, recorded, every=MINUTE)
    report = backtest(PLAN, SLO, recorded, corrections=[moved], every=MINUTE)

    before, after = plain.outcomes[0], report.outcomes[0]
    assert (before.bad, before.total, before.budget.last.remaining < 0) == (3000, 288_000, True)
    assert (after.bad, after.total, after.sli) == (0, 282_000, 1.0)
    assert (after.budget.lowest.remaining, after.budget.last.remaining) == (1.0, 1.0)
    assert [firing.fired_at for firing in after.firings] == [firing.fired_at for firing in before.firings]
    assert after.counts.pages == before.counts.pages > 0
    assert after.counts.pages_in_vain == 0, "somebody was needed, whoever pays for it"
    assert {firing.spent for firing in after.firings} == {0.0}
    assert (before.counts.stretches_that_cost, after.counts.stretches_that_cost) == (1, 0)


def test_it_says_who_took_out_what_and_why():
    report = backtest(PLAN, SLO, history(2, OUTAGE), corrections=[correction(START + DAY, HOUR)], every=MINUTE)

    assert report.notes[0] == (
        "upgrade (change, by Ann: the database moves) takes 1 hour out of the budget, with 3000 bad of 6000 events; "
        "alerts fire as they did"
    )
    (told,) = report_document(report)["corrections"]
    assert (told["name"], told["lasts_seconds"], told["bad"], told["total"]) == ("upgrade", 3600.0, 3000.0, 6000.0)


def test_those_of_the_plan_count_by_themselves_and_those_of_others_do_not():
    own = replace(PLAN, corrections=(correction(START + DAY, HOUR),))
    others = replace(PLAN, corrections=(correction(START + DAY, HOUR, slos=("another",)),))
    later = replace(PLAN, corrections=(correction(START + 40 * DAY, HOUR),))

    assert backtest(own, SLO, history(2, OUTAGE), every=MINUTE).outcomes[0].bad == 0
    for plan in (others, later):
        report = backtest(plan, SLO, history(2, OUTAGE), every=MINUTE)
        assert (report.outcomes[0].bad, report.corrections) == (3000, ())


def test_an_increment_across_an_edge_keeps_its_share_of_time():
    recorded = History.of([Increment(START, START + HOUR, 12.0, 120.0, 3600.0)])
    first_quarter = Excluded.of([Span(START - HOUR, START + HOUR / 4)])

    left = first_quarter.without(recorded)

    assert (left.bad[0], left.total[0], left.known[0]) == (9.0, 90.0, 2700.0)


def test_overlapping_spans_are_taken_out_once():
    moments = np.array([micros(START + minutes * MINUTE) for minutes in (0, 10, 30, 90)], dtype=np.int64)
    twice = Excluded.of([Span(START, START + 20 * MINUTE), Span(START + 10 * MINUTE, START + 40 * MINUTE)])

    taken = twice.between(np.full(4, moments[0]), moments)

    assert (taken / 60e6).tolist() == [0, 10, 30, 40]


def test_what_is_known_is_a_share_of_the_time_that_counts():
    """A day is excluded of a window of 30: of the two days that are recorded one counts, of 29."""
    report = backtest(PLAN, SLO, history(2, {}), corrections=[correction(START, DAY)], every=MINUTE)

    assert report.outcomes[0].budget.last.known == pytest.approx(1 / 29)


def test_a_suggestion_is_made_of_what_counts():
    """An hour of 8 days was planned: without it, everything went well."""
    recorded = history(8, OUTAGE)

    plain = suggest(parse(SPEC), PLAN, SLO, recorded)
    found = suggest(parse(SPEC), PLAN, SLO, recorded, corrections=[correction(START + DAY, HOUR)])

    assert (plain.sli < 0.998, found.sli) == (True, 1.0)
    assert {option.verdict for option in found.options} == {"kept"}
    assert "broken" in {option.verdict for option in plain.options}
    assert found.notes[0].startswith("upgrade (change, by Ann")
    assert suggestion_document(found)["corrections"][0]["bad"] == 3000
