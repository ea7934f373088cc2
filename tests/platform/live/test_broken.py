"""Which recorded history breaks, and for how long."""

from datetime import timedelta

import pytest

from vcci_platform.live.broken import broken_history, reaches
from vcci_slo.testing import a_plan

PLAN = a_plan()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUILT = ((2 * HOUR, HOUR), (6 * HOUR, 5 * HOUR), (DAY, 23 * HOUR), (3 * DAY, 71 * HOUR), (30 * DAY, 30 * DAY - HOUR))


def test_nothing_breaks_by_nothing():
    assert broken_history(PLAN, a_plan()) == ()


def test_what_is_counted_otherwise_is_mixed_until_the_old_counts_have_left():
    """The hour is read from raw series, so it is right at once; each longer window lacks that hour."""
    (found,) = broken_history(PLAN, a_plan(components__api__signals__requests__bad='status=~"5..|429"'))

    assert (found.name, found.how) == ("errors", "mixed")
    assert found.windows == BUILT


def test_a_new_name_begins_without_history():
    fresh, gone = broken_history(PLAN, a_plan(slos={"failures": {"good": "api.requests", "objective": "99.9%"}}))

    assert (fresh.name, fresh.how, fresh.windows) == ("failures", "partial", BUILT)
    assert (gone.name, gone.how) == ("errors", "gone")


@pytest.mark.parametrize(
    "changes",
    [
        {"slos": {"errors": {"good": "api.requests", "objective": "99.95%"}}},
        {"metadata__owner": "others"},
        {"links": {"grafana": "https://graf.example"}},
    ],
)
def test_what_is_only_judged_or_told_otherwise_breaks_nothing(changes):
    assert broken_history(PLAN, a_plan(**changes)) == ()


def test_another_limit_of_a_value_is_mixed_in_every_window():
    def held(limit):
        return a_plan(slos={"fresh": {"holds": "api.oldest", "below": limit, "objective": "99%"}})

    (found,) = broken_history(held("5m"), held("10m"))

    assert found.how == "mixed"
    assert found.windows[0] == (timedelta(minutes=5), timedelta(minutes=5)), "a verdict is only known when it was given"
    assert found.windows[-1] == (30 * DAY, 30 * DAY)


def test_a_calendar_month_is_wrong_for_a_month():
    def monthly(**changes):
        return a_plan(slos={"errors": {"good": "api.requests", "objective": "99%", "window": "month"}}, **changes)

    (found,) = broken_history(monthly(), monthly(components__api__signals__requests__bad='status=~"5..|429"'))

    window, span = found.windows[-1]
    assert window == 30 * DAY, "nominally"
    assert 30 * DAY <= span <= 32 * DAY


def test_a_month_instead_of_thirty_days_is_built_from_what_is_there():
    monthly = a_plan(slos={"errors": {"good": "api.requests", "objective": "99.9%", "window": "month"}})

    assert broken_history(PLAN, monthly) == ()


def test_only_the_promises_on_what_changed_break():
    both = {
        "errors": {"good": "api.requests", "objective": "99.9%"},
        "fresh": {"holds": "api.oldest", "below": "5m", "objective": "99%"},
    }

    found = broken_history(
        a_plan(slos=both), a_plan(slos=both, components__api__signals__requests__bad='status=~"5..|429"')
    )

    assert [one.name for one in found] == ["errors"]


def test_how_far_an_expression_looks_back_counts_offsets_ranges_and_subqueries():
    looking = "rate(a[5m] offset 1h) + max_over_time((b offset 1m)[1h:1m] offset 2h) + sum by (x) (c)"

    found = reaches(f"sum_over_time((d @ end())[1d:1m]) + {looking}")

    assert {look.metric: back for look, back in found} == {
        "a": timedelta(hours=1, minutes=5),
        "b": timedelta(hours=3, minutes=1),
        "c": timedelta(0),
        "d": timedelta(0),
    }
